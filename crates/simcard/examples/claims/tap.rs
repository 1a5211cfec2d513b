//! What the converters did since it was last looked at: constant memory for runs of hours.

use std::sync::Arc;

use rt::{Mutex, MutexGuard};
use simcard::recorder::{Incident, Recorder, Run};

/// A recorder that is emptied now and then. Clones share it. It is for one DAC and one ADC.
#[derive(Clone, Default)]
pub struct Tap(Arc<Mutex<Taps>>);

/// Both directions.
#[derive(Default)]
pub struct Taps {
    pub played: Line,
    pub delivered: Line,
    /// Frames that the model itself says were lost or silent.
    pub incident_frames: u64,
}

/// The frames of one converter.
#[derive(Default)]
pub struct Line {
    /// The number of the first frame ever, as the recorder is told it.
    pub first_frame: Option<u64>,
    /// The number after the last.
    pub next_frame: u64,
    /// Frames that were left out or told twice between two runs.
    pub jumped_frames: u64,
    /// What nobody has looked at yet.
    pub bytes: Vec<u8>,
}

impl Tap {
    /// What there is; the converters wait.
    pub fn look(&self) -> MutexGuard<'_, Taps> {
        self.0.lock()
    }
}

impl Line {
    fn append(&mut self, run: &Run<'_>) {
        if self.first_frame.is_none() {
            self.first_frame = Some(run.first_frame);
            self.next_frame = run.first_frame;
        }
        self.jumped_frames += run.first_frame.abs_diff(self.next_frame);
        self.next_frame = run.first_frame + (run.bytes.len() / run.format.frame_bytes()) as u64;
        self.bytes.extend_from_slice(run.bytes);
    }
}

impl Recorder for Tap {
    fn played(&mut self, run: &Run<'_>) {
        self.look().played.append(run);
    }

    fn delivered(&mut self, run: &Run<'_>) {
        self.look().delivered.append(run);
    }

    fn incident(&mut self, incident: &Incident) {
        self.look().incident_frames += incident.frames;
    }
}
