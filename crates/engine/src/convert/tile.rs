//! Eight frames at a time: words of each channel to a device's interleaved bytes and back.
//!
//! Vectors of 8 words are seen as two halves of 16 bytes: the low halves hold frames 0 to 3, the
//! high ones frames 4 to 7. Moves stay within the halves, which vector units do in one instruction.

use std::hint::black_box;

use fearless_simd::{prelude::*, u8x16, u8x32, u16x8, u32x4, u32x8, u64x2, u64x4};

use super::words::LANES;

/// The most bytes that a tile has.
pub const BYTES_MAX: usize = LANES * 8 * 4;

const HALF: usize = 16;
/// What a half has of packed samples of 3 bytes.
const PACKED: usize = 12;

/// How a tile of eight frames of `CHANNELS` channels lies in a device's memory.
pub trait Tile<const CHANNELS: usize> {
    /// Bytes of the tile.
    const BYTES: usize;
    /// The tile's bytes.
    type Bytes: AsRef<[u8]> + AsMut<[u8]>;
    /// Whole tiles, and the bytes behind them.
    fn tiles(bytes: &[u8]) -> (&[Self::Bytes], &[u8]);
    /// The same to be written.
    fn tiles_mut(bytes: &mut [u8]) -> (&mut [Self::Bytes], &mut [u8]);
    /// Writes a tile. `out` has `BYTES` bytes.
    fn put<S: Simd>(words: [u32x8<S>; CHANNELS], packing: Packing<S>, out: &mut [u8]);
    /// Reads a tile. `bytes` has `BYTES` bytes. A word's bits below the sample's may be
    /// anything.
    fn take<S: Simd>(simd: S, bytes: &[u8]) -> [u32x8<S>; CHANNELS];
}

/// How 3 bytes of each word are moved together.
#[derive(Clone, Copy)]
pub struct Packing<S: Simd>(u8x32<S>);

impl<S: Simd> Packing<S> {
    /// Of the bytes from that one on: 1 for the upper ones, 0 for the lower ones. To be made once for a
    /// block.
    #[inline(always)]
    pub fn new(simd: S, first_byte: u8) -> Self {
        const PLACES: [u8; HALF] = [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0];
        let places = PLACES.map(|place| place + first_byte);
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        if simd.level().as_avx2().is_some() {
            // If the compiler knew these places, it would make one move of this and those before it,
            // for each half of the result another, and that is more of them.
            let places = u8x16::load_array(simd, black_box(places));
            return Packing(places.combine(places));
        }
        let places = u8x16::load_array(simd, places);
        Packing(places.combine(places))
    }

    #[inline(always)]
    fn packed(self, vector: u32x8<S>) -> u32x8<S> {
        let bytes: u8x32<S> = vector.bitcast();
        bytes.swizzle_dyn_within_blocks(self.0).bitcast()
    }
}

/// Samples of that many bytes.
pub struct Samples<const BYTES: usize>;

/// Tiles of as many bytes as that many channels have.
macro_rules! bytes {
    ($channels:literal, $sample_bytes:literal) => {
        const BYTES: usize = LANES * $channels * $sample_bytes;
        type Bytes = [u8; LANES * $channels * $sample_bytes];

        #[inline(always)]
        fn tiles(bytes: &[u8]) -> (&[Self::Bytes], &[u8]) {
            bytes.as_chunks()
        }

        #[inline(always)]
        fn tiles_mut(bytes: &mut [u8]) -> (&mut [Self::Bytes], &mut [u8]) {
            bytes.as_chunks_mut()
        }
    };
}

