//! The thread that writes.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use engine::client::Plane;
use engine::convert::Encoder;
use engine::format::{ClientSample, StreamFormat};
use rt::Mutex;
use rtrb::Consumer;

use crate::Error;
use crate::piece::{PIECE_FRAMES, Piece, Shared};
use crate::wav::WavFile;

/// How often the ring is emptied.
const PAUSE: Duration = Duration::from_millis(10);
/// How often the header is made true.
const TELL: Duration = Duration::from_secs(1);
/// Bytes that are written at once.
const WRITE_BYTES: usize = 1 << 18;
/// Silence that is written for lost frames at a time: no gap is longer, as it would fill the disk.
const SILENCE_MAX_S: u64 = 600;

/// Writes what comes through the ring.
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) samples: Consumer<u32>,
    pub(crate) pieces: Consumer<Piece>,
    pub(crate) file: WavFile,
    pub(crate) format: StreamFormat,
    pub(crate) encoder: Encoder,
    /// For people.
    pub(crate) name: String,
    pub(crate) fault: Arc<Mutex<Option<Error>>>,
    /// What is encoded and not written.
    pub(crate) bytes: Vec<u8>,
    /// One piece's samples, channel after channel.
    pub(crate) planes: Planes,
    /// Frames that were fetched or are silent.
    pub(crate) frames: u64,
}

impl Worker {
    /// Until there is nothing more to write, or nothing more can be written.
    pub(crate) fn run(mut self) {
        let ended = self.write_all();
        let finished = self.file.finish();
        self.shared.written_frames.set(self.file.frames());
        let fault = match (ended, finished) {
            (Err(error), _) => Some(Error::write(
                &self.name,
                &error,
                self.file.frames(),
                self.format.rate_hz,
            )),
            (Ok(()), Err(error)) => Some(Error::close(&self.name, &error)),
            (Ok(()), Ok(())) => None,
        };
        *self.fault.lock() = fault;
        self.shared.is_over.set(true);
    }

    fn write_all(&mut self) -> std::io::Result<()> {
        let mut told = Instant::now();
        loop {
            // Looked at before the ring is: what is put in before is found in it.
            let is_last = self.shared.is_complete.get() || self.shared.is_closing.get();
            let end_frame = self.shared.end_frame.get();
            while let Ok(piece) = self.pieces.pop() {
                self.write_silence(piece.lost_frames)?;
                self.encode(piece.frames as usize);
                if self.bytes.len() >= WRITE_BYTES {
                    self.write()?;
                }
            }
            if is_last {
                // What found no room at the very end.
                let due = end_frame.saturating_sub(self.shared.first_frame.get());
                self.write_silence(due.saturating_sub(self.frames))?;
                return self.write();
            }
            self.write()?;
            if told.elapsed() >= TELL {
                self.file.tell()?;
                told = Instant::now();
            }
            thread::sleep(PAUSE);
        }
    }

    fn write(&mut self) -> std::io::Result<()> {
        let written = self.file.add(&self.bytes);
        self.bytes.clear();
        self.shared.written_frames.set(self.file.frames());
        written
    }

    fn write_silence(&mut self, frames: u64) -> std::io::Result<()> {
        if frames == 0 {
            return Ok(());
        }
        self.shared.lost_frames.add(frames);
        self.frames += frames;
        let mut left = frames.min(SILENCE_MAX_S * u64::from(self.format.rate_hz));
        while left > 0 {
            let now = left.min(PIECE_FRAMES as u64);
            left -= now;
            // All formats have zeros for silence.
            let bytes = self.bytes.len() + now as usize * self.format.frame_bytes();
            self.bytes.resize(bytes, 0);
            if self.bytes.len() >= WRITE_BYTES {
                self.write()?;
            }
        }
        Ok(())
    }

    /// Fetches a piece's samples and makes the file's bytes of them.
    fn encode(&mut self, frames: usize) {
        let count = frames * usize::from(self.format.channels);
        let Ok(chunk) = self.samples.read_chunk(count) else {
            return;
        };
        let (first, second) = chunk.as_slices();
        self.planes.fill(first.iter().chain(second));
        chunk.commit_all();
        self.frames += frames as u64;
        let begin = self.bytes.len();
        let end = begin + frames * self.format.frame_bytes();
        self.bytes.resize(end, 0);
        let planes = &self.planes;
        self.encoder.write(&mut self.bytes[begin..], |channel| {
            planes.of(channel, frames)
        });
    }
}

/// Samples of all channels, one channel after the other.
pub(crate) enum Planes {
    Int32(Vec<i32>),
    Float32(Vec<f32>),
}

impl Planes {
    pub(crate) fn new(sample: ClientSample) -> Self {
        match sample {
            ClientSample::Int32 => Planes::Int32(Vec::new()),
            ClientSample::Float32 => Planes::Float32(Vec::new()),
        }
    }

    fn fill<'a>(&mut self, bits: impl Iterator<Item = &'a u32>) {
        match self {
            Planes::Int32(samples) => {
                samples.clear();
                samples.extend(bits.map(|bits| bits.cast_signed()));
            }
            Planes::Float32(samples) => {
                samples.clear();
                samples.extend(bits.map(|bits| f32::from_bits(*bits)));
            }
        }
    }

    fn of(&self, channel: usize, frames: usize) -> Option<Plane<'_>> {
        let range = channel * frames..(channel + 1) * frames;
        match self {
            Planes::Int32(samples) => samples.get(range).map(Plane::Int32),
            Planes::Float32(samples) => samples.get(range).map(Plane::Float32),
        }
    }
}
