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

/// The error for a device that is in use, with the names of the others on the same hardware: two
/// endpoints may be one socket, and whoever holds the one holds the other.
pub(crate) fn with_siblings(error: EndpointError, siblings: &[String]) -> EndpointError {
    if error.kind != FaultKind::InUse || siblings.is_empty() {
        return error;
    }
    let names: Vec<String> = siblings.iter().map(|name| format!("\"{name}\"")).collect();
    let message = format!(
        "{} It shares its hardware with {}, and a program that uses that may keep it busy.",
        error.message,
        names.join(" and ")
    );
    EndpointError::new(error.kind, message)
}

/// Who holds a device, where nobody knows better.
const SOMEBODY: &str = "another program";

/// The error for a device that is in use, with the programs that use it now (T18).
pub(crate) fn with_users(error: EndpointError, users: &[String]) -> EndpointError {
    if error.kind != FaultKind::InUse || users.is_empty() {
        return error;
    }
    let names: Vec<String> = users.iter().map(|name| format!("\"{name}\"")).collect();
    let message = error.message.replacen(SOMEBODY, &names.join(" or "), 1);
    EndpointError::new(error.kind, message)
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
    fn t18_the_sentence_names_device_reason_remedy_and_code() {
        let error = refused("\"Speakers\" could not be opened", 0x8889_000A_u32 as i32);
        assert_eq!(error.kind, FaultKind::InUse);
        assert_eq!(
            error.message,
            "\"Speakers\" could not be opened (AUDCLNT_E_DEVICE_IN_USE): another program holds it \
             exclusively; close that program or choose another device."
        );
    }

    #[test]
    fn t18_the_sentence_names_the_programs_where_they_are_known() {
        let busy = || refused("\"Speakers\" could not be opened", 0x8889_000A_u32 as i32);
        let told = with_users(busy(), &["daw.exe".to_owned(), "tool.exe".to_owned()]);
        assert_eq!(
            told.message,
            "\"Speakers\" could not be opened (AUDCLNT_E_DEVICE_IN_USE): \"daw.exe\" or \"tool.exe\" holds \
             it exclusively; close that program or choose another device."
        );
        assert_eq!(with_users(busy(), &[]), busy());
    }

    #[test]
    fn t17_a_busy_device_names_those_on_the_same_hardware() {
        let busy = || refused("\"Cable\" cannot be opened", 0x8889_000A_u32 as i32);
        let siblings = ["Cable 16ch".to_owned()];
        let told = with_siblings(busy(), &siblings);
        let end = "It shares its hardware with \"Cable 16ch\", and a program that uses that may keep \
                   it busy.";
        assert!(told.message.ends_with(end), "{told}");
        assert_eq!(told.kind, FaultKind::InUse);
        assert_eq!(with_siblings(busy(), &[]), busy());
        let other = refused("\"Cable\" cannot be opened", 0x8889_0008_u32 as i32);
        assert_eq!(with_siblings(other.clone(), &siblings), other);
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
