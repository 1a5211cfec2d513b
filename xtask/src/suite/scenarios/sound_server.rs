//! A sound server that loses its sink, moves its default and dies while a host plays, and the router on
//! it: the claims `faults-sound-server` and `router-sound-server` in short.

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};

use super::super::{Leg, Passed, passed, stage::Stage};
use super::SHARED;
use crate::prove::judge::{faults_sound_server, router_server};
use crate::prove::routed_server;
use crate::prove::sound_server::{Fault, once};
use crate::rig::witness::{Watch, undisturbed};

/// One leg for each fault.
pub fn legs() -> Vec<Leg> {
    let leg = |fault: Fault| {
        Leg::new(format!("sound server: {}", fault.name()), move |stage| {
            let (done, tries) = undisturbed(
                &Watch::first(stage.paths),
                || Ok(strike(stage, fault)),
                Result::is_ok,
            )?;
            Ok::<Passed, _>(passed(done.with_context(|| tries.testimony())?))
        })
    };
    let mut legs: Vec<Leg> = Fault::ALL.into_iter().map(leg).collect();
    let name = "sound server: router, a WASAPI program and an ASIO program";
    legs.push(Leg::new(name, both_worlds));
    legs
}

/// The claim `router-sound-server` in short.
fn both_worlds(stage: &mut Stage<'_>) -> Result<Passed> {
    let product = stage.product()?;
    let watch = Watch::first(stage.paths);
    let rig = stage.rig_with_driver(SHARED.backend)?;
    let judge = |row: &Value| router_server(&json!({ "rows": [row] }));
    let (row, tries) = undisturbed(
        &watch,
        || routed_server::once(rig, &product),
        |row| judge(row).is_ok_and(|figure| figure.holds),
    )?;
    let figure = judge(&row)?;
    ensure!(figure.holds, "{}; {}", figure.text, tries.testimony());
    Ok(passed(figure.text))
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
