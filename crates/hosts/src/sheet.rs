//! What a check writes down while it runs, and its end: one JSON object and an exit status, also
//! when the driver hangs.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context, Result};
use rt::Mutex;
use serde::Serialize;
use serde_json::{Map, Value};

/// The sheet of one check. Clones write on the same sheet.
#[derive(Clone, Debug)]
pub struct Sheet(Arc<Mutex<Content>>);

#[derive(Debug)]
struct Content {
    check: String,
    driver: String,
    step: String,
    details: Map<String, Value>,
}

/// A finished sheet as it is printed.
#[derive(Serialize)]
struct Outcome<'a> {
    check: &'a str,
    driver: &'a str,
    ok: bool,
    error: Option<&'a str>,
    #[serde(flatten)]
    details: &'a Map<String, Value>,
}

impl Sheet {
    /// An empty sheet.
    pub fn new(check: impl Into<String>, driver: impl Into<String>) -> Self {
        Self(Arc::new(Mutex::new(Content {
            check: check.into(),
            driver: driver.into(),
            step: "beginning".to_owned(),
            details: Map::new(),
        })))
    }

    /// Says what is tried next, so that a hang or an error can be placed.
    pub fn step(&self, step: impl Into<String>) {
        self.0.lock().step = step.into();
    }

    /// Writes a detail down; a second one of that name replaces the first.
    pub fn note(&self, name: &str, value: impl Serialize) {
        let value = serde_json::to_value(value).unwrap_or_else(|error| error.to_string().into());
        self.0.lock().details.insert(name.to_owned(), value);
    }

    /// The sheet as one line of JSON. An error makes it a failure.
    pub fn line(&self, error: Option<&str>) -> String {
        let content = self.0.lock();
        let outcome = Outcome {
            check: &content.check,
            driver: &content.driver,
            ok: error.is_none(),
            error,
            details: &content.details,
        };
        serde_json::to_string(&outcome).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
    }

    /// Runs the check on this thread and prints its outcome. When it takes longer than `limit` it
    /// counts as hung: then the outcome is printed and the process ends from another thread.
    pub fn run(&self, limit: Duration, check: impl FnOnce(&Sheet) -> Result<()>) -> ExitCode {
        let (done, watch) = mpsc::channel::<()>();
        let sheet = self.clone();
        let watchdog = std::thread::spawn(move || {
            if watch.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                let step = sheet.0.lock().step.clone();
                sheet.print(Some(&format!(
                    "hung for {} s while {step}",
                    limit.as_secs()
                )));
                std::process::exit(1);
            }
        });
        let result = check(self);
        drop(done);
        let step = self.0.lock().step.clone();
        let error = result.with_context(|| format!("while {step}")).err();
        // Joining lets only one of the two print.
        let _ = watchdog.join();
        self.print(error.map(|error| format!("{error:#}")).as_deref())
    }

    fn print(&self, error: Option<&str>) -> ExitCode {
        println!("{}", self.line(error));
        match error {
            None => ExitCode::SUCCESS,
            Some(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_is_one_json_object() {
        let sheet = Sheet::new("open", "Some Driver");
        sheet.note("blocks", [64, 128]);
        sheet.note("blocks", [64, 256]);
        let value: Value = serde_json::from_str(&sheet.line(None)).expect("JSON");
        let expected = serde_json::json!({
            "check": "open", "driver": "Some Driver", "ok": true, "error": null,
            "blocks": [64, 256]
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn an_error_makes_it_a_failure() {
        let sheet = Sheet::new("open", "");
        let value: Value = serde_json::from_str(&sheet.line(Some("broke"))).expect("JSON");
        assert_eq!(
            (&value["ok"], &value["error"]),
            (&false.into(), &"broke".into())
        );
    }

    #[test]
    fn a_check_that_ends_is_not_hung() {
        let limit = Duration::from_secs(3600);
        let good = Sheet::new("a", "b").run(limit, |_| Ok(()));
        assert_eq!(format!("{good:?}"), format!("{:?}", ExitCode::SUCCESS));
        let bad = Sheet::new("a", "b").run(limit, |_| anyhow::bail!("no"));
        assert_eq!(format!("{bad:?}"), format!("{:?}", ExitCode::FAILURE));
    }
}
