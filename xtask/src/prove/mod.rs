//! `prove`: what the project promises, each with a program that measures it.

pub mod book;
pub mod calendar;
mod claims;
mod cost;
mod document;
pub mod judge;
#[path = "../../../crates/config/src/nearest.rs"]
mod nearest;
mod program;
pub mod source;

#[cfg(not(windows))]
mod busy;
#[cfg(not(windows))]
pub mod guarded;
#[cfg(not(windows))]
mod hop;
#[cfg(not(windows))]
pub mod leg;
#[cfg(not(windows))]
mod routed;
#[cfg(not(windows))]
pub mod routed_server;
#[cfg(not(windows))]
pub mod sound_server;
#[cfg(not(windows))]
mod stand_in;
#[cfg(not(windows))]
mod wine;

use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::interrupt;
use crate::paths::Paths;
use book::{Book, Entry};
use claims::{CLAIMS, Claim};
pub use document::check;
use judge::Figure;
use source::{Form, Source, Taken};

/// What `prove` was asked for.
#[derive(Default)]
pub struct Request {
    /// The claims; none means all.
    pub ids: Vec<String>,
    /// Tell what there is, measure nothing.
    pub list_only: bool,
    /// The short form, where there is one.
    pub quick: bool,
    /// One JSON object instead of lines.
    pub json: bool,
    /// Keep the figures in `docs/claims.json`, and make `docs/claims.md` of it.
    pub write: bool,
}

impl Request {
    /// Checks what the user wrote.
    ///
    /// # Errors
    /// One sentence: a claim that there is not, or options that exclude each other.
    pub fn check(&self) -> Result<(), String> {
        if self.write && self.quick {
            return Err(
                "--write keeps the figures of long runs only; leave --quick away".to_owned(),
            );
        }
        match self.ids.iter().find(|id| claims::find(id).is_none()) {
            None => Ok(()),
            Some(wish) => {
                let ids = CLAIMS.iter().map(|claim| claim.id);
                let advice = nearest::nearest(wish, ids).map_or_else(
                    || "`cargo xtask prove --list` names them".to_owned(),
                    |near| format!("the nearest is `{near}`"),
                );
                Err(format!("there is no claim `{wish}`; {advice}"))
            }
        }
    }

    fn claims(&self) -> impl Iterator<Item = &'static Claim> + '_ {
        let wanted = |claim: &&Claim| self.ids.is_empty() || self.ids.iter().any(|i| i == claim.id);
        CLAIMS.iter().filter(wanted)
    }
}

/// A claim that was measured.
struct Proven {
    claim: &'static Claim,
    outcome: Result<(Figure, Form)>,
    seconds: f64,
}

/// Measures, or lists. The value says whether all claims hold.
pub fn run(paths: &Paths, request: &Request) -> Result<bool> {
    let mut book = Book::read(paths)?;
    if request.list_only {
        list(request, &book);
        if request.write {
            document::write(paths, &book)?;
        }
        return Ok(true);
    }
    let proven = measure(paths, request)?;
    if request.write {
        let today = calendar::today();
        let commit = book::commit(paths);
        for (claim, figure, form) in proven.iter().filter_map(Proven::success) {
            let entry = Entry::new(figure, form, &today, commit.clone());
            book.enter(claim.id, entry);
        }
        book.write(paths)?;
        document::write(paths, &book)?;
    }
    let all_hold = proven.iter().all(Proven::holds);
    if request.json {
        let claims: Vec<Value> = proven.iter().map(Proven::json).collect();
        let all = json!({ "quick": request.quick, "all_hold": all_hold, "claims": claims });
        println!("{all:#}");
    }
    Ok(all_hold)
}

fn list(request: &Request, book: &Book) {
    let rows: Vec<Value> = request
        .claims()
        .map(|claim| {
            json!({
                "id": claim.id, "sentence": claim.sentence, "target": claim.target,
                "command": claim.command(), "measured_by": claim.source.commands(false),
                "last": book.entry(claim.id),
            })
        })
        .collect();
    if request.json {
        println!("{:#}", json!({ "claims": rows }));
        return;
    }
    for claim in request.claims() {
        let last = book.entry(claim.id).map(|entry| {
            format!(
                "{}: {} ({})",
                entry.verdict(),
                entry.figure,
                entry.measured()
            )
        });
        println!("{}\n    {}", claim.id, claim.sentence);
        println!("    target  {}", claim.target);
        println!(
            "    last    {}",
            last.unwrap_or_else(|| "not measured yet".to_owned())
        );
        println!(
            "    by      {}",
            claim.source.commands(false).join("\n            ")
        );
    }
}

