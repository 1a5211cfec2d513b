//! What changes while PortAudio's ASIO host plays on the simulated card: a device that comes at last, another
//! choice in the configuration, devices that are joined.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::super::{Leg, Passed, passed, stage::Stage};
use super::EXCLUSIVE;
use crate::captured::{self, Running};
use crate::process;
use crate::rig::Rig;
use crate::rig::card::{Report, Service, Track};
use crate::rig::places::{self, Backend};
use crate::rig::playback::Playback;
use crate::rig::server::Sink;
use crate::rig::witness::{Watch, undisturbed};
use crate::sound::pieces::{Piece, pieces};
use crate::sound::raw::RawFormat::{Float32, Int32};
use crate::sound::{Sound, make};

const RATE_HZ: u32 = 48_000;
const LIMIT: Duration = Duration::from_secs(60);
const NAME: &str = "Live profile";
/// As many channels as are taken for granted while there is no device.
const ALONE: &str = "card Desk\n render OUT\n capture IN\n";
const PAIR: &str = "card Desk\n render MAIN\ncard Head\n render PHONES\n";
/// The host is at work by then.
const UNDER_WAY: Duration = Duration::from_millis(2_500);

type Work = fn(&mut Stage<'_>) -> Result<String>;

/// How long the machine sleeps.
const ASLEEP: Duration = Duration::from_secs(3);

const LEGS: [(&str, Work); 5] = [
    ("the machine sleeps", |stage| sleep(stage, false)),
    (
        "the machine sleeps, and its device is another then",
        |stage| sleep(stage, true),
    ),
    ("no device at the start, and one that comes", device_comes),
    ("another device in the configuration", device_is_chosen),
    ("two devices joined in one driver", devices_are_joined),
];

/// One leg for each.
pub fn legs() -> Vec<Leg> {
    let leg = |(name, work): (&str, Work)| {
        Leg::new(format!("live: {name}"), move |stage| {
            let (done, tries) = undisturbed(
                &Watch::each_alone(stage.paths),
                || Ok(work(stage)),
                Result::is_ok,
            )?;
            let detail = done.with_context(|| tries.testimony())?;
            Ok::<Passed, _>(passed(detail))
        })
    };
    LEGS.into_iter().map(leg).collect()
}

fn playback(driver: &str, channels: u16) -> Playback<'_> {
    Playback {
        host_api: "asio",
        device: Some(driver),
        backend: Backend::Card,
        device_format: None,
        block_frames: 480,
        format: Int32,
        // The card takes the sink's place.
        sink: Sink {
            format: Int32,
            rate_hz: RATE_HZ,
            channels,
        },
        tolerance_lsb: 0,
        record_from: None,
    }
}

fn noise(channels: u16, seconds: u32) -> Sound {
    make::noise(RATE_HZ, channels, 24, (seconds * RATE_HZ) as usize)
}

/// The pieces of the sound that a converter played, or all of them together, in the order of time.
fn heard(
    report: &Report,
    folder: &Path,
    endpoint: Option<&str>,
    sound: &Sound,
) -> Result<Vec<Piece>> {
    let is_it = |track: &Track| endpoint.is_none_or(|endpoint| track.endpoint == endpoint);
    let is_meant = |track: &&Track| track.played && is_it(track);
    let mut tracks: Vec<_> = report.tracks.iter().filter(is_meant).collect();
    tracks.sort_by_key(|track| track.time_ns);
    let mut all = Vec::new();
    for track in tracks {
        let found = pieces(sound, &track.sound(folder)?);
        all.extend(found.with_context(|| format!("in {}", track.file))?);
    }
    Ok(all)
}

/// A host starts while there is no device, plays into nothing, and is heard when a device comes. The host
/// is our own: PortAudio's library asks for Wine's `winmm` too, which crashes when the first device comes.
fn device_comes(stage: &mut Stage<'_>) -> Result<String> {
    let card = stage.card()?;
    let host = stage.programs()?.join("asio-check.exe");
    let rig = stage.rig_with_driver(Backend::Card)?;
    let sound = noise(2, 6);
    let input = rig.paths.rig().join("live-input.raw");
    // What the driver takes as long as it knows no device.
    fs::write(&input, Float32.encode(&sound.samples))?;
    let service = Service::start_as(rig, &card, Some(ALONE))?;
    let mut play = rig.wine(Backend::Card)?.command(host);
    play.args(["play", "--answer-resets", "--driver", EXCLUSIVE.name]);
    play.args(["--channels", "2", "--format", Float32.name()]);
    play.args(["--input", &places::windows_path(&input)]);
    let played = (|| {
        service.strike(rig, &card, "lose OUT")?;
        let host = Running::start(&mut play, &places::logs(rig.paths).join("live"))?;
        captured::pause(UNDER_WAY)?;
        service.strike(rig, &card, "back OUT")?;
        host.finish(LIMIT)
    })();
    let (report, folder) = service.finish(rig, &card)?;
    let played = played?;
    ensure!(
        played.status.success(),
        "the host failed: {}",
        played.last_words()
    );
    let sheet: serde_json::Value =
        serde_json::from_str(&played.stdout).context("the host's report is unclear")?;
    let lives = sheet["lives"].as_array().map_or(0, Vec::len);
    ensure!(lives == 1, "the driver asked for a reset without need");
    let heard = heard(&report, &folder, Some("OUT"), &sound)?;
    let first = heard.first().context("nothing was heard")?.from;
    let end = heard.last().map_or(0, Piece::end);
    ensure!(
        end == sound.frames() as u64,
        "heard to frame {end} of {} only",
        sound.frames()
    );
    ensure!(
        first > 0,
        "the sound was heard from its begin: a device was there"
    );
    Ok(format!(
        "the host began without; heard from frame {first} to the end, on one stream"
    ))
}

