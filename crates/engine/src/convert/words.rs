//! One sample at a time on the way to and from a *word*: 32 bits that hold a device's sample in
//! their upper bytes, so that all formats share the work of putting words into their places.
//!
//! Eight samples of one channel are handled at once.

use fearless_simd::{Select, f32x8, i32x8, prelude::*, u32x8};

/// Samples of one channel that are handled at once, and frames in a tile.
pub const LANES: usize = 8;

/// 2^31: what a float's ±1.0 is as a 32-bit integer.
const FULL_SCALE: f32 = 2_147_483_648.0;
/// The bits of a float's infinity.
const INFINITY: i32 = 0x7F80_0000;

/// From a client's samples to words.
pub trait Encode<S: Simd> {
    /// The client's sample.
    type Sample: Copy + Default;
    /// The first of the 3 bytes of a word that make a packed sample: the upper ones, unless told
    /// otherwise.
    const FIRST_BYTE: u8 = 1;
    /// What changes from sample to sample; in a register while a block is converted.
    type State: Copy;
    /// The state at a block's begin.
    fn begin(&self, simd: S) -> Self::State;
    /// Converts eight samples.
    fn words(&self, simd: S, state: &mut Self::State, samples: &[Self::Sample; LANES]) -> u32x8<S>;
    /// Keeps the state at a block's end.
    fn end(&mut self, state: Self::State);
}

/// From words to a client's samples.
pub trait Decode<S: Simd>: Copy {
    /// The client's sample.
    type Sample: Copy + Default;
    /// Converts eight words.
    fn samples(self, words: u32x8<S>) -> [Self::Sample; LANES];
}

/// 32-bit integers to integers of `BITS` bits.
#[derive(Clone, Copy)]
pub struct IntToInt<const BITS: u32>;

/// 32-bit integers to floats.
#[derive(Clone, Copy)]
pub struct IntToFloat;

/// Floats to integers of `BITS` bits.
#[derive(Clone, Copy)]
pub struct FloatToInt<const BITS: u32>;

/// Floats to integers of 24 bits in the *lower* bytes of words: what packed samples are made of needs no
/// shift.
#[derive(Clone, Copy)]
pub struct FloatToLow24;

/// Floats as they are.
#[derive(Clone, Copy)]
pub struct FloatToFloat;

/// Conversions that are the same for every sample.
macro_rules! plain {
    ($sample:ty, [$($generic:tt)*] $name:ty, |$simd:ident, $samples:ident| $words:expr) => {
        plain!($sample, [$($generic)*] $name, 1, |$simd, $samples| $words);
    };
    (
        $sample:ty, [$($generic:tt)*] $name:ty, $first_byte:literal,
        |$simd:ident, $samples:ident| $words:expr
    ) => {
        impl<S: Simd, $($generic)*> Encode<S> for $name {
            const FIRST_BYTE: u8 = $first_byte;
            type Sample = $sample;
            type State = ();

            #[inline(always)]
            fn begin(&self, _simd: S) {}

            #[inline(always)]
            fn words(&self, $simd: S, _state: &mut (), $samples: &[$sample; LANES]) -> u32x8<S> {
                $words
            }

            #[inline(always)]
            fn end(&mut self, _state: ()) {}
        }
    };
}

plain!(i32, [const BITS: u32] IntToInt<BITS>, |simd, samples| {
    int_word::<S, BITS>(i32x8::load_array_ref(simd, samples))
});
plain!(i32, [] IntToFloat, |simd, samples| {
    float_of(i32x8::load_array_ref(simd, samples)).bitcast()
});
plain!(f32, [const BITS: u32] FloatToInt<BITS>, |simd, samples| {
    int_of::<S, BITS>(f32x8::load_array_ref(simd, samples)).bitcast()
});
plain!(f32, [] FloatToLow24, 0, |simd, samples| {
    rounded::<S, 24>(f32x8::load_array_ref(simd, samples)).bitcast()
});
plain!(f32, [] FloatToFloat, |simd, samples| {
    finite(f32x8::load_array_ref(simd, samples).bitcast()).bitcast()
});

impl<S: Simd, const BITS: u32> Decode<S> for IntToInt<BITS> {
    type Sample = i32;

    #[inline(always)]
    fn samples(self, words: u32x8<S>) -> [i32; LANES] {
        valid::<S, BITS>(words).to_array()
    }
}

impl<S: Simd, const BITS: u32> Decode<S> for FloatToInt<BITS> {
    type Sample = i32;

    #[inline(always)]
    fn samples(self, words: u32x8<S>) -> [i32; LANES] {
        int_of::<S, BITS>(words.bitcast()).to_array()
    }
}

/// Integers of `BITS` bits to floats.
#[derive(Clone, Copy)]
pub struct WordToFloat<const BITS: u32>;

impl<S: Simd, const BITS: u32> Decode<S> for WordToFloat<BITS> {
    type Sample = f32;