/// Samples of 3 and 4 bytes: a half has 4 of them.
macro_rules! wide {
    ($channels:literal, $order:ident, $disorder:ident) => {
        impl Tile<$channels> for Samples<4> {
            bytes!($channels, 4);

            #[inline(always)]
            fn put<S: Simd>(words: [u32x8<S>; $channels], _packing: Packing<S>, out: &mut [u8]) {
                store($order(words), out);
            }

            #[inline(always)]
            fn take<S: Simd>(simd: S, bytes: &[u8]) -> [u32x8<S>; $channels] {
                $disorder(load(simd, bytes))
            }
        }

        impl Tile<$channels> for Samples<3> {
            bytes!($channels, 3);

            #[inline(always)]
            fn put<S: Simd>(words: [u32x8<S>; $channels], packing: Packing<S>, out: &mut [u8]) {
                store_packed($order(words), packing, out);
            }

            #[inline(always)]
            fn take<S: Simd>(simd: S, bytes: &[u8]) -> [u32x8<S>; $channels] {
                $disorder(load_packed(simd, bytes))
            }
        }
    };
}

wide!(1, same, same);
wide!(2, zip, unzip);
wide!(8, frames_of_eight, channels_of_eight);

impl Tile<1> for Samples<2> {
    bytes!(1, 2);

    #[inline(always)]
    fn put<S: Simd>([words]: [u32x8<S>; 1], _packing: Packing<S>, out: &mut [u8]) {
        let (low, high) = (words >> 16).split();
        let bytes: u8x16<S> = low.narrow(high).bitcast();
        bytes.store_slice(&mut out[..HALF]);
    }

    #[inline(always)]
    fn take<S: Simd>(simd: S, bytes: &[u8]) -> [u32x8<S>; 1] {
        let bytes = u8x16::from_slice(simd, &bytes[..HALF]);
        let samples: u16x8<S> = bytes.bitcast();
        let (low, high) = samples.widen();
        [low.combine(high) << 16]
    }
}

/// Two samples of 2 bytes share a word.
impl Tile<2> for Samples<2> {
    bytes!(2, 2);

    #[inline(always)]
    fn put<S: Simd>([left, right]: [u32x8<S>; 2], _packing: Packing<S>, out: &mut [u8]) {
        store([pair(left, right)], out);
    }

    #[inline(always)]
    fn take<S: Simd>(simd: S, bytes: &[u8]) -> [u32x8<S>; 2] {
        let [pairs]: [u32x8<S>; 1] = load(simd, bytes);
        unpair(pairs)
    }
}

impl Tile<8> for Samples<2> {
    bytes!(8, 2);

    #[inline(always)]
    fn put<S: Simd>([a, b, c, d, e, f, g, h]: [u32x8<S>; 8], _packing: Packing<S>, out: &mut [u8]) {
        let pairs = [pair(a, b), pair(c, d), pair(e, f), pair(g, h)];
        store(transpose(pairs), out);
    }

    #[inline(always)]
    fn take<S: Simd>(simd: S, bytes: &[u8]) -> [u32x8<S>; 8] {
        let [ab, cd, ef, gh] = transpose(load(simd, bytes));
        let ([a, b], [c, d], [e, f], [g, h]) = (unpair(ab), unpair(cd), unpair(ef), unpair(gh));
        [a, b, c, d, e, f, g, h]
    }
}

/// Puts all low halves, then all high ones.
#[inline(always)]
fn store<S: Simd, const N: usize>(vectors: [u32x8<S>; N], out: &mut [u8]) {
    let (low, high) = out[..2 * N * HALF].split_at_mut(N * HALF);
    for (vector, to) in vectors.iter().zip(low.chunks_exact_mut(HALF)) {
        halves(*vector).0.store_slice(to);
    }
    for (vector, to) in vectors.iter().zip(high.chunks_exact_mut(HALF)) {
        halves(*vector).1.store_slice(to);
    }
}

#[inline(always)]
fn load<S: Simd, const N: usize>(simd: S, bytes: &[u8]) -> [u32x8<S>; N] {
    let (low, high) = bytes[..2 * N * HALF].split_at(N * HALF);
    let halves = low.chunks_exact(HALF).zip(high.chunks_exact(HALF));
    let mut vectors = [u32x8::splat(simd, 0); N];
    for (vector, (low, high)) in vectors.iter_mut().zip(halves) {
        let low = u8x16::from_slice(simd, low);
        *vector = low.combine(u8x16::from_slice(simd, high)).bitcast();
    }
    vectors
}

