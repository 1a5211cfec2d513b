//! How long a block takes to a client of the router in another process and back, under Wine.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::build;
use crate::captured;
use crate::paths::Paths;
use crate::rig::Rig;
use crate::rig::places::{self, Backend};

const LIMIT: Duration = Duration::from_secs(600);

/// So many blocks, and as many pairs of bare events in turns with them.
///
/// # Errors
/// The build fails, or the rig, or the other process does not answer.
pub fn measure(paths: &Paths, rounds: usize) -> Result<Value> {
    let program = build::hop(paths)?;
    let mut rig = Rig::start(paths)?;
    let wine = rig.wine(Backend::Card)?;
    // As Windows lets such threads.
    wine.let_sound_run_first();
    let mut command = wine.sound_command(program);
    command.args(["--rounds", &rounds.to_string()]);
    let said = captured::succeed(&mut command, &places::logs(paths).join("hop"), LIMIT)?;
    serde_json::from_str(&said.stdout).context("the program's figures are unclear")
}
