//! Sample position and time: forwards, block by block, and in step with the rate.

use anyhow::{Result, ensure};
use asio::driver::SamplePosition;
use asio::host::Driver;

use crate::bench::{Bench, preferred, skip, wait_for_blocks};
use crate::watch::Stamp;

/// The rate that the stamps show may be this far from the nominal one, as a fraction.
const RATE_TOLERANCE: f64 = 0.05;
/// The pace of the blocks themselves may be this far from it: the computer may be busy.
const PACE_TOLERANCE: f64 = 0.25;
/// The stamps are compared over stretches of so many seconds.
const STRETCH_S: f64 = 0.1;

pub fn position(bench: &Bench<'_>) -> Result<String> {
    let mut driver = bench.open()?;
    let (block_frames, rate_hz) = (preferred(&driver)?, driver.sample_rate()?);
    bench.step("running");
    let seen = bench.prepare(&mut driver, block_frames)?;
    driver.start()?;
    wait_for_blocks(&seen, 2)?;
    let run_s = bench.time(2000, 700).as_secs_f64();
    let blocks = ((run_s * rate_hz / f64::from(block_frames)) as u64).clamp(12, 4000);
    let mut polls = Polls::default();
    let end = seen.blocks.get() + blocks;
    while seen.blocks.get() < end {
        wait_for_blocks(&seen, 1)?;
        polls.add(&driver, seen.now_ns());
    }
    bench.step("stopping");
    driver.stop()?;
    let stamps = seen.stamps();
    judge_advance(bench, &stamps, block_frames)?;
    polls.judge()?;
    let measured = match stamps.len() {
        0 => &polls.stamps,
        _ => &stamps,
    };
    if measured.len() < 12 {
        return skip("the driver tells no positions, neither with the blocks nor when asked");
    }
    let pace_hz = median_rate(measured, rate_hz, |stamp| stamp.came_ns);
    bench.advise(
        (pace_hz - rate_hz).abs() <= PACE_TOLERANCE * rate_hz,
        || format!("the blocks come at the pace of {pace_hz:.0} Hz instead of {rate_hz} Hz"),
    );
    judge_rate(measured, block_frames, rate_hz)
}

/// Each block's position is one block behind the one before. A driver that lost blocks may leave
/// some out.
pub fn judge_advance(bench: &Bench<'_>, stamps: &[Stamp], block_frames: u32) -> Result<()> {
    for pair in stamps.windows(2) {
        let (before, after) = (pair[0], pair[1]);
        let expected = before.frames.saturating_add(block_frames.into());
        ensure!(
            after.frames >= expected,
            "the position went from {} to {}, with blocks of {block_frames} frames",
            before.frames,
            after.frames
        );
        bench.advise(after.frames == expected, || {
            "the position jumped over lost blocks".to_owned()
        });
        ensure!(
            after.system_ns >= before.system_ns,
            "the time went back, from {} to {} ns",
            before.system_ns,
            after.system_ns
        );
    }
    Ok(())
}

/// What `getSamplePosition` says when it is asked.
#[derive(Default)]
struct Polls {
    stamps: Vec<Stamp>,
}

impl Polls {
    fn add(&mut self, driver: &Driver, came_ns: u64) {
        // Some say that the clock stands for the first blocks.
        if let Ok(SamplePosition { frames, system_ns }) = driver.sample_position() {
            self.stamps.push(Stamp {
                frames,
                system_ns,
                came_ns,
            });
        }
    }

    fn judge(&self) -> Result<()> {
        for pair in self.stamps.windows(2) {
            let (before, after) = (pair[0], pair[1]);
            ensure!(
                after.frames >= before.frames && after.system_ns >= before.system_ns,
                "getSamplePosition went back, from {before:?} to {after:?}"
            );
        }
        Ok(())
    }
}

/// Frames by the position and frames by the time, over stretches; the median counts, so that a few
/// late blocks do no harm.
fn judge_rate(stamps: &[Stamp], block_frames: u32, rate_hz: f64) -> Result<String> {
    let shown_hz = median_rate(stamps, rate_hz, |stamp| stamp.system_ns);
    let stretch = stretch_stamps(stamps, rate_hz);
    let frames = RATE_TOLERANCE * rate_hz * STRETCH_S;
    ensure!(
        (shown_hz - rate_hz).abs() <= RATE_TOLERANCE * rate_hz,
        "positions and times make {shown_hz:.0} Hz instead of {rate_hz} Hz: more than {frames:.0} \
         frames off in {STRETCH_S} s"
    );
    Ok(format!(
        "{} positions in steps of {block_frames} frames make {shown_hz:.1} Hz over stretches of \
         {stretch}, within {frames:.0} frames in {STRETCH_S} s of {rate_hz} Hz",
        stamps.len()
    ))
}

/// Stamps that make a stretch.
fn stretch_stamps(stamps: &[Stamp], rate_hz: f64) -> usize {
    let frames = stamps[stamps.len() - 1].frames - stamps[0].frames;
    let each = frames as f64 / (stamps.len() - 1) as f64;
    let wanted = (STRETCH_S * rate_hz / each.max(1.0)).ceil() as usize;
    wanted.clamp(1, stamps.len() / 2)
}

fn median_rate(stamps: &[Stamp], rate_hz: f64, ns: fn(&Stamp) -> u64) -> f64 {
    let stretch = stretch_stamps(stamps, rate_hz);
    let mut rates: Vec<f64> = stamps
        .iter()
        .zip(&stamps[stretch..])
        .filter(|(from, to)| ns(to) > ns(from))
        .map(|(from, to)| (to.frames - from.frames) as f64 * 1e9 / (ns(to) - ns(from)) as f64)
        .collect();
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamps(rate_hz: f64) -> Vec<Stamp> {
        let time = |n: u64| (n as f64 * 480.0 / rate_hz * 1e9) as u64;
        let late = |n: u64| if n == 40 { 90_000_000 } else { 0 };
        (0..100)
            .map(|n| Stamp {
                frames: n * 480,
                system_ns: time(n) + late(n),
                came_ns: time(n),
            })
            .collect()
    }

    #[test]
    fn one_late_block_does_not_change_the_rate() {
        let shown = median_rate(&stamps(48_000.0), 48_000.0, |stamp| stamp.system_ns);
        assert!((shown - 48_000.0).abs() < 1.0, "{shown}");
        assert!(judge_rate(&stamps(48_000.0), 480, 48_000.0).is_ok());
        assert!(judge_rate(&stamps(44_100.0), 480, 48_000.0).is_err());
    }

    #[test]
    fn a_clock_that_stands_is_no_rate() {
        let still = vec![
            Stamp {
                frames: 0,
                system_ns: 5,
                came_ns: 5,
            };
            20
        ];
        assert!(judge_rate(&still, 480, 48_000.0).is_err());
    }
}