/// [`store`] of 3 bytes of each word. A whole half is written where its 12 bytes go, and
/// what is too much overwritten by the next; only the last has its size.
#[inline(always)]
fn store_packed<S: Simd, const N: usize>(
    vectors: [u32x8<S>; N],
    packing: Packing<S>,
    out: &mut [u8],
) {
    let out = &mut out[..2 * N * PACKED];
    let mut vectors = vectors;
    for (place, vector) in vectors.iter_mut().enumerate() {
        *vector = packing.packed(*vector);
        let low = halves(*vector).0;
        low.store_slice(&mut out[place * PACKED..][..HALF]);
    }
    for (place, vector) in vectors[..N - 1].iter().enumerate() {
        let high = halves(*vector).1;
        high.store_slice(&mut out[(N + place) * PACKED..][..HALF]);
    }
    let last = halves(vectors[N - 1]).1;
    let (eight, four) = out[(2 * N - 1) * PACKED..].split_at_mut(8);
    eight.copy_from_slice(&last.bitcast::<u64x2<S>>().to_array()[0].to_le_bytes());
    four.copy_from_slice(&last.bitcast::<u32x4<S>>().to_array()[2].to_le_bytes());
}

/// [`load`] of 3 bytes into the upper bytes of each word. The last half is read with 4 bytes before
/// its own, so that nothing is read behind the tile.
#[inline(always)]
fn load_packed<S: Simd, const N: usize>(simd: S, bytes: &[u8]) -> [u32x8<S>; N] {
    const PLACES: [u8; HALF] = [0, 0, 1, 2, 0, 3, 4, 5, 0, 6, 7, 8, 0, 9, 10, 11];
    const PLACES_OF_LAST: [u8; HALF] = [0, 4, 5, 6, 0, 7, 8, 9, 0, 10, 11, 12, 0, 13, 14, 15];
    let bytes = &bytes[..2 * N * PACKED];
    let mut vectors = [u32x8::splat(simd, 0); N];
    for (place, vector) in vectors.iter_mut().enumerate() {
        let is_last = place == N - 1;
        let begin = (N + place) * PACKED - if is_last { HALF - PACKED } else { 0 };
        let low = u8x16::from_slice(simd, &bytes[place * PACKED..][..HALF]);
        let high = u8x16::from_slice(simd, &bytes[begin..][..HALF]);
        let places = if is_last { PLACES_OF_LAST } else { PLACES };
        *vector = swizzled(low.combine(high).bitcast(), PLACES, places);
    }
    vectors
}

#[inline(always)]
fn halves<S: Simd>(vector: u32x8<S>) -> (u8x16<S>, u8x16<S>) {
    vector.bitcast::<u8x32<S>>().split()
}

/// Takes for each byte of a half the one that has that place there.
#[inline(always)]
fn swizzled<S: Simd>(vector: u32x8<S>, low: [u8; HALF], high: [u8; HALF]) -> u32x8<S> {
    let simd = vector.simd;
    let places = u8x16::load_array(simd, low).combine(u8x16::load_array(simd, high));
    let bytes: u8x32<S> = vector.bitcast();
    bytes.swizzle_dyn_within_blocks(places).bitcast()
}

#[inline(always)]
fn same<T>(it: T) -> T {
    it
}

/// The samples of 2 bytes of two channels, side by side in each word.
#[inline(always)]
fn pair<S: Simd>(left: u32x8<S>, right: u32x8<S>) -> u32x8<S> {
    (left >> 16) | (right & 0xFFFF_0000)
}

#[inline(always)]
fn unpair<S: Simd>(pairs: u32x8<S>) -> [u32x8<S>; 2] {
    [pairs << 16, pairs & 0xFFFF_0000]
}

/// Words of two vectors in turn, within the halves.
#[inline(always)]
fn zip<S: Simd>([a, b]: [u32x8<S>; 2]) -> [u32x8<S>; 2] {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    if let Some(avx2) = a.simd.level().as_avx2() {
        let (low, high) = avx2::zip(avx2, a.into(), b.into());
        return [low.simd_into(a.simd), high.simd_into(a.simd)];
    }
    let ((a0, a1), (b0, b1)) = (a.split(), b.split());
    [
        a0.zip_low(b0).combine(a1.zip_low(b1)),
        a0.zip_high(b0).combine(a1.zip_high(b1)),
    ]
}