fn measure(paths: &Paths, request: &Request) -> Result<Vec<Proven>> {
    let mut proven = Vec::new();
    let mut taken = Takings::new(paths, request.quick, true);
    for claim in request.claims() {
        eprintln!("measuring {}", claim.id);
        let begun = Instant::now();
        let outcome = taken.figure(claim);
        interrupt::check()?;
        let one = Proven {
            claim,
            outcome,
            seconds: begun.elapsed().as_secs_f64(),
        };
        if !request.json {
            println!("{}", one.line());
        }
        proven.push(one);
    }
    Ok(proven)
}

/// What the programs have told in this run: a program that several claims are judged by runs once.
struct Takings<'a> {
    paths: &'a Paths,
    quick: bool,
    /// The programs' own progress is shown.
    shows: bool,
    taken: Vec<(Source, Taken)>,
}

impl<'a> Takings<'a> {
    fn new(paths: &'a Paths, quick: bool, shows: bool) -> Takings<'a> {
        Takings {
            paths,
            quick,
            shows,
            taken: Vec::new(),
        }
    }

    fn figure(&mut self, claim: &Claim) -> Result<(Figure, Form)> {
        let known = self
            .taken
            .iter()
            .position(|(source, _)| *source == claim.source);
        let place = match known {
            Some(place) => place,
            None => {
                let taken = claim.source.take(self.paths, self.quick, self.shows)?;
                self.taken.push((claim.source, taken));
                self.taken.len() - 1
            }
        };
        let taken = &self.taken[place].1;
        let figure = (claim.judge)(&taken.data)
            .with_context(|| format!("what {} told cannot be judged", claim.source.name()))?;
        Ok((figure, taken.form))
    }
}

impl Proven {
    fn success(&self) -> Option<(&'static Claim, &Figure, Form)> {
        let (figure, form) = self.outcome.as_ref().ok()?;
        Some((self.claim, figure, *form))
    }

    fn holds(&self) -> bool {
        self.success().is_some_and(|(_, figure, _)| figure.holds)
    }

    fn line(&self) -> String {
        let (id, seconds) = (self.claim.id, self.seconds);
        match &self.outcome {
            Ok((figure, form)) => {
                let verdict = book::verdict(figure.holds);
                format!("{id}: {verdict}: {} ({form}, {seconds:.0} s)", figure.text)
            }
            Err(error) => format!("{id}: not measured: {error:#}"),
        }
    }

    fn json(&self) -> Value {
        let mut row = json!({
            "id": self.claim.id, "sentence": self.claim.sentence, "target": self.claim.target,
            "command": self.claim.command(), "seconds": self.seconds,
        });
        match &self.outcome {
            Ok((figure, form)) => {
                row["figure"] = json!(figure.text);
                row["values"] = figure.values.clone();
                row["form"] = json!(form);
                row["verdict"] = json!(book::verdict(figure.holds));
            }
            Err(error) => {
                row["verdict"] = json!("not measured");
                row["error"] = json!(format!("{error:#}"));
            }
        }
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ids: &[&str]) -> Request {
        Request {
            ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            ..Request::default()
        }
    }

    #[test]
    fn an_unknown_claim_is_told_with_the_nearest() {
        assert_eq!(of(&["rt-clean"]).check(), Ok(()));
        let error = of(&["rt-clean", "simcard-exakt"]).check().unwrap_err();
        assert!(
            error.contains("`simcard-exakt`; the nearest is `simcard-exact`"),
            "{error}"
        );
        let error = of(&["q"]).check().unwrap_err();
        assert!(error.contains("--list"), "{error}");
    }

    #[test]
    fn quick_figures_are_not_written() {
        let request = Request {
            quick: true,
            write: true,
            ..Request::default()
        };
        assert!(request.check().unwrap_err().contains("--quick"));
    }

    #[test]
    fn none_means_all_and_the_order_is_the_lists() {
        assert_eq!(of(&[]).claims().count(), CLAIMS.len());
        let request = of(&["rt-clean", "simcard-exact"]);
        let ids: Vec<&str> = request.claims().map(|claim| claim.id).collect();
        assert_eq!(ids, ["simcard-exact", "rt-clean"]);
    }

    #[test]
    fn what_was_not_measured_does_not_hold() {
        let proven = |outcome| Proven {
            claim: &CLAIMS[0],
            outcome,
            seconds: 1.4,
        };
        let figure = Figure {
            text: "0 wrong".to_owned(),
            values: json!({ "wrong": 0 }),
            holds: true,
        };
        let good = proven(Ok((figure, Form::Quick)));
        assert!(good.holds());
        assert_eq!(good.line(), "simcard-exact: holds: 0 wrong (quick, 1 s)");
        assert_eq!(good.json()["form"], "quick");
        assert_eq!(good.json()["values"]["wrong"], 0);
        let bad = proven(Err(anyhow::anyhow!("it did not start")));
        assert!(!bad.holds());
        assert!(bad.line().ends_with("not measured: it did not start"));
        assert_eq!(bad.json()["error"], "it did not start");
    }
}
