//! From a client's planes to a device's frames, all channels of a cycle at once.

use std::fmt;

use fearless_simd::{Level, Simd, SimdBase, u32x8};

use super::dither::{DitherFloat, DitherInt, Noise};
use super::tile::{BYTES_MAX, Packing, Samples, Tile};
use super::units::on_units;
use super::words::{Encode, FloatToFloat, FloatToInt, FloatToLow24, IntToFloat, IntToInt, LANES};
use crate::client::Plane;
use crate::format::{SampleFormat, StreamFormat};

/// Channels that are written together.
const GROUP: usize = 8;
/// Streams of no more channels are written with less to prepare.
const FEW: usize = 2;
/// Frames that are written together: as many as there is silence for.
const SPAN: usize = 512;

/// Writes a client's planes into a device's memory.
///
/// It chooses the CPU's vector unit when it is made; what it writes is the same with each. Making
/// one may allocate, using it does not.
#[derive(Clone)]
pub struct Encoder {
    format: StreamFormat,
    level: Level,
    noise: Option<Noise>,
}

impl Encoder {
    /// An encoder for a device's stream, which rounds to the nearest.
    pub fn new(format: StreamFormat) -> Self {
        Self {
            format,
            level: Level::new(),
            noise: None,
        }
    }

    /// The same with dither: what does not fit an integer format of 16 or 24 bits gets noise of a
    /// triangular distribution, two steps of the format wide, before it is rounded. What fits is not
    /// altered. The same `seed` gives the same noise.
    pub fn with_dither(self, seed: u64) -> Self {
        Self {
            noise: Some(Noise::new(seed)),
            ..self
        }
    }

    /// The same with what every CPU of the target has.
    #[cfg(test)]
    pub(super) fn plain(self) -> Self {
        Self {
            level: Level::baseline(),
            ..self
        }
    }

    /// The stream's format.
    pub fn format(&self) -> &StreamFormat {
        &self.format
    }

    /// Fills `out`, whole frames of the stream's format, with the samples that `plane` has for each
    /// channel: sample `n` becomes frame `n`. A channel without a plane is silent, and so is
    /// everything behind the end of the shortest of eight neighbouring planes. The planes are of one
    /// type; where they are not, those of another type than the first of eight are silent. Bytes
    /// that are no whole frame are left alone.
    ///
    /// Real-time safe.
    pub fn write<'a>(&mut self, out: &mut [u8], mut plane: impl FnMut(usize) -> Option<Plane<'a>>) {
        let channels = usize::from(self.format.channels);
        if channels <= FEW {
            return self.write_channels::<FEW>(0, out, plane);
        }
        for first in (0..channels).step_by(GROUP) {
            self.write_channels::<GROUP>(first, out, &mut plane);
        }
    }

    /// Writes up to `N` neighbouring channels.
    fn write_channels<'a, const N: usize>(
        &mut self,
        first: usize,
        out: &mut [u8],
        mut plane: impl FnMut(usize) -> Option<Plane<'a>>,
    ) {
        let channels = usize::from(self.format.channels);
        let count = (channels - first).min(N);
        let mut planes = [None; N];
        for (place, slot) in planes[..count].iter_mut().enumerate() {
            *slot = plane(first + place);
        }
        let group = Group {
            first,
            count,
            channels,
        };
        match planes.iter().flatten().next() {
            Some(Plane::Float32(_)) => self.write_group::<f32, N>(group, &planes, out),
            _ => self.write_group::<i32, N>(group, &planes, out),
        }
    }

    fn write_group<T: ClientWord, const N: usize>(
        &mut self,
        group: Group,
        planes: &[Option<Plane<'_>>; N],
        out: &mut [u8],
    ) {
        let frame_bytes = self.format.frame_bytes();
        let mut frames = out.len() / frame_bytes;
        let mut given = [None; N];
        for (slot, plane) in given[..group.count].iter_mut().zip(planes) {
            *slot = plane.and_then(T::samples);
            frames = frames.min(slot.map_or(frames, <[T]>::len));
        }
        let mut start = 0;
        while start < frames {
            let end = (start + SPAN).min(frames);
            let mut span: [&[T]; N] = [&[]; N];
            for (part, plane) in span[..group.count].iter_mut().zip(&given) {
                *part = match plane {
                    Some(plane) => &plane[start..end],
                    None => &T::SILENCE[..end - start],
                };
            }
            let place = Place {
                group,
                planes: span,
                out: &mut out[start * frame_bytes..end * frame_bytes],
            };
            on_units!(self.level, simd => {
                T::write(simd, self.format.sample, self.noise.as_mut(), place)
            });
            start = end;
        }
        let bytes = self.format.sample.bytes();
        for frame in out[frames * frame_bytes..].chunks_exact_mut(frame_bytes) {
            frame[group.first * bytes..][..group.count * bytes].fill(0);
        }
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dither = self.noise.is_some();
        write!(f, "Encoder({}, dither: {dither})", self.format)
    }
}

