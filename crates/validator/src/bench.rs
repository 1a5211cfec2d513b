//! What all checks do with a driver.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use asio::driver::ChannelId;
use asio::host::misuse::stray_callbacks;
use asio::host::{Driver, Offer};
use rt::Mutex;

use crate::message::Message;
use crate::watch::{Act, Manners, Seen, Watch, silence};
use crate::{Settings, Source};

/// A stream without a block for so long is taken for dead.
const SILENCE_LIMIT: Duration = Duration::from_secs(5);
/// What is wrong with a callback that nobody has offered any more.
const STRAY: &str =
    "callbacks came for a stream that was disposed of, or from a list that was overwritten";
/// How long a driver that has stopped is watched for late callbacks.
const AFTERMATH: Duration = Duration::from_millis(80);

/// The check has no subject; the text says why.
#[derive(Debug)]
pub struct Skip(pub String);

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Skip {}

/// Leaves a check that has no subject.
pub fn skip<T>(why: impl Into<String>) -> Result<T> {
    Err(Skip(why.into()).into())
}

/// Where a check works.
pub struct Bench<'a> {
    source: &'a dyn Source,
    pub settings: Settings,
    tell: &'a dyn Fn(Message),
    began: Instant,
    warnings: Mutex<Vec<String>>,
    is_introduced: Mutex<bool>,
}

impl<'a> Bench<'a> {
    pub fn new(source: &'a dyn Source, settings: Settings, tell: &'a dyn Fn(Message)) -> Self {
        Bench {
            source,
            settings,
            tell,
            began: Instant::now(),
            warnings: Mutex::new(Vec::new()),
            is_introduced: Mutex::new(false),
        }
    }

    /// Says what is tried next, so that a crash can be placed.
    pub fn step(&self, step: impl Into<String>) {
        (self.tell)(Message::Step(step.into()));
    }

    /// Notes what breaks no rule but will trouble somebody. The check goes on.
    pub fn warn(&self, text: impl Into<String>) {
        let mut warnings = self.warnings.lock();
        let text = text.into();
        if !warnings.contains(&text) {
            warnings.push(text);
        }
    }

    /// Warns unless it is so.
    pub fn advise(&self, is_so: bool, text: impl FnOnce() -> String) {
        if !is_so {
            self.warn(text());
        }
    }

    pub fn warnings(&self) -> Vec<String> {
        self.warnings.lock().clone()
    }

    /// One number in a full run, another in a quick one; what the user wants goes first.
    pub fn rounds(&self, full: u32, quick: u32) -> u32 {
        let own = if self.settings.quick { quick } else { full };
        self.settings.rounds.unwrap_or(own)
    }

    /// The rounds to do, as many as there is time for: `full` or `quick` of them, or as many as the
    /// user wants, which are never cut.
    pub fn each_round(&self, full: u32, quick: u32) -> impl Iterator<Item = u32> {
        let is_wish = self.settings.rounds.is_some();
        (1..=self.rounds(full, quick)).take_while(move |_| is_wish || !self.is_late())
    }

    /// Half of the time that the check may take is over.
    pub fn is_late(&self) -> bool {
        self.began.elapsed() > self.settings.limit / 2
    }

    /// One duration in a full run, another in a quick one.
    pub fn time(&self, full_ms: u64, quick_ms: u64) -> Duration {
        let quick = self.settings.quick;
        let own = Duration::from_millis(if quick { quick_ms } else { full_ms });
        own.min(self.settings.limit / 4)
    }

    /// A new instance without `init`.
    pub fn load(&self) -> Result<Driver> {
        Ok(self.source.load()?)
    }

    /// A new instance, ready; a driver that is not gets skipped, because that says nothing of its
    /// quality: a device may be missing.
    pub fn open(&self) -> Result<Driver> {
        let mut driver = self.load()?;
        if let Err(error) = driver.init() {
            return skip(error.to_string());
        }
        if !std::mem::replace(&mut *self.is_introduced.lock(), true) {
            (self.tell)(Message::Driver {
                name: driver.name(),
                version: driver.version(),
            });
        }
        Ok(driver)
    }

    /// Prepares a stream of [`some_channels`] that plays silence.
    pub fn prepare(&self, driver: &mut Driver, block_frames: u32) -> Result<Arc<Seen>> {
        self.prepare_with(driver, block_frames, Offer::ALL, Manners::Good, silence())
    }

