//! From a device's frames to a client's planes, all channels of a cycle at once.

use std::fmt;

use fearless_simd::{Level, Simd};

use super::tile::{BYTES_MAX, Samples, Tile};
use super::units::on_units;
use super::words::{Decode, FloatToFloat, FloatToInt, IntToInt, LANES, WordToFloat};
use crate::format::{SampleFormat, StreamFormat};

/// Channels that are read together.
const GROUP: usize = 8;
/// Streams of no more channels are read with less to prepare.
const FEW: usize = 2;

/// One channel's samples to be filled, in the machine's byte order.
#[derive(Debug, PartialEq)]
pub enum PlaneMut<'a> {
    /// 32-bit integers, full scale the whole range.
    Int32(&'a mut [i32]),
    /// 32-bit floats, full scale ±1.0.
    Float32(&'a mut [f32]),
}

/// Reads a device's frames into a client's planes.
///
/// It chooses the CPU's vector unit when it is made; what it reads is the same with each. Making
/// one may allocate, using it does not.
#[derive(Clone, Copy)]
pub struct Decoder {
    format: StreamFormat,
    level: Level,
}

impl Decoder {
    /// A decoder of a device's stream.
    pub fn new(format: StreamFormat) -> Self {
        Self {
            format,
            level: Level::new(),
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

    /// Fills planes with the frames of `bytes`: frame `n` becomes sample `n`, and the stream's first
    /// channel goes to the first of `planes`. A channel without a plane is left out. Frames that a
    /// plane has no room for are lost, and what it has too much is left alone. In eight
    /// neighbouring planes all are of one type; those of another type than the first are left alone.
    ///
    /// Real-time safe.
    pub fn read<'a>(&self, bytes: &[u8], planes: impl IntoIterator<Item = Option<PlaneMut<'a>>>) {
        let channels = usize::from(self.format.channels);
        let frames = bytes.len() / self.format.frame_bytes();
        let bytes = &bytes[..frames * self.format.frame_bytes()];
        let mut planes = planes.into_iter();
        if channels <= FEW {
            return self.read_channels::<FEW>(0, bytes, &mut planes);
        }
        for first in (0..channels).step_by(GROUP) {
            self.read_channels::<GROUP>(first, bytes, &mut planes);
        }
    }

    /// Reads up to `N` neighbouring channels, whose planes come next.
    fn read_channels<'a, const N: usize>(
        &self,
        first: usize,
        bytes: &[u8],
        planes: &mut impl Iterator<Item = Option<PlaneMut<'a>>>,
    ) {
        let channels = usize::from(self.format.channels);
        let mut group = [const { None }; N];
        for slot in &mut group[..(channels - first).min(N)] {
            *slot = planes.next().flatten();
        }
        match group.iter().flatten().next() {
            None => {}
            Some(PlaneMut::Int32(_)) => self.read_group(first, group.map(integers), bytes),
            Some(PlaneMut::Float32(_)) => self.read_group(first, group.map(floats), bytes),
        }
    }

    fn read_group<T: ClientSample, const N: usize>(
        &self,
        first: usize,
        planes: [&mut [T]; N],
        bytes: &[u8],
    ) {
        let place = Place {
            first,
            channels: usize::from(self.format.channels),
            planes,
            bytes,
        };
        on_units!(self.level, simd => T::read(simd, self.format.sample, place));
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decoder({})", self.format)
    }
}

/// The samples of a plane; none where there is no plane of that type.
fn integers(plane: Option<PlaneMut<'_>>) -> &mut [i32] {
    match plane {
        Some(PlaneMut::Int32(samples)) => samples,
        _ => &mut [],
    }
}

fn floats(plane: Option<PlaneMut<'_>>) -> &mut [f32] {
    match plane {
        Some(PlaneMut::Float32(samples)) => samples,
        _ => &mut [],
    }
}

/// A client's sample type.
trait ClientSample: Copy + Default {
    /// Reads the channels of a group.
    fn read<S: Simd, const N: usize>(simd: S, sample: SampleFormat, place: Place<'_, Self, N>);
}

impl ClientSample for i32 {
    fn read<S: Simd, const N: usize>(simd: S, sample: SampleFormat, place: Place<'_, i32, N>) {
        match sample {
            SampleFormat::Int16 => collect::<2, _, _, N>(simd, IntToInt::<16>, place),
            SampleFormat::Int24 => collect::<3, _, _, N>(simd, IntToInt::<24>, place),
            SampleFormat::Int24In32 => collect::<4, _, _, N>(simd, IntToInt::<24>, place),
            SampleFormat::Int32 => collect::<4, _, _, N>(simd, IntToInt::<32>, place),
            SampleFormat::Float32 => collect::<4, _, _, N>(simd, FloatToInt::<32>, place),
        }
    }
}

impl ClientSample for f32 {
    fn read<S: Simd, const N: usize>(simd: S, sample: SampleFormat, place: Place<'_, f32, N>) {
        match sample {
            SampleFormat::Int16 => collect::<2, _, _, N>(simd, WordToFloat::<16>, place),
            SampleFormat::Int24 => collect::<3, _, _, N>(simd, WordToFloat::<24>, place),
            SampleFormat::Int24In32 => collect::<4, _, _, N>(simd, WordToFloat::<24>, place),
            SampleFormat::Int32 => collect::<4, _, _, N>(simd, WordToFloat::<32>, place),
            SampleFormat::Float32 => collect::<4, _, _, N>(simd, FloatToFloat, place),
        }
    }
}

/// Whole frames, and the planes that some of their channels go to.
struct Place<'a, T, const N: usize> {
    first: usize,
    channels: usize,
    planes: [&'a mut [T]; N],
    bytes: &'a [u8],
}

/// Collects planes from frames of samples of `BYTES` bytes.
fn collect<const BYTES: usize, S: Simd, D: Decode<S>, const N: usize>(
    simd: S,
    decode: D,
    place: Place<'_, D::Sample, N>,
) where
    Samples<BYTES>: Tile<1> + Tile<2> + Tile<8>,
{
    let Place {
        first,
        channels,
        planes,
        bytes,
    } = place;
    match channels {
        1 if const { N == FEW } => simd.vectorize(
            #[inline(always)]
            || dense::<BYTES, 1, _, _>(simd, decode, bytes, first_of(planes)),
        ),
        2 if const { N == FEW } => simd.vectorize(
            #[inline(always)]
            || dense::<BYTES, 2, _, _>(simd, decode, bytes, first_of(planes)),
        ),
        8 if const { N == GROUP } => simd.vectorize(
            #[inline(always)]
            || dense::<BYTES, 8, _, _>(simd, decode, bytes, first_of(planes)),
        ),
        _ if const { N == GROUP } => simd.vectorize(
            #[inline(always)]
            || {
                let group = bytes.get(first * BYTES..).unwrap_or_default();
                sparse::<BYTES, _, _, N>(simd, decode, group, channels * BYTES, planes);
            },
        ),
        // Few channels are 1 or 2; what cannot be is not compiled, hence the conditions.
        _ => {}
    }
}

/// The first `M` planes; none in place of those that there are not.
#[inline(always)]
fn first_of<T, const N: usize, const M: usize>(mut planes: [&mut [T]; N]) -> [&mut [T]; M] {
    std::array::from_fn(|place| {
        planes
            .get_mut(place)
            .map(std::mem::take)
            .unwrap_or_default()
    })
}

/// The planes are all channels of the stream.
#[inline(always)]
fn dense<const BYTES: usize, const CHANNELS: usize, S: Simd, D: Decode<S>>(
    simd: S,
    decode: D,
    bytes: &[u8],
    mut planes: [&mut [D::Sample]; CHANNELS],
) where
    Samples<BYTES>: Tile<CHANNELS>,
{
    let tile_bytes = <Samples<BYTES> as Tile<CHANNELS>>::BYTES;
    let shortest = planes.iter().map(|plane| plane.len()).min().unwrap_or(0);
    let tiles = (bytes.len() / tile_bytes).min(shortest / LANES);
    let (tiles_in, rest) = bytes.split_at(tiles * tile_bytes);
    let mut whole: [&mut [[D::Sample; LANES]]; CHANNELS] = planes.each_mut().map(|plane| {
        let (head, tail) = std::mem::take(plane).split_at_mut(tiles * LANES);
        *plane = tail;
        &mut head.as_chunks_mut().0[..tiles]
    });
    let tiles_in = &<Samples<BYTES> as Tile<CHANNELS>>::tiles(tiles_in).0[..tiles];
    // One counter for all: an iterator over the tiles would be another.
    for tile in 0..tiles {
        let words = Samples::<BYTES>::take(simd, tiles_in[tile].as_ref());
        for (plane, words) in whole.iter_mut().zip(&words) {
            plane[tile] = decode.samples(*words);
        }
    }
    for tile in rest.chunks(tile_bytes) {
        let mut padded = [0; BYTES_MAX];
        padded[..tile.len()].copy_from_slice(tile);
        let words = Samples::<BYTES>::take(simd, &padded[..tile_bytes]);
        let frames = tile.len() / (CHANNELS * BYTES);
        for (plane, words) in planes.iter_mut().zip(&words) {
            hand_over(plane, &decode.samples(*words), frames);
        }
    }
}

/// The planes are some channels of the stream; the first is at the begin of `bytes`.
#[inline(always)]
fn sparse<const BYTES: usize, S: Simd, D: Decode<S>, const N: usize>(
    simd: S,
    decode: D,
    bytes: &[u8],
    frame_bytes: usize,
    mut planes: [&mut [D::Sample]; N],
) where
    Samples<BYTES>: Tile<GROUP>,
{
    let mut tile = [0; BYTES_MAX];
    for frames in bytes.chunks(LANES * frame_bytes) {
        let rows = tile.chunks_exact_mut(GROUP * BYTES);
        let frames = frames.chunks(frame_bytes);
        let count = frames.len();
        for (row, frame) in rows.zip(frames) {
            match frame.get(..GROUP * BYTES) {
                Some(whole) => row.copy_from_slice(whole),
                None => row[..frame.len()].copy_from_slice(frame),
            }
        }
        let words = Samples::<BYTES>::take(simd, &tile[..<Samples<BYTES> as Tile<GROUP>>::BYTES]);
        for (plane, words) in planes.iter_mut().zip(&words) {
            hand_over(plane, &decode.samples(*words), count);
        }
    }
}

/// Puts the first `frames` samples at the begin of the plane and goes behind them.
#[inline(always)]
fn hand_over<T: Copy>(plane: &mut &mut [T], samples: &[T; LANES], frames: usize) {
    let whole = std::mem::take(plane);
    // A length that is known is copied with one instruction.
    if frames == LANES && whole.len() >= LANES {
        let (to, rest) = whole.split_at_mut(LANES);
        to.copy_from_slice(samples);
        *plane = rest;
    } else {
        let (to, rest) = whole.split_at_mut(frames.min(whole.len()));
        to.copy_from_slice(&samples[..to.len()]);
        *plane = rest;
    }
}
