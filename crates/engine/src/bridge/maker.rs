//! Makes the sink's frames: sound as it is, sound between the source's frames, silence, and fades
//! from one to the other.

use std::ops::Range;

use rtrb::Consumer;

use super::fade::Fades;
use super::plan::Plan;
use super::sample::Sample;
use super::window::Window;
use crate::resample::{BATCH_FRAMES, Position, Resampler, Step};

/// Where a block's frames are.
#[derive(Clone, Copy, Debug)]
enum Shown {
    /// In the window, from that frame on, as many.
    Window(i64, usize),
    /// At the beginning of the own planes, as many.
    Own(usize),
}

/// Makes one block after the other, each piece by piece.
#[derive(Debug)]
pub(super) struct Maker<T> {
    rings: Vec<Consumer<T>>,
    window: Window<T>,
    resampler: Resampler,
    fades: Fades,
    /// The last value of each channel, and the one that falls.
    last: Vec<f64>,
    tail: Vec<f64>,
    own: Vec<Vec<T>>,
    shown: Shown,
    /// A channel's frames for the filter, and what comes out.
    input: Vec<f64>,
    output: Vec<f64>,
}

impl<T: Sample> Maker<T> {
    pub(super) fn new(plan: &Plan, rings: Vec<Consumer<T>>) -> Self {
        let channels = rings.len();
        let block_frames = plan.spec.sink.block_frames as usize;
        let resampler = plan.resampler.clone();
        // The step is never above twice the nominal one, and the filter reaches both ways.
        let most = |frames: usize| {
            let steps = (frames as f64 * plan.nominal.ratio() * 2.0).ceil() as usize;
            steps + 2 * resampler.reach_frames() + 8
        };
        Self {
            window: Window::new(channels, most(block_frames)),
            input: vec![0.0; most(BATCH_FRAMES)],
            output: vec![0.0; BATCH_FRAMES],
            own: vec![vec![T::default(); block_frames]; channels],
            last: vec![0.0; channels],
            tail: vec![0.0; channels],
            rings,
            resampler,
            fades: Fades::default(),
            shown: Shown::Own(0),
        }
    }

    /// The frames that `frames` of sound from `at` on need. Sound as it is needs those behind it
    /// too, so that the filter can take over at any frame.
    pub(super) fn needs(&self, at: Position, step: Step, frames: usize) -> Range<i64> {
        let need = self.resampler.needs(at, step, frames);
        if is_plain(at, step) {
            need.start..at.frame() + frames as i64
        } else {
            need
        }
    }

    /// How many of `frames` of sound from `at` on can be made of the frames before `end`.
    pub(super) fn most(&self, at: Position, step: Step, frames: usize, end: i64) -> usize {
        if self.needs(at, step, frames).end <= end {
            return frames;
        }
        let reach = self.needs(at, step, 1).end - at.frame() - 1;
        let fit = at.steps_before(end - reach, step);
        frames.min(usize::try_from(fit).unwrap_or(usize::MAX))
    }

    /// The first frame that was not taken from the rings yet.
    pub(super) fn untaken(&self) -> i64 {
        self.window.end()
    }

    /// A block begins: nothing is made yet.
    pub(super) fn begin(&mut self) {
        self.shown = Shown::Own(0);
    }

    /// Frames made.
    pub(super) fn made(&self) -> usize {
        let (Shown::Own(frames) | Shown::Window(_, frames)) = self.shown;
        frames
    }

    /// What was made of a channel.
    pub(super) fn plane(&self, channel: usize) -> &[T] {
        match self.shown {
            Shown::Window(first, frames) => {
                self.window.frames(channel, first..first + frames as i64)
            }
            Shown::Own(frames) => {
                let plane = self.own.get(channel);
                plane
                    .and_then(|plane| plane.get(..frames))
                    .unwrap_or_default()
            }
        }
    }

