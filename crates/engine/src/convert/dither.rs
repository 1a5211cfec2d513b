//! Dither with a triangular distribution.

use fearless_simd::{Select, f32x8, i32x8, prelude::*, u32x8};

use super::words::{Encode, LANES, int_of};

/// A generator of noise: the same seed gives the same noise on every machine.
///
/// Eight xorshift generators of 32 bits, with a period of 2^32 - 1 each.
#[derive(Clone, Debug)]
pub struct Noise([u32; LANES]);

impl Noise {
    /// A generator that starts at `seed`.
    pub fn new(seed: u64) -> Self {
        let mut state = seed;
        Noise(std::array::from_fn(|_| {
            loop {
                // SplitMix64, which makes of any seed states that have nothing to do with each other.
                state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                let lane = (mixed >> 32) as u32;
                // Xorshift never leaves 0.
                if lane != 0 {
                    break lane;
                }
            }
        }))
    }

    /// The state as a vector; give it back to [`keep`](Self::keep).
    #[inline(always)]
    pub fn lanes<S: Simd>(&self, simd: S) -> u32x8<S> {
        u32x8::load_array(simd, self.0)
    }

    /// Goes on from there.
    #[inline(always)]
    pub fn keep<S: Simd>(&mut self, lanes: u32x8<S>) {
        self.0 = lanes.to_array();
    }
}

#[inline(always)]
fn next<S: Simd>(state: &mut u32x8<S>) -> u32x8<S> {
    let mut x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    *state = x;
    x
}

/// Adds noise to words and rounds them to `BITS` bits. The noise is the sum of two evenly
/// distributed numbers of one step of the target each, less its mean; a word that fits the target
/// stays as it is.
#[inline(always)]
fn dithered<S: Simd, const BITS: u32>(words: i32x8<S>, state: &mut u32x8<S>) -> u32x8<S> {
    let lost = 32 - BITS;
    let below = (1u32 << lost) - 1;
    let random = next(state);
    let noise: i32x8<S> = ((random >> BITS) + ((random >> (BITS - lost)) & below)).bitcast();
    // The noise is 0 to 2 steps; its mean is taken away, and half a step is added for rounding.
    let offset = 1 - (1i32 << (lost - 1));
    let reach = 2 * below as i32 + offset;
    let limited = words.min(i32::MAX - reach).max(i32::MIN - offset);
    let noisy: u32x8<S> = (limited + (noise + offset)).bitcast();
    let words: u32x8<S> = words.bitcast();
    let fits = (words & below).simd_eq(0);
    fits.select(words, noisy & !below)
}

/// 32-bit integers to integers of `BITS` bits, with dither.
pub struct DitherInt<'a, const BITS: u32>(pub &'a mut Noise);

/// Floats to integers of `BITS` bits, with dither. On the way they are integers of 32 bits: what a
/// float has below 2^-31 does not count.
pub struct DitherFloat<'a, const BITS: u32>(pub &'a mut Noise);

impl<S: Simd, const BITS: u32> Encode<S> for DitherInt<'_, BITS> {
    type Sample = i32;
    type State = u32x8<S>;

    #[inline(always)]
    fn begin(&self, simd: S) -> u32x8<S> {
        self.0.lanes(simd)
    }

    #[inline(always)]
    fn words(&self, simd: S, state: &mut u32x8<S>, samples: &[i32; LANES]) -> u32x8<S> {
        dithered::<S, BITS>(i32x8::load_array_ref(simd, samples), state)
    }

    #[inline(always)]
    fn end(&mut self, state: u32x8<S>) {
        self.0.keep(state);
    }
}

impl<S: Simd, const BITS: u32> Encode<S> for DitherFloat<'_, BITS> {
    type Sample = f32;
    type State = u32x8<S>;

    #[inline(always)]
    fn begin(&self, simd: S) -> u32x8<S> {
        self.0.lanes(simd)
    }

    #[inline(always)]
    fn words(&self, simd: S, state: &mut u32x8<S>, samples: &[f32; LANES]) -> u32x8<S> {
        let wide = int_of::<S, 32>(f32x8::load_array_ref(simd, samples));
        dithered::<S, BITS>(wide, state)
    }

    #[inline(always)]
    fn end(&mut self, state: u32x8<S>) {
        self.0.keep(state);
    }
}
