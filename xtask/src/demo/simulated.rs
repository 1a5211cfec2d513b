//! The demo's last part: the same engine on a sound card that exists only in a program.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::paths::Paths;
use crate::{process, progress};

/// A build of the program and a run of it; a long file takes a while.
const LIMIT: Duration = Duration::from_secs(1800);

/// Plays the tune or the file in virtual time. The value says whether the program was content.
///
/// # Errors
/// The program cannot be built.
pub fn run(paths: &Paths, file: Option<&Path>) -> Result<bool> {
    let folder = paths.demo();
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    progress::step("building the simulated sound card", || {
        let mut build = Command::new("cargo");
        build
            .args(["build", "--quiet", "-p", "asio2wasapi-cli"])
            .current_dir(&paths.root);
        anyhow::ensure!(process::show(&mut build, LIMIT)?, "it does not build");
        Ok(())
    })?;
    println!("\nThe same driver logic on a simulated card, in virtual time:");
    let program = format!("asio2wasapi{}", std::env::consts::EXE_SUFFIX);
    let mut simulate = Command::new(paths.target.join("debug").join(program));
    simulate.arg("simulate").args(file);
    simulate
        .arg("--output")
        .arg(folder.join("simulated.wav"))
        .arg("--svg")
        .arg(folder.join("simulated.svg"));
    let is_good = process::show(&mut simulate, LIMIT)?;
    println!("  picture: {}", folder.join("simulated.svg").display());
    Ok(is_good)
}
