//! `asio2wasapi record`: what PortAudio plays is in the file, bit for bit, heard as an endpoint's loopback and
//! over a cable through an ASIO driver of another maker that is hosted.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::super::super::{Leg, Passed, passed, stage::Stage};
use super::super::playback;
use super::NAME;
use crate::captured::{self, Running};
use crate::rig::card::Service;
use crate::rig::places::{self, Backend};
use crate::rig::playback::Playback;
use crate::rig::server::Sink;
use crate::rig::witness::{Watch, undisturbed};
use crate::sound::compare::{Comparison, compare};
use crate::sound::raw::RawFormat::{self, Float32, Int32};
use crate::sound::{Sound, make, wav};

const LIMIT: Duration = Duration::from_secs(60);
const RATE_HZ: u32 = 48_000;
const CHANNELS: u16 = 2;
const FRAMES: usize = 96_000;
/// For Wine to start the program.
const HEAD_START: Duration = Duration::from_secs(2);
/// A card whose cable ends at the hardware with an ASIO driver.
const CABLE_TO_HARDWARE: &str = "card Simulated Card\n render OUT\n capture IN\n\
                                 hardware Simcard Hardware\n blocks 512 256\n render HW OUT\n \
                                 capture HW IN\ncable OUT 1 2 -> HW IN 1 2\n";

/// All of them.
pub fn legs() -> Vec<Leg> {
    vec![
        Leg::new("record: what a program plays on an endpoint", |stage| {
            heard(
                stage,
                None,
                ["--loopback", "default"],
                Float32,
                "wasapi-shared",
            )
        }),
        Leg::new("record: a hosted ASIO driver", |stage| {
            let source = ["--driver", NAME];
            let card = Some(CABLE_TO_HARDWARE);
            heard(stage, card, source, Int32, "wasapi-exclusive")
        }),
        Leg::new("record: refused in one sentence", refused),
    ]
}

fn heard(
    stage: &mut Stage<'_>,
    card: Option<&str>,
    source: [&str; 2],
    format: RawFormat,
    host_api: &'static str,
) -> Result<Passed> {
    let programs = stage.card()?;
    let product = stage.product()?;
    let how = Playback {
        host_api,
        device: Some("OUT"),
        record_from: None,
        backend: Backend::Card,
        device_format: None,
        block_frames: 480,
        format,
        // The card takes the sink's place.
        sink: Sink {
            format,
            rate_hz: RATE_HZ,
            channels: CHANNELS,
        },
        tolerance_lsb: 0,
    };
    // Floats hold 24 bits exactly.
    let noise = make::noise(RATE_HZ, CHANNELS, format.bits().min(24), FRAMES);
    let ((found, said), tries) = undisturbed(
        &Watch::each_alone(stage.paths),
        || {
            let service = Service::start_as(stage.rig()?, &programs, card)?;
            let outcome = record_once(stage, &product, &how, source, &noise);
            service.finish(stage.rig()?, &programs)?;
            outcome
        },
        |(found, _)| found.is_complete(),
    )?;
    playback::demand(&found, 0)?;
    let remark = tries
        .remark()
        .map_or(String::new(), |remark| format!("; {remark}"));
    Ok(passed(format!("bit-exact; {said}{remark}")))
}

fn record_once(
    stage: &mut Stage<'_>,
    product: &Path,
    how: &Playback<'_>,
    source: [&str; 2],
    sound: &Sound,
) -> Result<(Comparison, String)> {
    let paths = stage.paths;
    let file = paths.rig().join("recorded.wav");
    // An old run's must not pass for this run's.
    let _ = fs::remove_file(&file);
    let wine = stage.rig()?.wine(Backend::Card)?;
    let mut record = wine.command(product.join("asio2wasapi.exe"));
    record.args(["record", &places::windows_path(&file)]);
    record.args(source).args(["--seconds", "9"]);
    let recorder = Running::start(&mut record, &places::logs(paths).join("recorded"))?;
    captured::pause(HEAD_START)?;
    stage.rig()?.start_host(how, sound, "recorded")?.finish()?;
    let output = recorder.finish(LIMIT)?;
    ensure!(
        output.status.success(),
        "the recording failed: {}",
        output.last_words()
    );
    let (recorded, _) = wav::read(&file)?;
    Ok((
        compare(sound, &recorded, 0),
        output.stdout.trim().to_owned(),
    ))
}

/// What Wine has not, what would go round in a circle, and what is there already.
fn refused(stage: &mut Stage<'_>) -> Result<Passed> {
    let programs = stage.card()?;
    let product = stage.product()?;
    stage.rig_with_driver(Backend::Card)?;
    let service = Service::start(stage.rig()?, &programs)?;
    let outcome = refusals(stage, &product);
    service.finish(stage.rig()?, &programs)?;
    outcome
}

fn refusals(stage: &mut Stage<'_>, product: &Path) -> Result<Passed> {
    let paths = stage.paths;
    let fresh = paths.rig().join("never-recorded.wav");
    let _ = fs::remove_file(&fresh);
    let there = paths.rig().join("recorded-before.wav");
    fs::write(&there, "precious")?;
    let cases: [(&Path, &[&str], &str); 4] = [
        (&fresh, &["--program", "all"], "Windows 10 version 2004"),
        (&fresh, &["--driver", "ASIO2WASAPI Shared"], "in a circle"),
        (&fresh, &["--loopback", "no such device"], "no such device"),
        (&there, &["--loopback", "default"], "is not overwritten"),
    ];
    let mut count = 0;
    for (file, source, wanted) in cases {
        let wine = stage.rig()?.wine(Backend::Card)?;
        let mut record = wine.command(product.join("asio2wasapi.exe"));
        record.args(["record", &places::windows_path(file), "--seconds", "1"]);
        record.args(source);
        let log = places::logs(paths).join("record-refused");
        let output = captured::capture(&mut record, &log, LIMIT)?;
        let said = output.stderr.trim();
        ensure!(
            output.status.code() == Some(1) && said.lines().count() == 1 && said.contains(wanted),
            "one sentence with \"{wanted}\" is wanted, but it ended with {} and said: {said}",
            output.status
        );
        count += 1;
    }
    ensure!(
        !fresh.exists(),
        "a recording that did not begin left a file"
    );
    ensure!(fs::read(&there)? == b"precious", "a file was overwritten");
    Ok(Passed {
        count,
        detail: String::new(),
    })
}