    /// Prepares a stream in the preferred block.
    pub fn prepare_preferred(&self, driver: &mut Driver) -> Result<Arc<Seen>> {
        let block_frames = preferred(driver)?;
        self.prepare(driver, block_frames)
    }

    /// Prepares a stream of a host that is as the arguments say.
    pub fn prepare_with(
        &self,
        driver: &mut Driver,
        block_frames: u32,
        offer: Offer,
        manners: Manners,
        act: Act,
    ) -> Result<Arc<Seen>> {
        let (watch, seen) = Watch::new(manners, act);
        driver.create_buffers_with(&some_channels(driver)?, block_frames, watch, offer)?;
        Ok(seen)
    }

    /// Prepares a stream in the preferred block and starts it.
    pub fn start(&self, driver: &mut Driver) -> Result<Arc<Seen>> {
        let seen = self.prepare_preferred(driver)?;
        driver.start()?;
        Ok(seen)
    }

    /// A new instance plays some blocks and is closed: after a check that may have broken something.
    pub fn ensure_still_plays(&self) -> Result<()> {
        self.step("playing with a new instance after all that");
        let mut driver = self.open()?;
        self.plays(&mut driver).context("afterwards")
    }

    /// The driver, without buffers, plays some blocks and is without buffers again.
    pub fn plays(&self, driver: &mut Driver) -> Result<()> {
        let seen = self.start(driver)?;
        wait_for_blocks(&seen, 3)?;
        driver.stop()?;
        driver.dispose_buffers()?;
        Ok(())
    }

    /// Runs `body` and makes sure that the driver calls nobody whose stream has ended.
    pub fn without_strays<T>(&self, body: impl FnOnce() -> Result<T>) -> Result<T> {
        let before = stray_callbacks();
        let result = body();
        if result.is_ok() {
            std::thread::sleep(AFTERMATH);
        }
        match (stray_callbacks() - before, result) {
            (0, result) => result,
            (strays, Ok(_)) => Err(anyhow!("{strays} {STRAY}")),
            (strays, Err(error)) => Err(error.context(format!("{strays} {STRAY}"))),
        }
    }
}

/// At most two inputs and two outputs.
pub fn some_channels(driver: &Driver) -> Result<Vec<ChannelId>> {
    let counts = driver.channels()?;
    let channels =
        |is_input, count: u32| (0..count.min(2)).map(move |index| ChannelId { is_input, index });
    let all: Vec<_> = channels(true, counts.inputs)
        .chain(channels(false, counts.outputs))
        .collect();
    if all.is_empty() {
        return skip("the driver has no channels");
    }
    Ok(all)
}

/// All channels, inputs first.
pub fn all_channels(driver: &Driver) -> Result<Vec<ChannelId>> {
    let counts = driver.channels()?;
    let inputs = (0..counts.inputs).map(|index| (true, index));
    let outputs = (0..counts.outputs).map(|index| (false, index));
    let id = |(is_input, index)| ChannelId { is_input, index };
    Ok(inputs.chain(outputs).map(id).collect())
}

/// The block that the driver prefers, in frames.
pub fn preferred(driver: &Driver) -> Result<u32> {
    Ok(driver.block_sizes()?.preferred_frames)
}

/// Waits until `more` blocks came.
pub fn wait_for_blocks(seen: &Seen, more: u64) -> Result<()> {
    let wanted = seen.blocks.get() + more;
    let (mut last, mut since) = (seen.blocks.get(), Instant::now());
    while seen.blocks.get() < wanted {
        let now = seen.blocks.get();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        if since.elapsed() > SILENCE_LIMIT {
            bail!(silent(now));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn silent(after: u64) -> anyhow::Error {
    let seconds = SILENCE_LIMIT.as_secs();
    match after {
        0 => anyhow!("no bufferSwitch came within {seconds} s of start"),
        after => anyhow!("no bufferSwitch came for {seconds} s after {after} blocks"),
    }
}

/// No block comes any more.
pub fn ensure_silent(seen: &Seen) -> Result<()> {
    let before = seen.blocks.get();
    std::thread::sleep(AFTERMATH);
    let late = seen.blocks.get() - before;
    ensure!(late == 0, "{late} blocks came after stop had returned");
    Ok(())
}
