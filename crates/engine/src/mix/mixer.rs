//! The matrix that mixes, and the end that controls it.

use fearless_simd::Level as Unit;
use rt::{LatestWriter, latest};

use super::kernel::{Planes, stride_of, sum};
use super::matrix::Matrix;
use super::meter::{Measure, Meters};
use crate::client::Plane;

/// The most pairs of a source channel and a sink channel: all of them are looked at when a change
/// is taken, inside a cycle.
pub const CELLS_MAX: usize = 1 << 16;
/// The longest block in frames.
const BLOCK_FRAMES_MAX: usize = 8_192;
/// The longest ramp in frames.
const RAMP_FRAMES_MAX: usize = 1 << 20;

/// What a mixer is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MixSpec {
    /// Channels of all sources.
    pub sources: usize,
    /// Channels of all sinks; times `sources` at most [`CELLS_MAX`].
    pub sinks: usize,
    /// Frames in a block, 1 to 8192.
    pub block_frames: usize,
    /// Frames in which a factor goes over to a new one; 0 for at once.
    pub ramp_frames: usize,
    /// The rate in Hz, for the meters.
    pub rate_hz: u32,
}

/// Sets a [`Mixer`]'s factors from another thread.
#[derive(Debug)]
pub struct MixControl {
    outbox: LatestWriter,
    cells: usize,
    sources: Meters,
    sinks: Meters,
}

/// Makes sinks' blocks of sources'. See [the module](super).
///
/// A cycle is [`begin`](Self::begin), [`source`](Self::source) for each channel that sounds,
/// [`make`](Self::make) for each sink channel, [`end`](Self::end).
#[derive(Debug)]
pub struct Mixer {
    spec: MixSpec,
    unit: Unit,
    matrix: Matrix,
    /// Each source channel's block as it came, and as numbers without what is none.
    came: Vec<f32>,
    numbers: Vec<f64>,
    stride: usize,
    made: Vec<f32>,
    /// Source channels whose block is not silent.
    sounds: Vec<bool>,
    frames: usize,
    source_measure: Measure,
    sink_measure: Measure,
}

/// Makes a matrix: the end that controls it, and the one that mixes. All factors are 0.
///
/// # Errors
/// One sentence that tells what is wrong with the specification.
pub fn mixer(spec: &MixSpec) -> Result<(MixControl, Mixer), String> {
    let cells = spec.sources.saturating_mul(spec.sinks);
    if cells > CELLS_MAX {
        return Err(format!(
            "A mixer cannot have {} by {} channels; the product must be at most {CELLS_MAX}.",
            spec.sources, spec.sinks
        ));
    }
    if !(1..=BLOCK_FRAMES_MAX).contains(&spec.block_frames) {
        return Err(format!(
            "A mixer cannot make blocks of {} frames; use 1 to {BLOCK_FRAMES_MAX}.",
            spec.block_frames
        ));
    }
    if spec.ramp_frames > RAMP_FRAMES_MAX {
        return Err(format!(
            "A mixer cannot ramp for {} frames; use at most {RAMP_FRAMES_MAX}.",
            spec.ramp_frames
        ));
    }
    if spec.rate_hz == 0 {
        return Err("A mixer cannot run at 0 Hz; use the device's rate.".to_owned());
    }
    let (outbox, inbox) = latest(cells);
    let stride = stride_of(spec.block_frames);
    let source_measure = Measure::new(spec.sources, spec.rate_hz);
    let sink_measure = Measure::new(spec.sinks, spec.rate_hz);
    let control = MixControl {
        outbox,
        cells,
        sources: source_measure.meters(),
        sinks: sink_measure.meters(),
    };
    let matrix = Matrix::new(
        spec.sources,
        spec.sinks,
        spec.block_frames,
        spec.ramp_frames,
        inbox,
    );
    let mixer = Mixer {
        spec: *spec,
        unit: Unit::new(),
        matrix,
        came: vec![0.0; spec.sources * stride],
        numbers: vec![0.0; spec.sources * stride],
        made: vec![0.0; spec.sinks * stride],
        sounds: vec![false; spec.sources],
        stride,
        frames: 0,
        source_measure,
        sink_measure,
    };
    Ok((control, mixer))
}

impl MixControl {
    /// Sets all factors at once, as [`Desk::factors`](super::Desk::factors) gives them: those of all
    /// sources to the first sink channel first. The mixer goes over to them from its next block on;
    /// of several sets in between the last one counts. What is no number counts as 0. Wait-free.
    ///
    /// # Errors
    /// One sentence: there are not as many factors as pairs of channels, and nothing was set.
    pub fn set(&mut self, factors: &[f32]) -> Result<(), String> {
        if factors.len() != self.cells {
            return Err(format!(
                "There are {} factors for {} pairs of channels.",
                factors.len(),
                self.cells
            ));
        }
        let plain = |factor: &f32| if factor.is_finite() { *factor } else { 0.0 };
        self.outbox
            .set(factors.iter().map(|factor| plain(factor).to_bits()));
        Ok(())
    }

