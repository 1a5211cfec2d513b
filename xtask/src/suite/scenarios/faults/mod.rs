//! Faults of the simulated card while programs play: what the program gets, and what the DAC played.

mod players;
mod truth;

use anyhow::{Context, Result, ensure};

use super::super::{Leg, Passed, passed, stage::Stage};
use super::{EXCLUSIVE, SHARED};
use crate::rig::card::Service;
use crate::rig::places::Backend;
use crate::rig::witness::{Watch, undisturbed};
use crate::sound::Sound;
use crate::sound::make;
use crate::sound::raw::RawFormat::{Float32, Int32};
use players::{Outcome, Player};

const RATE_HZ: u32 = 48_000;
const CHANNELS: u16 = 2;

/// Nothing but one card: while it is gone there is no device.
const ALONE: &str = "card Desk\n render OUT\n capture IN\ncable OUT 1 2 -> IN 1 2\n";
/// A second card, which becomes the default when the first is gone.
const SPARE: &str = "card Desk\n render OUT\n capture IN\ncable OUT 1 2 -> IN 1 2\n\
                     card Spare\n render SPARE\n";

/// What a program has to make of a fault.
#[derive(Clone, Copy)]
enum Expected {
    /// It plays everything on the one stream.
    Plays,
    /// The same, torn until the driver has started the device anew.
    Heals,
    /// It ends with an error that says this.
    Fails(&'static str),
    /// It plays on and notices nothing; sound is back soon after a device can be used.
    PlaysOn,
    /// The same where the system does not tell that it can be used: it is asked again and again.
    PlaysOnUntold,
    /// The same, but the device runs at another rate than the program from then on.
    PlaysOnResampled,
}

use Expected::{Fails, Heals, Plays, PlaysOn, PlaysOnResampled, PlaysOnUntold};

struct Row {
    name: &'static str,
    player: Player,
    card: &'static str,
    /// Struck from outside before the program starts.
    before: Option<&'static str>,
    /// Times count from the stream's start.
    script: &'static str,
    expected: Expected,
}

/// The codes are those of "IAudioClient::GetCurrentPadding", "IAudioRenderClient::GetBuffer" and
/// "IAudioClient::Initialize" on learn.microsoft.com, return values.
const DEVICE_INVALIDATED: &str = "0x88890004";
const SERVICE_NOT_RUNNING: &str = "0x88890010";
const BUFFER_ERROR: &str = "GetBuffer failed with 0x88890018";
const UNSUPPORTED_FORMAT: &str = "Initialize failed with 0x88890008";

const BARE: Player = Player::Bare("exclusive", Int32);
const BARE_SHARED: Player = Player::Bare("shared", Float32);
const PORTAUDIO: Player = Player::PortAudio("wasapi-exclusive", Int32);
const PORTAUDIO_SHARED: Player = Player::PortAudio("wasapi-shared", Float32);
const OURS: Player = Player::Ours(EXCLUSIVE, Int32);
const OURS_SHARED: Player = Player::Ours(SHARED, Float32);

/// From the instant at which a device can be used to its sound, in frames at [`RATE_HZ`]: 50 ms, and 100
/// ms with another rate.
const BACK_FRAMES: u64 = 2_400 + ERROR_FRAMES;
const BACK_RESAMPLED_FRAMES: u64 = 4_800 + ERROR_FRAMES;
/// What is not the driver's: the stand-in looks for news of the devices every 10 ms only, and under Wine
/// a stream takes some 10 ms to be opened.
const ERROR_FRAMES: u64 = 960;
/// Where nothing is told, up to a pause besides: 10 ms for two seconds.
const BACK_UNTOLD_FRAMES: u64 = BACK_FRAMES + 480;

/// A track in more pieces than this is torn by more than a machine that was busy now and then, and in
/// more than that by more than some ten wake-ups that were rare.
const PIECES_MAX: usize = 20;
const PIECES_SLOW_MAX: usize = 40;

const LOSE: &str = "at 800ms lose OUT";
const LOSE_AND_BACK: &str = "at 800ms lose OUT\nat 2500ms back OUT";
const FORMAT: &str = "at 800ms format 44100 on OUT";
/// Of the 1.3 s after the device slows down: ten wake-ups tell it, and a new start mends it.
const WHOLE_AFTER_SLOW_FRAMES: u64 = 48_000;
const DEFAULT: &str = "at 800ms default SPARE";
const LATE: &str = "at 800ms late 3 periods on OUT";
/// Later than two seconds after the stream's start: the driver heals a device no more often.
const SLOW: &str = "at 2200ms slow 4ms on OUT";
const SERVICE: &str = "at 800ms service gone";
const SERVICE_AND_BACK: &str = "at 800ms service gone\nat 2500ms service back";
const REFUSE: &str = "at 800ms refuse buffer 0x88890018 on OUT";
const REFUSE_A_WHILE: &str = "at 800ms refuse buffer 0x88890018 on OUT\nat 2500ms accept on OUT";
/// Another program opens the device exclusively, which Windows allows it by default while others mix: their
/// streams end, and nobody else can open any.
const TAKEN: &str = "at 800ms refuse open 0x8889000a on OUT\nat 800ms format 48000 on OUT\n\
                     at 2500ms accept on OUT";
/// AUDCLNT_E_RESOURCES_INVALIDATED.
const RESOURCES: &str = "at 800ms refuse buffer 0x88890026 on OUT\nat 1200ms accept on OUT";
const LIE: &str = "lie int32 on OUT";

const fn row(player: Player, name: &'static str, script: &'static str, expected: Expected) -> Row {
    Row {
        name,
        player,
        card: SPARE,
        before: None,
        script,
        expected,
    }
}

const fn lied_to(player: Player, expected: Expected) -> Row {
    Row {
        before: Some(LIE),
        ..row(player, "a format that is none", "", expected)
    }
}

const fn alone(row: Row) -> Row {
    Row { card: ALONE, ..row }
}

const ROWS: &[Row] = &[
    row(BARE, "device lost", LOSE, Fails(DEVICE_INVALIDATED)),
    row(BARE, "format changed", FORMAT, Fails(DEVICE_INVALIDATED)),
    row(BARE, "default moved", DEFAULT, Plays),
    row(BARE, "wake-up late", LATE, Plays),
    row(BARE, "service gone", SERVICE, Fails(SERVICE_NOT_RUNNING)),
    row(BARE, "buffer refused", REFUSE, Fails(BUFFER_ERROR)),
    lied_to(BARE, Fails(UNSUPPORTED_FORMAT)),
    row(BARE_SHARED, "device lost", LOSE, Fails(DEVICE_INVALIDATED)),
    row(BARE_SHARED, "wake-up late", LATE, Plays),
    row(PORTAUDIO, "device lost", LOSE, Fails("asked for nothing")),
    row(PORTAUDIO, "wake-up late", LATE, Plays),
    row(
        PORTAUDIO_SHARED,
        "device lost",
        LOSE,
        Fails("frames were played"),
    ),
    row(PORTAUDIO_SHARED, "default moved", DEFAULT, Plays),
    alone(row(OURS, "device lost and back", LOSE_AND_BACK, PlaysOn)),
    row(OURS, "device lost, another there", LOSE, PlaysOn),
    row(OURS, "format changed", FORMAT, PlaysOn),
    row(OURS, "default moved", DEFAULT, Plays),
    row(OURS, "wake-up late", LATE, Plays),
    row(OURS, "T20 wake-ups rarer than periods", SLOW, Heals),
    row(
        OURS,
        "service gone and back",
        SERVICE_AND_BACK,
        PlaysOnUntold,
    ),
    row(OURS, "buffer refused", REFUSE_A_WHILE, PlaysOnUntold),
    row(OURS, "resources gone", RESOURCES, PlaysOnUntold),
    alone(row(OURS, "taken by another", TAKEN, PlaysOnUntold)),
    lied_to(OURS, Plays),
    alone(row(
        OURS_SHARED,
        "device lost and back",
        LOSE_AND_BACK,
        PlaysOn,
    )),
    row(OURS_SHARED, "device lost, another there", LOSE, PlaysOn),
    row(OURS_SHARED, "format changed", FORMAT, PlaysOnResampled),
    row(OURS_SHARED, "wake-up late", LATE, Plays),
    alone(row(OURS_SHARED, "taken by another", TAKEN, PlaysOnUntold)),
    row(
        OURS_SHARED,
        "service gone and back",
        SERVICE_AND_BACK,
        PlaysOnUntold,
    ),
];

/// Each player with each fault, and what listeners are told of them.
pub fn legs() -> Vec<Leg> {
    let mut legs: Vec<Leg> = ROWS
        .iter()
        .map(|row| {
            let name = format!("faults: {}, {}", row.player.name(), row.name);
            Leg::new(name, move |stage| strike(stage, row))
        })
        .collect();
    legs.push(Leg::new("faults: what listeners are told", notices));
    legs
}

/// Every frame is another, so that each is known wherever it is heard.
fn noise(seconds: f64) -> Sound {
    make::noise(
        RATE_HZ,
        CHANNELS,
        24,
        (seconds * f64::from(RATE_HZ)) as usize,
    )
}

/// Again while the machine was busy: a service that is kept waiting for long looks like a device that
/// is gone.
fn strike(stage: &mut Stage<'_>, row: &Row) -> Result<Passed> {
    let (struck, tries) = undisturbed(
        &Watch::each_alone(stage.paths),
        || Ok(strike_once(stage, row)),
        Result::is_ok,
    )?;
    let detail = struck.with_context(|| tries.testimony())?;
    let remark = tries
        .remark()
        .map_or(String::new(), |remark| format!("; {remark}"));
    Ok(passed(detail + &remark))
}

fn strike_once(stage: &mut Stage<'_>, row: &Row) -> Result<String> {
    let card = stage.card()?;
    if matches!(row.player, Player::Ours(..)) {
        stage.rig_with_driver(Backend::Card)?;
    }
    // No longer than it takes to see: the shorter, the seldomer a busy machine disturbs it.
    let strikes_again = row.script.lines().count() > 1;
    let seconds = match row.expected {
        PlaysOn | PlaysOnUntold if strikes_again => 4.0,
        PlaysOn | PlaysOnUntold | PlaysOnResampled => 2.0,
        Heals => 3.5,
        Plays | Fails(_) => 1.5,
    };
    let sound = noise(seconds);
    let description = format!("{}{}\n", row.card, row.script);
    let service = Service::start_as(stage.rig()?, &card, Some(&description))?;
    let struck = row
        .before
        .map_or(Ok(()), |fault| service.strike(stage.rig()?, &card, fault));
    let outcome = struck.and_then(|()| row.player.play(stage, &card, &sound));
    let (report, folder) = service.finish(stage.rig()?, &card)?;
    let outcome = outcome?;
    let got = judge(row, &outcome, &sound)?;
    ensure!(
        report.disagreements == 0,
        "card and model disagree {} times",
        report.disagreements
    );
    let resampled_after = matches!(row.expected, PlaysOnResampled);
    let is_ours = matches!(row.player, Player::Ours(..));
    let pieces_max = match row.expected {
        Heals => PIECES_SLOW_MAX,
        _ => PIECES_MAX,
    };
    let played = truth::check(
        &report,
        &folder,
        &sound,
        resampled_after,
        is_ours,
        pieces_max,
    )?;
    if matches!(row.expected, Plays | Heals | PlaysOn | PlaysOnUntold) {
        played.demand_end(&sound)?;
    }
    if matches!(row.expected, Heals) {
        played.demand_whole_end(WHOLE_AFTER_SLOW_FRAMES)?;
    }
    if row.script == LATE {
        played.demand_silence(&report, "late 3 periods")?;
    }
    let back = match row.expected {
        PlaysOn => Some(played.demand_back(BACK_FRAMES)?),
        PlaysOnUntold => Some(played.demand_back(BACK_UNTOLD_FRAMES)?),
        PlaysOnResampled => Some(played.demand_back(BACK_RESAMPLED_FRAMES)?),
        Plays | Heals | Fails(_) => None,
    };
    let back = back.map_or(String::new(), |frames| {
        format!("; back after {frames} frames")
    });
    Ok(format!("{got}; {}{back}", played.words()))
}

/// Whether the program came to the end that it should; what it said.
fn judge(row: &Row, outcome: &Outcome, sound: &Sound) -> Result<String> {
    let said = &outcome.said;
    match row.expected {
        Fails(words) => {
            ensure!(!outcome.good, "the program noticed nothing");
            ensure!(
                said.contains(words),
                "it should say {words}, but said: {said}"
            );
            Ok(said.clone())
        }
        Plays | Heals | PlaysOn | PlaysOnUntold | PlaysOnResampled => {
            ensure!(outcome.good, "the program failed: {said}");
            let Some(lives) = &outcome.lives else {
                return Ok("played all".to_owned());
            };
            let end = lives.last().map_or(0, |life| life.end_frame);
            ensure!(
                end == sound.frames() as u64,
                "the host came to frame {end} only"
            );
            if row.script == LATE || matches!(row.expected, Heals) {
                ensure!(
                    outcome.overloads > 0,
                    "the host was not told of an overload"
                );
            }
            ensure!(
                lives.len() == 1,
                "the driver asked for a reset without need"
            );
            Ok(format!("one stream, overloads {}", outcome.overloads))
        }
    }
}

/// The calls of `IMMNotificationClient`, in order, for a device that goes and comes back, a default
/// that is chosen, and a new format.
fn notices(stage: &mut Stage<'_>) -> Result<Passed> {
    let card = stage.card()?;
    let script = "at 300ms lose OUT\nat 500ms back OUT\nat 700ms default SPARE\n\
                  at 900ms format 44100 on SPARE\nat 1100ms late 1 periods";
    let description = format!("{SPARE}{script}\n");
    let service = Service::start_as(stage.rig()?, &card, Some(&description))?;
    let told = players::listen(stage, &card, &noise(1.5));
    service.finish(stage.rig()?, &card)?;
    let told = told?;
    let [out, spare] = told.ids;
    // DEVICE_STATE_UNPLUGGED 8, DEVICE_STATE_ACTIVE 1; eRender 0; the roles eConsole 0, eMultimedia 1,
    // eCommunications 2; PKEY_AudioEngine_DeviceFormat.
    let default = |id: &str| {
        (0..3)
            .map(move |role| format!("default 0 {role} {id}"))
            .collect()
    };
    let expected: Vec<String> = [
        vec![format!("state 8 {out}")],
        default(&spare),
        vec![format!("state 1 {out}")],
        default(&out),
        default(&spare),
        vec![format!(
            "property F19F064D-082C-4E27-BC73-6882A1BB8E4C 0 {spare}"
        )],
    ]
    .concat();
    ensure!(
        told.lines == expected,
        "told were {:?} instead of {expected:?}",
        told.lines
    );
    Ok(passed(format!("{} calls", expected.len())))
}
