//! Checks in processes of their own.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rt::Mutex;

use crate::exit_status;
use crate::message::Message;
use crate::{Check, CheckResult, DriverFacts, Outcome};

/// How often a child is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// What a child has told so far.
#[derive(Debug, Default)]
struct Told {
    step: String,
    facts: Option<DriverFacts>,
    end: Option<(Outcome, String)>,
}

/// Runs a check in the child process that `command` starts; that process calls
/// [`child::run`](crate::child::run). What takes longer than `limit` is ended. Returns what the
/// driver told of itself beside the result.
pub fn run(
    check: &Check,
    command: &mut Command,
    limit: Duration,
) -> (CheckResult, Option<DriverFacts>) {
    let began = Instant::now();
    let told = Arc::new(Mutex::new(Told::default()));
    let (outcome, text) = match start(command) {
        Ok(mut child) => {
            let reader = child
                .stdout
                .take()
                .map(|out| listen(out, Arc::clone(&told)));
            let end = wait(&mut child, limit);
            // A grandchild may keep the pipe open; what is told by now will do.
            finish(reader);
            judge(&end, &told.lock(), limit)
        }
        Err(error) => (
            Outcome::Crashed,
            format!("the process of the check cannot be started: {error}"),
        ),
    };
    let facts = told.lock().facts.take();
    (check.result(outcome, text, began.elapsed()), facts)
}

fn start(command: &mut Command) -> std::io::Result<Child> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
}

/// How a child ended.
enum End {
    ByItself(std::process::ExitStatus),
    TooLate,
    Lost(std::io::Error),
}

fn wait(child: &mut Child, limit: Duration) -> End {
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return End::ByItself(status),
            Ok(None) if began.elapsed() < limit => thread::sleep(LOOK),
            Ok(None) => {
                // It may have ended by itself just now.
                let _ = child.kill();
                let _ = child.wait();
                return End::TooLate;
            }
            Err(error) => return End::Lost(error),
        }
    }
}

fn listen(out: impl Read + Send + 'static, told: Arc<Mutex<Told>>) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut out = BufReader::new(out);
        let mut line = Vec::new();
        // Drivers print in any encoding.
        while matches!(out.read_until(b'\n', &mut line), Ok(1..)) {
            match Message::parse(&String::from_utf8_lossy(&line)) {
                Some(Message::Step(step)) => told.lock().step = step,
                Some(Message::Driver { name, version }) => {
                    told.lock().facts = Some(DriverFacts { name, version });
                }
                Some(Message::End { outcome, text }) => told.lock().end = Some((outcome, text)),
                None => {}
            }
            line.clear();
        }
    })
}

fn finish(reader: Option<JoinHandle<()>>) {
    let Some(reader) = reader else { return };
    for _ in 0..100 {
        if reader.is_finished() {
            return;
        }
        thread::sleep(LOOK);
    }
}

fn judge(end: &End, told: &Told, limit: Duration) -> (Outcome, String) {
    let place = match (&told.end, told.step.as_str()) {
        (Some((outcome, text)), _) => format!(" after the check was through ({outcome}: {text})"),
        (None, "") => String::new(),
        (None, step) => format!(" while {step}"),
    };
    match end {
        End::TooLate => {
            let seconds = limit.as_secs();
            (
                Outcome::Crashed,
                format!("did not end within {seconds} s{place}"),
            )
        }
        End::Lost(error) => (Outcome::Crashed, format!("the process was lost: {error}")),
        End::ByItself(status) if status.success() => match &told.end {
            Some(end) => end.clone(),
            None => (
                Outcome::Crashed,
                format!("the driver ended the process{place}"),
            ),
        },
        End::ByItself(status) => (
            Outcome::Crashed,
            format!("{}{place}", exit_status::in_words(*status)),
        ),
    }
}
