//! Measuring what conversion and a cycle cost: instructions by valgrind, times by the engine's own
//! program.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::program;
use crate::paths::Paths;
use crate::process;

const LIMIT: Duration = Duration::from_secs(900);
/// The program, as Cargo is told.
const BUILD: [&str; 6] = ["build", "--release", "-p", "engine", "--example", "cost"];
/// Where the counts are kept that may not grow.
const KEPT: &str = "crates/engine/benches/instructions.json";
const FORMATS: [&str; 5] = ["int16", "int24", "int24in32", "int32", "float32"];
/// Frames of a block that is counted.
const FRAMES: u64 = 512;
/// Rounds of the two runs, whose difference is what blocks cost and nothing else.
const ROUNDS: [u64; 2] = [20, 120];

/// With these glibc's `memcpy` writes as everybody does: neither past the caches nor with the string
/// instructions, which both spare it to read first what it overwrites.
const ORDINARY_STORES: [&str; 2] = [
    "GLIBC_TUNABLES",
    "glibc.cpu.x86_non_temporal_threshold=0x10000000000:\
     glibc.cpu.x86_rep_movsb_threshold=0x10000000000",
];

/// One kind of conversion: the words for the program, and its channels.
struct Kind {
    way: &'static str,
    client: &'static str,
    format: &'static str,
    channels: u64,
    dither: bool,
}

impl Kind {
    fn all() -> Vec<Kind> {
        let mut kinds = Vec::new();
        for (way, dither) in [("write", false), ("read", false), ("write", true)] {
            for client in ["int32", "float32"] {
                for format in FORMATS {
                    if dither && ["int32", "float32"].contains(&format) {
                        continue;
                    }
                    kinds.extend([2, 8].map(|channels| Kind {
                        way,
                        client,
                        format,
                        channels,
                        dither,
                    }));
                }
            }
        }
        kinds
    }

    fn name(&self) -> String {
        let dither = if self.dither { " dither" } else { "" };
        format!(
            "{} {} {} {}{dither}",
            self.way, self.client, self.format, self.channels
        )
    }
}

/// Rounds of the rates and of the cycles.
pub const fn rounds(quick: bool) -> [u64; 2] {
    if quick { [2, 2_000] } else { [7, 20_000] }
}

/// Builds the program, and runs it in all its ways.
///
/// # Errors
/// It cannot be built or run.
pub fn take(paths: &Paths, quick: bool, shows: bool) -> Result<Value> {
    let program = build(paths, shows)?;
    let [rate_rounds, cycle_rounds] = rounds(quick);
    let run = |word: &str, rounds: u64, variable: Option<[&str; 2]>| {
        let mut command = Command::new(&program);
        command.args([word, &rounds.to_string()]);
        command.envs(variable.map(|[name, value]| (name, value)));
        program::json(&mut command, shows, LIMIT)
    };
    let rates = run("rates", rate_rounds, None)?;
    // Elsewhere the variable means nothing.
    let control = match cfg!(all(target_env = "gnu", target_arch = "x86_64", unix)) {
        true => run("rates", rate_rounds, Some(ORDINARY_STORES))?,
        false => Value::Null,
    };
    let cycles = run("cycles", cycle_rounds, None)?;
    let kept = paths.root.join(KEPT);
    let kept = std::fs::read_to_string(&kept)
        .with_context(|| format!("cannot read {}", kept.display()))?;
    let kept: Value = serde_json::from_str(&kept).with_context(|| format!("{KEPT} is unclear"))?;
    Ok(json!({
        "rates": rates["rates"], "rates_beside_ordinary_stores": control["rates"],
        "cycles": cycles["cycles"], "kept": kept,
        "instructions": instructions(paths, &program, shows)?,
    }))
}

fn build(paths: &Paths, shows: bool) -> Result<PathBuf> {
    let mut build = Command::new("cargo");
    build.args(BUILD).current_dir(&paths.root);
    let built = program::run(&mut build, shows, LIMIT)?;
    if !built.status.success() {
        bail!("`{}` failed: {}", process::name(&build), built.last_words);
    }
    let name = format!("cost{}", std::env::consts::EXE_SUFFIX);
    Ok(paths.target.join("release").join("examples").join(name))
}

/// Instructions per sample of each kind; null where there is no valgrind.
fn instructions(paths: &Paths, program: &Path, shows: bool) -> Result<Value> {
    if !has_valgrind(paths) {
        return Ok(Value::Null);
    }
    let mut counts = serde_json::Map::new();
    for kind in Kind::all() {
        let [few, many] = ROUNDS.map(|rounds| count(program, &kind, rounds));
        let blocks = (ROUNDS[1] - ROUNDS[0]) as f64;
        let samples = blocks * (FRAMES * kind.channels) as f64;
        let per_sample = many?.saturating_sub(few?) as f64 / samples;
        if shows {
            eprintln!("  {}: {per_sample:.3}", kind.name());
        }
        let rounded = (per_sample * 1_000.0).round() / 1_000.0;
        counts.insert(kind.name(), json!(rounded));
    }
    Ok(Value::Object(counts))
}

fn valgrind() -> Command {
    Command::new("valgrind")
}

/// Whether it is there, or could be installed.
#[cfg(not(windows))]
fn has_valgrind(paths: &Paths) -> bool {
    if valgrind().arg("--version").output().is_ok() {
        return true;
    }
    let installed = crate::setup::counter(paths);
    if let Err(error) = &installed {
        eprintln!("{error:#}");
        eprintln!("  without it instructions are not counted");
    }
    installed.is_ok()
}

/// It does not run there.
#[cfg(windows)]
fn has_valgrind(_paths: &Paths) -> bool {
    false
}

fn count(program: &Path, kind: &Kind, rounds: u64) -> Result<u64> {
    let mut command = valgrind();
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["loop", kind.way, kind.client, kind.format])
        .args([kind.channels, FRAMES, rounds].map(|number| number.to_string()));
    if kind.dither {
        command.arg("dither");
    }
    let said = program::run(&mut command, false, LIMIT)?;
    collected(&said.last_words)
        .with_context(|| format!("valgrind told no count: {}", said.last_words))
}

/// The number in valgrind's line `==7== Collected : 123`.
fn collected(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_counted_once() {
        let mut names: Vec<String> = Kind::all().iter().map(Kind::name).collect();
        assert_eq!(names.len(), 40 + 12);
        assert!(names.contains(&"write float32 int24 8 dither".to_owned()));
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 52);
    }

    #[test]
    fn the_count_is_the_last_word_of_its_line() {
        let said = "==9== Events    : Ir\n==9== Collected : 5421546\n==9== \n==9== I refs: 1";
        assert_eq!(collected(said), Some(5_421_546));
        assert_eq!(collected("==9== killed"), None);
    }
}
