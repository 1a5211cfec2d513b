//! What the DACs played, against the sound and the model.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::RATE_HZ;
use crate::rig::card::{Report, Struck, Track};
use crate::sound::Sound;
use crate::sound::pieces::{Piece, pieces};

/// From the device's buffer to the analogue output, as the card has it without a description.
const LATENCY_FRAMES: u64 = 24;

/// What was heard.
pub struct Played {
    /// The sound's pieces in the order of time, each with its DAC and the number of its first frame there.
    pieces: Vec<(String, u64, Piece)>,
    /// Faults that ended a stream, with the frame in which the DAC fell silent.
    cuts: Vec<String>,
    /// From the last fault that struck to the begin of the last stretch of sound after it, in nanoseconds
    /// of the card's time: one that is interrupted again is not back.
    back_after_ns: Option<u64>,
}

/// Takes apart what the DACs played.
///
/// `resampled_after`: what follows the first track is at another rate, so that no frame of it is one of
/// the sound's; it must not be silent. `plays_into_nothing`: the program's sound goes on while a device
/// is silent.
///
/// # Errors
/// What contradicts the model: a frame that is not the sound's, a frame that is heard twice, a silence
/// that the card knows nothing of, a stream that outlives its device.
pub fn check(
    report: &Report,
    folder: &Path,
    sound: &Sound,
    resampled_after: bool,
    plays_into_nothing: bool,
    pieces_max: usize,
) -> Result<Played> {
    let mut tracks: Vec<&Track> = report.tracks.iter().filter(|track| track.played).collect();
    tracks.sort_by_key(|track| track.time_ns);
    let mut played = Played {
        pieces: Vec::new(),
        cuts: Vec::new(),
        back_after_ns: None,
    };
    let mut onsets_ns = Vec::new();
    let (compared, resampled) = match resampled_after {
        true => tracks.split_at(tracks.len().min(1)),
        false => (&tracks[..], &tracks[..0]),
    };
    for track in resampled {
        let bytes = fs::read(folder.join(&track.file))
            .with_context(|| format!("the card left no {}", track.file))?;
        let silent = bytes.iter().take_while(|byte| **byte == 0).count();
        let frame_bytes = bytes.len() / usize::try_from(track.frames.max(1))?;
        onsets_ns.push(time_ns(track, (silent / frame_bytes.max(1)) as u64));
        let sounding = bytes.iter().filter(|byte| **byte != 0).count();
        ensure!(
            sounding > bytes.len() / 2,
            "{} is silent, though the host played on",
            track.file
        );
    }
    ensure!(
        !resampled_after || !resampled.is_empty(),
        "nothing was heard after the fault"
    );
    for track in compared {
        let heard = of_track(track, folder, sound)?;
        check_silence(report, track, &heard, plays_into_nothing)?;
        ensure!(
            heard.len() <= pieces_max,
            "{} was torn into {} pieces",
            track.endpoint,
            heard.len()
        );
        onsets_ns.extend(heard.first().map(|piece| time_ns(track, piece.at)));
        let named = heard
            .into_iter()
            .map(|piece| (track.endpoint.clone(), track.first_frame + piece.at, piece));
        played.pieces.extend(named);
    }
    for pair in played.pieces.windows(2) {
        let [(_, _, before), (_, at, after)] = pair else {
            continue;
        };
        ensure!(
            before.end() <= after.from,
            "frame {} of the sound is heard again in the DAC's frame {at}",
            after.from
        );
    }
    for struck in report.faults.iter().filter(|struck| ends_streams(struck)) {
        for track in tracks.iter().filter(|track| is_hit(struck, track)) {
            let end = track.first_frame + track.frames;
            ensure!(
                end == struck.frame + LATENCY_FRAMES,
                "'{}' struck {} in frame {}, but the DAC played until {end}",
                struck.fault,
                struck.endpoint,
                struck.frame
            );
            let cut = format!(
                "{} in frame {}, silent from {end}",
                struck.fault, struck.frame
            );
            played.cuts.push(cut);
        }
    }
    let last_ns = report.faults.iter().map(|struck| struck.time_ns).max();
    let later = onsets_ns
        .into_iter()
        .filter_map(|ns| ns.checked_sub(last_ns?));
    played.back_after_ns = later.max();
    Ok(played)
}

/// When that frame of the track was heard, in nanoseconds of the card's time.
fn time_ns(track: &Track, frame: u64) -> u64 {
    track.time_ns + frame * 1_000_000_000 / u64::from(track.rate_hz.max(1))
}

fn ends_streams(struck: &Struck) -> bool {
    let deadly = ["lose", "service gone", "format "];
    deadly.iter().any(|fault| struck.fault.starts_with(fault))
}

/// Whether the fault struck while the track was played.
fn is_hit(struck: &Struck, track: &Track) -> bool {
    let frames = track.first_frame..track.first_frame + track.frames;
    struck.endpoint == track.endpoint && frames.contains(&struck.frame)
}