    /// Whether the mixer has taken the last set.
    pub fn is_taken(&self) -> bool {
        self.outbox.is_taken()
    }

    /// The levels of the source channels.
    pub fn source_meters(&self) -> Meters {
        self.sources.clone()
    }

    /// The levels of the sink channels.
    pub fn sink_meters(&self) -> Meters {
        self.sinks.clone()
    }
}

impl Mixer {
    /// What it was made for.
    pub fn spec(&self) -> &MixSpec {
        &self.spec
    }

    /// The same with what every CPU of the target has.
    #[cfg(test)]
    pub(super) fn plain(self) -> Self {
        Self {
            unit: Unit::baseline(),
            ..self
        }
    }

    /// A block of so many frames begins, at most those of the specification; all sources are silent.
    /// Real-time safe, as all that follows.
    pub fn begin(&mut self, frames: usize) {
        self.frames = frames.min(self.spec.block_frames);
        self.matrix.begin(self.frames);
        self.source_measure.begin(self.frames);
        self.sink_measure.begin(self.frames);
        for source in 0..self.sounds.len() {
            self.silence(source);
        }
    }

    /// What a source channel has in this block; said again, the last counts. What it has too few samples for is silent, and so is
    /// what is no finite number.
    pub fn source(&mut self, channel: usize, samples: Plane<'_>) {
        let at = channel.saturating_mul(self.stride);
        let frames = self.frames;
        let (Some(came), Some(numbers), Some(sounds)) = (
            self.came.get_mut(at..at + frames),
            self.numbers.get_mut(at..at + frames),
            self.sounds.get_mut(channel),
        ) else {
            return;
        };
        *sounds = true;
        let given = match samples {
            Plane::Float32(samples) => {
                let given = samples.len().min(frames);
                let pairs = came.iter_mut().zip(numbers.iter_mut());
                for ((came, number), sample) in pairs.zip(samples) {
                    *came = if sample.is_finite() { *sample } else { 0.0 };
                    *number = f64::from(*came);
                }
                given
            }
            Plane::Int32(samples) => {
                const SCALE: f64 = 1.0 / 2_147_483_648.0;
                let given = samples.len().min(frames);
                let pairs = came.iter_mut().zip(numbers.iter_mut());
                for ((came, number), sample) in pairs.zip(samples) {
                    *number = f64::from(*sample) * SCALE;
                    *came = *number as f32;
                }
                given
            }
        };
        came[given..].fill(0.0);
        numbers[given..].fill(0.0);
    }

    /// Makes a sink channel's block, for [`sink`](Self::sink) to show.
    pub fn make(&mut self, channel: usize) {
        let frames = self.frames;
        let at = channel.saturating_mul(self.stride);
        let (Some(row), Some(out)) = (
            self.matrix.rows.get(channel),
            self.made.get_mut(at..at + frames),
        ) else {
            return;
        };
        match (row.steady.as_slice(), row.moving.as_slice()) {
            ([], []) => out.fill(0.0),
            ([only], []) if only.factor == 1.0 => {
                let from = only.source * self.stride;
                out.copy_from_slice(&self.came[from..from + frames]);
            }
            (steady, moving) => {
                let planes = Planes {
                    samples: &self.numbers,
                    stride: self.stride,
                };
                let weights = self.matrix.weights(frames);
                sum(self.unit, planes, steady, moving, weights, out);
            }
        }
        self.sink_measure.take(channel, out);
    }

    /// What [`make`](Self::make) made in this block of a sink channel; empty where there is none.
    pub fn sink(&self, channel: usize) -> &[f32] {
        let at = channel.saturating_mul(self.stride);
        self.made.get(at..at + self.frames).unwrap_or_default()
    }

    /// What came of a source channel in this block; empty where there is none.
    pub fn heard(&self, channel: usize) -> &[f32] {
        let at = channel.saturating_mul(self.stride);
        self.came.get(at..at + self.frames).unwrap_or_default()
    }

    /// The block is over.
    pub fn end(&mut self) {
        for source in 0..self.sounds.len() {
            let at = source * self.stride;
            let samples = &self.came[at..at + self.frames];
            self.source_measure.take(source, samples);
        }
        self.matrix.end(self.frames);
    }

    fn silence(&mut self, source: usize) {
        // What was silent before is silent in memory already.
        if std::mem::take(&mut self.sounds[source]) {
            let plane = source * self.stride..(source + 1) * self.stride;
            self.came[plane.clone()].fill(0.0);
            self.numbers[plane].fill(0.0);
        }
    }
}
