//! Error codes into sentences for people, and into faults for code.

use engine::endpoint::{EndpointError, FaultKind, StreamFault};

use crate::hresult::{UNNAMED, fact, hresult_name};

/// The error for a call that failed before a stream ran. `what` is the sentence's beginning and names
/// the device: `"Speakers" cannot be opened in shared mode`. What matters most comes first, because
/// ASIO has room for 123 bytes only.
pub(crate) fn refused(what: &str, code: i32) -> EndpointError {
    let fact = fact(code);
    let kind = match fact.kind {
        // A device that goes while it is being opened is not there to be opened.
        FaultKind::Lost => FaultKind::NotFound,
        kind => kind,
    };
    EndpointError::new(kind, format!("{what} ({}): {}.", coded(code), fact.text()))
}

/// The fault for a call that failed while the stream ran.
pub(crate) fn broken(code: i32) -> StreamFault {
    let kind = match fact(code).kind {
        // Whatever the reason, the stream that was there is there no more.
        FaultKind::Lost | FaultKind::ServiceGone | FaultKind::NotFound => FaultKind::Lost,
        kind => kind,
    };
    StreamFault { kind, code }
}

/// A code's name, or its number where it has none, to stand in brackets.
pub(crate) fn coded(code: i32) -> String {
    match hresult_name(code) {
        UNNAMED => format!("0x{code:08X}"),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_names_device_reason_remedy_and_code() {
        let error = refused("\"Speakers\" could not be opened", 0x8889_000A_u32 as i32);
        assert_eq!(error.kind, FaultKind::InUse);
        assert_eq!(
            error.message,
            "\"Speakers\" could not be opened (AUDCLNT_E_DEVICE_IN_USE): another program holds it \
             exclusively; close that program or choose another device."
        );
    }

    #[test]
    fn no_code_counts_as_lost_before_a_stream_runs() {
        let invalidated = 0x8889_0004_u32 as i32;
        assert_eq!(refused("it", invalidated).kind, FaultKind::NotFound);
        assert_eq!(
            broken(invalidated),
            StreamFault {
                kind: FaultKind::Lost,
                code: invalidated
            }
        );
    }

    #[test]
    fn a_running_stream_whose_service_ends_is_lost() {
        assert_eq!(broken(0x8889_0010_u32 as i32).kind, FaultKind::Lost);
        assert_eq!(broken(0x8889_0026_u32 as i32).kind, FaultKind::Lost);
        assert_eq!(broken(0x8889_0007_u32 as i32).kind, FaultKind::Failed);
    }

    #[test]
    fn an_unknown_code_still_makes_a_sentence() {
        let error = refused("\"Speakers\" could not be opened", 0x8765_4321_u32 as i32);
        assert_eq!(error.kind, FaultKind::Failed);
        assert!(
            error.message.contains(" (0x87654321): "),
            "{}",
            error.message
        );
    }
}
