//! A client's way to the service.

use rt::Mutex;

use super::objects::{Event, NamedMutex, open_memory};
use super::{Names, process_id};
use crate::call::{Answer, Question};
use crate::codes::SERVICE_NOT_RUNNING;
use crate::layout::{Block, STREAMS_MAX, Shared};

/// How long a call may take before the service is taken for gone, in milliseconds.
const TIMEOUT_MS: u32 = 5_000;

/// The connection of this process to the service of its run.
pub struct Line {
    shared: &'static Shared,
    calls: NamedMutex,
    answered: Event,
}

/// This process's connection, made when it is first needed and again when the service was not there.
///
/// # Errors
/// `AUDCLNT_E_SERVICE_NOT_RUNNING`.
pub fn line() -> Result<&'static Line, i32> {
    static LINE: Mutex<Option<&'static Line>> = Mutex::new(None);
    let mut line = LINE.lock();
    if let Some(line) = *line
        && line.shared.is_served()
    {
        return Ok(line);
    }
    let new: &'static Line = Box::leak(Box::new(Line::open().ok_or(SERVICE_NOT_RUNNING)?));
    *line = Some(new);
    Ok(new)
}

impl Line {
    fn open() -> Option<Self> {
        let names = Names::of_this_run();
        let shared = open_memory(&names.memory())?;
        if !shared.is_served() {
            return None;
        }
        Some(Self {
            shared,
            calls: NamedMutex::named(&names.calls())?,
            answered: Event::named(&names.answered()).ok()?,
        })
    }

    /// The shared memory.
    pub fn shared(&self) -> &'static Shared {
        self.shared
    }

    /// The stream's part of the memory.
    pub fn block(&self, stream: u32) -> &'static Block {
        &self.shared.streams[(stream as usize).min(STREAMS_MAX - 1)]
    }

    /// Asks and waits for the answer, which may be a refusal.
    ///
    /// # Errors
    /// `AUDCLNT_E_SERVICE_NOT_RUNNING`: nobody answers.
    pub fn ask_any(&self, question: Question) -> Result<Answer, i32> {
        let call = &self.shared.call;
        let exchange = || {
            let number = call.put(&question.words(), process_id());
            for _ in 0..TIMEOUT_MS / 50 {
                // An event may be left from a call whose asker died; hence the number.
                if self.answered.wait(50) || self.shared.is_served() {
                    if let Some(answer) = call.take(number) {
                        return Some(answer);
                    }
                } else {
                    return None;
                }
            }
            None
        };
        let answered = self.calls.with(TIMEOUT_MS, exchange).flatten();
        answered.ok_or(SERVICE_NOT_RUNNING)
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// The `HRESULT` of the refusal, or `AUDCLNT_E_SERVICE_NOT_RUNNING`.
    pub fn ask(&self, question: Question) -> Result<Answer, i32> {
        let answer = self.ask_any(question)?;
        if answer.status < 0 {
            Err(answer.status)
        } else {
            Ok(answer)
        }
    }
}
