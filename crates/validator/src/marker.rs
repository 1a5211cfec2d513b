//! A short noise that is found again to the frame, in a recording that may be quieter, turned upside
//! down, or mixed with something else.

use crate::random::Random;

/// Frames in a row with the same value, so that an analogue way, which shifts sound by parts of a
/// frame, does not hide the marker.
const CHIP_FRAMES: usize = 4;
const CHIPS: usize = 256;
/// Frames of a marker.
pub const MARKER_FRAMES: usize = CHIP_FRAMES * CHIPS;
/// The marker's level, full scale 1.0.
const LEVEL: f64 = 0.25;
/// Chips that are compared by their signs first.
const SIGNS: usize = 64;
/// Of these so many may differ, or agree where the marker is upside down. Of random signs one place in
/// a hundred thousand is so good.
const SIGNS_OFF_MAX: u32 = 14;
/// From this correlation on, 1 being likeness, the marker counts as found.
const LIKE_MIN: f64 = 0.5;

/// The marker of a seed.
pub struct Marker(Vec<bool>);

impl Marker {
    pub fn new(seed: u64) -> Marker {
        let mut random = Random::new(seed);
        Marker((0..CHIPS).map(|_| random.below(2) == 1).collect())
    }

    /// The sample of that frame; silence after the end.
    pub fn sample(&self, frame: usize) -> f64 {
        match self.0.get(frame / CHIP_FRAMES) {
            Some(true) => LEVEL,
            Some(false) => -LEVEL,
            None => 0.0,
        }
    }

    /// The frame of the recording with which the marker begins that is most like this one, if any is
    /// like it.
    pub fn find(&self, recording: &[f32]) -> Option<usize> {
        let wanted = self.0.iter().take(SIGNS).map(|chip| u64::from(*chip));
        let wanted = wanted.fold(0, |signs, sign| signs << 1 | sign);
        // The last signs at each distance from a multiple of a chip.
        let mut signs = [0_u64; CHIP_FRAMES];
        let mut best: Option<(usize, f64)> = None;
        for (at, sample) in recording.iter().enumerate() {
            let signs = &mut signs[at % CHIP_FRAMES];
            *signs = *signs << 1 | u64::from(*sample > 0.0);
            // These signs are those of the first frames of as many chips.
            let Some(begin) = at.checked_sub((SIGNS - 1) * CHIP_FRAMES) else {
                continue;
            };
            let off = (*signs ^ wanted).count_ones();
            if off.min(SIGNS as u32 - off) > SIGNS_OFF_MAX {
                continue;
            }
            let likeness = self.likeness(&recording[begin..]);
            if likeness >= LIKE_MIN && best.is_none_or(|(_, known)| likeness > known) {
                best = Some((begin, likeness));
            }
        }
        best.map(|(begin, _)| begin)
    }

    /// From 0 to 1. A recording that ends before the marker is like nothing.
    fn likeness(&self, recording: &[f32]) -> f64 {
        let Some(heard) = recording.get(..MARKER_FRAMES) else {
            return 0.0;
        };
        let (mut product, mut energy) = (0.0, 0.0);
        for (frame, sample) in heard.iter().enumerate() {
            let sample = f64::from(*sample);
            product += self.sample(frame) * sample;
            energy += sample * sample;
        }
        let own = LEVEL * LEVEL * MARKER_FRAMES as f64;
        let both = (own * energy).sqrt();
        if both > 0.0 {
            product.abs() / both
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Noise of that level.
    fn noise(seed: u64, frames: usize, level: f64) -> Vec<f32> {
        let mut random = Random::new(seed);
        let mut one = || (random.below(20_001) as f64 / 10_000.0 - 1.0) * level;
        (0..frames).map(|_| one() as f32).collect()
    }

    fn with_marker(marker: &Marker, at: usize, gain: f64, mut recording: Vec<f32>) -> Vec<f32> {
        for (frame, sample) in recording[at..].iter_mut().enumerate() {
            *sample += (marker.sample(frame) * gain) as f32;
        }
        recording
    }

    proptest! {
        #[test]
        fn a_marker_is_found_to_the_frame(
            seed: u64,
            at in 0_usize..6000,
            gain in prop::sample::select(vec![1.0, -1.0, 0.01, -0.3]),
            share in 0.0..0.6_f64,
        ) {
            let marker = Marker::new(seed);
            let background = noise(!seed, 8000, share * LEVEL * f64::abs(gain));
            let recording = with_marker(&marker, at, gain, background);
            prop_assert_eq!(marker.find(&recording), Some(at));
        }

        #[test]
        fn what_is_not_there_is_not_found(seed: u64, at in 0_usize..6000) {
            let marker = Marker::new(seed);
            let other = Marker::new(seed ^ 1);
            prop_assert_eq!(marker.find(&noise(seed, 8000, 0.5)), None);
            prop_assert_eq!(marker.find(&with_marker(&other, at, 1.0, vec![0.0; 8000])), None);
            prop_assert_eq!(marker.find(&vec![0.0; 8000]), None);
        }
    }

    #[test]
    fn a_way_that_shifts_by_half_a_frame_hides_nothing() {
        let marker = Marker::new(3);
        let whole = with_marker(&marker, 100, 1.0, vec![0.0; 3000]);
        let half: Vec<f32> = whole
            .windows(2)
            .map(|pair| (pair[0] + pair[1]) / 2.0)
            .collect();
        let found = marker.find(&half).expect("it is there");
        assert!((99..=100).contains(&found), "{found}");
    }

    #[test]
    fn a_marker_that_is_cut_off_is_not_found() {
        let marker = Marker::new(4);
        let cut = with_marker(&marker, 100, 1.0, vec![0.0; 100 + MARKER_FRAMES - 1]);
        assert_eq!(marker.find(&cut), None);
    }
}
