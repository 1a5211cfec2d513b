//! Names of profiles, which are names of drivers.

/// Bytes that ASIO has for a driver's name, without the end mark.
const BYTES_MAX: usize = 31;

/// Whether a driver may have that name: 1 to 31 bytes of UTF-8, no backslash (the registry would
/// take it for a path), no control character, no space at either end.
///
/// # Errors
/// What is wrong and what to do, as a part of a sentence.
pub fn check_name(name: &str) -> Result<(), String> {
    let fault = if name.is_empty() {
        "is empty; give the driver a name"
    } else if name.len() > BYTES_MAX {
        "is too long for an ASIO driver; use at most 31 letters (those outside ASCII count twice or more)"
    } else if name.contains('\\') {
        "has a backslash in it, which the list of drivers cannot hold; leave it out"
    } else if name.chars().any(char::is_control) {
        "has a control character in it; leave it out"
    } else if name.trim() != name {
        "begins or ends with a space; leave it out"
    } else {
        return Ok(());
    };
    Err(format!("the name {name:?} {fault}"))
}

/// Whether two names mean the same driver: the registry does not count case.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_list_can_hold_is_refused() {
        for (name, part) in [
            ("", "empty"),
            ("a name of more than thirty-one bytes", "at most 31"),
            ("öööööööööööööööö", "at most 31"),
            (r"a\b", "backslash"),
            ("a\nb", "control"),
            (" a", "space"),
            ("a ", "space"),
        ] {
            let error = check_name(name).unwrap_err();
            assert!(error.contains(part), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
        for name in ["a", "Studio (größer)", "ASIO2WASAPI Low Latency"] {
            assert_eq!(check_name(name), Ok(()));
        }
    }

    #[test]
    fn case_does_not_make_another_driver() {
        assert!(same_name("Größe", "GRÖßE"));
        assert!(!same_name("Studio", "Studio 2"));
    }
}
