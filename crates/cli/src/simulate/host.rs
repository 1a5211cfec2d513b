//! The program that plays: our own ASIO host on our own driver, on a simulated card.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use asio::driver::{ChannelId, Object};
use asio::host::{BlockIo, Driver, Events, Handler};
use engine::endpoint::EndpointTiming;
use engine::format::SampleFormat;
use rt::SeqPair;
use session::DirectDriver;
use session::product::DRIVERS;
use simcard::clock::Clock;
use simcard::{EndpointId, VirtualDevice, VirtualTime, Wish};

use super::NS_PER_SECOND;
use super::witness::Witness;
use crate::play::feed::Feed;
use crate::play::handler::{Notices, Player, format_of};
use crate::play::routing;
use crate::wav::Wav;

/// How often the host looks whether its driver still plays; longer than any wait of the driver.
const LOOK_NS: u64 = 600_000_000;

/// What is to be played, and on what.
pub(crate) struct Host {
    pub(crate) time: Arc<VirtualTime>,
    pub(crate) endpoint: EndpointId,
    pub(crate) wish: Wish,
    pub(crate) wav: Arc<Wav>,
    pub(crate) block_frames: Option<u32>,
    pub(crate) output: Option<PathBuf>,
    pub(crate) length_ns: u64,
}

/// How it went.
pub(crate) struct Played {
    pub(crate) witness: Witness,
    pub(crate) timing: EndpointTiming,
    pub(crate) block_frames: u32,
    /// What the driver reported while it played last.
    pub(crate) reported_frames: u32,
    /// The card's frame that was under way when the first block was asked for.
    pub(crate) first_block: Option<i64>,
    pub(crate) overloads: u64,
}

/// The callback: plays, and notes when it was first called.
struct Timed {
    player: Player,
    first: Arc<SeqPair>,
    noted: bool,
}

impl Handler for Timed {
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>) {
        if !self.noted
            && let Some(time) = io.time()
        {
            self.noted = true;
            self.first.set((1, time.position.system_ns));
        }
        self.player.buffer_switch(io);
    }

    fn events(&self) -> Arc<dyn Events> {
        self.player.events()
    }
}

/// One stretch from opening to closing.
struct Stretch {
    notices: Arc<Notices>,
    handed_over: Arc<rt::Counter>,
    first: Arc<SeqPair>,
    /// The card's clock at the rate at which the stream was opened.
    clock: Clock,
}

impl Stretch {
    fn first_block(&self) -> Option<i64> {
        let (_, ns) = self.first.get().filter(|pair| pair.0 > 0)?;
        // Block times are whole nanoseconds, rounded down; a frame begins within the next.
        Some(self.clock.frames_at(ns + 1) as i64)
    }
}

impl Host {
    /// Plays the file to its end, opening the driver again when it asks for that.
    pub(crate) fn play(self) -> Result<Played> {
        let device = Arc::new(VirtualDevice::new(
            Arc::clone(&self.time),
            self.endpoint,
            self.wish.clone(),
        ));
        let product = &DRIVERS[0];
        let logic = DirectDriver::new(product.name, Arc::clone(&device) as _);
        let mut driver = Driver::from_object(Object::create(product.clsid, logic));
        driver.init()?;
        driver.set_sample_rate(f64::from(self.wav.rate_hz()))?;
        let block_frames = choose_block(&driver, self.block_frames)?;
        let outputs = driver.channels()?.outputs as usize;
        let sources = routing::outputs(self.wav.channels(), outputs)?;
        let channels: Vec<ChannelId> = (0..sources.len() as u32).map(output).collect();
        let sample_type = driver.channel_info(output(0))?.sample_type;
        let format = format_of(sample_type)?;
        let converter_frames = self
            .time
            .with(|world| world.spec(self.endpoint).map(|spec| spec.latency_frames))?;
        let witness = Witness::new(
            Arc::clone(&self.wav),
            sources.clone(),
            format,
            converter_frames,
            self.length_ns,
        );
        let recorder = witness.clone();
        self.time.with(|world| world.set_recorder(recorder));

        let opening = Opening {
            host: &self,
            channels: &channels,
            sources: &sources,
            format,
            block_frames,
        };
        let stretch = opening.open(&mut driver, &witness)?;
        if let (Some(path), Some((opened, _))) = (&self.output, device.opened()) {
            witness.write_to(path, opened)?;
        }
        driver.start()?;
        self.run(&stretch)?;
        let reported_frames = driver.latencies()?.output_frames;
        // The stream's thread has answered when this returns, so all is told.
        driver.stop()?;
        driver.dispose_buffers()?;
        let (_, timing) = device.opened().context("the driver opened nothing")?;
        Ok(Played {
            witness,
            timing,
            block_frames,
            reported_frames,
            first_block: stretch.first_block(),
            overloads: stretch.notices.dropouts.get(),
        })
    }

    /// Lets time pass until all is played.
    fn run(&self, stretch: &Stretch) -> Result<()> {
        let frames = self.wav.frames() as u64;
        loop {
            let before = stretch.handed_over.get();
            let left = frames.saturating_sub(before);
            let left_ns = left * NS_PER_SECOND / u64::from(self.wav.rate_hz());
            let now_ns = self.time.with(|world| world.now_ns());
            // After the last frame is handed over, whatever is queued still has to be played.
            self.time
                .run_until(now_ns + left_ns.clamp(LOOK_NS, 60 * NS_PER_SECOND))?;
            if before >= frames {
                return Ok(());
            }
            ensure!(
                stretch.handed_over.get() > before,
                "the driver has asked for nothing any more"
            );
        }
    }
}

/// The block asked for, if the driver has it, or the one that it prefers.
fn choose_block(driver: &Driver, wish_frames: Option<u32>) -> Result<u32> {
    let sizes = driver.block_sizes()?;
    let block_frames = wish_frames.unwrap_or(sizes.preferred_frames);
    ensure!(
        (sizes.min_frames..=sizes.max_frames).contains(&block_frames),
        "the driver takes blocks of {} to {} frames, not {block_frames}",
        sizes.min_frames,
        sizes.max_frames
    );
    Ok(block_frames)
}

const fn output(index: u32) -> ChannelId {
    ChannelId {
        is_input: false,
        index,
    }
}

/// What the driver is opened with.
struct Opening<'a> {
    host: &'a Host,
    channels: &'a [ChannelId],
    sources: &'a [usize],
    format: SampleFormat,
    block_frames: u32,
}

impl Opening<'_> {
    fn open(&self, driver: &mut Driver, witness: &Witness) -> Result<Stretch> {
        let feed = Feed::new(Arc::clone(&self.host.wav), self.sources.to_vec());
        let handed_over = feed.played();
        let player = Player::new(feed, vec![self.format; self.channels.len()]);
        let notices = player.notices();
        let first = Arc::<SeqPair>::default();
        let handler = Timed {
            player,
            first: Arc::clone(&first),
            noted: false,
        };
        witness.begin(Arc::clone(&handed_over));
        driver.create_buffers(self.channels, self.block_frames, Box::new(handler))?;
        let time = &self.host.time;
        Ok(Stretch {
            notices,
            handed_over,
            first,
            clock: time.with(|world| world.clock(self.host.endpoint).cloned())?,
        })
    }
}
