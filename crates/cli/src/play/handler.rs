//! The ASIO host's side of playing a file.

use std::sync::Arc;

use anyhow::{Context, Result};
use asio::abi::{HostMessage, SampleType};
use asio::host::{BlockIo, Events, Handler, answer};
use engine::format::SampleFormat;
use rt::{Counter, Flag};

use super::feed::Feed;

/// The callback that plays a [`Feed`].
pub struct Player {
    feed: Feed,
    /// The sample format of each output.
    formats: Vec<SampleFormat>,
    notices: Arc<Notices>,
    next_position: Option<u64>,
}

/// What the driver lets its host know while it plays.
#[derive(Debug, Default)]
pub struct Notices {
    /// Blocks that came too late, as the driver says or its positions show.
    pub dropouts: Counter,
    /// The driver asks to be closed and opened again.
    pub reset_wanted: Flag,
}

impl Player {
    /// Plays `feed` to outputs of those sample formats.
    pub fn new(feed: Feed, formats: Vec<SampleFormat>) -> Player {
        Player {
            feed,
            formats,
            notices: Arc::default(),
            next_position: None,
        }
    }

    /// What there is to watch.
    pub fn notices(&self) -> Arc<Notices> {
        Arc::clone(&self.notices)
    }

    /// A position that is further than the blocks so far explain means that some were left out.
    fn watch_position(&mut self, frame: u64, block_frames: u32) {
        if self.next_position.is_some_and(|expected| frame > expected) {
            self.notices.dropouts.add(1);
        }
        self.next_position = Some(frame + u64::from(block_frames));
    }
}

impl Handler for Player {
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>) {
        if let Some(time) = io.time() {
            self.watch_position(time.position.frames, io.block_frames());
        }
        for (output, &format) in self.formats.iter().enumerate() {
            if let Some(bytes) = io.output_bytes(output) {
                self.feed.write(output, format, bytes);
            }
        }
        self.feed.advance(io.block_frames() as usize);
    }

    fn events(&self) -> Arc<dyn Events> {
        Arc::clone(&self.notices) as Arc<dyn Events>
    }
}

impl Events for Notices {
    fn message(&self, selector: HostMessage, value: i32) -> i32 {
        match selector {
            HostMessage::OVERLOAD => self.dropouts.add(1),
            HostMessage::RESET_REQUEST => self.reset_wanted.set(true),
            _ => {}
        }
        answer(selector, value)
    }
}

/// Our name for a driver's sample type.
///
/// # Errors
/// It is one of those that no driver of today uses: big-endian, 64-bit, DSD.
pub fn format_of(sample_type: SampleType) -> Result<SampleFormat> {
    let format = match sample_type {
        SampleType::INT16_LSB => Some(SampleFormat::Int16),
        SampleType::INT24_LSB => Some(SampleFormat::Int24),
        SampleType::INT32_LSB => Some(SampleFormat::Int32),
        SampleType::FLOAT32_LSB => Some(SampleFormat::Float32),
        _ => None,
    };
    format.with_context(|| format!("the driver wants {sample_type}, which cannot be played"))
}
