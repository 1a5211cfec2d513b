//! The habits of real programs, as scripts: what each does with a driver that trips up others.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use asio::driver::ChannelId;
use asio::host::Driver;

use crate::bench::{Bench, all_channels, preferred, some_channels, wait_for_blocks};
use crate::watch::{Manners, Watch, silence};

/// Rates that programs ask for one by one.
const RATES_HZ: [f64; 6] = [44_100.0, 48_000.0, 88_200.0, 96_000.0, 176_400.0, 192_000.0];

/// The steps that programs share.
struct Program<'b> {
    bench: &'b Bench<'b>,
    driver: Driver,
}

impl<'b> Program<'b> {
    fn open(bench: &'b Bench<'b>) -> Result<Program<'b>> {
        bench.step("opening the driver");
        let driver = bench.open()?;
        Ok(Program { bench, driver })
    }

    /// Asks for everything, in the usual order.
    fn look(&self) -> Result<()> {
        self.bench.step("asking what the driver can do");
        self.driver.name();
        self.driver.version();
        self.driver.channels()?;
        self.driver.block_sizes()?;
        self.driver.sample_rate()?;
        self.driver.output_ready();
        for rate_hz in RATES_HZ {
            // Any answer will do.
            let _ = self.driver.can_sample_rate(rate_hz);
        }
        for channel in all_channels(&self.driver)? {
            self.driver.channel_info(channel)?;
        }
        Ok(())
    }

    /// Asks for latencies where programs want some, and drivers may have none yet.
    fn early_latencies(&self) {
        self.bench.step("asking for latencies before createBuffers");
        let _ = self.driver.latencies();
    }

    /// Plays so many blocks on these channels, from `createBuffers` to `disposeBuffers`.
    fn play(&mut self, channels: &[ChannelId], block_frames: u32, blocks: u64) -> Result<()> {
        self.bench.step(format!(
            "playing {} channels in blocks of {block_frames}",
            channels.len()
        ));
        let (watch, seen) = Watch::new(Manners::Good, silence());
        self.driver.create_buffers(channels, block_frames, watch)?;
        self.driver.latencies()?;
        self.driver.start()?;
        wait_for_blocks(&seen, blocks)?;
        self.driver.stop()?;
        self.driver.dispose_buffers()?;
        Ok(())
    }

    fn preferred(&self) -> Result<u32> {
        preferred(&self.driver)
    }
}

/// T24, T30, T31, T37: scans with a stream of 80 ms, then opens in earnest; stops what stands.
pub fn juce(bench: &Bench<'_>) -> Result<String> {
    let mut program = Program::open(bench)?;
    program.look()?;
    program.early_latencies();
    bench.step("stopping and disposing of what is not there");
    let _ = program.driver.stop();
    let _ = program.driver.dispose_buffers();
    bench.step("playing 80 ms as a trial");
    let (few, frames) = (some_channels(&program.driver)?, program.preferred()?);
    let (watch, _) = Watch::new(Manners::Good, silence());
    program.driver.create_buffers(&few, frames, watch)?;
    program.driver.latencies()?;
    program.driver.start()?;
    std::thread::sleep(Duration::from_millis(80));
    program.driver.stop()?;
    program.driver.dispose_buffers()?;
    let all = all_channels(&program.driver)?;
    program.play(&all, frames, 12)?;
    bench.step("closing and opening again");
    drop(program);
    let mut program = Program::open(bench)?;
    program.play(&all, frames, 6)?;
    Ok("scan, trial of 80 ms, real stream, and all of it again".to_owned())
}

/// T29, T39: several instances at once that are only asked; then the preferred block and no other.
pub fn ableton(bench: &Bench<'_>) -> Result<String> {
    bench.step("scanning with several instances at once");
    for _ in 0..bench.rounds(10, 3) {
        let instances = [bench.open()?, bench.open()?, bench.open()?];
        for driver in &instances {
            driver.channels()?;
            driver.block_sizes()?;
        }
    }
    let mut program = Program::open(bench)?;
    program.look()?;
    let (all, frames) = (all_channels(&program.driver)?, program.preferred()?);
    for rate_hz in [44_100.0, 48_000.0] {
        bench.step(format!("playing at {rate_hz} Hz if possible"));
        if program.driver.can_sample_rate(rate_hz).is_ok() {
            program.driver.set_sample_rate(rate_hz)?;
            program.play(&all, program.preferred()?, 6)?;
        }
    }
    bench.step("leaving without stop and disposeBuffers");
    bench.prepare(&mut program.driver, frames)?;
    program.driver.start()?;
    drop(program);
    bench.ensure_still_plays()?;
    Ok("several instances for the scan, then the preferred block only".to_owned())
}

