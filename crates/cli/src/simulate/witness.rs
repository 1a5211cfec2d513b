//! Watches what the card plays: writes it to a file, compares it with the material, and keeps what
//! the picture shows. Its memory does not grow with the length of the run.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use engine::format::{SampleFormat, StreamFormat};
use hound::{WavSpec, WavWriter};
use rt::Mutex;
use simcard::recorder::{Incident, Level, Recorder, Run};

use super::material::Material;
use crate::wav::Wav;

/// So many frames tell where in the file they are.
const FIND_FRAMES: usize = 64;
/// No more than so many frames are handed over and not yet heard.
const FIND_WITHIN_FRAMES: u64 = 1 << 16;

/// After a device was lost the sound rises from silence for this part of a second: one over it.
const RISE_PART: u32 = 100;

/// Columns of the picture.
pub(crate) const COLUMNS: usize = 900;

/// What was seen; clones share it.
#[derive(Clone)]
pub(crate) struct Witness(Arc<Mutex<Seen>>);

pub(crate) struct Seen {
    wav: Arc<Wav>,
    sources: Vec<usize>,
    driver: SampleFormat,
    /// Frames between the device's buffer and the output.
    converter_frames: u64,
    /// How much reference time a column is.
    column_ns: u64,
    writer: Option<WavWriter<BufWriter<File>>>,
    write_error: Option<hound::Error>,
    /// Silence that was told, in frames of the device's buffer.
    gaps: Vec<(u64, u64)>,
    /// The frame after the last of that silence.
    gap_end: Option<u64>,
    /// The frame of the file with the first sound after that, once somebody asked for it; `None`
    /// where all is silent.
    sound: Option<Option<u64>>,
    /// The frame of the file that the card should play next, once the first sound was heard.
    next: Option<u64>,
    /// Frames that the program has handed over.
    handed_over: Arc<rt::Counter>,
    /// The card's frame after the last that was heard.
    heard_end: Option<u64>,
    /// The frame of the file that would have come, had the device not been lost.
    lost_at: Option<u64>,
    /// The frame of the device's buffer at which the sound of a device that is back has risen.
    risen_at: Option<u64>,
    /// The frame before was silent because the driver was late.
    was_in_gap: bool,
    /// Number and time of the first frame since the stream began, and of the last run's.
    first: Option<(u64, u64)>,
    last: Option<(u64, u64)>,
    pub(crate) facts: Facts,
}

/// What comes out of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) format: Option<StreamFormat>,
    /// The card's frame at which the file's first is, or would have been, at the output.
    pub(crate) first_frame: Option<i64>,
    /// Frames that the card played of the file.
    pub(crate) file_frames: u64,
    /// Of those, frames that differ from what they should be.
    pub(crate) altered_frames: u64,
    /// How often the driver took a device again that was lost, and the frames of the file that were
    /// not heard meanwhile.
    pub(crate) returns: u64,
    pub(crate) lost_frames: u64,
    /// Frames of the file that the program made in its rhythm while the device gave no sign.
    pub(crate) skipped_frames: u64,
    /// Stretches of silence because the driver was late, and their frames.
    pub(crate) dropouts: u64,
    pub(crate) dropout_frames: u64,
    pub(crate) played_frames: u64,
    /// Frames that the card played more than it should have by its rate, and how many it should
    /// have, over all stretches in which it ran.
    pub(crate) more_frames: f64,
    pub(crate) nominal_frames: f64,
    /// Least and most frames queued in each column.
    pub(crate) levels: Vec<Option<(u64, u64)>>,
    /// Columns with silence.
    pub(crate) silent: Vec<bool>,
}

impl Witness {
    pub(crate) fn new(
        wav: Arc<Wav>,
        sources: Vec<usize>,
        driver: SampleFormat,
        converter_frames: u32,
        length_ns: u64,
    ) -> Self {
        let facts = Facts {
            levels: vec![None; COLUMNS],
            silent: vec![false; COLUMNS],
            ..Facts::default()
        };
        Self(Arc::new(Mutex::new(Seen {
            wav,
            sources,
            driver,
            converter_frames: u64::from(converter_frames),
            column_ns: (length_ns / COLUMNS as u64).max(1),
            writer: None,
            write_error: None,
            gaps: Vec::new(),
            gap_end: None,
            sound: None,
            next: None,
            handed_over: Arc::default(),
            heard_end: None,
            lost_at: None,
            risen_at: None,
            was_in_gap: false,
            first: None,
            last: None,
            facts,
        })))
    }

