//! What a child process does: one check, told line by line on standard output.

use std::io::Write;

use crate::message::Message;
use crate::{Check, Settings, Source, here};

/// Runs the check and tells the parent. The process has to end with status 0 then, whatever the
/// outcome: another one means a crash.
pub fn run(check: &Check, source: &dyn Source, settings: Settings) {
    #[cfg(windows)]
    crate::crash::end_at_once();
    let (outcome, text) = here::run(check, source, settings, &tell);
    tell(Message::End { outcome, text });
}

fn tell(message: Message) {
    let mut out = std::io::stdout().lock();
    // At once, because the next thing may be a crash. Without a parent there is nobody to tell.
    let _ = writeln!(out, "{}", message.line()).and_then(|()| out.flush());
}