fn of_track(track: &Track, folder: &Path, sound: &Sound) -> Result<Vec<Piece>> {
    let heard = track.sound(folder)?;
    pieces(sound, &heard).with_context(|| format!("in {}", track.file))
}

/// How long before a gap in the sound a stop of the card's time may be its cause: what is queued is played
/// first.
const STOP_BEFORE_NS: u64 = 100_000_000;

/// For how many frames the card's time stood still shortly before that frame of the track.
fn stood_still_frames(report: &Report, track: &Track, frame: u64) -> u64 {
    let gap_ns = time_ns(track, frame);
    let near = gap_ns.saturating_sub(STOP_BEFORE_NS)..=gap_ns;
    let stops = report
        .stops
        .iter()
        .filter(|stop| near.contains(&stop.time_ns));
    let stood_ns: u64 = stops.map(|stop| stop.stood_ns).sum();
    (stood_ns * u64::from(track.rate_hz)).div_ceil(1_000_000_000)
}

/// Between two pieces of one track the silence is as long as the card itself has noted, and nothing of the
/// sound is lost; if the program plays into nothing while a device is silent, no more than there was
/// silence, or than the card's time stood still.
fn check_silence(
    report: &Report,
    track: &Track,
    heard: &[Piece],
    plays_into_nothing: bool,
) -> Result<()> {
    for pair in heard.windows(2) {
        let [before, after] = pair else { continue };
        let silence = track.first_frame + before.at + before.frames..track.first_frame + after.at;
        let noted: u64 = report
            .incidents
            .iter()
            .filter(|incident| incident.underrun && incident.endpoint == track.endpoint)
            .filter(|incident| silence.contains(&incident.first_frame))
            .map(|incident| incident.frames)
            .sum();
        let silent = silence.end - silence.start;
        let losable = match plays_into_nothing {
            true => silent + stood_still_frames(report, track, before.at + before.frames),
            false => 0,
        };
        let kept = before.end()..=before.end() + losable;
        ensure!(
            kept.contains(&after.from) && noted == silent,
            "after frame {} of the sound comes frame {}, after {} frames of silence of which the card \
             has noted {noted}",
            before.end(),
            after.from,
            silent
        );
    }
    Ok(())
}

impl Played {
    /// The sound was heard to its end.
    pub fn demand_end(&self, sound: &Sound) -> Result<()> {
        let end = self.pieces.last().map_or(0, |(_, _, piece)| piece.end());
        let frames = sound.frames() as u64;
        ensure!(end == frames, "only {end} of {frames} frames were heard");
        Ok(())
    }

    /// So many frames at the end were heard without a gap.
    pub fn demand_whole_end(&self, frames: u64) -> Result<()> {
        let whole = self.pieces.last().map_or(0, |(_, _, piece)| piece.frames);
        ensure!(
            whole >= frames,
            "only the last {whole} frames came without a gap; it should be {frames}"
        );
        Ok(())
    }

    /// The wake-up that came late is heard as silence, from the period after it on, as long as it was
    /// late: no more than a period from that.
    pub fn demand_silence(&self, report: &Report, fault: &str) -> Result<()> {
        let struck = report.faults.iter().find(|struck| struck.fault == fault);
        let struck = struck.context("the fault did not strike")?;
        let stream = report.streams.iter().find(|stream| {
            stream.renders && stream.endpoint == struck.endpoint && !stream.blocks.is_empty()
        });
        let period_frames = stream.map_or(0, |stream| u64::from(stream.period_frames));
        let near = struck.frame..struck.frame + 5 * period_frames;
        let silent: u64 = report
            .incidents
            .iter()
            .filter(|incident| incident.endpoint == struck.endpoint && incident.underrun)
            .filter(|incident| near.contains(&incident.first_frame))
            .map(|incident| incident.frames)
            .sum();
        let right = 2 * period_frames..=4 * period_frames;
        ensure!(
            right.contains(&silent),
            "{silent} frames of silence after '{fault}' in frame {}",
            struck.frame
        );
        Ok(())
    }

    /// After the last fault, with which a device can be used again, sound is back within so many frames
    /// at [`RATE_HZ`]; after how many it was.
    pub fn demand_back(&self, limit_frames: u64) -> Result<u64> {
        let back_after_ns = self.back_after_ns;
        let after_ns = back_after_ns.context("nothing was heard after the fault")?;
        let frames = after_ns * u64::from(RATE_HZ) / 1_000_000_000;
        ensure!(
            frames <= limit_frames,
            "sound was back after {frames} frames; it should be {limit_frames} at most"
        );
        Ok(frames)
    }

    /// For people.
    pub fn words(&self) -> String {
        let mut words = self.cuts.join(", ");
        for (n, (endpoint, at, piece)) in self.pieces.iter().enumerate() {
            let comma = if n == 0 && words.is_empty() { "" } else { ", " };
            let (from, end) = (piece.from, piece.end());
            // Writing to a string does not fail.
            let _ = write!(words, "{comma}{from}..{end} from {endpoint} frame {at}");
        }
        words
    }
}