/// T5, T43: the sizes that were told are the sizes that work, and one set of buffers is started and
/// stopped many times.
pub fn cubase(bench: &Bench<'_>) -> Result<String> {
    let mut program = Program::open(bench)?;
    program.look()?;
    let sizes = program.driver.block_sizes()?;
    let all = all_channels(&program.driver)?;
    for frames in [sizes.preferred_frames, sizes.min_frames, sizes.max_frames] {
        program
            .play(&all, frames, 3)
            .with_context(|| format!("blocks of {frames}, which getBufferSize told"))?;
    }
    let seen = bench.prepare(&mut program.driver, sizes.preferred_frames)?;
    let rounds = bench.rounds(20, 5);
    for round in 1..=rounds {
        bench.step(format!(
            "starting and stopping the same buffers, round {round}"
        ));
        program.driver.start()?;
        wait_for_blocks(&seen, 2)?;
        program.driver.stop()?;
    }
    ensure!(
        program.driver.block_sizes()? == sizes,
        "the block sizes changed although nobody asked for it"
    );
    Ok(format!(
        "told sizes work; {rounds} starts and stops of one set of buffers"
    ))
}

/// T29, T39, T40: a quick scan, powers of two, and one sample type for all channels.
pub fn pro_tools(bench: &Bench<'_>) -> Result<String> {
    bench.step("scanning");
    for _ in 0..bench.rounds(20, 5) {
        let driver = bench.open()?;
        driver.channels()?;
    }
    let mut program = Program::open(bench)?;
    let all = all_channels(&program.driver)?;
    let mut types = Vec::new();
    for channel in &all {
        let kind = program.driver.channel_info(*channel)?.sample_type;
        if !types.contains(&kind) {
            types.push(kind);
        }
    }
    bench.advise(types.len() <= 1, || {
        let names: Vec<_> = types.iter().map(ToString::to_string).collect();
        format!(
            "the channels have several sample types: {}",
            names.join(", ")
        )
    });
    let sizes = program.driver.block_sizes()?;
    let powers: Vec<u32> = (5..=11)
        .map(|power| 1 << power)
        .filter(|frames| (sizes.min_frames..=sizes.max_frames).contains(frames))
        .collect();
    bench.advise(!powers.is_empty(), || {
        "none of the blocks from 32 to 2048 frames that are powers of two is on offer".to_owned()
    });
    let mut played = 0;
    for frames in powers {
        match program.play(&all, frames, 3) {
            Ok(()) => played += 1,
            // A driver with steps of its own may refuse a power of two.
            Err(error) if sizes.granularity == -1 => return Err(error),
            Err(_) => {}
        }
    }
    Ok(format!(
        "quick scan, then {played} blocks that are powers of two"
    ))
}

/// T41, T42: the rate is set on one instance, and another one plays.
pub fn rew(bench: &Bench<'_>) -> Result<String> {
    let mut first = Program::open(bench)?;
    first.look()?;
    let own_hz = first.driver.sample_rate()?;
    let other_hz = RATES_HZ
        .into_iter()
        .find(|rate_hz| *rate_hz != own_hz && first.driver.can_sample_rate(*rate_hz).is_ok());
    let rate_hz = other_hz.unwrap_or(own_hz);
    bench.step(format!("setting {rate_hz} Hz on one instance"));
    first.driver.set_sample_rate(rate_hz)?;
    let mut second = Program::open(bench)?;
    let seen_hz = second.driver.sample_rate()?;
    let few = some_channels(&second.driver)?;
    let frames = second.preferred()?;
    second
        .play(&few, frames, 6)
        .context("the second instance")?;
    drop(second);
    let (few, frames) = (some_channels(&first.driver)?, first.preferred()?);
    first.play(&few, frames, 6).context("the first instance")?;
    // Some drivers keep the rate for the next program.
    let _ = first.driver.set_sample_rate(own_hz);
    Ok(format!(
        "{rate_hz} Hz set on one instance, {seen_hz} Hz seen by another; both play"
    ))
}

/// T31, T39: latencies at any time, outputs without inputs, one block size after the other.
pub fn max(bench: &Bench<'_>) -> Result<String> {
    let mut program = Program::open(bench)?;
    program.early_latencies();
    let sizes = program.driver.block_sizes()?;
    bench.advise(sizes.min_frames >= 32, || {
        format!(
            "blocks of {} frames are on offer; there are programs that crash below 32",
            sizes.min_frames
        )
    });
    let all = all_channels(&program.driver)?;
    let of = |is_input| -> Vec<ChannelId> {
        all.iter()
            .copied()
            .filter(|channel| channel.is_input == is_input)
            .collect()
    };
    let blocks = [sizes.max_frames, sizes.preferred_frames, sizes.min_frames];
    for channels in [of(false), of(true), all.clone()] {
        for frames in blocks {
            if !channels.is_empty() {
                program.play(&channels, frames, 2)?;
            }
        }
    }
    Ok("outputs alone, inputs alone, both, in changing blocks".to_owned())
}
