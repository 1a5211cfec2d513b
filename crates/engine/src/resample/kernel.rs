//! The filter's table: a windowed sinc for each of many fractions of a frame.

use fearless_simd::{Level, f64x4, prelude::*};

use crate::convert::units::on_units;

/// Fractions of a frame that the table holds. Between them the filter is interpolated with cubics,
/// whose error is below -160 dB at this number.
const PHASES: usize = 128;
/// Rows before the first fraction and behind the last, for the cubics.
const EXTRA: usize = 3;

/// The table. Its rows are the filter at the fractions -1, 0, 1 … of `PHASES`.
#[derive(Clone, Debug)]
pub(super) struct Kernel {
    rows: Vec<f64>,
    taps: usize,
}

impl Kernel {
    /// A filter of `taps` source frames, an even number, that lets pass what is below `cutoff` of
    /// the source's half rate, with side lobes `attenuation_db` down.
    pub(super) fn new(taps: usize, cutoff: f64, attenuation_db: f64) -> Kernel {
        let beta = 0.1102 * (attenuation_db - 8.7);
        let half = (taps / 2) as f64;
        let mut rows = Vec::with_capacity((PHASES + EXTRA) * taps);
        for phase in 0..PHASES + EXTRA {
            let fraction = (phase as f64 - 1.0) / PHASES as f64;
            let distance = |tap: usize| tap as f64 - (half - 1.0) - fraction;
            let row: Vec<f64> = (0..taps)
                .map(|tap| {
                    let far = distance(tap);
                    sinc(far * cutoff) * kaiser(far / half, beta)
                })
                .collect();
            // Each row passes a constant as it is, so the level does not waver with the fraction.
            let sum: f64 = row.iter().sum();
            rows.extend(row.iter().map(|tap| tap / sum));
        }
        Kernel { rows, taps }
    }

    /// Source frames under the filter.
    pub(super) fn taps(&self) -> usize {
        self.taps
    }

    /// Writes the filters for as many fractions of a frame, each 0 to below 1, into `filters`, one
    /// behind the other.
    pub(super) fn at(&self, level: Level, fractions: &[f64], filters: &mut [f64]) {
        on_units!(level, simd => self.at_on(simd, fractions, filters));
    }

    #[inline(always)]
    fn at_on<S: Simd>(&self, simd: S, fractions: &[f64], filters: &mut [f64]) {
        simd.vectorize(
            #[inline(always)]
            || {
                let rows = filters.chunks_exact_mut(self.taps);
                for (fraction, row) in fractions.iter().zip(rows) {
                    let (four, weights) = self.around(*fraction);
                    between(simd, weights, four, row);
                }
            },
        );
    }

    /// The four rows around a fraction, and what each of them weighs in the cubic there.
    #[inline(always)]
    fn around(&self, fraction: f64) -> (&[f64], [f64; 4]) {
        let place = fraction * PHASES as f64;
        let phase = (place as usize).min(PHASES - 1);
        let x = place - phase as f64;
        let weights = [
            -x * (x - 1.0) * (x - 2.0) * SIXTH,
            (x + 1.0) * (x - 1.0) * (x - 2.0) * 0.5,
            -(x + 1.0) * x * (x - 2.0) * 0.5,
            (x + 1.0) * x * (x - 1.0) * SIXTH,
        ];
        (
            &self.rows[phase * self.taps..(phase + 4) * self.taps],
            weights,
        )
    }
}

/// A product, because a division takes several times as long.
const SIXTH: f64 = 1.0 / 6.0;

/// The cubic between four rows, tap by tap. A row has a multiple of [`LANES`] taps.
#[inline(always)]
fn between<S: Simd>(simd: S, weights: [f64; 4], four: &[f64], row: &mut [f64]) {
    let taps = row.len();
    let (a, rest) = four.split_at(taps);
    let (b, rest) = rest.split_at(taps);
    let (c, d) = rest.split_at(taps);
    let [wa, wb, wc, wd] = weights.map(|weight| f64x4::splat(simd, weight));
    let fours = |row| <[f64]>::as_chunks::<VECTOR>(row).0;
    let outs = row.as_chunks_mut::<VECTOR>().0.iter_mut();
    let load = |four: &[f64; VECTOR]| f64x4::load_array_ref(simd, four);
    for ((((out, a), b), c), d) in outs.zip(fours(a)).zip(fours(b)).zip(fours(c)).zip(fours(d)) {
        let sum = wa * load(a) + wb * load(b) + wc * load(c) + wd * load(d);
        sum.store_array(out);
    }
}