/// Up to eight neighbouring channels of a stream.
#[derive(Clone, Copy)]
struct Group {
    first: usize,
    count: usize,
    channels: usize,
}

/// A client's sample type.
trait ClientWord: Copy + Default + 'static {
    const SILENCE: &'static [Self; SPAN];

    /// The plane's samples, if they are of this type.
    fn samples(plane: Plane<'_>) -> Option<&[Self]>;

    /// Writes a group's planes, all of the same length, into as many frames.
    fn write<S: Simd, const N: usize>(
        simd: S,
        sample: SampleFormat,
        noise: Option<&mut Noise>,
        place: Place<'_, Self, N>,
    );
}

impl ClientWord for i32 {
    const SILENCE: &'static [i32; SPAN] = &[0; SPAN];

    fn samples(plane: Plane<'_>) -> Option<&[i32]> {
        match plane {
            Plane::Int32(samples) => Some(samples),
            _ => None,
        }
    }

    fn write<S: Simd, const N: usize>(
        simd: S,
        sample: SampleFormat,
        noise: Option<&mut Noise>,
        place: Place<'_, i32, N>,
    ) {
        use SampleFormat::*;
        match (sample, noise) {
            (Int16, None) => spread::<2, N, _, _>(simd, IntToInt::<16>, place),
            (Int24, None) => spread::<3, N, _, _>(simd, IntToInt::<24>, place),
            (Int24In32, None) => spread::<4, N, _, _>(simd, IntToInt::<24>, place),
            (Int32, _) => spread::<4, N, _, _>(simd, IntToInt::<32>, place),
            (Float32, _) => spread::<4, N, _, _>(simd, IntToFloat, place),
            (Int16, Some(noise)) => spread::<2, N, _, _>(simd, DitherInt::<16>(noise), place),
            (Int24, Some(noise)) => spread::<3, N, _, _>(simd, DitherInt::<24>(noise), place),
            (Int24In32, Some(noise)) => spread::<4, N, _, _>(simd, DitherInt::<24>(noise), place),
        }
    }
}

impl ClientWord for f32 {
    const SILENCE: &'static [f32; SPAN] = &[0.0; SPAN];

    fn samples(plane: Plane<'_>) -> Option<&[f32]> {
        match plane {
            Plane::Float32(samples) => Some(samples),
            _ => None,
        }
    }

    fn write<S: Simd, const N: usize>(
        simd: S,
        sample: SampleFormat,
        noise: Option<&mut Noise>,
        place: Place<'_, f32, N>,
    ) {
        use SampleFormat::*;
        match (sample, noise) {
            (Int16, None) => spread::<2, N, _, _>(simd, FloatToInt::<16>, place),
            (Int24, None) => spread::<3, N, _, _>(simd, FloatToLow24, place),
            (Int24In32, None) => spread::<4, N, _, _>(simd, FloatToInt::<24>, place),
            (Int32, _) => spread::<4, N, _, _>(simd, FloatToInt::<32>, place),
            (Float32, _) => spread::<4, N, _, _>(simd, FloatToFloat, place),
            (Int16, Some(noise)) => spread::<2, N, _, _>(simd, DitherFloat::<16>(noise), place),
            (Int24, Some(noise)) => spread::<3, N, _, _>(simd, DitherFloat::<24>(noise), place),
            (Int24In32, Some(noise)) => spread::<4, N, _, _>(simd, DitherFloat::<24>(noise), place),
        }
    }
}

/// Planes of one length and the frames that they go to.
struct Place<'a, T, const N: usize> {
    group: Group,
    planes: [&'a [T]; N],
    out: &'a mut [u8],
}

