//! The system's error codes: their names, what they mean and what to do about them.

use engine::endpoint::FaultKind;

/// What a call of the system gives, or the `HRESULT` with which it failed.
pub(crate) type Hr<T> = Result<T, i32>;

/// What is known of one error code.
pub(crate) struct Fact {
    code: u32,
    name: &'static str,
    pub(crate) kind: FaultKind,
    /// What it means and what to do, to stand after a colon; empty where the kind says it all.
    text: &'static str,
}

impl Fact {
    /// What it means and what to do, to stand after a colon.
    pub(crate) fn text(&self) -> &'static str {
        if self.text.is_empty() {
            general_text(self.kind)
        } else {
            self.text
        }
    }
}

/// Stands for the name of a code that has none here.
pub(crate) const UNNAMED: &str = "an unnamed error";

/// The system's name for an error code of sound devices, of COM or of the system in general; `"an
/// unnamed error"` for any other.
pub fn hresult_name(code: i32) -> &'static str {
    fact(code).name
}

/// What is known of an error code.
pub(crate) fn fact(code: i32) -> &'static Fact {
    const ANY: Fact = Fact {
        code: 0,
        name: UNNAMED,
        kind: Failed,
        text: "",
    };
    FACTS
        .iter()
        .find(|fact| fact.code == code as u32)
        .unwrap_or(&ANY)
}

fn general_text(kind: FaultKind) -> &'static str {
    match kind {
        NotFound => "there is no such device; plug it in or choose another",
        InUse => "another program holds the device; close that program or choose another device",
        Unsupported => "the device does not take this; choose another rate, format or mode",
        Lost => "the device is gone or was changed; choose it again, or another",
        ServiceGone => {
            "the system's sound service does not answer; start it again (the service Windows \
             Audio, or under Wine the sound server)"
        }
        _ => "the system refused; try again, or choose another device or mode",
    }
}

use FaultKind::{Failed, InUse, Lost, NotFound, ServiceGone, Unsupported};

const fn row(code: u32, name: &'static str, kind: FaultKind) -> Fact {
    Fact {
        code,
        name,
        kind,
        text: "",
    }
}

const fn told(code: u32, name: &'static str, kind: FaultKind, text: &'static str) -> Fact {
    Fact {
        code,
        name,
        kind,
        text,
    }
}

/// Codes that code of this crate compares with.
pub(crate) mod codes {
    pub(crate) const WRONG_ENDPOINT_TYPE: i32 = 0x8889_0003_u32 as i32;
    pub(crate) const BUFFER_TOO_LARGE: i32 = 0x8889_0006_u32 as i32;
    pub(crate) const UNSUPPORTED_FORMAT: i32 = 0x8889_0008_u32 as i32;
    pub(crate) const DEVICE_IN_USE: i32 = 0x8889_000A_u32 as i32;
    pub(crate) const EXCLUSIVE_MODE_NOT_ALLOWED: i32 = 0x8889_000E_u32 as i32;
    pub(crate) const BUFFER_SIZE_ERROR: i32 = 0x8889_0016_u32 as i32;
    pub(crate) const BUFFER_ERROR: i32 = 0x8889_0018_u32 as i32;
    pub(crate) const BUFFER_SIZE_NOT_ALIGNED: i32 = 0x8889_0019_u32 as i32;
    pub(crate) const ENGINE_PERIODICITY_LOCKED: i32 = 0x8889_0028_u32 as i32;
    pub(crate) const INVALID_DEVICE_PERIOD: i32 = 0x8889_0020_u32 as i32;
    pub(crate) const E_NOTIMPL: i32 = 0x8000_4001_u32 as i32;
    pub(crate) const E_FAIL: i32 = 0x8000_4005_u32 as i32;
    pub(crate) const E_HANDLE: i32 = 0x8007_0006_u32 as i32;
    pub(crate) const E_INVALIDARG: i32 = 0x8007_0057_u32 as i32;
    pub(crate) const E_NOTFOUND: i32 = 0x8007_0490_u32 as i32;
    pub(crate) const RPC_E_CHANGED_MODE: i32 = 0x8001_0106_u32 as i32;
}

