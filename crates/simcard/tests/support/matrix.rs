//! Settings of every kind, drawn.

use engine::endpoint::Sides;
use simcard::Use;
use simcard::rng::SplitMix64;
use simcard::wake::WakeSpec;

use crate::model::{between, pick};
use crate::support::any_block::BLOCKS_FRAMES;
use crate::support::cabled::Setting;

const RATES_HZ: [u32; 6] = [44_100, 48_000, 88_200, 96_000, 176_400, 192_000];
const USES: [Use; 4] = [
    Use::Shared,
    Use::LowLatency,
    Use::Exclusive,
    Use::ExclusiveTimer,
];
/// Wake-ups are late by at most so much, root mean square.
const LATE_MAX_NS: u64 = 100_000;

/// Any of the sizes that a host can be made to have, powers of two and the period among them.
pub fn block_frames(rng: &mut SplitMix64, period_frames: u32) -> u32 {
    let (least, most) = BLOCKS_FRAMES;
    let power = between(rng, least.ilog2().into(), most.ilog2().into());
    match rng.next_u64() % 4 {
        0 => period_frames.clamp(least, most),
        1 => 1 << power,
        _ => between(rng, least.into(), 1 << power) as u32,
    }
}

/// Any mode, rate, period, block and sides, with `outputReady` and without, with wake-ups that are on
/// time and with others that are not.
pub fn draw(rng: &mut SplitMix64) -> Setting {
    let usage = pick(rng, &USES);
    let rate_hz = pick(rng, &RATES_HZ);
    let period_frames = between(rng, u64::from(rate_hz / 700), u64::from(rate_hz / 90)) as u32;
    let block_frames = block_frames(rng, period_frames);
    let late_ns = between(rng, 1, LATE_MAX_NS);
    Setting {
        rate_hz,
        period_frames: Some(period_frames),
        sides: pick(
            rng,
            &[Sides::Both, Sides::Both, Sides::Output, Sides::Input],
        ),
        withholds_output_ready: rng.one_in(4),
        wake: WakeSpec::jitter(pick(rng, &[0, late_ns])),
        seed: rng.next_u64(),
        ..Setting::new(usage, block_frames)
    }
}
