//! Fences around everything that a driver writes to, and the halves of its buffers.

use anyhow::{Context, Result, ensure};
use asio::abi::FutureSelector;
use asio::driver::ChannelId;
use asio::host::{Bare, Call, Driver, Made};

use crate::bench::{Bench, all_channels, preferred};
use crate::checks::calls::ensure_clean;

/// Rooms for clocks: none, one, several.
const CLOCK_ROOMS: [u16; 3] = [0, 1, 8];

pub fn memory(bench: &Bench<'_>) -> Result<String> {
    let driver = bench.open()?;
    let bare = driver.bare();
    let channels = all_channels(&driver)?;
    ask_everything(bench, bare, &channels)?;
    bench.step("making the driver fail, for its error text");
    bare.call(Call::SetSampleRate(-1.0));
    ensure_clean(&bare.call(Call::GetErrorMessage))?;
    let frames = preferred(&driver)?;
    bench.step(format!("creating buffers for {} channels", channels.len()));
    let made = bare.call(Call::CreateBuffers(&channels, frames as i32));
    ensure_clean(&made)?;
    ensure!(
        made.answer.is_success(),
        "createBuffers for all channels fails with {}",
        made.answer
    );
    let halves = halves(&driver, &channels, &made, frames)?;
    ensure_apart(halves)?;
    bench.step("disposing of the buffers");
    bare.call(Call::DisposeBuffers);
    bench.step("creating buffers that cannot be");
    let refused: [(&str, &[ChannelId], i32); 4] = [
        ("no channel", &[], frames as i32),
        ("blocks of -1 frames", &channels, -1),
        ("blocks of 0 frames", &channels, 0),
        ("a channel that does not exist", &[ABSENT], frames as i32),
    ];
    for (what, channels, frames) in refused {
        let made = bare.call(Call::CreateBuffers(channels, frames));
        ensure_clean(&made).context(what)?;
        ensure!(!made.answer.is_success(), "createBuffers accepts {what}");
    }
    Ok(format!(
        "all stayed within their memory; the halves of {} channels are apart",
        channels.len()
    ))
}

const ABSENT: ChannelId = ChannelId {
    is_input: false,
    index: 0x7FFF_FFFF,
};

fn ask_everything(bench: &Bench<'_>, bare: Bare<'_>, channels: &[ChannelId]) -> Result<()> {
    let fixed = [
        Call::GetDriverName,
        Call::GetErrorMessage,
        Call::GetChannels,
        Call::GetLatencies,
        Call::GetBufferSize,
        Call::GetSampleRate,
        Call::GetSamplePosition,
        Call::Future(FutureSelector::GET_INTERNAL_BUFFER_SAMPLES),
        Call::GetChannelInfo(ABSENT),
    ];
    let clocks = CLOCK_ROOMS.map(Call::GetClockSources);
    let infos = channels
        .iter()
        .map(|channel| Call::GetChannelInfo(*channel));
    for call in fixed.into_iter().chain(clocks).chain(infos) {
        bench.step(format!("calling {call:?}"));
        ensure_clean(&bare.call(call))?;
    }
    Ok(())
}

/// The first address and the one behind the last of each half.
fn halves(
    driver: &Driver,
    channels: &[ChannelId],
    made: &Made,
    frames: u32,
) -> Result<Vec<(usize, usize)>> {
    let mut ranges = Vec::new();
    for (channel, halves) in channels.iter().zip(&made.halves) {
        let kind = driver.channel_info(*channel)?.sample_type;
        let bytes = kind
            .block_bytes(frames)
            .context("a channel has an unknown sample type")?;
        for start in halves {
            ensure!(*start != 0, "createBuffers succeeds but leaves a half null");
            let end = start.checked_add(bytes);
            ranges.push((*start, end.context("a half ends beyond all memory")?));
        }
    }
    Ok(ranges)
}

fn ensure_apart(mut halves: Vec<(usize, usize)>) -> Result<()> {
    halves.sort_unstable();
    let overlap = halves.windows(2).any(|pair| pair[0].1 > pair[1].0);
    ensure!(!overlap, "halves of the double buffers overlap");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_are_found() {
        assert!(ensure_apart(vec![(30, 40), (10, 20), (20, 30)]).is_ok());
        assert!(ensure_apart(vec![(30, 40), (10, 20), (19, 29)]).is_err());
        assert!(ensure_apart(vec![(10, 20), (10, 20)]).is_err());
    }
}