    /// Sound breaks off here: what was last made falls to 0 in what is made next.
    pub(super) fn break_off(&mut self) {
        self.tail.copy_from_slice(&self.last);
        self.fades.fall();
    }

    /// Sound goes on with `frame`, as if silence had been before it. `rises`: with a fade.
    pub(super) fn restart(&mut self, frame: i64, rises: bool) {
        let before = 2 * self.resampler.reach_frames();
        self.window.restart(frame, before, &mut self.rings);
        if rises {
            self.fades.rise();
        }
    }

    /// While nothing sounds: frames before that one are dropped.
    pub(super) fn drop_before(&mut self, frame: i64) {
        if frame > self.untaken() {
            self.window.restart(frame, 0, &mut self.rings);
        }
    }

    /// Makes silence.
    pub(super) fn silence(&mut self, frames: usize) {
        let made = self.made();
        for channel in 0..self.own.len() {
            self.own[channel][made..made + frames].fill(T::default());
            self.blend(channel, made..made + frames);
        }
        self.fades.pass_silence(frames);
        self.finish(made + frames);
    }

    /// Makes sound from `at` on. The frames that it needs are in the rings or were taken; if they
    /// are not, false, and nothing is made.
    pub(super) fn sound(&mut self, at: Position, step: Step, frames: usize) -> bool {
        let need = self.needs(at, step, frames);
        if !self.window.take(&need, &mut self.rings) {
            return false;
        }
        let made = self.made();
        let is_plain = is_plain(at, step);
        if is_plain && made == 0 && self.fades.are_over() {
            self.shown = Shown::Window(at.frame(), frames);
            self.note_last();
            return true;
        }
        if is_plain {
            let first = at.frame();
            for (channel, own) in self.own.iter_mut().enumerate() {
                let sound = self.window.frames(channel, first..first + frames as i64);
                own[made..made + frames].copy_from_slice(sound);
            }
        } else {
            self.slide(at, step, made..made + frames);
        }
        for channel in 0..self.own.len() {
            self.blend(channel, made..made + frames);
        }
        self.fades.pass_sound(frames);
        self.finish(made + frames);
        true
    }

    /// Sound between the source's frames, into these frames of the own planes.
    fn slide(&mut self, at: Position, step: Step, into: Range<usize>) {
        for start in into.clone().step_by(BATCH_FRAMES) {
            let frames = BATCH_FRAMES.min(into.end - start);
            let at = at.after(step, (start - into.start) as u64);
            let need = self.resampler.needs(at, step, frames);
            self.resampler.aim(at, step, frames);
            for (channel, own) in self.own.iter_mut().enumerate() {
                let sound = self.window.frames(channel, need.clone());
                for (number, sample) in self.input.iter_mut().zip(sound) {
                    *number = sample.number();
                }
                let input = self.input.get(..sound.len()).unwrap_or_default();
                self.resampler.apply(input, &mut self.output[..frames]);
                for (sample, number) in own[start..].iter_mut().zip(&self.output[..frames]) {
                    *sample = T::nearest(*number);
                }
            }
        }
    }

    /// Lets the fades do their part on a channel's frames.
    fn blend(&mut self, channel: usize, frames: Range<usize>) {
        if self.fades.are_over() {
            return;
        }
        let tail = self.tail[channel];
        let own = self.own[channel][frames].iter_mut();
        for (sample, (falls, rises)) in own.zip(self.fades.shares()) {
            *sample = T::nearest(sample.number() * rises + tail * falls);
        }
    }

    fn finish(&mut self, made: usize) {
        self.shown = Shown::Own(made);
        self.note_last();
    }

    fn note_last(&mut self) {
        for channel in 0..self.last.len() {
            if let Some(sample) = self.plane(channel).last() {
                self.last[channel] = sample.number();
            }
        }
    }
}

/// Whether sound passes as it is.
fn is_plain(at: Position, step: Step) -> bool {
    step == Step::ONE && at.is_whole()
}
