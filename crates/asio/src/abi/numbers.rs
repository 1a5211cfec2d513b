//! Every number that ASIO gives a meaning to.
//!
//! Each kind of number is a wrapper of `i32`, not an enum: what comes from outside may be anything.

use std::fmt;

/// Defines a wrapper of `i32`, its constants, and their names as ASIO's documents write them.
macro_rules! numbers {
    (
        $(#[$meta:meta])*
        $type:ident {
            $( $(#[$const_meta:meta])* $constant:ident = $value:expr, $asio_name:literal; )*
        }
    ) => {
        $(#[$meta])*
        #[repr(transparent)]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(pub i32);

        impl $type {
            $( $(#[$const_meta])* pub const $constant: $type = $type($value); )*

            /// Every number that has a name.
            pub const ALL: &'static [$type] = &[$( $type::$constant ),*];

            /// The name as ASIO's documents write it; `None` for a number without one.
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $( $type::$constant => Some($asio_name), )*
                    _ => None,
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => write!(f, "{}({})", stringify!($type), self.0),
                }
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

numbers! {
    /// What a driver's method returns.
    AsioError {
        /// Done. Not the "yes" of `future`: that is [`SUCCESS`](Self::SUCCESS).
        OK = 0, "ASE_OK";
        /// The "yes" of `future`, a number that a method without `future` cannot return by accident.
        SUCCESS = 0x3f48_47a0, "ASE_SUCCESS";
        /// No such input, output, ability or device, or none initialised.
        NOT_PRESENT = -1000, "ASE_NotPresent";
        /// The device or the driver itself failed.
        HW_MALFUNCTION = -999, "ASE_HWMalfunction";
        /// An argument makes no sense.
        INVALID_PARAMETER = -998, "ASE_InvalidParameter";
        /// Not possible in this state, or with the device as it is set.
        INVALID_MODE = -997, "ASE_InvalidMode";
        /// The position was asked for while the clock stands.
        SP_NOT_ADVANCING = -996, "ASE_SPNotAdvancing";
        /// No clock, or no such sample rate.
        NO_CLOCK = -995, "ASE_NoClock";
        /// Out of memory.
        NO_MEMORY = -994, "ASE_NoMemory";
    }
}

numbers! {
    /// How samples lie in a channel's buffer.
    SampleType {
        /// 16-bit integer, big-endian.
        INT16_MSB = 0, "ASIOSTInt16MSB";
        /// 24-bit integer in 3 bytes, big-endian; also for 20 bits.
        INT24_MSB = 1, "ASIOSTInt24MSB";
        /// 32-bit integer, big-endian.
        INT32_MSB = 2, "ASIOSTInt32MSB";
        /// 32-bit float, big-endian.
        FLOAT32_MSB = 3, "ASIOSTFloat32MSB";
        /// 64-bit float, big-endian.
        FLOAT64_MSB = 4, "ASIOSTFloat64MSB";
        /// 16 bits right-aligned in a 32-bit big-endian integer.
        INT32_MSB16 = 8, "ASIOSTInt32MSB16";
        /// 18 bits right-aligned in a 32-bit big-endian integer.
        INT32_MSB18 = 9, "ASIOSTInt32MSB18";
        /// 20 bits right-aligned in a 32-bit big-endian integer.
        INT32_MSB20 = 10, "ASIOSTInt32MSB20";
        /// 24 bits right-aligned in a 32-bit big-endian integer.
        INT32_MSB24 = 11, "ASIOSTInt32MSB24";
        /// 16-bit integer, little-endian.
        INT16_LSB = 16, "ASIOSTInt16LSB";
        /// 24-bit integer in 3 bytes, little-endian; also for 20 bits.
        INT24_LSB = 17, "ASIOSTInt24LSB";
        /// 32-bit integer, little-endian.
        INT32_LSB = 18, "ASIOSTInt32LSB";
        /// 32-bit float, little-endian.
        FLOAT32_LSB = 19, "ASIOSTFloat32LSB";
        /// 64-bit float, little-endian.
        FLOAT64_LSB = 20, "ASIOSTFloat64LSB";
        /// 16 bits right-aligned in a 32-bit little-endian integer.
        INT32_LSB16 = 24, "ASIOSTInt32LSB16";
        /// 18 bits right-aligned in a 32-bit little-endian integer.
        INT32_LSB18 = 25, "ASIOSTInt32LSB18";
        /// 20 bits right-aligned in a 32-bit little-endian integer.
        INT32_LSB20 = 26, "ASIOSTInt32LSB20";
        /// 24 bits right-aligned in a 32-bit little-endian integer.
        INT32_LSB24 = 27, "ASIOSTInt32LSB24";
        /// 1-bit DSD, 8 samples in a byte, the first in the lowest bit.
        DSD_INT8_LSB1 = 32, "ASIOSTDSDInt8LSB1";
        /// 1-bit DSD, 8 samples in a byte, the first in the highest bit.
        DSD_INT8_MSB1 = 33, "ASIOSTDSDInt8MSB1";
        /// DSD with one sample in a byte.
        DSD_INT8_NER8 = 40, "ASIOSTDSDInt8NER8";
    }
}

impl SampleType {
    /// Bytes that a block of `frames` takes in one channel's buffer; `None` for an unknown type or
    /// a size that no memory has.
    pub const fn block_bytes(self, frames: u32) -> Option<usize> {
        let frames = frames as usize;
        match self {
            SampleType::INT16_MSB | SampleType::INT16_LSB => frames.checked_mul(2),
            SampleType::INT24_MSB | SampleType::INT24_LSB => frames.checked_mul(3),
            SampleType::INT32_MSB
            | SampleType::FLOAT32_MSB
            | SampleType::INT32_MSB16
            | SampleType::INT32_MSB18
            | SampleType::INT32_MSB20
            | SampleType::INT32_MSB24
            | SampleType::INT32_LSB
            | SampleType::FLOAT32_LSB
            | SampleType::INT32_LSB16
            | SampleType::INT32_LSB18
            | SampleType::INT32_LSB20
            | SampleType::INT32_LSB24 => frames.checked_mul(4),
            SampleType::FLOAT64_MSB | SampleType::FLOAT64_LSB => frames.checked_mul(8),
            SampleType::DSD_INT8_LSB1 | SampleType::DSD_INT8_MSB1 => Some(frames.div_ceil(8)),
            SampleType::DSD_INT8_NER8 => Some(frames),
            _ => None,
        }
    }
}

numbers! {
    /// What a driver tells or asks its host through `asioMessage`.
    HostMessage {
        /// Does the host know the message in `value`? 1 for yes.
        SELECTOR_SUPPORTED = 1, "kAsioSelectorSupported";
        /// Which version of ASIO the host speaks; 2 or above.
        ENGINE_VERSION = 2, "kAsioEngineVersion";
        /// Please close the driver and open it again, later, not inside this call.
        RESET_REQUEST = 3, "kAsioResetRequest";
        /// The block size changed to `value` frames.
        BUFFER_SIZE_CHANGE = 4, "kAsioBufferSizeChange";
        /// Frames were lost: positions start anew.
        RESYNC_REQUEST = 5, "kAsioResyncRequest";
        /// Ask for the latencies again.
        LATENCIES_CHANGED = 6, "kAsioLatenciesChanged";
        /// Does the host want `bufferSwitchTimeInfo`? 1 for yes.
        SUPPORTS_TIME_INFO = 7, "kAsioSupportsTimeInfo";
        /// Does the host use time code? 1 for yes.
        SUPPORTS_TIME_CODE = 8, "kAsioSupportsTimeCode";
        /// MIDI machine control commands.
        MMC_COMMAND = 9, "kAsioMMCCommand";
        /// Does the host use input monitoring? 1 for yes.
        SUPPORTS_INPUT_MONITOR = 10, "kAsioSupportsInputMonitor";
        /// Does the host use input gains? 1 for yes.
        SUPPORTS_INPUT_GAIN = 11, "kAsioSupportsInputGain";
        /// Does the host use input meters? 1 for yes.
        SUPPORTS_INPUT_METER = 12, "kAsioSupportsInputMeter";
        /// Does the host use output gains? 1 for yes.
        SUPPORTS_OUTPUT_GAIN = 13, "kAsioSupportsOutputGain";
        /// Does the host use output meters? 1 for yes.
        SUPPORTS_OUTPUT_METER = 14, "kAsioSupportsOutputMeter";
        /// A block came too late.
        OVERLOAD = 15, "kAsioOverload";
    }
}

numbers! {
    /// What a host asks a driver through `future`.
    FutureSelector {
        /// Start reading time code. No parameter.
        ENABLE_TIME_CODE_READ = 1, "kAsioEnableTimeCodeRead";
        /// Stop reading time code. No parameter.
        DISABLE_TIME_CODE_READ = 2, "kAsioDisableTimeCodeRead";
        /// Set monitoring; takes an [`InputMonitor`](super::InputMonitor).
        SET_INPUT_MONITOR = 3, "kAsioSetInputMonitor";
        /// Transport; takes [`TransportParameters`](super::TransportParameters).
        TRANSPORT = 4, "kAsioTransport";
        /// Takes [`ChannelControls`](super::ChannelControls).
        SET_INPUT_GAIN = 5, "kAsioSetInputGain";
        /// Fills [`ChannelControls`](super::ChannelControls).
        GET_INPUT_METER = 6, "kAsioGetInputMeter";
        /// Takes [`ChannelControls`](super::ChannelControls).
        SET_OUTPUT_GAIN = 7, "kAsioSetOutputGain";
        /// Fills [`ChannelControls`](super::ChannelControls).
        GET_OUTPUT_METER = 8, "kAsioGetOutputMeter";
        /// Can it monitor inputs? No parameter.
        CAN_INPUT_MONITOR = 9, "kAsioCanInputMonitor";
        /// Can it call `bufferSwitchTimeInfo`? No parameter.
        CAN_TIME_INFO = 10, "kAsioCanTimeInfo";
        /// Can it read time code? No parameter.
        CAN_TIME_CODE = 11, "kAsioCanTimeCode";
        /// Can it control a transport? No parameter.
        CAN_TRANSPORT = 12, "kAsioCanTransport";
        /// Can it set input gains? No parameter.
        CAN_INPUT_GAIN = 13, "kAsioCanInputGain";
        /// Can it meter inputs? No parameter.
        CAN_INPUT_METER = 14, "kAsioCanInputMeter";
        /// Can it set output gains? No parameter.
        CAN_OUTPUT_GAIN = 15, "kAsioCanOutputGain";
        /// Can it meter outputs? No parameter.
        CAN_OUTPUT_METER = 16, "kAsioCanOutputMeter";
        /// Optional, without a documented meaning.
        OPTIONAL_ONE = 17, "kAsioOptionalOne";
        /// Switch between PCM and DSD; takes an [`IoFormat`](super::IoFormat).
        SET_IO_FORMAT = 0x2311_1961, "kAsioSetIoFormat";
        /// Which of PCM and DSD it is; fills an [`IoFormat`](super::IoFormat).
        GET_IO_FORMAT = 0x2311_1983, "kAsioGetIoFormat";
        /// Could it switch? Takes an [`IoFormat`](super::IoFormat).
        CAN_DO_IO_FORMAT = 0x2311_2004, "kAsioCanDoIoFormat";
        /// Does it report overloads? No parameter.
        CAN_REPORT_OVERLOAD = 0x2404_2012, "kAsioCanReportOverload";
        /// Fills an [`InternalBufferInfo`](super::InternalBufferInfo).
        GET_INTERNAL_BUFFER_SAMPLES = 0x2504_2012, "kAsioGetInternalBufferSamples";
    }
}

impl FutureSelector {
    /// Whether the selector's parameter must point to something.
    pub const fn needs_parameter(self) -> bool {
        matches!(
            self,
            FutureSelector::SET_INPUT_MONITOR
                | FutureSelector::TRANSPORT
                | FutureSelector::SET_INPUT_GAIN
                | FutureSelector::GET_INPUT_METER
                | FutureSelector::SET_OUTPUT_GAIN
                | FutureSelector::GET_OUTPUT_METER
                | FutureSelector::SET_IO_FORMAT
                | FutureSelector::GET_IO_FORMAT
                | FutureSelector::CAN_DO_IO_FORMAT
                | FutureSelector::GET_INTERNAL_BUFFER_SAMPLES
        )
    }
}

numbers! {
    /// What [`TransportParameters`](super::TransportParameters) command.
    TransportCommand {
        /// Start.
        START = 1, "kTransStart";
        /// Stop.
        STOP = 2, "kTransStop";
        /// Go to the sample position.
        LOCATE = 3, "kTransLocate";
        /// Punch in.
        PUNCH_IN = 4, "kTransPunchIn";
        /// Punch out.
        PUNCH_OUT = 5, "kTransPunchOut";
        /// Arm one track.
        ARM_ON = 6, "kTransArmOn";
        /// Disarm one track.
        ARM_OFF = 7, "kTransArmOff";
        /// Monitor one track.
        MONITOR_ON = 8, "kTransMonitorOn";
        /// Stop monitoring one track.
        MONITOR_OFF = 9, "kTransMonitorOff";
        /// Arm the tracks in the switches.
        ARM = 10, "kTransArm";
        /// Monitor the tracks in the switches.
        MONITOR = 11, "kTransMonitor";
    }
}

numbers! {
    /// The format in an [`IoFormat`](super::IoFormat).
    IoFormatType {
        /// None.
        INVALID = -1, "kASIOFormatInvalid";
        /// PCM.
        PCM = 0, "kASIOPCMFormat";
        /// DSD.
        DSD = 1, "kASIODSDFormat";
    }
}

/// `ASIOFalse`.
pub const FALSE: i32 = 0;
/// `ASIOTrue`.
pub const TRUE: i32 = 1;

/// Bits of [`TimeInfo::flags`](super::TimeInfo::flags).
pub mod time_info_flags {
    /// The system time is valid; must always be set.
    pub const SYSTEM_TIME_VALID: u32 = 1;
    /// The sample position is valid; must always be set.
    pub const SAMPLE_POSITION_VALID: u32 = 1 << 1;
    /// The sample rate is valid.
    pub const SAMPLE_RATE_VALID: u32 = 1 << 2;
    /// The speed is valid.
    pub const SPEED_VALID: u32 = 1 << 3;
    /// The sample rate changed since the last block.
    pub const SAMPLE_RATE_CHANGED: u32 = 1 << 4;
    /// The clock source changed since the last block.
    pub const CLOCK_SOURCE_CHANGED: u32 = 1 << 5;
}

/// Bits of [`TimeCode::flags`](super::TimeCode::flags).
pub mod time_code_flags {
    /// The time code is valid.
    pub const VALID: u32 = 1;
    /// It runs.
    pub const RUNNING: u32 = 1 << 1;
    /// It runs backwards.
    pub const REVERSE: u32 = 1 << 2;
    /// It runs at its nominal speed.
    pub const ON_SPEED: u32 = 1 << 3;
    /// It stands.
    pub const STILL: u32 = 1 << 4;
    /// Its speed is valid.
    pub const SPEED_VALID: u32 = 1 << 8;
}