    /// The driver's stream starts and plays the file; the program counts what it hands over.
    pub(crate) fn begin(&self, handed_over: Arc<rt::Counter>) {
        let mut seen = self.0.lock();
        seen.end_stretch();
        seen.handed_over = handed_over;
        seen.heard_end = None;
        seen.lost_at = None;
        seen.risen_at = None;
        seen.was_in_gap = false;
        seen.sound = None;
        seen.next = None;
    }

    /// What is played goes to a file.
    pub(crate) fn write_to(&self, path: &Path, format: StreamFormat) -> Result<()> {
        let (bits, kind) = match format.sample {
            SampleFormat::Int16 => (16, hound::SampleFormat::Int),
            SampleFormat::Int24 | SampleFormat::Int24In32 => (24, hound::SampleFormat::Int),
            SampleFormat::Int32 => (32, hound::SampleFormat::Int),
            SampleFormat::Float32 => (32, hound::SampleFormat::Float),
        };
        let spec = WavSpec {
            channels: format.channels,
            sample_rate: format.rate_hz,
            bits_per_sample: bits,
            sample_format: kind,
        };
        let writer = WavWriter::create(path, spec)
            .with_context(|| format!("cannot write {}", path.display()))?;
        self.0.lock().writer = Some(writer);
        Ok(())
    }

    /// Ends the file and tells what was seen.
    pub(crate) fn finish(&self) -> Result<Facts> {
        let mut seen = self.0.lock();
        seen.end_stretch();
        if let Some(writer) = seen.writer.take() {
            let error = seen.write_error.take();
            let ended = error.map_or_else(|| writer.finalize(), Err);
            ended.context("cannot write what was played")?;
        }
        ensure!(
            seen.facts.played_frames > 0,
            "the card played nothing; look at the faults"
        );
        Ok(seen.facts.clone())
    }
}

impl Seen {
    fn column(&self, time_ns: u64) -> usize {
        ((time_ns / self.column_ns) as usize).min(COLUMNS - 1)
    }

    /// Adds up how far the card's clock was off while it ran.
    fn end_stretch(&mut self) {
        let rate_hz = self.facts.format.map_or(0, |format| format.rate_hz);
        if let (Some(first), Some(last)) = (self.first.take(), self.last.take()) {
            let nominal_frames = (last.1 - first.1) as f64 * f64::from(rate_hz) * 1e-9;
            self.facts.nominal_frames += nominal_frames;
            self.facts.more_frames += (last.0 - first.0) as f64 - nominal_frames;
        }
    }

    /// Writes as far as the file takes it; the first error is kept.
    fn write(&mut self, run: &Run<'_>) {
        let Some(writer) = &mut self.writer else {
            return;
        };
        if self.write_error.is_some() {
            return;
        }
        let written = run
            .bytes
            .chunks_exact(run.format.sample.bytes())
            .try_for_each(|sample| match (run.format.sample, sample) {
                (SampleFormat::Int16, &[a, b]) => writer.write_sample(i16::from_le_bytes([a, b])),
                (SampleFormat::Int24, &[a, b, c]) | (SampleFormat::Int24In32, &[_, a, b, c]) => {
                    writer.write_sample(i32::from_le_bytes([0, a, b, c]) >> 8)
                }
                (SampleFormat::Float32, &[a, b, c, d]) => {
                    writer.write_sample(f32::from_le_bytes([a, b, c, d]))
                }
                (_, &[a, b, c, d]) => writer.write_sample(i32::from_le_bytes([a, b, c, d])),
                _ => Ok(()),
            });
        self.write_error = written.err();
    }

