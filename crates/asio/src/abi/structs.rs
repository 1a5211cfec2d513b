//! The structures that host and driver hand to each other.

use std::ffi::c_void;

use super::{FutureSelector, IoFormatType, SampleType, TransportCommand};

/// A 64-bit number as two halves, the high one first: sample positions and time stamps.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Int64 {
    /// The upper 32 bits.
    pub hi: u32,
    /// The lower 32 bits.
    pub lo: u32,
}

impl Int64 {
    /// The two halves of `value`.
    pub const fn new(value: u64) -> Int64 {
        Int64 {
            hi: (value >> 32) as u32,
            lo: value as u32,
        }
    }

    /// The number of which these are the halves.
    pub const fn value(self) -> u64 {
        (self.hi as u64) << 32 | self.lo as u64
    }
}

/// What C hosts keep of an opened driver (`ASIODriverInfo`). No method of the interface takes it;
/// its name and text lengths are the limits for all.
#[repr(C, packed(4))]
#[derive(Clone, Copy, Debug)]
pub struct DriverInfo {
    /// The ASIO version that the host speaks: 2.
    pub asio_version: i32,
    /// The driver's own version.
    pub driver_version: i32,
    /// The driver's name, NUL-terminated.
    pub name: [u8; 32],
    /// A text for the user, NUL-terminated.
    pub error_message: [u8; 124],
    /// The window handle that `init` is given.
    pub sys_ref: *mut c_void,
}

/// A clock that a driver can run on (`ASIOClockSource`).
#[repr(C, packed(4))]
#[derive(Clone, Copy, Debug)]
pub struct ClockSource {
    /// The number that `setClockSource` takes.
    pub index: i32,
    /// The channel that carries the clock, or -1.
    pub associated_channel: i32,
    /// The channel group that carries the clock, or -1.
    pub associated_group: i32,
    /// Not 0 for the clock in use.
    pub is_current_source: i32,
    /// A name for the user, NUL-terminated.
    pub name: [u8; 32],
}

/// A channel (`ASIOChannelInfo`). The host fills in the first two members.
#[repr(C, packed(4))]
#[derive(Clone, Copy, Debug)]
pub struct ChannelInfo {
    /// The channel's number among the inputs or the outputs.
    pub channel: i32,
    /// Not 0 for an input.
    pub is_input: i32,
    /// Not 0 while the channel has buffers.
    pub is_active: i32,
    /// The group that the channel belongs to.
    pub channel_group: i32,
    /// How its samples lie in the buffers.
    pub sample_type: SampleType,
    /// A name for the user, NUL-terminated.
    pub name: [u8; 32],
}

/// A channel's double buffer (`ASIOBufferInfo`). The host fills in the first two members.
#[repr(C, packed(4))]
#[derive(Clone, Copy, Debug)]
pub struct BufferInfo {
    /// Not 0 for an input.
    pub is_input: i32,
    /// The channel's number among the inputs or the outputs.
    pub channel_num: i32,
    /// The two halves.
    pub buffers: [*mut c_void; 2],
}

/// Where the stream is (`AsioTimeInfo`).
#[repr(C, packed(4))]
#[derive(Clone, Copy, Debug)]
pub struct TimeInfo {
    /// Speed as a factor of the nominal one.
    pub speed: f64,
    /// The instant to which the position belongs, in ns.
    pub system_time: Int64,
    /// Frames since the start.
    pub sample_position: Int64,
    /// Frames per second.
    pub sample_rate: f64,
    /// Bits of [`time_info_flags`](super::time_info_flags).
    pub flags: u32,
    /// Zero.
    pub reserved: [u8; 12],
}

/// Time code (`ASIOTimeCode`).
#[repr(C, packed(4))]
#[derive(Clone, Copy, Debug)]
pub struct TimeCode {
    /// Speed as a factor of the nominal one.
    pub speed: f64,
    /// The time in frames.
    pub time_code_samples: Int64,
    /// Bits of [`time_code_flags`](super::time_code_flags).
    pub flags: u32,
    /// Zero.
    pub future: [u8; 64],
}

/// What comes with a block in `bufferSwitchTimeInfo` (`ASIOTime`).
#[repr(C, packed(4))]
#[derive(Clone, Copy, Debug)]
pub struct AsioTime {
    /// Zero.
    pub reserved: [i32; 4],
    /// Where the stream is.
    pub time_info: TimeInfo,
    /// Time code, valid only where its flags say so.
    pub time_code: TimeCode,
}

impl AsioTime {
    /// Nothing valid: all zero.
    pub const EMPTY: AsioTime = AsioTime {
        reserved: [0; 4],
        time_info: TimeInfo {
            speed: 0.0,
            system_time: Int64::new(0),
            sample_position: Int64::new(0),
            sample_rate: 0.0,
            flags: 0,
            reserved: [0; 12],
        },
        time_code: TimeCode {
            speed: 0.0,
            time_code_samples: Int64::new(0),
            flags: 0,
            future: [0; 64],
        },
    };
}