#[rustfmt::skip]
const FACTS: [Fact; 74] = [
    row(0x0000_0000, "S_OK", Failed),
    row(0x0000_0001, "S_FALSE", Failed),
    row(0x8889_0001, "AUDCLNT_E_NOT_INITIALIZED", Failed),
    row(0x8889_0002, "AUDCLNT_E_ALREADY_INITIALIZED", Failed),
    row(0x8889_0003, "AUDCLNT_E_WRONG_ENDPOINT_TYPE", Failed),
    row(0x8889_0004, "AUDCLNT_E_DEVICE_INVALIDATED", Lost),
    row(0x8889_0005, "AUDCLNT_E_NOT_STOPPED", Failed),
    row(0x8889_0006, "AUDCLNT_E_BUFFER_TOO_LARGE", Failed),
    row(0x8889_0007, "AUDCLNT_E_OUT_OF_ORDER", Failed),
    row(0x8889_0008, "AUDCLNT_E_UNSUPPORTED_FORMAT", Unsupported),
    row(0x8889_0009, "AUDCLNT_E_INVALID_SIZE", Failed),
    told(0x8889_000A, "AUDCLNT_E_DEVICE_IN_USE", InUse,
        "another program holds it exclusively; close that program or choose another device"),
    row(0x8889_000B, "AUDCLNT_E_BUFFER_OPERATION_PENDING", Failed),
    row(0x8889_000C, "AUDCLNT_E_THREAD_NOT_REGISTERED", Failed),
    told(0x8889_000E, "AUDCLNT_E_EXCLUSIVE_MODE_NOT_ALLOWED", Unsupported,
        "exclusive use is switched off for it; allow it in the device's advanced properties, or \
         use shared mode"),
    told(0x8889_000F, "AUDCLNT_E_ENDPOINT_CREATE_FAILED", Failed,
        "its driver could not be started; plug it in again or choose another device"),
    row(0x8889_0010, "AUDCLNT_E_SERVICE_NOT_RUNNING", ServiceGone),
    row(0x8889_0011, "AUDCLNT_E_EVENTHANDLE_NOT_EXPECTED", Failed),
    told(0x8889_0012, "AUDCLNT_E_EXCLUSIVE_MODE_ONLY", Unsupported,
        "it cannot be shared; use exclusive mode"),
    row(0x8889_0013, "AUDCLNT_E_BUFDURATION_PERIOD_NOT_EQUAL", Failed),
    row(0x8889_0014, "AUDCLNT_E_EVENTHANDLE_NOT_SET", Failed),
    row(0x8889_0015, "AUDCLNT_E_INCORRECT_BUFFER_SIZE", Failed),
    told(0x8889_0016, "AUDCLNT_E_BUFFER_SIZE_ERROR", Unsupported,
        "it does not take this buffer size; choose another"),
    row(0x8889_0017, "AUDCLNT_E_CPUUSAGE_EXCEEDED", Failed),
    row(0x8889_0018, "AUDCLNT_E_BUFFER_ERROR", Failed),
    told(0x8889_0019, "AUDCLNT_E_BUFFER_SIZE_NOT_ALIGNED", Unsupported,
        "it does not take this buffer size; choose another"),
    told(0x8889_0020, "AUDCLNT_E_INVALID_DEVICE_PERIOD", Unsupported,
        "it does not take this buffer size; choose another"),
    row(0x8889_0021, "AUDCLNT_E_INVALID_STREAM_FLAG", Failed),
    row(0x8889_0022, "AUDCLNT_E_ENDPOINT_OFFLOAD_NOT_CAPABLE", Failed),
    row(0x8889_0023, "AUDCLNT_E_OUT_OF_OFFLOAD_RESOURCES", Failed),
    row(0x8889_0024, "AUDCLNT_E_OFFLOAD_MODE_ONLY", Failed),
    row(0x8889_0025, "AUDCLNT_E_NONOFFLOAD_MODE_ONLY", Failed),
    row(0x8889_0026, "AUDCLNT_E_RESOURCES_INVALIDATED", Lost),
    row(0x8889_0027, "AUDCLNT_E_RAW_MODE_UNSUPPORTED", Failed),
    row(0x8889_0028, "AUDCLNT_E_ENGINE_PERIODICITY_LOCKED", Failed),
    row(0x8889_0029, "AUDCLNT_E_ENGINE_FORMAT_LOCKED", Failed),
    row(0x8889_0030, "AUDCLNT_E_HEADTRACKING_ENABLED", Failed),
    row(0x8889_0040, "AUDCLNT_E_HEADTRACKING_UNSUPPORTED", Failed),
    row(0x8889_0041, "AUDCLNT_E_EFFECT_NOT_AVAILABLE", Failed),
    row(0x8889_0042, "AUDCLNT_E_EFFECT_STATE_READ_ONLY", Failed),
    row(0x8889_0043, "AUDCLNT_E_POST_VOLUME_LOOPBACK_UNSUPPORTED", Failed),
    row(0x8000_4001, "E_NOTIMPL", Unsupported),
    row(0x8000_4002, "E_NOINTERFACE", Failed),
    row(0x8000_4003, "E_POINTER", Failed),
    row(0x8000_4004, "E_ABORT", Failed),
    row(0x8000_4005, "E_FAIL", Failed),
    row(0x8000_FFFF, "E_UNEXPECTED", Failed),
    row(0x8007_0002, "ERROR_FILE_NOT_FOUND", NotFound),
    told(0x8007_0005, "E_ACCESSDENIED", Failed,
        "the system does not let this program use it; check the privacy settings for sound"),
    row(0x8007_0006, "E_HANDLE", Failed),
    told(0x8007_000E, "E_OUTOFMEMORY", Failed, "the system is out of memory; close other programs"),
    row(0x8007_0057, "E_INVALIDARG", Failed),
    row(0x8007_0424, "ERROR_SERVICE_DOES_NOT_EXIST", ServiceGone),
    row(0x8007_0426, "ERROR_SERVICE_NOT_ACTIVE", ServiceGone),
    row(0x8007_045B, "ERROR_SHUTDOWN_IN_PROGRESS", ServiceGone),
    row(0x8007_048F, "ERROR_DEVICE_NOT_CONNECTED", NotFound),
    row(0x8007_0490, "E_NOTFOUND", NotFound),
    row(0x8007_0651, "ERROR_DEVICE_REMOVED", Lost),
    row(0x8007_06BA, "RPC_S_SERVER_UNAVAILABLE", ServiceGone),
    row(0x8007_06BB, "RPC_S_SERVER_TOO_BUSY", ServiceGone),
    row(0x8007_06BE, "RPC_S_CALL_FAILED", ServiceGone),
    row(0x8007_06BF, "RPC_S_CALL_FAILED_DNE", ServiceGone),
    row(0x8001_0001, "RPC_E_CALL_REJECTED", Failed),
    row(0x8001_0007, "RPC_E_SERVER_DIED", ServiceGone),
    row(0x8001_0012, "RPC_E_SERVER_DIED_DNE", ServiceGone),
    row(0x8001_0105, "RPC_E_SERVERFAULT", Failed),
    row(0x8001_0106, "RPC_E_CHANGED_MODE", Failed),
    row(0x8001_0108, "RPC_E_DISCONNECTED", ServiceGone),
    row(0x8001_010E, "RPC_E_WRONG_THREAD", Failed),
    row(0x8001_011F, "RPC_E_TIMEOUT", ServiceGone),
    row(0x8004_0154, "REGDB_E_CLASSNOTREG", ServiceGone),
    row(0x8004_01F0, "CO_E_NOTINITIALIZED", Failed),
    row(0x8004_01F1, "CO_E_ALREADYINITIALIZED", Failed),
    row(0x8008_0005, "CO_E_SERVER_EXEC_FAILURE", ServiceGone),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_and_each_name_stands_once() {
        for (index, fact) in FACTS.iter().enumerate() {
            for other in &FACTS[index + 1..] {
                assert_ne!(fact.code, other.code, "{} and {}", fact.name, other.name);
                assert_ne!(fact.name, other.name);
            }
        }
    }

    #[test]
    fn the_codes_that_are_compared_with_have_their_names() {
        let expected = [
            (codes::BUFFER_TOO_LARGE, "AUDCLNT_E_BUFFER_TOO_LARGE"),
            (codes::UNSUPPORTED_FORMAT, "AUDCLNT_E_UNSUPPORTED_FORMAT"),
            (codes::DEVICE_IN_USE, "AUDCLNT_E_DEVICE_IN_USE"),
            (
                codes::EXCLUSIVE_MODE_NOT_ALLOWED,
                "AUDCLNT_E_EXCLUSIVE_MODE_NOT_ALLOWED",
            ),
            (codes::BUFFER_SIZE_ERROR, "AUDCLNT_E_BUFFER_SIZE_ERROR"),
            (codes::BUFFER_ERROR, "AUDCLNT_E_BUFFER_ERROR"),
            (
                codes::BUFFER_SIZE_NOT_ALIGNED,
                "AUDCLNT_E_BUFFER_SIZE_NOT_ALIGNED",
            ),
            (
                codes::INVALID_DEVICE_PERIOD,
                "AUDCLNT_E_INVALID_DEVICE_PERIOD",
            ),
            (codes::E_NOTIMPL, "E_NOTIMPL"),
            (codes::E_FAIL, "E_FAIL"),
            (codes::E_HANDLE, "E_HANDLE"),
            (codes::E_INVALIDARG, "E_INVALIDARG"),
            (codes::E_NOTFOUND, "E_NOTFOUND"),
            (codes::RPC_E_CHANGED_MODE, "RPC_E_CHANGED_MODE"),
        ];
        for (code, name) in expected {
            assert_eq!(hresult_name(code), name);
        }
        assert_eq!(hresult_name(0x1234_5678), "an unnamed error");
    }

    #[test]
    fn every_text_can_stand_at_the_end_of_a_sentence() {
        for fact in &FACTS {
            assert!(
                !fact.text().is_empty() && !fact.text().ends_with('.'),
                "{}",
                fact.name
            );
            assert!(!fact.text().contains("  "), "{}", fact.name);
        }
    }
}