    /// Compares a run with what it should be.
    fn compare(&mut self, run: &Run<'_>) {
        let wav = Arc::clone(&self.wav);
        let sources = std::mem::take(&mut self.sources);
        let material = Material::new(&wav, &sources, self.driver, run.format);
        let frame_bytes = run.format.frame_bytes();
        let total = wav.frames() as u64;
        let buffer_frame = run.first_frame.saturating_sub(self.converter_frames);
        // The whole run at once; what of it is silence because of a gap is left out below.
        let frames = run.bytes.len() / frame_bytes;
        let mut expected = (self.next, Vec::new());
        for (n, frame) in run.bytes.chunks_exact(frame_bytes).enumerate() {
            let at = buffer_frame + n as u64;
            if self.in_gap(at) {
                self.was_in_gap = true;
                continue;
            }
            let rest = &run.bytes[n * frame_bytes..];
            let handed_over = self.handed_over.get();
            let next = match (self.next, self.lost_at) {
                (Some(next), _) if std::mem::take(&mut self.was_in_gap) => {
                    // The program keeps its rhythm while a device gives no sign.
                    let here = find(&material, rest, frame_bytes, (next, handed_over));
                    let here = here.unwrap_or(next);
                    self.facts.skipped_frames += here - next;
                    here
                }
                (Some(next), _) => next,
                (None, Some(lost_at)) => {
                    if frame.iter().all(|byte| *byte == 0) {
                        continue;
                    }
                    let rise_frames = u64::from(run.format.rate_hz / RISE_PART);
                    let risen_at = *self.risen_at.get_or_insert(at + rise_frames);
                    if at < risen_at {
                        continue;
                    }
                    // The program has gone on meanwhile; how far it was tells what is heard.
                    let start = handed_over.saturating_sub(FIND_WITHIN_FRAMES).max(lost_at);
                    let Some(here) = find(&material, rest, frame_bytes, (start, handed_over))
                    else {
                        self.facts.altered_frames += 1;
                        continue;
                    };
                    self.lost_at = None;
                    self.risen_at = None;
                    self.facts.returns += 1;
                    // What rose was heard.
                    let heard_frames = (at - (risen_at - rise_frames)).min(here - lost_at);
                    self.facts.file_frames += heard_frames;
                    self.facts.lost_frames += here - lost_at - heard_frames;
                    here
                }
                (None, None) => {
                    let sound = *self.sound.get_or_insert_with(|| material.first_sound(0));
                    let Some(sound) = sound else {
                        // Silence is as it should be, wherever it begins.
                        self.next = Some(0);
                        continue;
                    };
                    if frame.iter().all(|byte| *byte == 0) {
                        continue;
                    }
                    let here = (run.first_frame + n as u64) as i64;
                    self.facts.first_frame = Some(here - sound as i64);
                    self.facts.file_frames += sound;
                    sound
                }
            };
            self.next = Some(next + 1);
            if next >= total {
                continue;
            }
            if expected.1.is_empty() {
                expected = (Some(next), material.frames(next, frames));
            }
            let offset = (next - expected.0.unwrap_or(next)) as usize * frame_bytes;
            self.facts.file_frames += 1;
            self.facts.altered_frames +=
                u64::from(expected.1.get(offset..offset + frame_bytes) != Some(frame));
        }
        self.sources = sources;
        let end = buffer_frame + frames as u64;
        self.gaps.retain(|(first, count)| first + count > end);
    }

    fn in_gap(&self, buffer_frame: u64) -> bool {
        let within = |gap: &(u64, u64)| (gap.0..gap.0 + gap.1).contains(&buffer_frame);
        self.gaps.iter().any(within)
    }
}

/// The frame of the file with which these bytes begin, from `start` to the last that was handed over.
fn find(
    material: &Material<'_>,
    bytes: &[u8],
    frame_bytes: usize,
    (start, handed_over): (u64, u64),
) -> Option<u64> {
    let sample = &bytes[..bytes.len().min(FIND_FRAMES * frame_bytes)];
    let frames = handed_over.saturating_sub(start) as usize + FIND_FRAMES;
    let candidates = material.frames(start, frames);
    let at = candidates
        .windows(sample.len())
        .step_by(frame_bytes)
        .position(|window| window == sample)?;
    Some(start + at as u64)
}

impl Recorder for Witness {
    fn played(&mut self, run: &Run<'_>) {
        let mut seen = self.0.lock();
        if seen.heard_end.is_some_and(|end| end != run.first_frame) && seen.next.is_some() {
            seen.lost_at = seen.next.take();
            seen.end_stretch();
        }
        let frames = run.bytes.len() / run.format.frame_bytes();
        seen.heard_end = Some(run.first_frame + frames as u64);
        seen.write(run);
        seen.compare(run);
        seen.first.get_or_insert((run.first_frame, run.time_ns));
        seen.last = Some((run.first_frame, run.time_ns));
        let facts = &mut seen.facts;
        facts.format.get_or_insert(run.format);
        facts.played_frames += (run.bytes.len() / run.format.frame_bytes()) as u64;
    }

    fn incident(&mut self, incident: &Incident) {
        let mut seen = self.0.lock();
        let goes_on = seen.gap_end == Some(incident.first_frame);
        seen.gap_end = Some(incident.first_frame + incident.frames);
        seen.gaps.push((incident.first_frame, incident.frames));
        seen.facts.dropouts += u64::from(!goes_on);
        seen.facts.dropout_frames += incident.frames;
        if let Some((_, time_ns)) = seen.last {
            let column = seen.column(time_ns);
            seen.facts.silent[column] = true;
        }
    }

    fn level(&mut self, level: &Level) {
        let mut seen = self.0.lock();
        let column = seen.column(level.time_ns);
        let slot = &mut seen.facts.levels[column];
        *slot = Some(slot.map_or((level.frames, level.frames), |(low, high)| {
            (low.min(level.frames), high.max(level.frames))
        }));
    }
}
