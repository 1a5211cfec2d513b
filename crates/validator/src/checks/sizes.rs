//! Every block size on offer, and some that are not.

use anyhow::{Context, Result, ensure};
use asio::driver::BlockSizes;
use asio::host::Driver;

use crate::bench::{Bench, wait_for_blocks};
use crate::checks::position::judge_advance;

/// Sizes that programs ask for although few drivers offer them.
const ODD_FRAMES: [u32; 10] = [1, 37, 96, 147, 441, 480, 1000, 1023, 4097, 65_536];
/// More sizes than this on offer are sampled.
const SIZES_MAX: usize = 24;

pub fn block_sizes(bench: &Bench<'_>) -> Result<String> {
    let mut driver = bench.open()?;
    let offered = offered(driver.block_sizes()?);
    let tried = sample(&offered, bench.rounds(SIZES_MAX as u32, 6) as usize);
    let mut played = 0;
    for frames in tried.iter().take_while(|_| !bench.is_late()) {
        played += 1;
        bench.step(format!("playing in blocks of {frames}"));
        play(bench, &mut driver, *frames).with_context(|| format!("blocks of {frames}"))?;
    }
    Ok(format!("{played} of {} sizes were played", offered.len()))
}

pub fn odd_sizes(bench: &Bench<'_>) -> Result<String> {
    let mut driver = bench.open()?;
    let sizes = driver.block_sizes()?;
    let offered = offered(sizes);
    let around = [
        sizes.min_frames - 1,
        sizes.max_frames.saturating_add(1),
        sizes.max_frames.saturating_mul(2),
        sizes.preferred_frames.saturating_add(1),
    ];
    let (mut played, mut refused) = (0, 0);
    for frames in ODD_FRAMES.into_iter().chain(around) {
        if offered.contains(&frames) {
            continue;
        }
        bench.step(format!(
            "asking for blocks of {frames}, which are not on offer"
        ));
        match bench.prepare(&mut driver, frames) {
            Err(_) => refused += 1,
            Ok(_) => {
                driver.dispose_buffers()?;
                play(bench, &mut driver, frames).with_context(|| {
                    format!("blocks of {frames}, accepted although not on offer")
                })?;
                played += 1;
            }
        }
    }
    bench.ensure_still_plays()?;
    Ok(format!(
        "{played} sizes not on offer were played, {refused} refused"
    ))
}

fn play(bench: &Bench<'_>, driver: &mut Driver, frames: u32) -> Result<()> {
    let seen = bench.prepare(driver, frames)?;
    driver.start()?;
    wait_for_blocks(&seen, u64::from(bench.rounds(8, 4)))?;
    driver.stop()?;
    driver.dispose_buffers()?;
    let twice = seen.same_half.get();
    ensure!(
        twice == 0,
        "{twice} blocks came in the same half as the one before"
    );
    judge_advance(bench, &seen.stamps(), frames)
}

/// All sizes that a program's menu would show.
fn offered(sizes: BlockSizes) -> Vec<u32> {
    let BlockSizes {
        min_frames: min,
        max_frames: max,
        preferred_frames: preferred,
        granularity,
    } = sizes;
    let mut all: Vec<u32> = match granularity {
        0 => vec![min, max],
        step @ 1.. => (min..=max).step_by(step as usize).collect(),
        _ => (0..31).map(|power| 1 << power).collect(),
    };
    all.extend([min, max, preferred]);
    all.retain(|frames| (min..=max).contains(frames));
    all.sort_unstable();
    all.dedup();
    all
}

/// The first, the last, and others evenly between.
fn sample(offered: &[u32], count: usize) -> Vec<u32> {
    let count = count.max(2);
    if offered.len() <= count {
        return offered.to_vec();
    }
    (0..count)
        .map(|nth| offered[nth * (offered.len() - 1) / (count - 1)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(min: u32, max: u32, preferred: u32, granularity: i32) -> BlockSizes {
        BlockSizes {
            min_frames: min,
            max_frames: max,
            preferred_frames: preferred,
            granularity,
        }
    }

    #[test]
    fn what_is_on_offer_is_what_a_menu_would_show() {
        assert_eq!(offered(sizes(64, 500, 480, -1)), [64, 128, 256, 480, 500]);
        assert_eq!(offered(sizes(480, 480, 480, 0)), [480]);
        assert_eq!(offered(sizes(16, 64, 30, 16)), [16, 30, 32, 48, 64]);
        assert_eq!(sample(&offered(sizes(1, 100, 50, 1)), 3), [1, 50, 100]);
        assert_eq!(sample(&[5, 6], 6), [5, 6]);
    }
}
