//! Between a client's planar samples and a device's interleaved frames.
//!
//! A sample that fits the target is never altered, with dither neither. One that does not is rounded
//! to the nearest value that the target has, from the middle upwards for integers and to the even
//! one for floats, and limited to full scale. Integer full scale and float ±1.0 are the same level:
//! an integer of n bits is its float times 2^(n-1). What is no number becomes silence, and floats
//! keep their headroom over full scale on the way to a float format.
//!
//! [`Encoder`] and [`Decoder`] convert all channels of a cycle at once with the CPU's vector unit.
//! [`write_channel`] does one channel, for tools.

mod channel;
mod decoder;
mod dither;
mod encoder;
#[cfg(test)]
mod tests;
mod tile;
pub(crate) mod units;
mod words;

pub use channel::write_channel;
pub use decoder::{Decoder, PlaneMut};
pub use encoder::Encoder;
