//! The driver that counts what its cycle does, under Wine.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::captured::Running;
use crate::rig::places::{self, Backend};
use crate::rig::server::Sink;
use crate::sound::raw::RawFormat;
use crate::suite::stage::Stage;

/// Both of our drivers, each on the backend of Wine that has its mode.
const DRIVERS: [(&str, Backend); 2] = [
    ("ASIO2WASAPI Shared", Backend::Pulse),
    ("ASIO2WASAPI Exclusive", Backend::Alsa),
];
const SINK: Sink = Sink {
    format: RawFormat::Int32,
    rate_hz: 48_000,
    channels: 2,
};
/// Beyond the run: start, planted faults, end.
const MARGIN: Duration = Duration::from_secs(90);

/// What the driver counted in so many seconds without and in some more with planted faults. Both
/// drivers run at once, each in its own prefix; the driver that does not count takes the other's
/// place again in the end.
pub fn both(stage: &mut Stage<'_>, seconds: u64) -> Result<Value> {
    let guarded = stage.guarded_driver()?;
    let product = stage.product()?.join("asio2wasapi.dll");
    register(stage, &guarded)?;
    let counted = count(stage, seconds);
    register(stage, &product)?;
    Ok(json!({ "seconds": seconds, "drivers": counted? }))
}

fn register(stage: &mut Stage<'_>, driver: &Path) -> Result<()> {
    for (_, backend) in DRIVERS {
        let rig = stage.rig_with_driver(backend)?;
        rig.wine(backend)?.register(driver, true)?;
    }
    Ok(())
}

fn count(stage: &mut Stage<'_>, seconds: u64) -> Result<Vec<Value>> {
    let program = stage.programs()?.join("asio-check.exe");
    let paths = stage.paths;
    let mut running = Vec::new();
    for (name, backend) in DRIVERS {
        let rig = stage.rig_with_driver(backend)?;
        rig.use_sink(SINK)?;
        let mut command = rig.wine(backend)?.command_to(&program, SINK);
        command.args(["guard", "--driver", name]);
        command.args(["--seconds", &seconds.to_string()]);
        let log = places::logs(paths).join(format!("prove-guard-{backend:?}").to_lowercase());
        eprintln!("  {name}: counting for {seconds} s");
        running.push(Running::start(&mut command, &log)?);
    }
    let limit = Duration::from_secs(seconds) + MARGIN;
    running
        .into_iter()
        .map(|running| {
            let output = running.finish(limit)?;
            // A driver that is not clean ends with an error, and tells its counts all the same.
            serde_json::from_str(output.stdout.trim())
                .with_context(|| format!("the driver told no counts: {}", output.last_words()))
        })
        .collect()
}
