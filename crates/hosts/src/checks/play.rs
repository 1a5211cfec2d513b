//! Plays a raw file through a driver without altering a bit of it.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use asio::abi::SampleType;
use asio::driver::ChannelId;
use asio::host::{BlockIo, Driver, Handler};
use rt::{Counter, Flag};

use super::{Input, Options, bench};
use crate::intervals::Intervals;
use crate::material::{Material, RawFormat};
use crate::sheet::Sheet;

/// Bytes of a sample in both formats that can be played here.
const SAMPLE_BYTES: usize = 4;

pub fn play(options: &Options, sheet: &Sheet) -> Result<()> {
    let input = options.input.as_ref().context("play needs an input")?;
    sheet.step("opening");
    let mut driver = bench::open(options)?;
    let rate_hz = driver.sample_rate()?;
    let block_frames = bench::block_frames(&driver, options)?;
    let tail_frames = (input.tail.as_secs_f64() * rate_hz).round() as usize;
    let material = Material::read(&input.path, input.format, input.channels, tail_frames)?;
    let frames = material.frames() as u64;
    let channels = outputs(&driver, input)?;

    let (player, shared) = Player::new(material, block_frames, tail_frames, sheet);
    driver.create_buffers(&channels, block_frames, Box::new(player))?;
    sheet.note("rate_hz", rate_hz);
    sheet.note("block_frames", block_frames);
    sheet.note(
        "reported_output_latency_frames",
        driver.latencies()?.output_frames,
    );
    sheet.step("playing");
    driver.start()?;
    let played = bench::wait_while_counting(&shared.callbacks, || !shared.done.get());
    // The last block waits in the other half of the buffer until one more is asked for.
    let played = played.and_then(|()| bench::wait_for(&shared.callbacks, 2));
    driver.stop()?;
    driver.dispose_buffers()?;
    sheet.note("frames_played", shared.frames.get());
    sheet.note("callbacks", shared.callbacks.get());
    played?;
    ensure!(
        shared.frames.get() == frames,
        "only {} of {frames} frames were played",
        shared.frames.get()
    );
    Ok(())
}

/// The outputs for the input's channels, which must take the input's samples as they are.
fn outputs(driver: &Driver, input: &Input) -> Result<Vec<ChannelId>> {
    let needed = match input.format {
        RawFormat::Int32 => SampleType::INT32_LSB,
        RawFormat::Float32 => SampleType::FLOAT32_LSB,
        RawFormat::Int16 | RawFormat::Int24 => {
            anyhow::bail!("only int32 and float32 can be played without conversion")
        }
    };
    let channels = u32::try_from(input.channels)?;
    (0..channels)
        .map(|index| {
            let channel = ChannelId {
                is_input: false,
                index,
            };
            let info = driver.channel_info(channel)?;
            ensure!(
                info.sample_type == needed,
                "the driver wants {}",
                info.sample_type
            );
            Ok(channel)
        })
        .collect()
}

/// The callback: takes the file's frames apart into the driver's planes.
struct Player {
    material: Material,
    channels: usize,
    block: Vec<u8>,
    origin: Instant,
    times_ns: Vec<u64>,
    shared: Arc<Shared>,
    sheet: Sheet,
}

/// What the main thread watches.
#[derive(Default)]
struct Shared {
    callbacks: Counter,
    frames: Counter,
    done: Flag,
}

impl Player {
    fn new(
        material: Material,
        block_frames: u32,
        tail_frames: usize,
        sheet: &Sheet,
    ) -> (Player, Arc<Shared>) {
        let shared = Arc::<Shared>::default();
        let expected = (material.frames() + tail_frames).div_ceil(block_frames as usize) + 16;
        let player = Player {
            channels: material.frame_bytes() / SAMPLE_BYTES,
            block: vec![0; material.frame_bytes() * block_frames as usize],
            material,
            origin: Instant::now(),
            times_ns: Vec::with_capacity(expected),
            shared: Arc::clone(&shared),
            sheet: sheet.clone(),
        };
        (player, shared)
    }
}

impl Handler for Player {
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>) {
        if self.times_ns.len() < self.times_ns.capacity() {
            self.times_ns.push(self.origin.elapsed().as_nanos() as u64);
        }
        let before = self.material.frames_played();
        let more = self.material.fill(&mut self.block);
        for channel in 0..self.channels {
            let Some(plane) = io.output_bytes(channel) else {
                continue;
            };
            let frames = self.block.chunks_exact(self.material.frame_bytes());
            for (sample, frame) in plane.chunks_exact_mut(SAMPLE_BYTES).zip(frames) {
                sample.copy_from_slice(&frame[channel * SAMPLE_BYTES..][..SAMPLE_BYTES]);
            }
        }
        self.shared
            .frames
            .add((self.material.frames_played() - before) as u64);
        self.shared.callbacks.add(1);
        if !more {
            self.shared.done.set(true);
        }
    }
}

impl Drop for Player {
    /// When the buffers are disposed of, no callback comes any more.
    fn drop(&mut self) {
        self.sheet
            .note("callback_interval_us", Intervals::of(&self.times_ns));
    }
}
