//! What a host may ask for, and the sentences when it asks for something else.

use super::{BlockSizes, ChannelCounts, ChannelId, Error, Result};
use crate::abi::AsioError;

pub(super) fn check_rate(rate_hz: f64) -> Result<()> {
    if rate_hz.is_finite() && rate_hz > 0.0 {
        return Ok(());
    }
    Err(Error::new(
        AsioError::NO_CLOCK,
        format!("{rate_hz} Hz is no sample rate."),
    ))
}

pub(super) fn check_channel(
    counts: ChannelCounts,
    is_input: bool,
    index: i32,
) -> Result<ChannelId> {
    let (limit, kind) = if is_input {
        (counts.inputs, "input")
    } else {
        (counts.outputs, "output")
    };
    match u32::try_from(index) {
        Ok(index) if index < limit => Ok(ChannelId { is_input, index }),
        _ => Err(invalid(format!(
            "There is no {kind} channel {index}: there are {limit}."
        ))),
    }
}

pub(super) fn check_channels(
    counts: ChannelCounts,
    count: i32,
    channel: impl Fn(usize) -> (bool, i32),
) -> Result<Vec<ChannelId>> {
    let limit = u64::from(counts.inputs) + u64::from(counts.outputs);
    let count = match usize::try_from(count) {
        Ok(count) if count >= 1 && count as u64 <= limit => count,
        _ => {
            return Err(invalid(format!(
                "The program asked for {count} channels: 1 to {limit} are possible."
            )));
        }
    };
    let mut channels = Vec::with_capacity(count);
    for slot in 0..count {
        let (is_input, index) = channel(slot);
        let channel = check_channel(counts, is_input, index)?;
        if channels.contains(&channel) {
            let kind = if is_input { "input" } else { "output" };
            return Err(invalid(format!(
                "The program asked for {kind} channel {index} twice."
            )));
        }
        channels.push(channel);
    }
    Ok(channels)
}

pub(super) fn check_block(sizes: BlockSizes, block_frames: i32) -> Result<u32> {
    let BlockSizes {
        min_frames,
        max_frames,
        ..
    } = sizes;
    match u32::try_from(block_frames) {
        Ok(0) | Err(_) => Err(invalid(format!("{block_frames} frames are no block."))),
        Ok(frames) if (min_frames..=max_frames).contains(&frames) => Ok(frames),
        Ok(frames) => Err(Error::new(
            AsioError::INVALID_MODE,
            format!(
                "A block of {frames} frames is not possible: choose {min_frames} to {max_frames}."
            ),
        )),
    }
}

pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::new(AsioError::INVALID_PARAMETER, message)
}
