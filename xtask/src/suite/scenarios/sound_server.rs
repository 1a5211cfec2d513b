//! A sound server that loses its sink, moves its default and dies while a host plays: the claim
//! `faults-sound-server` in short.

use anyhow::{Context, Result, anyhow};
use serde_json::json;

use super::super::{Leg, Passed, passed, stage::Stage};
use super::SHARED;
use crate::prove::judge::faults_sound_server;
use crate::prove::sound_server::{Fault, once};
use crate::rig::witness::undisturbed;

/// One leg for each fault.
pub fn legs() -> Vec<Leg> {
    let leg = |fault: Fault| {
        Leg::new(format!("sound server: {}", fault.name()), move |stage| {
            let (done, tries) = undisturbed(|| Ok(strike(stage, fault)), Result::is_ok)?;
            Ok::<Passed, _>(passed(done.with_context(|| tries.testimony())?))
        })
    };
    Fault::ALL.into_iter().map(leg).collect()
}

fn strike(stage: &mut Stage<'_>, fault: Fault) -> Result<String> {
    let rig = stage.rig_with_driver(SHARED.backend)?;
    let row = once(rig, (SHARED.name, SHARED.backend), fault);
    // Whatever comes next finds a server that nothing has happened to.
    rig.server().kill();
    rig.server().revive()?;
    let figure = faults_sound_server(&json!({ "rows": [row?] }))?;
    match figure.holds {
        true => Ok(figure.text),
        false => Err(anyhow!(figure.text)),
    }
}
