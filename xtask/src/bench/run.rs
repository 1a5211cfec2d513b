//! All runs, interleaved, and their results in files.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::measure::measure;
use super::outcome::{self, Outcome};
use super::{Request, picture, table};
use crate::paths::{DEFAULT_TARGET, Paths};
use crate::progress;
use crate::prove::{book, calendar};
use crate::rig::Rig;
use crate::rig::places::{self, Backend};
use crate::{build, interrupt, setup};

/// How and where it was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Circumstances {
    /// What makes it again.
    pub command: String,
    /// Year-month-day, UTC.
    pub date: String,
    /// The sources; none without Git.
    pub commit: Option<String>,
    /// Wine's version.
    pub wine: String,
    /// Processor cores.
    pub cores: usize,
    /// Programs that wanted a core, averaged over a minute: before the runs and after them.
    pub load: [f64; 2],
    /// Runs of each row.
    pub repeats: usize,
    /// Seconds of each run.
    pub seconds: usize,
}

/// What is kept.
#[derive(Serialize)]
struct Kept<'a> {
    circumstances: &'a Circumstances,
    rows: Vec<KeptRow<'a>>,
}

#[derive(Serialize)]
struct KeptRow<'a> {
    name: String,
    ratio_to_floor: Option<f64>,
    summary: Option<outcome::Summary>,
    #[serde(flatten)]
    outcome: &'a Outcome,
}

/// Measures and writes `bench.md`, `bench.json` and `bench.svg`.
///
/// # Errors
/// Set-up or a build fails, no run comes to its end, or a result cannot be written.
pub fn run(paths: &Paths, request: &Request) -> Result<()> {
    setup::compiler(paths)?;
    setup::rig(paths)?;
    let mut circumstances = circumstances(paths, request)?;
    let outcomes = measure_all(paths, request)?;
    circumstances.load[1] = load();
    let is_measured = outcomes.iter().any(|outcome| !outcome.runs.is_empty());
    ensure!(is_measured, "no run came to its end: {}", why(&outcomes));
    let usual = paths.root.join("docs").join("bench");
    let folder = request.output.as_deref().unwrap_or(&usual);
    write(folder, &circumstances, &outcomes)?;
    println!("{}", table::rows(&outcomes));
    println!("written to {}", folder.display());
    Ok(())
}

fn measure_all(paths: &Paths, request: &Request) -> Result<Vec<Outcome>> {
    build::rig_programs(paths)?;
    let driver = build::product(paths, DEFAULT_TARGET, true)?.join("asio2wasapi.dll");
    let card = build::card(paths)?;
    let mut rig = Rig::start(paths)?;
    let wine = rig.wine(Backend::Card)?;
    wine.register(&card.join("simcard_wasapi.dll"), true)?;
    wine.register(&driver, true)?;
    let mut outcomes = outcome::empty();
    for repeat in 1..=request.repeats {
        for outcome in &mut outcomes {
            let what = format!("{repeat}/{}: {}", request.repeats, outcome.row.name());
            let work = || measure(&mut rig, &card, &outcome.row, request.seconds);
            match progress::step(&what, work) {
                Ok(taken) => outcome.runs.push(taken),
                Err(error) => outcome.failures.push(format!("{error:#}")),
            }
            interrupt::check()?;
        }
    }
    Ok(outcomes)
}

fn why(outcomes: &[Outcome]) -> &str {
    let first = outcomes.iter().find_map(|outcome| outcome.failures.first());
    first.map_or("there was none", String::as_str)
}

fn circumstances(paths: &Paths, request: &Request) -> Result<Circumstances> {
    let (repeats, seconds) = (request.repeats, request.seconds);
    let said = Command::new(places::wine_loader()?)
        .arg("--version")
        .output()
        .context("Wine does not tell its version")?;
    Ok(Circumstances {
        command: format!("cargo xtask bench --repeats {repeats} --seconds {seconds}"),
        date: calendar::today(),
        commit: book::commit(paths),
        wine: String::from_utf8_lossy(&said.stdout).trim().to_owned(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        load: [load(); 2],
        repeats,
        seconds,
    })
}

/// The system's own average of the last minute; 0 where it tells none.
fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split_whitespace().next();
    first.and_then(|word| word.parse().ok()).unwrap_or(0.0)
}

fn write(folder: &Path, circumstances: &Circumstances, outcomes: &[Outcome]) -> Result<()> {
    let kept = Kept {
        circumstances,
        rows: outcomes
            .iter()
            .map(|outcome| KeptRow {
                name: outcome.row.name(),
                ratio_to_floor: outcome.ratio(outcomes),
                summary: outcome.summary(),
                outcome,
            })
            .collect(),
    };
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    write("bench.json", serde_json::to_string_pretty(&kept)? + "\n")?;
    write("bench.md", table::page(circumstances, outcomes))?;
    write("bench.svg", picture::draw(outcomes))
}
