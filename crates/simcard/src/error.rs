//! What an operation on a simulated device may answer: the system's own codes by their names.

use std::fmt;

use engine::endpoint::FaultKind;

/// A refusal, named as in `audioclient.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SimError {
    /// There is no such stream, or it is closed.
    NotInitialized,
    /// The operation is not for a stream of that direction, or loopback is asked of what records.
    WrongEndpointType,
    /// The device is gone or changed; the stream will never work again.
    DeviceInvalidated,
    /// The stream runs and must not.
    NotStopped,
    /// More frames are asked for than are free.
    BufferTooLarge,
    /// A second buffer is asked for before the first is given back, or one that was not asked for
    /// is given back.
    OutOfOrder,
    /// The device or the mixer does not take the format.
    UnsupportedFormat,
    /// Other than the frames that were asked for are given back.
    InvalidSize,
    /// Somebody else has the device in a way that leaves no room.
    DeviceInUse,
    /// A buffer is still in the client's hands.
    BufferOperationPending,
    /// The device may not be used exclusively.
    ExclusiveModeNotAllowed,
    /// The system's sound service is not there.
    ServiceNotRunning,
    /// The stream has no event.
    EventHandleNotExpected,
    /// An exclusive stream with events wants equal durations of period and buffer, not 0.
    BufferDurationPeriodNotEqual,
    /// The stream cannot start before it has its event.
    EventHandleNotSet,
    /// A buffer of another size must be asked for, or opened.
    BufferSizeError,
    /// The device's buffer must be a multiple of its packets.
    BufferSizeNotAligned {
        /// The next larger size that would do: what `GetBufferSize` tells after the refusal.
        aligned_frames: u32,
    },
    /// The device cannot have this period.
    InvalidDevicePeriod,
    /// Another client has set the mixer's period.
    EnginePeriodicityLocked,
    /// Another client has set the mixer's format.
    EngineFormatLocked,
    /// An argument makes no sense.
    InvalidArgument,
    /// There is no such device.
    NotFound,
    /// A code that a fault has put in.
    Code(i32),
}

use SimError as E;

/// Each error with its number and name.
#[rustfmt::skip]
const TABLE: [(SimError, u32, &str); 22] = [
    (E::NotInitialized, 0x8889_0001, "AUDCLNT_E_NOT_INITIALIZED"),
    (E::WrongEndpointType, 0x8889_0003, "AUDCLNT_E_WRONG_ENDPOINT_TYPE"),
    (E::DeviceInvalidated, 0x8889_0004, "AUDCLNT_E_DEVICE_INVALIDATED"),
    (E::NotStopped, 0x8889_0005, "AUDCLNT_E_NOT_STOPPED"),
    (E::BufferTooLarge, 0x8889_0006, "AUDCLNT_E_BUFFER_TOO_LARGE"),
    (E::OutOfOrder, 0x8889_0007, "AUDCLNT_E_OUT_OF_ORDER"),
    (E::UnsupportedFormat, 0x8889_0008, "AUDCLNT_E_UNSUPPORTED_FORMAT"),
    (E::InvalidSize, 0x8889_0009, "AUDCLNT_E_INVALID_SIZE"),
    (E::DeviceInUse, 0x8889_000A, "AUDCLNT_E_DEVICE_IN_USE"),
    (E::BufferOperationPending, 0x8889_000B, "AUDCLNT_E_BUFFER_OPERATION_PENDING"),
    (E::ExclusiveModeNotAllowed, 0x8889_000E, "AUDCLNT_E_EXCLUSIVE_MODE_NOT_ALLOWED"),
    (E::ServiceNotRunning, 0x8889_0010, "AUDCLNT_E_SERVICE_NOT_RUNNING"),
    (E::EventHandleNotExpected, 0x8889_0011, "AUDCLNT_E_EVENTHANDLE_NOT_EXPECTED"),
    (E::BufferDurationPeriodNotEqual, 0x8889_0013, "AUDCLNT_E_BUFDURATION_PERIOD_NOT_EQUAL"),
    (E::EventHandleNotSet, 0x8889_0014, "AUDCLNT_E_EVENTHANDLE_NOT_SET"),
    (E::BufferSizeError, 0x8889_0016, "AUDCLNT_E_BUFFER_SIZE_ERROR"),
    (E::BufferSizeNotAligned { aligned_frames: 0 }, 0x8889_0019, "AUDCLNT_E_BUFFER_SIZE_NOT_ALIGNED"),
    (E::InvalidDevicePeriod, 0x8889_0020, "AUDCLNT_E_INVALID_DEVICE_PERIOD"),
    (E::EnginePeriodicityLocked, 0x8889_0028, "AUDCLNT_E_ENGINE_PERIODICITY_LOCKED"),
    (E::EngineFormatLocked, 0x8889_0029, "AUDCLNT_E_ENGINE_FORMAT_LOCKED"),
    (E::InvalidArgument, 0x8007_0057, "E_INVALIDARG"),
    (E::NotFound, 0x8007_0490, "E_NOTFOUND"),
];

