//! Fades at the ends of what is heard of an endpoint.

use crate::client::Plane;
use crate::curve::smooth;
use crate::format::ClientSample;
use crate::graph::frames_in;

/// How long a fade takes, in nanoseconds. Long enough that a full-scale tone fades without a click:
/// the claim `click-free` measures it.
const FADE_NS: u64 = 10_000_000;

/// Where a fade is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Samples pass as they are.
    Through,
    /// So many frames until they do; where these are more than a fade's, silence comes first.
    Rising(u32),
    /// So many frames until silence.
    Falling(u32),
    Silent,
}

/// Lets sound rise from silence and fall to it. Between two fades samples pass untouched: whoever
/// [passes through](Self::is_through) need not ask for them here.
#[derive(Debug)]
pub(super) struct Fade {
    fade_frames: u32,
    phase: Phase,
    /// Frames in each of the planes below.
    plane_frames: usize,
    gains: Vec<f64>,
    /// Planes one after the other.
    integers: Vec<i32>,
    floats: Vec<f32>,
}

impl Fade {
    /// For samples of that type and rate, with room for `planes` of `plane_frames`.
    pub(super) fn new(
        sample: ClientSample,
        rate_hz: u32,
        planes: usize,
        plane_frames: usize,
    ) -> Self {
        let samples = planes * plane_frames;
        let (integers, floats) = match sample {
            ClientSample::Int32 => (vec![0; samples], Vec::new()),
            ClientSample::Float32 => (Vec::new(), vec![0.0; samples]),
        };
        Self {
            fade_frames: frames_in(FADE_NS, rate_hz).max(1),
            phase: Phase::Through,
            plane_frames,
            gains: vec![0.0; plane_frames],
            integers,
            floats,
        }
    }

    /// Whether samples pass as they are.
    pub(super) fn is_through(&self) -> bool {
        self.phase == Phase::Through
    }

    /// Whether the sound has fallen to silence.
    pub(super) fn has_fallen(&self) -> bool {
        self.phase == Phase::Silent
    }

    /// Samples pass as they are from here on.
    pub(super) fn pass(&mut self) {
        self.phase = Phase::Through;
    }

    /// What comes next rises from silence, after so many frames of it.
    pub(super) fn rise_after(&mut self, silent_frames: usize) {
        let silent_frames = u32::try_from(silent_frames).unwrap_or(u32::MAX);
        self.phase = Phase::Rising(self.fade_frames.saturating_add(silent_frames));
    }

    /// What comes next falls, from wherever a rise is.
    pub(super) fn fall(&mut self) {
        self.phase = match self.phase {
            Phase::Through => Phase::Falling(self.fade_frames),
            Phase::Rising(left) => Phase::Falling(self.fade_frames.saturating_sub(left)),
            falling => falling,
        };
    }

    /// Works out the gains of the next frames, at most those of a plane, and goes on by them. Returns
    /// how many these are.
    pub(super) fn advance(&mut self, frames: usize) -> usize {
        let frames = frames.min(self.plane_frames);
        let fade_frames = self.fade_frames;
        for gain in &mut self.gains[..frames] {
            *gain = match self.phase {
                Phase::Through => 1.0,
                Phase::Rising(left) => 1.0 - gain_of(left, fade_frames),
                Phase::Falling(left) => gain_of(left, fade_frames),
                Phase::Silent => 0.0,
            };
            self.phase = match self.phase {
                Phase::Rising(left) if left > 1 => Phase::Rising(left - 1),
                Phase::Rising(_) => Phase::Through,
                Phase::Falling(left) if left > 1 => Phase::Falling(left - 1),
                Phase::Falling(_) => Phase::Silent,
                phase => phase,
            };
        }
        frames
    }

