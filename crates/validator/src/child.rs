//! What a child process does: one check, told line by line on standard output.

use std::io::Write;

use crate::message::Message;
use crate::{Check, Settings, Source, here};

/// Runs the check and tells the parent. The process has to end with status 0 then, whatever the
/// outcome: another one means a crash.
pub fn run(check: &Check, source: &dyn Source, settings: Settings) {
    no_crash_dialogs();
    let (outcome, text) = here::run(check, source, settings, &tell);
    tell(Message::End { outcome, text });
}

fn tell(message: Message) {
    let mut out = std::io::stdout().lock();
    // At once, because the next thing may be a crash. Without a parent there is nobody to tell.
    let _ = writeln!(out, "{}", message.line()).and_then(|()| out.flush());
}

/// A crash is a result here, and no dialog must wait for somebody to look at it.
#[cfg(windows)]
#[allow(unsafe_code)]
fn no_crash_dialogs() {
    const FAIL_CRITICAL_ERRORS: u32 = 1;
    const NO_FAULT_BOX: u32 = 2;
    windows_link::link!("kernel32.dll" "system" fn SetErrorMode(mode: u32) -> u32);
    // SAFETY: takes and returns numbers, any thread may call it.
    unsafe { SetErrorMode(FAIL_CRITICAL_ERRORS | NO_FAULT_BOX) };
}

#[cfg(not(windows))]
fn no_crash_dialogs() {}