impl SimError {
    fn row(self) -> Option<&'static (SimError, u32, &'static str)> {
        let plain = match self {
            E::BufferSizeNotAligned { .. } => E::BufferSizeNotAligned { aligned_frames: 0 },
            other => other,
        };
        TABLE.iter().find(|(error, ..)| *error == plain)
    }

    /// The system's number.
    pub fn code(self) -> i32 {
        match self {
            E::Code(code) => code,
            other => other.row().map_or(0, |&(_, code, _)| code as i32),
        }
    }

    /// The name in the system's headers; "an unnamed error" for a number without one here.
    pub fn name(self) -> &'static str {
        self.row().map_or("an unnamed error", |&(.., name)| name)
    }

    /// The error of that name, or of that number written as `0x88890018`.
    pub fn parse(text: &str) -> Option<SimError> {
        if let Some(&(error, ..)) = TABLE.iter().find(|(.., name)| *name == text) {
            return Some(error);
        }
        let code = u32::from_str_radix(text.strip_prefix("0x")?, 16).ok()?;
        let known = TABLE.iter().find(|&&(_, number, _)| number == code);
        Some(known.map_or(E::Code(code as i32), |&(error, ..)| error))
    }

    /// What it means to the engine.
    pub fn kind(self) -> FaultKind {
        match self {
            E::DeviceInvalidated => FaultKind::Lost,
            E::DeviceInUse => FaultKind::InUse,
            E::UnsupportedFormat
            | E::ExclusiveModeNotAllowed
            | E::BufferSizeError
            | E::BufferSizeNotAligned { .. }
            | E::InvalidDevicePeriod => FaultKind::Unsupported,
            E::ServiceNotRunning => FaultKind::ServiceGone,
            E::NotFound => FaultKind::NotFound,
            _ => FaultKind::Failed,
        }
    }
}

impl fmt::Display for SimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} 0x{:08X}", self.name(), self.code())
    }
}

impl std::error::Error for SimError {}

/// What the operations of this crate return.
pub type Result<T> = std::result::Result<T, SimError>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_lead_back_to_the_error() {
        for (error, code, name) in TABLE {
            assert_eq!(SimError::parse(name), Some(error));
            assert_eq!(SimError::parse(&format!("0x{code:08x}")), Some(error));
            assert_eq!((error.code() as u32, error.name()), (code, name));
        }
        let odd = SimError::parse("0x88890018").expect("a number");
        assert_eq!(odd, SimError::Code(0x8889_0018_u32 as i32));
        assert_eq!(odd.to_string(), "an unnamed error 0x88890018");
        assert_eq!(SimError::parse("AUDCLNT_E_NONSENSE"), None);
        let aligned = SimError::BufferSizeNotAligned { aligned_frames: 96 };
        assert_eq!(aligned.name(), "AUDCLNT_E_BUFFER_SIZE_NOT_ALIGNED");
    }
}
