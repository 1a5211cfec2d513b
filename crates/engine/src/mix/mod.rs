//! Mixing: source channels to sink channels, with a gain for each pair.
//!
//! - [`Desk`] is what people set: ports with names, named mixes, routes with gain, mute, solo and
//!   polarity. It refuses a route that would feed back.
//! - [`mixer`] makes the two ends of the matrix: a [`MixControl`], which takes a desk's
//!   [factors](Desk::factors) at any time, and a [`Mixer`], which makes the sinks' blocks of the
//!   sources'.
//! - [`Meters`] tell each channel's peak and RMS.
//!
//! **Changes.** A change is the whole matrix at once. The mixer takes it before a block, and every
//! factor that differs goes over to its new value along the curve of all fades, in the ramp's length. A
//! change during a ramp begins where the factors are then.
//!
//! **Exactness.** Where a sink has one route with the factor 1, and is not in a ramp, its samples
//! are the source's, all their bits. Otherwise the products are made and summed in 64-bit floats,
//! in the order of the sources, and rounded once: of `n` routes the sum is off by at most half a
//! step of the 32-bit result and `n * 2^-52` of the sum of the products' magnitudes. Each
//! processor's vector unit gives the same bits. What is no finite number counts as silence, so that
//! no source spoils another's sound.
//!
//! Nothing in a cycle blocks or allocates; all of it is made by [`mixer`].

mod circle;
mod decibel;
mod desk;
mod kernel;
mod matrix;
mod meter;
mod mixer;

pub use decibel::{GAIN_DB_MAX, SILENCE_DB, factor_of_db};
pub use desk::{Channel, Desk, Mix, Port, Route, Strip};
pub use meter::{Level, Meters};
pub use mixer::{CELLS_MAX, MixControl, MixSpec, Mixer, mixer};

#[cfg(test)]
mod tests;