/// The parameter of [`FutureSelector::SET_INPUT_MONITOR`] (`ASIOInputMonitor`).
#[repr(C, packed(4))]
#[derive(Clone, Copy, Debug)]
pub struct InputMonitor {
    /// The input, -1 for all.
    pub input: i32,
    /// The output suggested for it.
    pub output: i32,
    /// Gain: 0 is silence, `i32::MAX` +12 dB.
    pub gain: i32,
    /// Not 0 for on.
    pub state: i32,
    /// Panorama: 0 is left, `i32::MAX` right.
    pub pan: i32,
}

/// The parameter of the selectors for gains and meters (`ASIOChannelControls`).
#[repr(C, packed(4))]
#[derive(Clone, Copy, Debug)]
pub struct ChannelControls {
    /// The channel's number.
    pub channel: i32,
    /// Not 0 for an input.
    pub is_input: i32,
    /// Gain, 0 to `i32::MAX`.
    pub gain: i32,
    /// Level, 0 to `i32::MAX`.
    pub meter: i32,
    /// Zero.
    pub future: [u8; 32],
}

/// The parameter of [`FutureSelector::TRANSPORT`] (`ASIOTransportParameters`).
#[repr(C, packed(4))]
#[derive(Clone, Copy, Debug)]
pub struct TransportParameters {
    /// What to do.
    pub command: TransportCommand,
    /// Where, in frames.
    pub sample_position: Int64,
    /// The track.
    pub track: i32,
    /// One bit for each of 512 tracks.
    pub track_switches: [i32; 16],
    /// Zero.
    pub future: [u8; 64],
}

/// The parameter of the selectors for PCM and DSD (`ASIOIoFormat`).
#[repr(C, packed(4))]
#[derive(Clone, Copy, Debug)]
pub struct IoFormat {
    /// The format.
    pub format_type: IoFormatType,
    /// Zero.
    pub future: [u8; 508],
}

/// The parameter of [`FutureSelector::GET_INTERNAL_BUFFER_SAMPLES`] (`ASIOInternalBufferInfo`).
#[repr(C, packed(4))]
#[derive(Clone, Copy, Debug, Default)]
pub struct InternalBufferInfo {
    /// Frames buffered beside the double buffer on the way in, part of the latency.
    pub input_samples: i32,
    /// Frames buffered beside the double buffer on the way out, part of the latency.
    pub output_samples: i32,
}

/// States a structure's size and the offsets of its members for pointers of 4 and of 8 bytes.
macro_rules! layout {
    ($type:ident: $size:expr; $($field:ident @ $offset:expr),* $(,)?) => {
        const _: () = {
            assert!(size_of::<$type>() == $size);
            assert!(align_of::<$type>() <= 4);
            $( assert!(std::mem::offset_of!($type, $field) == $offset); )*
        };
    };
}

const POINTER_BYTES: usize = size_of::<usize>();

layout!(Int64: 8; hi @ 0, lo @ 4);
layout!(DriverInfo: 164 + POINTER_BYTES;
    asio_version @ 0, driver_version @ 4, name @ 8, error_message @ 40, sys_ref @ 164);
layout!(ClockSource: 48;
    index @ 0, associated_channel @ 4, associated_group @ 8, is_current_source @ 12, name @ 16);
layout!(ChannelInfo: 52;
    channel @ 0, is_input @ 4, is_active @ 8, channel_group @ 12, sample_type @ 16, name @ 20);
layout!(BufferInfo: 8 + 2 * POINTER_BYTES; is_input @ 0, channel_num @ 4, buffers @ 8);
layout!(TimeInfo: 48;
    speed @ 0, system_time @ 8, sample_position @ 16, sample_rate @ 24, flags @ 32, reserved @ 36);
layout!(TimeCode: 84; speed @ 0, time_code_samples @ 8, flags @ 16, future @ 20);
layout!(AsioTime: 148; reserved @ 0, time_info @ 16, time_code @ 64);
layout!(InputMonitor: 20; input @ 0, output @ 4, gain @ 8, state @ 12, pan @ 16);
layout!(ChannelControls: 48; channel @ 0, is_input @ 4, gain @ 8, meter @ 12, future @ 16);
layout!(TransportParameters: 144;
    command @ 0, sample_position @ 4, track @ 12, track_switches @ 16, future @ 80);
layout!(IoFormat: 512; format_type @ 0, future @ 4);
layout!(InternalBufferInfo: 8; input_samples @ 0, output_samples @ 4);
const _: () = assert!(FutureSelector::GET_INTERNAL_BUFFER_SAMPLES.needs_parameter());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_above_32_bits_keep_their_upper_half() {
        for value in [0, 1, u32::MAX as u64, 1 << 32, (5 << 32) + 7, u64::MAX] {
            assert_eq!(Int64::new(value).value(), value);
        }
        assert_eq!(Int64::new((5 << 32) + 7), Int64 { hi: 5, lo: 7 });
    }
}
