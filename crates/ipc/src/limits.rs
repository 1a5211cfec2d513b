//! What the layout has room for.

/// The most clients at a time.
pub const CLIENTS_MAX: usize = 32;
/// The most channels of a client in each direction.
pub const CHANNELS_MAX: u32 = 64;
/// The longest block in frames.
pub const BLOCK_FRAMES_MAX: u32 = 8_192;
/// The longest name in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 64;
/// The lowest rate in Hz.
pub const RATE_HZ_MIN: u32 = 8_000;
/// The highest rate in Hz.
pub const RATE_HZ_MAX: u32 = 768_000;

/// No device is later than this.
pub(crate) const LATENCY_FRAMES_MAX: u32 = 1 << 20;

/// Samples of one half in one direction.
pub(crate) const HALF_SAMPLES: usize = CHANNELS_MAX as usize * BLOCK_FRAMES_MAX as usize;
/// Samples of all four.
pub(crate) const SAMPLES: usize = 4 * HALF_SAMPLES;
