//! What a driver says of itself, and whether it makes sense.

use anyhow::{Result, ensure};
use asio::abi::FutureSelector;
use asio::driver::BlockSizes;
use asio::host::misuse::Answer;
use asio::host::{Call, Driver};

use crate::bench::{Bench, all_channels};

/// Hosts show so many clocks at most.
const CLOCKS_MAX: u16 = 32;

pub fn facts(bench: &Bench<'_>) -> Result<String> {
    bench.step("asking for the name before init");
    let driver = bench.load()?;
    let name = driver.name();
    ensure!(!name.is_empty(), "the driver has no name before init");
    drop(driver);
    bench.step("asking the driver about itself");
    let driver = bench.open()?;
    bench.advise(driver.name() == name, || {
        format!(
            "the name is \"{name}\" before init and \"{}\" after it",
            driver.name()
        )
    });
    let sizes = driver.block_sizes()?;
    check_sizes(bench, sizes)?;
    let rate_hz = driver.sample_rate()?;
    ensure!(
        rate_hz.is_finite() && rate_hz > 0.0,
        "the sample rate is {rate_hz} Hz"
    );
    let channels = check_channels(bench, &driver)?;
    check_clocks(bench, &driver)?;
    check_future(bench, &driver)?;
    Ok(format!(
        "{channels} channels, {rate_hz} Hz, blocks of {} to {} frames",
        sizes.min_frames, sizes.max_frames
    ))
}

fn check_sizes(bench: &Bench<'_>, sizes: BlockSizes) -> Result<()> {
    let BlockSizes {
        min_frames: min,
        max_frames: max,
        preferred_frames: preferred,
        granularity: step,
    } = sizes;
    ensure!(
        0 < min && min <= preferred && preferred <= max,
        "the block sizes contradict each other: at least {min}, at most {max}, best {preferred}"
    );
    ensure!(step >= -1, "the step between block sizes is {step}");
    let has_powers = (min..=max).contains(&min.next_power_of_two());
    bench.advise(step != -1 || has_powers, || {
        format!("no power of two lies between the block sizes {min} and {max}")
    });
    Ok(())
}

fn check_channels(bench: &Bench<'_>, driver: &Driver) -> Result<usize> {
    let channels = all_channels(driver)?;
    for channel in &channels {
        let kind = if channel.is_input { "input" } else { "output" };
        let info = driver.channel_info(*channel)?;
        ensure!(
            info.sample_type.block_bytes(1).is_some(),
            "{kind} {} has the unknown sample type {}",
            channel.index,
            info.sample_type.0
        );
        ensure!(
            !info.is_active,
            "{kind} {} is active although there are no buffers",
            channel.index
        );
        bench.advise(!info.name.is_empty(), || {
            format!("{kind} {} has no name", channel.index)
        });
    }
    let counts = driver.channels()?;
    for (is_input, count) in [(true, counts.inputs), (false, counts.outputs)] {
        let absent = asio::driver::ChannelId {
            is_input,
            index: count,
        };
        ensure!(
            driver.channel_info(absent).is_err(),
            "getChannelInfo describes a channel that does not exist, number {count} of {count}"
        );
    }
    Ok(channels.len())
}

fn check_clocks(bench: &Bench<'_>, driver: &Driver) -> Result<()> {
    bench.step("asking for the clocks");
    let made = driver.bare().call(Call::GetClockSources(CLOCKS_MAX));
    bench.advise(made.answer.is_success(), || {
        format!("getClockSources says {}", made.answer)
    });
    if !made.answer.is_success() {
        return Ok(());
    }
    let clocks = driver.clock_sources()?;
    let current = clocks.iter().filter(|clock| clock.is_current).count();
    bench.advise(current == 1, || {
        format!("{current} of {} clocks are in use", clocks.len())
    });
    Ok(())
}

/// T46: "yes" is a number of its own, and "no" is an error.
fn check_future(bench: &Bench<'_>, driver: &Driver) -> Result<()> {
    let questions = FutureSelector::ALL.iter().copied().filter(|selector| {
        let changes_something = matches!(
            *selector,
            FutureSelector::ENABLE_TIME_CODE_READ | FutureSelector::DISABLE_TIME_CODE_READ
        );
        !selector.needs_parameter() && !changes_something
    });
    for selector in questions.chain([FutureSelector(-77)]) {
        bench.step(format!("asking future({selector})"));
        let made = driver.bare().call(Call::Future(selector));
        ensure!(
            made.answer != Answer::Code(asio::abi::AsioError::OK),
            "future({selector}) says 0, which is neither yes nor no"
        );
        ensure!(
            selector.name().is_some() || !made.answer.is_success(),
            "future says yes to {selector}, which does not exist"
        );
    }
    Ok(())
}
