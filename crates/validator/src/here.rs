//! One check in this process.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::Result;

use crate::bench::{Bench, Skip};
use crate::message::Message;
use crate::{Check, Outcome, Settings, Source};

/// Runs one check on this thread. `step` is told what is tried next. A driver that crashes takes the
/// process along; one that hangs does not come back.
pub fn here(
    check: &Check,
    source: &dyn Source,
    settings: Settings,
    step: &dyn Fn(&str),
) -> (Outcome, String) {
    run(check, source, settings, &|message| {
        if let Message::Step(text) = message {
            step(&text);
        }
    })
}

pub(crate) fn run(
    check: &Check,
    source: &dyn Source,
    settings: Settings,
    tell: &dyn Fn(Message),
) -> (Outcome, String) {
    let bench = Bench::new(source, settings, tell);
    match catch_unwind(AssertUnwindSafe(|| (check.run)(&bench))) {
        Ok(result) => judge(result, &bench.warnings()),
        Err(_) => (
            Outcome::Crashed,
            "the check itself panicked; standard error says where".to_owned(),
        ),
    }
}

fn judge(result: Result<String>, warnings: &[String]) -> (Outcome, String) {
    match result {
        Err(error) => match error.downcast_ref::<Skip>() {
            Some(Skip(why)) => (Outcome::Skipped, why.clone()),
            None => (Outcome::Failed, format!("{error:#}")),
        },
        Ok(text) if warnings.is_empty() => (Outcome::Passed, text),
        Ok(_) => (Outcome::Warning, warnings.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};

    #[test]
    fn each_end_has_its_outcome() {
        let odd = ["odd".to_owned(), "strange".to_owned()];
        let skipped: Result<String> = Err(Skip("no inputs".into()).into());
        let cases = [
            (judge(Ok("fine".into()), &[]), Outcome::Passed, "fine"),
            (
                judge(Ok("fine".into()), &odd),
                Outcome::Warning,
                "odd; strange",
            ),
            (judge(skipped, &odd), Outcome::Skipped, "no inputs"),
            (
                judge(Err(anyhow!("bad")).context("in round 2"), &odd),
                Outcome::Failed,
                "in round 2: bad",
            ),
        ];
        for ((outcome, text), expected, sentence) in cases {
            assert_eq!((outcome, text.as_str()), (expected, sentence));
        }
    }
}