/// T55: the host, the card and all clocks stand still, but for the one that goes on, as when a machine sleeps.
/// Then the same streams go on, or they are dead.
fn sleep(stage: &mut Stage<'_>, kills_streams: bool) -> Result<String> {
    let card = stage.card()?;
    let rig = stage.rig_with_driver(Backend::Card)?;
    let sound = noise(2, 6);
    let service = Service::start_as(rig, &card, Some(PAIR))?;
    let played = (|| {
        let host = rig.start_host(&playback(EXCLUSIVE.name, 2), &sound, "live")?;
        captured::pause(UNDER_WAY)?;
        let sleepers = [host.id(), service.id()];
        sleepers.iter().for_each(|id| process::signal(*id, "STOP"));
        let slept = captured::pause(ASLEEP);
        sleepers.iter().for_each(|id| process::signal(*id, "CONT"));
        slept?;
        if kills_streams {
            service.strike(rig, &card, "lose MAIN")?;
            service.strike(rig, &card, "back MAIN")?;
        }
        host.finish()
    })();
    let (report, folder) = service.finish(rig, &card)?;
    played?;
    let heard = heard(&report, &folder, None, &sound)?;
    let mut end = 0;
    for piece in &heard {
        ensure!(
            piece.from >= end,
            "frame {} of the sound is heard again",
            piece.from
        );
        end = piece.end();
    }
    ensure!(
        end == sound.frames() as u64,
        "heard to frame {end} of {} only",
        sound.frames()
    );
    let frames: u64 = heard.iter().map(|piece| piece.frames).sum();
    let lost = end - frames;
    ensure!(
        lost <= 2 * u64::from(RATE_HZ),
        "{lost} frames were lost, as many as the machine slept"
    );
    Ok(format!("played on, {lost} frames lost"))
}

/// Somebody with a configuration file and a profile in it, which is registered as a driver.
struct User {
    program: PathBuf,
    config: PathBuf,
}

impl User {
    fn with_profile(stage: &mut Stage<'_>, settings: &[&str]) -> Result<User> {
        let program = stage.product()?.join("asio2wasapi.exe");
        let rig = stage.rig_with_driver(Backend::Card)?;
        let config = rig.paths.rig().join("live.toml");
        let user = User { program, config };
        user.forget()?;
        let mut words = vec!["profile", "new", NAME];
        words.extend(settings);
        user.run(rig, &words)?;
        user.run(rig, &["register"])?;
        Ok(user)
    }

    fn forget(&self) -> Result<()> {
        match fs::remove_file(&self.config) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.config.display()))
            }
            _ => Ok(()),
        }
    }

    fn run(&self, rig: &mut Rig<'_>, arguments: &[&str]) -> Result<()> {
        let log = places::logs(rig.paths).join("live-user");
        let mut command = rig.wine(Backend::Card)?.command(&self.program);
        command
            .env("ASIO2WASAPI_CONFIG", places::windows_path(&self.config))
            .args(arguments);
        captured::succeed(&mut command, &log, LIMIT)?;
        Ok(())
    }

    /// The profile's driver leaves the list.
    fn leave(&self, rig: &mut Rig<'_>) -> Result<()> {
        self.forget()?;
        self.run(rig, &["register"])
    }
}

/// The device that the profile names is another while the host plays: the sound moves there.
fn device_is_chosen(stage: &mut Stage<'_>) -> Result<String> {
    let card = stage.card()?;
    let user = User::with_profile(stage, &["mode=exclusive", "output=MAIN"])?;
    let rig = stage.rig()?;
    let sound = noise(2, 7);
    let service = Service::start_as(rig, &card, Some(PAIR))?;
    let played = (|| {
        let host = rig.start_host_as(&playback(NAME, 2), &sound, "live", &user.config)?;
        captured::pause(UNDER_WAY)?;
        user.run(rig, &["profile", "set", NAME, "output=PHONES"])?;
        host.finish()
    })();
    let ended = service.finish(rig, &card);
    user.leave(rig)?;
    played?;
    let (report, folder) = ended?;
    let main = heard(&report, &folder, Some("MAIN"), &sound)?;
    let phones = heard(&report, &folder, Some("PHONES"), &sound)?;
    let left = main
        .last()
        .context("nothing was heard on the first device")?;
    let came = phones
        .first()
        .context("nothing was heard on the second device")?;
    let end = phones.last().map_or(0, Piece::end);
    ensure!(
        end == sound.frames() as u64,
        "heard to frame {end} of {} only",
        sound.frames()
    );
    ensure!(
        left.end() <= came.from,
        "frame {} of the sound is heard on both devices",
        came.from
    );
    let lost = came.from - left.end();
    ensure!(
        lost <= u64::from(RATE_HZ / 20),
        "{lost} frames were lost on the way from one device to the other"
    );
    Ok(format!(
        "moved in frame {} without a reset, {lost} frames lost on the way",
        left.end()
    ))
}

