//! Plays a raw file through a driver without altering a bit of it, also through a driver that wants to
//! be opened anew on the way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use asio::abi::{HostMessage, SampleType};
use asio::driver::ChannelId;
use asio::host::{BlockIo, Driver, Events, Handler, answer};
use rt::{Counter, Flag, Mutex};
use serde::Serialize;

use super::probe::Probe;
use super::{Input, Options, Stall, bench};
use crate::clock::Clock;
use crate::intervals::Intervals;
use crate::material::{Material, RawFormat};
use crate::sheet::Sheet;

/// Bytes of a sample in both formats that can be played here.
const SAMPLE_BYTES: usize = 4;
/// How long after a reset request a host does it: JUCE's timer.
const RESET_DELAY: Duration = Duration::from_millis(500);
/// How long a driver that was opened anew is tried.
const TRIAL: Duration = Duration::from_millis(80);
/// How long a driver may refuse to be opened anew.
const RESET_PATIENCE: Duration = Duration::from_secs(20);

/// A time between the opening of a driver and its end.
#[derive(Serialize)]
struct Life {
    rate_hz: f64,
    block_frames: u32,
    output_latency_frames: u32,
    /// The first frame of the material that the driver was given.
    first_frame: u64,
    /// The frame after the last.
    end_frame: u64,
    /// From the beginning to the first callback, in milliseconds.
    began_ms: u64,
    /// From the beginning to the reset request that ended it.
    reset_asked_ms: Option<u64>,
    /// Why the driver could not be opened before, each sentence once.
    refusals: Vec<String>,
}

/// A driver with its buffers' measures, ready for them.
struct Opened {
    driver: Driver,
    rate_hz: f64,
    block_frames: u32,
    channels: Vec<ChannelId>,
}

fn open(options: &Options, input: &Input) -> Result<Opened> {
    let driver = bench::open(options)?;
    Ok(Opened {
        rate_hz: driver.sample_rate()?,
        block_frames: bench::block_frames(&driver, options)?,
        channels: outputs(&driver, input)?,
        driver,
    })
}

pub fn play(options: &Options, sheet: &Sheet) -> Result<()> {
    let input = options.input.as_ref().context("play needs an input")?;
    sheet.step("opening");
    let opened = open(options, input)?;
    let tail_frames = (input.tail.as_secs_f64() * opened.rate_hz).round() as usize;
    let material = Material::read(&input.path, input.format, input.channels, tail_frames)?;
    let frames = material.frames() as u64;
    let blocks = (material.frames() + tail_frames).div_ceil(opened.block_frames as usize) + 16;
    let shared = Arc::new(Shared::new(material, blocks, options.stall));
    sheet.note("rate_hz", opened.rate_hz);
    sheet.note("block_frames", opened.block_frames);
    let mut lives = Vec::new();
    let played = play_lives(options, input, opened, &shared, &mut lives, sheet);
    if let Some(life) = lives.first() {
        sheet.note("reported_output_latency_frames", life.output_latency_frames);
    }
    sheet.note("lives", lives);
    sheet.note("frames_played", shared.frames.get());
    sheet.note("callbacks", shared.callbacks.get());
    sheet.note("overloads", shared.overloads.get());
    sheet.note("resets_asked", shared.resets.get());
    if let Some(song) = &*shared.song.lock() {
        sheet.note("callback_interval_us", Intervals::of(&song.times_ns));
        if options.times {
            sheet.note("callback_times_ns", &song.times_ns);
        }
    }
    played?;
    ensure!(
        shared.frames.get() == frames,
        "only {} of {frames} frames were played",
        shared.frames.get()
    );
    Ok(())
}

/// Plays until the material's end, through as many lives as the driver asks for and the options allow.
fn play_lives(
    options: &Options,
    input: &Input,
    mut opened: Opened,
    shared: &Arc<Shared>,
    lives: &mut Vec<Life>,
    sheet: &Sheet,
) -> Result<()> {
    let mut refusals = Vec::new();
    loop {
        sheet.step("playing");
        let mut life = Life {
            rate_hz: opened.rate_hz,
            block_frames: opened.block_frames,
            output_latency_frames: 0,
            first_frame: shared.frames.get(),
            end_frame: 0,
            began_ms: 0,
            reset_asked_ms: None,
            refusals: std::mem::take(&mut refusals),
        };
        let player = Player::new(shared, opened.block_frames)?;
        let lived = live(
            &mut opened,
            player,
            shared,
            options.answer_resets,
            &mut life,
        );
        life.end_frame = shared.frames.get();
        let ended_by_reset = life.reset_asked_ms.is_some();
        lives.push(life);
        lived?;
        if !ended_by_reset {
            return Ok(());
        }
        sheet.step("opening anew");
        drop(opened);
        (opened, refusals) = open_anew(options, input)?;
    }
}