/// Undoes [`zip`].
#[inline(always)]
fn unzip<S: Simd>([a, b]: [u32x8<S>; 2]) -> [u32x8<S>; 2] {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    if let Some(avx2) = a.simd.level().as_avx2() {
        let (even, odd) = avx2::unzip(avx2, a.into(), b.into());
        return [even.simd_into(a.simd), odd.simd_into(a.simd)];
    }
    let ((a0, a1), (b0, b1)) = (a.split(), b.split());
    [
        a0.unzip_low(b0).combine(a1.unzip_low(b1)),
        a0.unzip_high(b0).combine(a1.unzip_high(b1)),
    ]
}

/// [`zip`] with pairs of words.
#[inline(always)]
fn zip_pairs<S: Simd>([a, b]: [u32x8<S>; 2]) -> [u32x8<S>; 2] {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    if let Some(avx2) = a.simd.level().as_avx2() {
        let (low, high) = avx2::zip_pairs(avx2, a.into(), b.into());
        return [low.simd_into(a.simd), high.simd_into(a.simd)];
    }
    let (a, b): (u64x4<S>, u64x4<S>) = (a.bitcast(), b.bitcast());
    let ((a0, a1), (b0, b1)) = (a.split(), b.split());
    [
        a0.zip_low(b0).combine(a1.zip_low(b1)).bitcast(),
        a0.zip_high(b0).combine(a1.zip_high(b1)).bitcast(),
    ]
}

/// The same with the instructions of AVX2, which takes both halves at once.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
mod avx2 {
    #[cfg(target_arch = "x86")]
    use std::arch::x86::*;
    #[cfg(target_arch = "x86_64")]
    use std::arch::x86_64::*;

    use fearless_simd::kernel;

    kernel!(
        #[inline(always)]
        pub fn zip(token: Avx2, a: __m256i, b: __m256i) -> (__m256i, __m256i) {
            (_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b))
        }
    );
    kernel!(
        #[inline(always)]
        pub fn zip_pairs(token: Avx2, a: __m256i, b: __m256i) -> (__m256i, __m256i) {
            (_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b))
        }
    );
    kernel!(
        #[inline(always)]
        pub fn unzip(token: Avx2, a: __m256i, b: __m256i) -> (__m256i, __m256i) {
            let (a, b) = (_mm256_castsi256_ps(a), _mm256_castsi256_ps(b));
            (
                _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(a, b)),
                _mm256_castps_si256(_mm256_shuffle_ps::<0b11_01_11_01>(a, b)),
            )
        }
    );
}

/// Turns rows into columns, within the halves.
#[inline(always)]
fn transpose<S: Simd>([a, b, c, d]: [u32x8<S>; 4]) -> [u32x8<S>; 4] {
    let ([ab_low, ab_high], [cd_low, cd_high]) = (zip([a, b]), zip([c, d]));
    let ([first, second], [third, fourth]) =
        (zip_pairs([ab_low, cd_low]), zip_pairs([ab_high, cd_high]));
    [first, second, third, fourth]
}

/// Each frame's channels 0 to 3, then its channels 4 to 7.
#[inline(always)]
fn frames_of_eight<S: Simd>([a, b, c, d, e, f, g, h]: [u32x8<S>; 8]) -> [u32x8<S>; 8] {
    let ([a, b, c, d], [e, f, g, h]) = (transpose([a, b, c, d]), transpose([e, f, g, h]));
    [a, e, b, f, c, g, d, h]
}

/// Undoes [`frames_of_eight`].
#[inline(always)]
fn channels_of_eight<S: Simd>([a, e, b, f, c, g, d, h]: [u32x8<S>; 8]) -> [u32x8<S>; 8] {
    let ([a, b, c, d], [e, f, g, h]) = (transpose([a, b, c, d]), transpose([e, f, g, h]));
    [a, b, c, d, e, f, g, h]
}
