//! The factors as they are now, and on their way to what they are to be.

use rt::LatestReader;

use super::kernel::{Moving, Steady, between};
use crate::curve::smooth;

/// The routes to one sink channel. Their memory is for all sources from the beginning.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) steady: Vec<Steady>,
    pub(super) moving: Vec<Moving>,
}

/// All routes, and where the ramp is.
#[derive(Debug)]
pub(super) struct Matrix {
    pub(super) rows: Vec<Row>,
    sources: usize,
    /// What is taken from the other end.
    inbox: LatestReader,
    /// Each sink's factors at the ramp's beginning and at its end; equal where nothing moves.
    from: Vec<f64>,
    to: Vec<f64>,
    /// How far a factor is after each frame of a ramp; the last is 1.
    curve: Vec<f64>,
    /// Frames of the ramp that are over; all of them where nothing moves.
    passed: usize,
    /// For the frames of this block.
    weights: Vec<f64>,
}

impl Matrix {
    pub(super) fn new(
        sources: usize,
        sinks: usize,
        block_frames: usize,
        ramp_frames: usize,
        inbox: LatestReader,
    ) -> Matrix {
        let row = || Row {
            steady: Vec::with_capacity(sources),
            moving: Vec::with_capacity(sources),
        };
        let share = |frame: usize| smooth((frame + 1) as f64 / ramp_frames as f64);
        let curve: Vec<f64> = (0..ramp_frames).map(share).collect();
        Matrix {
            rows: (0..sinks).map(|_| row()).collect(),
            sources,
            inbox,
            from: vec![0.0; sources * sinks],
            to: vec![0.0; sources * sinks],
            passed: curve.len(),
            curve,
            weights: vec![1.0; block_frames],
        }
    }

    /// A block begins: a matrix that has come is taken.
    pub(super) fn begin(&mut self, frames: usize) {
        self.take();
        let ahead = self.curve.get(self.passed..).unwrap_or_default();
        let ahead = ahead.iter().copied().chain(std::iter::repeat(1.0));
        for (weight, share) in self.weights[..frames].iter_mut().zip(ahead) {
            *weight = share;
        }
    }

    pub(super) fn weights(&self, frames: usize) -> &[f64] {
        &self.weights[..frames]
    }

    /// A block of so many frames was made.
    pub(super) fn end(&mut self, frames: usize) {
        let is_moving = self.passed < self.curve.len();
        self.passed = (self.passed + frames).min(self.curve.len());
        if !is_moving || self.passed < self.curve.len() {
            return;
        }
        self.from.copy_from_slice(&self.to);
        self.lay_out(|row| !row.moving.is_empty());
    }

    fn take(&mut self) {
        // What is on its way begins anew from where it is.
        let way = match self.passed {
            0 => 0.0,
            passed => self.curve[passed - 1],
        };
        let Some(factors) = self.inbox.take() else {
            return;
        };
        let mut moves = false;
        for ((from, to), bits) in self.from.iter_mut().zip(&mut self.to).zip(factors) {
            if *from != *to {
                *from = between(*from, *to, way);
            }
            *to = f64::from(f32::from_bits(bits));
            moves |= *from != *to;
        }
        if moves {
            self.passed = 0;
        }
        self.lay_out(|_| true);
    }

    /// Sorts the factors of those rows.
    fn lay_out(&mut self, which: impl Fn(&Row) -> bool) {
        let froms = self.from.chunks_exact(self.sources.max(1));
        let tos = self.to.chunks_exact(self.sources.max(1));
        for (row, (froms, tos)) in self.rows.iter_mut().zip(froms.zip(tos)) {
            if !which(row) {
                continue;
            }
            row.steady.clear();
            row.moving.clear();
            for (source, (&from, &to)) in froms.iter().zip(tos).enumerate() {
                if from != to {
                    row.moving.push(Moving { source, from, to });
                } else if to != 0.0 {
                    row.steady.push(Steady { source, factor: to });
                }
            }
        }
    }
}
