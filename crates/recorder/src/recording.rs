//! The end for everybody else.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use engine::convert::Encoder;
use rt::Mutex;
use rtrb::RingBuffer;

use crate::piece::{NEVER, PIECE_FRAMES, Shared};
use crate::wav::WavFile;
use crate::worker::{Planes, Worker};
use crate::{Error, Feed, Medium, Settings};

/// The seed of the dither: the same sound makes the same file.
const DITHER_SEED: u64 = 0x5EED_0F0A_7A9E;

/// How a recording goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It has not begun.
    Waiting,
    /// It runs.
    Running,
    /// It has ended, and its file is whole.
    Ended,
    /// It has failed, and what was written until then is a whole file if the sentence says nothing else.
    Failed(Error),
}

/// A recording as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// How it goes.
    pub state: State,
    /// The number of the frame that the file begins with.
    pub first_frame: Option<u64>,
    /// Frames in the file.
    pub written_frames: u64,
    /// Frames that were lost, because the disk was too slow or the graph left them out; silence stands for
    /// them in the file.
    pub lost_frames: u64,
}

/// A recording, for the control thread. Dropped, it ends as by [`finish`](Self::finish), but nobody waits
/// for it.
#[derive(Debug)]
pub struct Recording {
    shared: Arc<Shared>,
    fault: Arc<Mutex<Option<Error>>>,
    thread: Option<JoinHandle<()>>,
}

/// Begins a recording to a new file of that path, and makes its two ends. Nothing is recorded before
/// [`Recording::start_at`].
///
/// # Errors
/// The settings cannot be, the file cannot be made, or it is there already.
pub fn record(path: &Path, settings: Settings) -> Result<(Feed, Recording), Error> {
    settings.format()?;
    let file = File::options().write(true).create_new(true).open(path);
    let file = file.map_err(|error| Error::create(path, &error))?;
    let begun = record_on(Box::new(file), &path.display().to_string(), settings);
    if begun.is_err() {
        // It is ours, and empty.
        let _ = std::fs::remove_file(path);
    }
    begun
}

/// As [`record`], on any medium; `name` is what people call it.
///
/// # Errors
/// As there.
pub fn record_on(
    medium: Box<dyn Medium>,
    name: &str,
    settings: Settings,
) -> Result<(Feed, Recording), Error> {
    let format = settings.format()?;
    let file = WavFile::begin(medium, format)
        .map_err(|error| Error::write(name, &error, 0, settings.rate_hz))?;
    let mut encoder = Encoder::new(format);
    if settings.dither {
        encoder = encoder.with_dither(DITHER_SEED);
    }
    let channels = usize::from(settings.channels);
    let patience_frames = u64::from(settings.patience_ms) * u64::from(settings.rate_hz) / 1_000;
    let pieces = (patience_frames as usize).div_ceil(PIECE_FRAMES).max(4);
    let (samples_in, samples) = RingBuffer::new(pieces * PIECE_FRAMES * channels);
    // Blocks may be short: there is room for pieces of 16 frames.
    let (pieces_in, pieces) = RingBuffer::new(pieces * (PIECE_FRAMES / 16));
    let shared = Arc::new(Shared::new());
    let fault = Arc::<Mutex<Option<Error>>>::default();
    let worker = Worker {
        shared: Arc::clone(&shared),
        samples,
        pieces,
        file,
        format,
        encoder,
        name: name.to_owned(),
        fault: Arc::clone(&fault),
        bytes: Vec::new(),
        planes: Planes::new(settings.plane),
        frames: 0,
    };
    let thread = thread::Builder::new()
        .name("recorder".into())
        .spawn(move || worker.run())
        .map_err(|error| Error {
            kind: error.kind(),
            message: format!(
                "No thread for the recording {name} can be started ({error}); close other programs."
            ),
        })?;
    let feed = Feed {
        shared: Arc::clone(&shared),
        samples: samples_in,
        pieces: pieces_in,
        channels,
        plane: settings.plane,
        next_frame: None,
        is_complete: false,
    };
    let recording = Recording {
        shared,
        fault,
        thread: Some(thread),
    };
    Ok((feed, recording))
}

impl Recording {
    /// The file begins with that frame, or with the first one after it that the feed gets: 0 is at once.
    /// Of no effect once it has begun.
    pub fn start_at(&self, frame: u64) {
        self.shared.start_frame.set(frame);
    }

    /// The file ends before that frame; 0 is at once.
    pub fn stop_at(&self, frame: u64) {
        self.shared.stop_frame.set(frame);
    }

    /// How it goes.
    pub fn status(&self) -> Status {
        let first_frame = self.shared.first_frame.get();
        let state = match (self.shared.is_over.get(), self.fault.lock().clone()) {
            (true, Some(error)) => State::Failed(error),
            (true, None) => State::Ended,
            (false, _) if first_frame == NEVER => State::Waiting,
            (false, _) => State::Running,
        };
        Status {
            state,
            first_frame: Some(first_frame).filter(|frame| *frame != NEVER),
            written_frames: self.shared.written_frames.get(),
            lost_frames: self.shared.lost_frames.get(),
        }
    }

    /// Ends it with what the feed was given until now, waits for the disk, and tells what came of it.
    pub fn finish(mut self) -> Status {
        self.shared.is_closing.set(true);
        if let Some(thread) = self.thread.take() {
            // It does not panic; if it did, that is seen by the state.
            let _ = thread.join();
        }
        self.status()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.shared.is_closing.set(true);
    }
}
