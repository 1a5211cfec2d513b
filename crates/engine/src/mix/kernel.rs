//! The arithmetic of a sink's block.

use fearless_simd::{Level, f64x4, prelude::*};

use crate::convert::units::on_units;

/// Frames whose sums are held in registers, as four vectors.
const LANES: usize = 16;
const VECTOR: usize = LANES / 4;

/// A route whose factor stays.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steady {
    pub(super) source: usize,
    pub(super) factor: f64,
}

/// A route whose factor is on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moving {
    pub(super) source: usize,
    pub(super) from: f64,
    pub(super) to: f64,
}

/// All sources' samples, one channel after the other, `stride` apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planes<'a> {
    pub(super) samples: &'a [f64],
    pub(super) stride: usize,
}

impl<'a> Planes<'a> {
    #[inline(always)]
    fn part(&self, source: usize, start: usize) -> Option<&'a [[f64; VECTOR]; 4]> {
        let start = source * self.stride + start;
        let part = self.samples.get(start..start + LANES)?;
        part.as_chunks::<VECTOR>().0.try_into().ok()
    }
}

/// Writes the sums of the routes' products, each rounded once. `weights`: how far the moving ones
/// are, frame by frame. The planes' stride is a multiple of [`LANES`], and so is what is read; of the
/// last piece only what `out` has room for is written.
pub(super) fn sum(
    level: Level,
    planes: Planes<'_>,
    steady: &[Steady],
    moving: &[Moving],
    weights: &[f64],
    out: &mut [f32],
) {
    on_units!(level, simd => sum_on(simd, planes, steady, moving, weights, out));
}

#[inline(always)]
fn sum_on<S: Simd>(
    simd: S,
    planes: Planes<'_>,
    steady: &[Steady],
    moving: &[Moving],
    weights: &[f64],
    out: &mut [f32],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            for (piece, out) in out.chunks_mut(LANES).enumerate() {
                let start = piece * LANES;
                let mut sums = [f64x4::splat(simd, 0.0); 4];
                for route in steady {
                    let Some(samples) = planes.part(route.source, start) else {
                        continue;
                    };
                    let factor = f64x4::splat(simd, route.factor);
                    let [a, b, c, d] = samples.each_ref();
                    let load = |four| f64x4::load_array_ref(simd, four);
                    sums[0] += load(a) * factor;
                    sums[1] += load(b) * factor;
                    sums[2] += load(c) * factor;
                    sums[3] += load(d) * factor;
                }
                let mut all = [0.0_f64; LANES];
                for (four, sum) in all.as_chunks_mut::<VECTOR>().0.iter_mut().zip(sums) {
                    sum.store_array(four);
                }
                if !moving.is_empty() {
                    let mut ways = [1.0_f64; LANES];
                    let now = weights.get(start..).unwrap_or_default();
                    for (way, weight) in ways.iter_mut().zip(now) {
                        *way = *weight;
                    }
                    add_moving(planes, moving, &ways, start, &mut all);
                }
                let mut rounded = [0.0_f32; LANES];
                for (rounded, sum) in rounded.iter_mut().zip(&all) {
                    *rounded = (*sum as f32).clamp(f32::MIN, f32::MAX);
                }
                out.copy_from_slice(&rounded[..out.len()]);
            }
        },
    );
}

#[inline(always)]
fn add_moving(
    planes: Planes<'_>,
    moving: &[Moving],
    ways: &[f64; LANES],
    start: usize,
    sums: &mut [f64; LANES],
) {
    for route in moving {
        let Some(samples) = planes.part(route.source, start) else {
            continue;
        };
        let samples = samples.as_flattened();
        for ((sum, sample), way) in sums.iter_mut().zip(samples).zip(ways) {
            *sum += sample * between(route.from, route.to, *way);
        }
    }
}

/// A factor on its way: exactly the old one at 0, exactly the new one at 1.
#[inline(always)]
pub(super) fn between(from: f64, to: f64, way: f64) -> f64 {
    from * (1.0 - way) + to * way
}

/// The number of frames that `frames` take in planes.
pub(super) fn stride_of(frames: usize) -> usize {
    frames.next_multiple_of(LANES)
}
