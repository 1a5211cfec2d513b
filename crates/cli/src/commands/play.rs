//! `play`: a WAV file through an ASIO driver.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use asio::driver::ChannelId;
use asio::host::Driver;
use indicatif::{ProgressBar, ProgressStyle};
use rt::Counter;
use session::product::class_of;

use super::installed;
use crate::args::PlayArguments;
use crate::play::feed::Feed;
use crate::play::handler::{Notices, Player, format_of};
use crate::play::report::{PlayReport, clock_time};
use crate::play::routing;
use crate::wav::Wav;

/// How often the progress is looked at.
const TICK: Duration = Duration::from_millis(50);
/// A driver that asks for nothing for so long is taken for dead.
const SILENCE_LIMIT: Duration = Duration::from_secs(5);

/// Plays the file and says how it went.
pub fn play(arguments: &PlayArguments) -> Result<()> {
    let wav = Arc::new(Wav::read(&arguments.file)?);
    let mut driver = installed::open(&arguments.driver)?;
    check_device(&driver)?;
    set_rate(&mut driver, &wav)?;
    let block_frames = choose_block(&driver, arguments.block)?;
    let mut stream = Stream::prepare(&mut driver, &wav, block_frames)?;
    let result = stream.run(&wav, !arguments.json);
    let report = stream.report(&wav);
    result.with_context(|| format!("cannot play {}", arguments.file.display()))?;
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{report}");
    }
    Ok(())
}

/// Our own drivers run without a device, too, until one comes: a DAW may be glad of that, but whoever
/// plays a file wants to hear it now.
fn check_device(driver: &Driver) -> Result<()> {
    let is_ours = installed::find(&driver.name())
        .is_ok_and(|listed| listed.clsid == Some(class_of(&listed.name)));
    let absence = driver.error_message();
    ensure!(
        !is_ours || absence.is_empty(),
        "{} has nothing to play on: {absence}",
        driver.name()
    );
    Ok(())
}

/// Gives the driver the file's rate.
fn set_rate(driver: &mut Driver, wav: &Wav) -> Result<()> {
    let rate_hz = f64::from(wav.rate_hz());
    driver
        .can_sample_rate(rate_hz)
        .and_then(|()| driver.set_sample_rate(rate_hz))
        .with_context(|| {
            format!(
                "the file has {} Hz, which the driver refuses",
                wav.rate_hz()
            )
        })
}

/// The block asked for, if the driver has it, or the one that it prefers.
fn choose_block(driver: &Driver, wish_frames: Option<u32>) -> Result<u32> {
    let sizes = driver.block_sizes()?;
    let block_frames = wish_frames.unwrap_or(sizes.preferred_frames);
    ensure!(
        (sizes.min_frames..=sizes.max_frames).contains(&block_frames),
        "{} takes blocks of {} to {} frames, not {block_frames}",
        driver.name(),
        sizes.min_frames,
        sizes.max_frames
    );
    Ok(block_frames)
}

/// A driver with buffers for a file.
struct Stream<'a> {
    driver: &'a mut Driver,
    block_frames: u32,
    output_latency_frames: u32,
    handed_over: Arc<Counter>,
    notices: Arc<Notices>,
}

impl<'a> Stream<'a> {
    fn prepare(driver: &'a mut Driver, wav: &Arc<Wav>, block_frames: u32) -> Result<Stream<'a>> {
        let outputs = driver.channels()?.outputs as usize;
        let sources = routing::outputs(wav.channels(), outputs)?;
        let channels: Vec<ChannelId> = (0..sources.len() as u32)
            .map(|index| ChannelId {
                is_input: false,
                index,
            })
            .collect();
        let formats = channels
            .iter()
            .map(|&channel| format_of(driver.channel_info(channel)?.sample_type))
            .collect::<Result<_>>()?;
        let feed = Feed::new(Arc::clone(wav), sources);
        let handed_over = feed.played();
        let player = Player::new(feed, formats);
        let notices = player.notices();
        driver.create_buffers(&channels, block_frames, Box::new(player))?;
        let output_latency_frames = driver.latencies()?.output_frames;
        Ok(Stream {
            driver,
            block_frames,
            output_latency_frames,
            handed_over,
            notices,
        })
    }

    /// Plays until the last frame has left the device.
    fn run(&mut self, wav: &Wav, show: bool) -> Result<()> {
        self.driver.start()?;
        let watched = self.watch(wav, show);
        let stopped = self.driver.stop();
        watched?;
        Ok(stopped?)
    }

    fn watch(&self, wav: &Wav, show: bool) -> Result<()> {
        // Two blocks more than the latency: the double buffer.
        let tail = u64::from(self.output_latency_frames) + 2 * u64::from(self.block_frames);
        let end = wav.frames() as u64 + tail;
        let progress = progress_bar(wav, show);
        let (mut last, mut since) = (0, Instant::now());
        loop {
            let now = self.handed_over.get();
            self.show(&progress, wav, now);
            if now >= end {
                progress.finish_and_clear();
                return Ok(());
            }
            if now != last {
                (last, since) = (now, Instant::now());
            }
            if since.elapsed() >= SILENCE_LIMIT {
                let seconds = SILENCE_LIMIT.as_secs();
                bail!("{} asked for nothing in {seconds} s", self.driver.name());
            }
            if self.notices.reset_wanted.get() {
                bail!(
                    "{} wants to be opened anew, because its device has changed or is gone",
                    self.driver.name()
                );
            }
            std::thread::sleep(TICK);
        }
    }

    fn show(&self, progress: &ProgressBar, wav: &Wav, handed_over: u64) {
        let frame = handed_over.min(wav.frames() as u64);
        let rate_hz = u64::from(wav.rate_hz());
        progress.set_position(frame);
        let tick_frames = (f64::from(wav.rate_hz()) * TICK.as_secs_f64()) as usize;
        let peak = wav.peak((frame as usize).saturating_sub(tick_frames), tick_frames);
        progress.set_message(format!(
            "{} of {}  {peak:>10}  dropouts {}  latency {:.1} ms",
            clock_time(frame / rate_hz),
            clock_time(wav.frames() as u64 / rate_hz),
            self.notices.dropouts.get(),
            f64::from(self.output_latency_frames) * 1000.0 / f64::from(wav.rate_hz())
        ));
    }

    fn report(&self, wav: &Wav) -> PlayReport {
        PlayReport {
            driver: self.driver.name(),
            rate_hz: wav.rate_hz(),
            channels: wav.channels(),
            frames_played: self.handed_over.get().min(wav.frames() as u64),
            frames: wav.frames() as u64,
            block_frames: self.block_frames,
            output_latency_frames: self.output_latency_frames,
            dropouts: self.notices.dropouts.get(),
        }
    }
}

/// A bar on standard error, where that is a terminal.
fn progress_bar(wav: &Wav, show: bool) -> ProgressBar {
    if !show {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("[{bar:20}] {msg}").expect("the template is valid");
    ProgressBar::new(wav.frames() as u64).with_style(style.progress_chars("=> "))
}
