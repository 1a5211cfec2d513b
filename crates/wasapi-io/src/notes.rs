//! What came of opening a device's streams, for people to read.

use std::sync::atomic::{AtomicI32, Ordering};

use engine::endpoint::EndpointError;
use rt::Mutex;

use crate::fault::refused;

/// Written by whoever opens and runs streams, read by whoever asks.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Why real-time priority was refused; 0 for not at all.
    priority_error: AtomicI32,
    /// Why the input ended while the output went on; 0 for not at all.
    input_fault: AtomicI32,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    picked: Vec<String>,
    input_name: String,
    input_problem: Option<EndpointError>,
}

impl Notes {
    /// A stream is about to be opened: what was noted of the last one holds no more.
    pub(crate) fn clear(&self) {
        // Relaxed, here and below: the numbers stand for themselves.
        self.input_fault.store(0, Ordering::Relaxed);
        *self.told.lock() = Told::default();
    }

    pub(crate) fn note_picked(&self, remark: Option<String>) {
        self.told.lock().picked.extend(remark);
    }

    pub(crate) fn name_input(&self, name: &str) {
        name.clone_into(&mut self.told.lock().input_name);
    }

    pub(crate) fn note_input_problem(&self, problem: Option<EndpointError>) {
        self.told.lock().input_problem = problem;
    }

    /// Real-time safe.
    pub(crate) fn note_input_fault(&self, code: i32) {
        self.input_fault.store(code, Ordering::Relaxed);
    }

    pub(crate) fn note_priority(&self, refusal: i32) {
        self.priority_error.store(refusal, Ordering::Relaxed);
    }

    pub(crate) fn picked(&self) -> Option<String> {
        let told = self.told.lock();
        Some(told.picked.join(" ")).filter(|text| !text.is_empty())
    }

    pub(crate) fn input_problem(&self) -> Option<EndpointError> {
        let told = self.told.lock();
        match self.input_fault.load(Ordering::Relaxed) {
            0 => told.input_problem.clone(),
            code => {
                let what = format!("\"{}\" records no more", told.input_name);
                Some(refused(&what, code))
            }
        }
    }

    pub(crate) fn priority_error(&self) -> Option<i32> {
        Some(self.priority_error.load(Ordering::Relaxed)).filter(|&code| code != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::endpoint::FaultKind;

    #[test]
    fn an_input_that_ends_while_the_output_goes_on_is_told_by_name() {
        let notes = Notes::default();
        notes.name_input("Microphone");
        assert_eq!(notes.input_problem(), None);
        notes.note_input_fault(0x8889_0004_u32 as i32);
        let problem = notes.input_problem().unwrap();
        assert!(
            problem
                .message
                .starts_with("\"Microphone\" records no more")
        );
        assert!(problem.message.contains("AUDCLNT_E_DEVICE_INVALIDATED"));
        notes.clear();
        assert_eq!(notes.input_problem(), None);
    }

    #[test]
    fn what_was_picked_is_one_text() {
        let notes = Notes::default();
        assert_eq!(notes.picked(), None);
        notes.note_picked(Some("One.".into()));
        notes.note_picked(None);
        notes.note_picked(Some("Two.".into()));
        assert_eq!(notes.picked().as_deref(), Some("One. Two."));
        notes.note_input_problem(Some(EndpointError::new(FaultKind::InUse, "Busy.")));
        assert_eq!(notes.input_problem().unwrap().message, "Busy.");
    }
}
