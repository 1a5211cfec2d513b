//! The end of a process in words.

use std::process::ExitStatus;

/// What Windows ends a process with, and what it means.
const WINDOWS_CODES: [(u32, &str); 8] = [
    (0xC000_0005, "memory that is not its own was touched"),
    (0xC000_0374, "the heap was damaged"),
    (0xC000_0409, "the program ended itself over damaged memory"),
    (0xC000_00FD, "the stack overflowed"),
    (0xC000_001D, "an illegal instruction was run"),
    (0xC000_0094, "an integer was divided by zero"),
    (0xC000_008C, "an array's end was passed"),
    (0x8000_0003, "a breakpoint was hit"),
];

/// Why the process ended, as in "the process ended with 0xC0000005: …".
pub fn in_words(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        let meaning = match signal {
            4 => ": an illegal instruction was run",
            6 => ": it ended itself",
            7 | 11 => ": memory that is not its own was touched",
            8 => ": an integer was divided by zero",
            _ => "",
        };
        return format!("the process ended with signal {signal}{meaning}");
    }
    match status.code() {
        Some(code) => of_code(code as u32),
        None => "the process ended without saying why".to_owned(),
    }
}

fn of_code(code: u32) -> String {
    let known = WINDOWS_CODES.iter().find(|(known, _)| *known == code);
    match known {
        Some((code, meaning)) => format!("the process ended with 0x{code:08X}: {meaning}"),
        None if code < 256 => format!("the process ended with status {code}"),
        None => format!("the process ended with 0x{code:08X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_meanings() {
        assert_eq!(
            of_code(0xC000_0005),
            "the process ended with 0xC0000005: memory that is not its own was touched"
        );
        assert_eq!(of_code(3), "the process ended with status 3");
        assert_eq!(of_code(0xE06D_7363), "the process ended with 0xE06D7363");
    }
}