/// Spreads planes over frames of samples of `BYTES` bytes.
fn spread<const BYTES: usize, const N: usize, S: Simd, E: Encode<S>>(
    simd: S,
    encode: E,
    place: Place<'_, E::Sample, N>,
) where
    Samples<BYTES>: Tile<1> + Tile<2> + Tile<8>,
{
    let Place { group, planes, out } = place;
    match group.channels {
        1 if const { N == FEW } => simd.vectorize(
            #[inline(always)]
            || dense::<BYTES, 1, _, _>(simd, encode, first_of(planes), out),
        ),
        2 if const { N == FEW } => simd.vectorize(
            #[inline(always)]
            || dense::<BYTES, 2, _, _>(simd, encode, first_of(planes), out),
        ),
        8 if const { N == GROUP } => simd.vectorize(
            #[inline(always)]
            || dense::<BYTES, 8, _, _>(simd, encode, first_of(planes), out),
        ),
        _ if const { N == GROUP } => simd.vectorize(
            #[inline(always)]
            || sparse::<BYTES, _, _>(simd, encode, group, &planes, out),
        ),
        // Few channels are 1 or 2; what cannot be is not compiled, hence the conditions.
        _ => {}
    }
}

/// The first `M` planes; none in place of those that there are not.
#[inline(always)]
fn first_of<T, const N: usize, const M: usize>(planes: [&[T]; N]) -> [&[T]; M] {
    std::array::from_fn(|place| planes.get(place).copied().unwrap_or_default())
}

/// The planes are all channels of the stream.
#[inline(always)]
fn dense<const BYTES: usize, const CHANNELS: usize, S: Simd, E: Encode<S>>(
    simd: S,
    mut encode: E,
    planes: [&[E::Sample]; CHANNELS],
    out: &mut [u8],
) where
    Samples<BYTES>: Tile<CHANNELS>,
{
    let tile_bytes = <Samples<BYTES> as Tile<CHANNELS>>::BYTES;
    let mut state = encode.begin(simd);
    let packing = Packing::new(simd, E::FIRST_BYTE);
    let mut words = [u32x8::splat(simd, 0); CHANNELS];
    let frames = planes[0].len();
    let tiles = frames / LANES;
    let whole = planes.map(|plane| &plane.as_chunks().0[..tiles]);
    let (tiles_out, rest) = out.split_at_mut(tiles * tile_bytes);
    let tiles_out = &mut <Samples<BYTES> as Tile<CHANNELS>>::tiles_mut(tiles_out).0[..tiles];
    // One counter for all: an iterator over the tiles would be another.
    for tile in 0..tiles {
        for (word, chunks) in words.iter_mut().zip(&whole) {
            *word = encode.words(simd, &mut state, &chunks[tile]);
        }
        Samples::<BYTES>::put(words, packing, tiles_out[tile].as_mut());
    }
    if !frames.is_multiple_of(LANES) {
        for (word, plane) in words.iter_mut().zip(&planes) {
            *word = encode.words(simd, &mut state, &padded(&plane[tiles * LANES..]));
        }
        let mut bytes = [0; BYTES_MAX];
        Samples::<BYTES>::put(words, packing, &mut bytes[..tile_bytes]);
        rest.copy_from_slice(&bytes[..rest.len()]);
    }
    encode.end(state);
}

/// The planes are some channels of the stream.
#[inline(always)]
fn sparse<const BYTES: usize, S: Simd, E: Encode<S>>(
    simd: S,
    mut encode: E,
    group: Group,
    planes: &[&[E::Sample]],
    out: &mut [u8],
) where
    Samples<BYTES>: Tile<GROUP>,
{
    let mut state = encode.begin(simd);
    let packing = Packing::new(simd, E::FIRST_BYTE);
    let mut tile = [0; BYTES_MAX];
    let (frame_bytes, wanted) = (group.channels * BYTES, group.count * BYTES);
    for (number, frames) in out.chunks_mut(LANES * frame_bytes).enumerate() {
        let mut words = [u32x8::splat(simd, 0); GROUP];
        for (word, plane) in words.iter_mut().zip(&planes[..group.count]) {
            let part = &plane[number * LANES..];
            *word = match part.first_chunk() {
                Some(samples) => encode.words(simd, &mut state, samples),
                None => encode.words(simd, &mut state, &padded(part)),
            };
        }
        Samples::<BYTES>::put(
            words,
            packing,
            &mut tile[..<Samples<BYTES> as Tile<GROUP>>::BYTES],
        );
        let rows = tile.chunks_exact(GROUP * BYTES);
        for (frame, row) in frames.chunks_exact_mut(frame_bytes).zip(rows) {
            let to = &mut frame[group.first * BYTES..];
            if group.count == GROUP {
                to[..GROUP * BYTES].copy_from_slice(row);
            } else {
                to[..wanted].copy_from_slice(&row[..wanted]);
            }
        }
    }
    encode.end(state);
}

/// Samples with zeros behind them.
#[inline(always)]
fn padded<T: Copy + Default>(samples: &[T]) -> [T; LANES] {
    let mut padded = [T::default(); LANES];
    padded[..samples.len()].copy_from_slice(samples);
    padded
}