/// From the buffers' creation to their end.
fn live(
    opened: &mut Opened,
    player: Player,
    shared: &Shared,
    answer_resets: bool,
    life: &mut Life,
) -> Result<()> {
    let driver = &mut opened.driver;
    let resets = shared.resets.get();
    let reset_asked = || answer_resets && shared.resets.get() > resets;
    driver.create_buffers(&opened.channels, opened.block_frames, Box::new(player))?;
    life.output_latency_frames = driver.latencies()?.output_frames;
    driver.start()?;
    let before = shared.callbacks.get();
    let silent = || shared.callbacks.get() == before && !reset_asked();
    let played = bench::wait_while_counting(&shared.callbacks, silent).and_then(|()| {
        life.began_ms = shared.elapsed_ms();
        bench::wait_while_counting(&shared.callbacks, || !shared.done.get() && !reset_asked())
    });
    let played = if reset_asked() {
        life.reset_asked_ms = Some(shared.elapsed_ms());
        std::thread::sleep(RESET_DELAY);
        played
    } else {
        // The last block waits in the other half of the buffer until one more is asked for.
        played.and_then(|()| bench::wait_for(&shared.callbacks, 2))
    };
    driver.stop()?;
    driver.dispose_buffers()?;
    played
}

/// Loads and opens the driver again, as a host does that was asked for a reset: first at once, then
/// again whenever its timer has run off. The second value is why it could not be done before.
fn open_anew(options: &Options, input: &Input) -> Result<(Opened, Vec<String>)> {
    let begun = Instant::now();
    let mut refusals = Vec::new();
    loop {
        let refusal = match open_and_try(options, input) {
            Ok(opened) => return Ok((opened, refusals)),
            Err(refusal) => refusal,
        };
        if begun.elapsed() > RESET_PATIENCE {
            return Err(refusal.context("the driver cannot be opened anew"));
        }
        let sentence = format!("{refusal:#}");
        if !refusals.contains(&sentence) {
            refusals.push(sentence);
        }
        std::thread::sleep(RESET_DELAY);
    }
}

/// Opens the driver and lets it run for a moment, as JUCE does before it uses it.
fn open_and_try(options: &Options, input: &Input) -> Result<Opened> {
    let mut opened = open(options, input)?;
    let (probe, _) = Probe::new(opened.channels.len());
    let driver = &mut opened.driver;
    driver.create_buffers(&opened.channels, opened.block_frames, Box::new(probe))?;
    driver.start()?;
    std::thread::sleep(TRIAL);
    driver.stop()?;
    driver.dispose_buffers()?;
    Ok(opened)
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
    /// `None` only while dropping.
    song: Option<Song>,
    channels: usize,
    block: Vec<u8>,
    shared: Arc<Shared>,
}

/// What goes on from one life to the next.
struct Song {
    material: Material,
    times_ns: Vec<u64>,
}

/// What the main thread watches.
struct Shared {
    origin: Instant,
    clock: Clock,
    stall: Option<Stall>,
    callbacks: Counter,
    frames: Counter,
    done: Flag,
    overloads: Counter,
    resets: Counter,
    /// While no player has it.
    song: Mutex<Option<Song>>,
}

impl Shared {
    /// With room for the instants of so many blocks.
    fn new(material: Material, blocks: usize, stall: Option<Stall>) -> Self {
        Self {
            origin: Instant::now(),
            clock: Clock::new(),
            stall,
            callbacks: Counter::default(),
            frames: Counter::default(),
            done: Flag::default(),
            overloads: Counter::default(),
            resets: Counter::default(),
            song: Mutex::new(Some(Song {
                material,
                times_ns: Vec::with_capacity(blocks),
            })),
        }
    }

    fn elapsed_ms(&self) -> u64 {
        self.origin.elapsed().as_millis() as u64
    }
}

impl Events for Shared {
    fn message(&self, selector: HostMessage, value: i32) -> i32 {
        match selector {
            HostMessage::OVERLOAD => self.overloads.add(1),
            HostMessage::RESET_REQUEST => self.resets.add(1),
            _ => {}
        }
        answer(selector, value)
    }
}

impl Player {
    fn new(shared: &Arc<Shared>, block_frames: u32) -> Result<Player> {
        let song = shared.song.lock().take();
        let song = song.context("the driver still holds the buffers that it was to dispose of")?;
        let frame_bytes = song.material.frame_bytes();
        Ok(Player {
            channels: frame_bytes / SAMPLE_BYTES,
            block: vec![0; frame_bytes * block_frames as usize],
            song: Some(song),
            shared: Arc::clone(shared),
        })
    }
}

impl Handler for Player {
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>) {
        let Some(Song { material, times_ns }) = &mut self.song else {
            return;
        };
        if times_ns.len() < times_ns.capacity() {
            times_ns.push(self.shared.clock.now_ns());
        }
        if let Some(stall) = self.shared.stall
            && stall.at_callback == self.shared.callbacks.get()
        {
            std::thread::sleep(stall.pause);
        }
        let before = material.frames_played();
        let more = material.fill(&mut self.block);
        for channel in 0..self.channels {
            let Some(plane) = io.output_bytes(channel) else {
                continue;
            };
            let frames = self.block.chunks_exact(material.frame_bytes());
            for (sample, frame) in plane.chunks_exact_mut(SAMPLE_BYTES).zip(frames) {
                sample.copy_from_slice(&frame[channel * SAMPLE_BYTES..][..SAMPLE_BYTES]);
            }
        }
        let played = material.frames_played() - before;
        self.shared.frames.add(played as u64);
        self.shared.callbacks.add(1);
        if !more {
            self.shared.done.set(true);
        }
    }

    fn events(&self) -> Arc<dyn Events> {
        Arc::<Shared>::clone(&self.shared)
    }
}

impl Drop for Player {
    /// When the buffers are disposed of, no callback comes any more.
    fn drop(&mut self) {
        *self.shared.song.lock() = self.song.take();
    }
}