    #[inline(always)]
    fn samples(self, words: u32x8<S>) -> [f32; LANES] {
        float_of(valid::<S, BITS>(words)).to_array()
    }
}

impl<S: Simd> Decode<S> for FloatToFloat {
    type Sample = f32;

    #[inline(always)]
    fn samples(self, words: u32x8<S>) -> [f32; LANES] {
        let floats: f32x8<S> = finite(words.bitcast()).bitcast();
        floats.to_array()
    }
}

/// The nearest integer of `BITS` bits, upwards from the middle, in a word's upper bits.
#[inline(always)]
pub fn int_word<S: Simd, const BITS: u32>(samples: i32x8<S>) -> u32x8<S> {
    if BITS == 32 {
        return samples.bitcast();
    }
    let half = 1 << (31 - BITS);
    // What would round to more than full scale is limited first.
    let rounded: u32x8<S> = (samples.min(i32::MAX - half) + half).bitcast();
    rounded & upper::<BITS>()
}

/// The integer of `BITS` bits in a word's upper bits, as a 32-bit integer.
#[inline(always)]
fn valid<S: Simd, const BITS: u32>(words: u32x8<S>) -> i32x8<S> {
    (words & upper::<BITS>()).bitcast()
}

const fn upper<const BITS: u32>() -> u32 {
    u32::MAX << (32 - BITS)
}

/// The nearest integers of `BITS` bits, to the even one from the middle, in the upper bits. Limited
/// to full scale; what is no number becomes 0.
#[inline(always)]
pub fn int_of<S: Simd, const BITS: u32>(floats: f32x8<S>) -> i32x8<S> {
    let simd = floats.simd;
    if BITS < 32 {
        return rounded::<S, BITS>(floats) << (32 - BITS);
    }
    let scaled = floats * (1u32 << (BITS - 1)) as f32;
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    if let Some(avx2) = simd.level().as_avx2() {
        return avx2::whole(avx2, scaled.into()).simd_into(simd);
    }
    scaled.round_ties_even().to_int_precise()
}

/// The same of up to 24 bits in the lower bits. Of what is no number these are 0, and those above may be
/// anything.
#[inline(always)]
fn rounded<S: Simd, const BITS: u32>(floats: f32x8<S>) -> i32x8<S> {
    let simd = floats.simd;
    let scaled = floats * (1u32 << (BITS - 1)) as f32;
    // Both ends of the scale are floats, so it can be limited before it is rounded.
    let top = ((1u32 << (BITS - 1)) - 1) as f32;
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    if let Some(avx2) = simd.level().as_avx2() {
        let (top, bottom) = (f32x8::splat(simd, top), f32x8::splat(simd, -top - 1.0));
        return avx2::limited(avx2, scaled.into(), bottom.into(), top.into()).simd_into(simd);
    }
    let whole: i32x8<S> = scaled.min(top).max(-top - 1.0).round_ties_even().to_int();
    let is_number = floats.simd_eq(floats);
    is_number.select(whole, i32x8::splat(simd, 0))
}

/// The same with the instructions of AVX2, which round when they convert.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
mod avx2 {
    #[cfg(target_arch = "x86")]
    use std::arch::x86::*;
    #[cfg(target_arch = "x86_64")]
    use std::arch::x86_64::*;

    use fearless_simd::kernel;

    kernel!(
        /// What is no number becomes the upmost bit: of two operands these instructions take the
        /// second where one is none.
        #[inline(always)]
        pub fn limited(token: Avx2, scaled: __m256, bottom: __m256, top: __m256) -> __m256i {
            _mm256_cvtps_epi32(_mm256_max_ps(bottom, _mm256_min_ps(top, scaled)))
        }
    );
    kernel!(
        /// What is too large, or no number, becomes the upmost bit, which is then mended.
        #[inline(always)]
        pub fn whole(token: Avx2, scaled: __m256) -> __m256i {
            let limit = _mm256_set1_ps(super::FULL_SCALE);
            let is_above = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_GE_OQ>(scaled, limit));
            let is_number = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_ORD_Q>(scaled, scaled));
            let whole = _mm256_xor_si256(_mm256_cvtps_epi32(scaled), is_above);
            _mm256_and_si256(whole, is_number)
        }
    );
}

/// The nearest floats. Both steps round at most once: to scale by a power of two is exact.
#[inline(always)]
fn float_of<S: Simd>(integers: i32x8<S>) -> f32x8<S> {
    let floats: f32x8<S> = integers.to_float();
    floats * (1.0 / FULL_SCALE)
}

/// The bits of floats, with 0 in place of what is no number or infinite.
#[inline(always)]
fn finite<S: Simd>(bits: i32x8<S>) -> i32x8<S> {
    let is_finite = (bits & i32::MAX).simd_lt(INFINITY);
    is_finite.select(bits, i32x8::splat(bits.simd, 0))
}