/// Channels 1 and 2 are one device's, 3 and 4 another's.
fn devices_are_joined(stage: &mut Stage<'_>) -> Result<String> {
    let card = stage.card()?;
    let settings = [
        "mode=exclusive",
        "output=[{device='MAIN'}, {device='PHONES'}]",
    ];
    let user = User::with_profile(stage, &settings)?;
    let rig = stage.rig()?;
    let sound = noise(4, 4);
    // Between two clocks a stop of the card's time would count as a jump.
    let patient = format!("stall 20ms\n{PAIR}");
    let service = Service::start_as(rig, &card, Some(&patient))?;
    let played = rig
        .start_host_as(&playback(NAME, 4), &sound, "live", &user.config)
        .and_then(|host| host.finish());
    let ended = service.finish(rig, &card);
    user.leave(rig)?;
    played?;
    let (report, folder) = ended?;
    let main = heard(&report, &folder, Some("MAIN"), &channels(&sound, 0))?;
    let [whole] = main[..] else {
        bail!(
            "MAIN played {main:?}, {} of {} frames of the sound",
            main.iter().map(|piece| piece.frames).sum::<u64>(),
            sound.frames()
        );
    };
    ensure!(
        whole.from == 0 && whole.end() == sound.frames() as u64,
        "MAIN played frames {}..{} of {}",
        whole.from,
        whole.end(),
        sound.frames()
    );
    let (exact, silent) = follows(&report, &folder, &channels(&sound, 2))?;
    Ok(format!(
        "MAIN {} frames, bit-exact; PHONES the first {exact} bit-exact, {silent} silent",
        whole.frames
    ))
}

/// Wine gives no thread real-time priority, and two threads hand the sound on: a wake-up that is later than
/// all before it may cost so many frames in all.
const SILENT_MAX: usize = 480;
/// Sound may rise from silence for so long.
const RISE: usize = 480;

/// The second device has a clock of its own: its sound is the host's, bit by bit, until the driver has found
/// that the clocks differ, or was misled by wake-ups that were late. In any case there is all of it, and hardly a
/// gap. Returns how much is bit-exact from the begin, and how many frames are silent.
fn follows(report: &Report, folder: &Path, sound: &Sound) -> Result<(usize, usize)> {
    let is_meant = |track: &&Track| track.played && track.endpoint == "PHONES";
    let track = report
        .tracks
        .iter()
        .filter(is_meant)
        .max_by_key(|track| track.frames);
    let played = track.context("PHONES played nothing")?.sound(folder)?;
    let played_frame = |at: usize| played.frame(at);
    let sounds = |at: &usize| played_frame(*at).iter().any(|sample| *sample != 0);
    let first = (0..played.frames())
        .find(sounds)
        .context("PHONES is silent")?;
    let last = (first..played.frames()).rfind(sounds).unwrap_or(first);
    let frames = last + 1 - first;
    // Sound between two clocks begins when they have been looked at for a while.
    let late_max = RATE_HZ as usize / 4;
    let same_at =
        |from: usize| move |at: &usize| played_frame(first + at) == sound.frame(from + at);
    let late = (0..late_max).find(|from| (RISE..2 * RISE).all(|at| same_at(*from)(&at)));
    let late = late.context("PHONES' first frames are none of the first of its sound")?;
    let expected = sound.frames() - late;
    ensure!(
        frames.abs_diff(expected) <= sound.frames() / 1_000,
        "PHONES played {frames} frames instead of {expected}"
    );
    let silent = (first..=last).filter(|at| !sounds(at)).count();
    ensure!(
        silent <= SILENT_MAX,
        "{silent} frames of PHONES' sound are silent"
    );
    let exact = (RISE..frames.min(expected))
        .take_while(same_at(late))
        .count();
    ensure!(
        exact >= RATE_HZ as usize / 4,
        "only {exact} frames of PHONES' sound are the host's"
    );
    Ok((exact, silent))
}

/// Two of a sound's channels.
fn channels(sound: &Sound, first: usize) -> Sound {
    let frames = (0..sound.frames()).map(|number| sound.frame(number));
    Sound {
        channels: 2,
        samples: frames
            .flat_map(|frame| [frame[first], frame[first + 1]])
            .collect(),
        ..*sound
    }
}