    /// Puts the samples of the frames that were [gone on by](Self::advance) into a plane, each times
    /// its gain. Where there are none, silence.
    pub(super) fn soften(&mut self, plane: usize, samples: Option<Plane<'_>>) {
        let start = plane * self.plane_frames;
        let end = start + self.plane_frames;
        match samples {
            Some(Plane::Int32(samples)) => {
                if let Some(out) = self.integers.get_mut(start..end) {
                    for ((out, sample), gain) in out.iter_mut().zip(samples).zip(&self.gains) {
                        // Never beyond what it was, as no gain is above 1.
                        *out = (f64::from(*sample) * gain).round() as i32;
                    }
                }
            }
            Some(Plane::Float32(samples)) => {
                if let Some(out) = self.floats.get_mut(start..end) {
                    for ((out, sample), gain) in out.iter_mut().zip(samples).zip(&self.gains) {
                        *out = (f64::from(*sample) * gain) as f32;
                    }
                }
            }
            None => {
                let (integers, floats) = (&mut self.integers, &mut self.floats);
                integers.get_mut(start..end).unwrap_or_default().fill(0);
                floats.get_mut(start..end).unwrap_or_default().fill(0.0);
            }
        }
    }

    /// The first `frames` of a plane.
    pub(super) fn plane(&self, plane: usize, frames: usize) -> Plane<'_> {
        let start = plane * self.plane_frames;
        let range = start..start + frames.min(self.plane_frames);
        if self.floats.is_empty() {
            Plane::Int32(self.integers.get(range).unwrap_or_default())
        } else {
            Plane::Float32(self.floats.get(range).unwrap_or_default())
        }
    }
}

/// From 0 to 1 with the frames that are left of a fade, and 1 before it begins.
fn gain_of(left: u32, fade_frames: u32) -> f64 {
    smooth(f64::from(left) / f64::from(fade_frames))
}

/// The first frame that is not silent in any of these planes.
pub(super) fn first_sound<'a>(planes: impl Iterator<Item = Plane<'a>>) -> Option<usize> {
    let first = |plane: Plane<'_>| match plane {
        Plane::Int32(samples) => samples.iter().position(|sample| *sample != 0),
        Plane::Float32(samples) => samples.iter().position(|sample| *sample != 0.0),
    };
    planes.filter_map(first).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAMES: usize = 512;

    fn fade() -> Fade {
        Fade::new(ClientSample::Float32, 48_000, 1, FRAMES)
    }

    fn next(fade: &mut Fade, frames: usize) -> Vec<f32> {
        let ones = [1.0; FRAMES];
        assert_eq!(fade.advance(frames), frames);
        fade.soften(0, Some(Plane::Float32(&ones[..frames])));
        match fade.plane(0, frames) {
            Plane::Float32(samples) => samples.to_vec(),
            Plane::Int32(_) => panic!("the other type"),
        }
    }

    #[test]
    fn a_fade_takes_ten_milliseconds_and_goes_one_way() {
        let mut fade = fade();
        assert!(fade.is_through());
        fade.fall();
        let falls = next(&mut fade, 480);
        assert!(falls.windows(2).all(|pair| pair[0] >= pair[1]));
        assert!(falls[0] == 1.0 && falls[240] == 0.5 && falls[479] < 1e-6);
        assert!(fade.has_fallen());
        assert_eq!(next(&mut fade, 10), [0.0; 10]);
        fade.rise_after(0);
        let rises = next(&mut fade, 481);
        assert_eq!(rises[0], 0.0);
        assert!(rises.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!((rises[240], rises[480]), (0.5, 1.0));
        assert!(fade.is_through());
    }

    #[test]
    fn a_rise_that_is_cut_short_falls_from_where_it_is() {
        let mut fade = fade();
        fade.rise_after(30);
        assert_eq!(next(&mut fade, 30), [0.0; 30]);
        let rises = next(&mut fade, 200);
        fade.fall();
        let falls = next(&mut fade, 201);
        assert!((falls[0] - rises[199]).abs() < 0.02);
        assert!(falls[199] < 1e-6 && fade.has_fallen());
    }

    #[test]
    fn whole_numbers_fade_alike() {
        let mut fade = Fade::new(ClientSample::Int32, 48_000, 2, FRAMES);
        fade.fall();
        assert_eq!(fade.advance(480), 480);
        fade.soften(0, Some(Plane::Int32(&[i32::MIN; 480])));
        fade.soften(1, None);
        assert!(matches!(fade.plane(0, 241), Plane::Int32(samples)
            if samples[0] == i32::MIN && samples[240] == i32::MIN / 2));
        assert_eq!(fade.plane(1, 3), Plane::Int32(&[0; 3]));
    }
}