/// Taps that are worked on at a time, as two vectors.
const LANES: usize = 8;
const VECTOR: usize = LANES / 2;

/// The filters of some sink frames.
pub(super) struct Batch<'a> {
    /// Numbers in a filter.
    pub(super) taps: usize,
    /// One filter behind the other.
    pub(super) filters: &'a [f64],
    /// Which of them each sink frame's is.
    pub(super) rows: &'a [usize],
    /// Where the frames under each begin.
    pub(super) starts: &'a [usize],
}

/// The scalar products of filters and the frames under each, in an order that does not depend on the
/// machine. A product for which there are too few frames is left as it is.
pub(super) fn products(level: Level, batch: &Batch<'_>, frames: &[f64], out: &mut [f64]) {
    on_units!(level, simd => products_on(simd, batch, frames, out));
}

#[inline(always)]
fn products_on<S: Simd>(simd: S, batch: &Batch<'_>, frames: &[f64], out: &mut [f64]) {
    simd.vectorize(
        #[inline(always)]
        || {
            let Batch {
                taps,
                filters,
                rows,
                starts,
            } = *batch;
            for ((out, &row), &start) in out.iter_mut().zip(rows).zip(starts) {
                let filter = filters.get(row * taps..(row + 1) * taps);
                if let (Some(filter), Some(frames)) = (filter, frames.get(start..start + taps)) {
                    *out = product(simd, filter, frames);
                }
            }
        },
    );
}

#[inline(always)]
fn product<S: Simd>(simd: S, filter: &[f64], frames: &[f64]) -> f64 {
    let load = |four: &[f64; VECTOR]| f64x4::load_array_ref(simd, four);
    let (taps, frames) = (filter.as_chunks::<LANES>().0, frames.as_chunks::<LANES>().0);
    let mut low = f64x4::splat(simd, 0.0);
    let mut high = low;
    for (taps, frames) in taps.iter().zip(frames) {
        let ([a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]) = (taps, frames);
        low += load(&[*a, *b, *c, *d]) * load(&[*i, *j, *k, *l]);
        high += load(&[*e, *f, *g, *h]) * load(&[*m, *n, *o, *p]);
    }
    let mut sums = [0.0; VECTOR];
    (low + high).store_array(&mut sums);
    let [a, b, c, d] = sums;
    (a + b) + (c + d)
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    sin_pi(x) / (std::f64::consts::PI * x)
}

/// sin(πx): exactly 0 at whole numbers, the same bits on every machine.
fn sin_pi(x: f64) -> f64 {
    let turn = x - 2.0 * (x / 2.0).round();
    let folded = if turn > 0.5 {
        1.0 - turn
    } else if turn < -0.5 {
        -1.0 - turn
    } else {
        turn
    };
    let angle = folded * std::f64::consts::PI;
    let square = angle * angle;
    let series = (1..=11).rev().fold(1.0, |sum, n| {
        let n = f64::from(n);
        1.0 - sum * square / (2.0 * n * (2.0 * n + 1.0))
    });
    angle * series
}

/// The Kaiser window at `x`, -1 to 1; 0 outside.
fn kaiser(x: f64, beta: f64) -> f64 {
    let inside = 1.0 - x * x;
    if inside < 0.0 {
        return 0.0;
    }
    bessel(beta * inside.sqrt()) / bessel(beta)
}

/// The modified Bessel function of the first kind, order 0.
fn bessel(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term) = (1.0, 1.0);
    for n in 1..100 {
        term *= quarter / f64::from(n * n);
        sum += term;
        if term < sum * 1e-18 {
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_what_they_are_called() {
        for n in -2_000..2_000 {
            let x = f64::from(n) / 77.0;
            assert!(
                (sin_pi(x) - (std::f64::consts::PI * x).sin()).abs() < 1e-13,
                "{x}"
            );
            assert_eq!(sin_pi(f64::from(n)), 0.0);
        }
        assert!((bessel(1.0) - 1.266_065_877_752_008_4).abs() < 1e-15);
        assert!((bessel(14.0) / 129_418.562_700_648_9 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn at_a_whole_frame_the_filter_is_that_frame() {
        let kernel = Kernel::new(32, 1.0, 96.0);
        let mut row = [0.0; 32];
        kernel.at(Level::new(), &[0.0], &mut row);
        for (tap, value) in row.iter().enumerate() {
            assert_eq!(*value, f64::from(u8::from(tap == 15)), "tap {tap}");
        }
    }
}
