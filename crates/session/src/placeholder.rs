//! What stands for a device that is not there yet.

use engine::endpoint::{DeviceInfo, EndpointTiming, Intake, Lost, SideInfo};
use engine::format::{ClientSample, SampleFormat, StreamFormat};

use crate::preferences::{ChannelMap, Preferences};
use crate::rates::at_rate;

/// What most devices are.
const RATE_HZ: u32 = 48_000;
const PERIOD_FRAMES: u32 = 480;
const CHANNELS: u16 = 2;

/// What a host is told of a device that nobody has seen yet: as many channels as the user wants of it.
pub(crate) fn info(preferences: &Preferences) -> DeviceInfo {
    let rate_hz = preferences.rate_hz.unwrap_or(RATE_HZ);
    let period_frames = at_rate(PERIOD_FRAMES, RATE_HZ, rate_hz).max(1);
    let sample = match preferences.sample {
        Some(ClientSample::Int32) => SampleFormat::Int32,
        Some(ClientSample::Float32) | None => SampleFormat::Float32,
    };
    let side = |map| side(map, sample, 2 * period_frames);
    DeviceInfo {
        rate_hz,
        period_frames_min: period_frames,
        period_frames_default: period_frames,
        output: preferences.plays.then(|| side(&preferences.outputs)),
        input: preferences.records.then(|| side(&preferences.inputs)),
    }
}

/// One direction, with as many channels as the user wants of it.
pub(crate) fn side(map: &ChannelMap, sample: SampleFormat, latency_frames: u32) -> SideInfo {
    let channels = match map {
        ChannelMap::All => CHANNELS,
        ChannelMap::First(count) | ChannelMap::Exactly(count) => as_channels(*count),
        ChannelMap::These(channels) => {
            let highest = channels.iter().max();
            highest.map_or(0, |highest| as_channels(highest.saturating_add(1)))
        }
    };
    SideInfo {
        name: "No device".into(),
        channels,
        channel_mask: 0,
        sample,
        latency_frames_estimate: latency_frames,
    }
}

/// As many as a stream can have.
fn as_channels(count: u32) -> u16 {
    count.min(64) as u16
}

/// The stream of a device that is like that, for a host at `rate_hz`.
pub(crate) fn stream(info: &DeviceInfo, rate_hz: u32) -> Lost {
    let period_frames = at_rate(info.period_frames_default, info.rate_hz, rate_hz).max(1);
    let format = |side: &SideInfo| StreamFormat {
        sample: side.sample,
        channels: side.channels,
        rate_hz,
        channel_mask: side.channel_mask,
    };
    Lost {
        output: info.output.as_ref().map(format),
        input: info.input.as_ref().map(format),
        timing: EndpointTiming {
            period_frames,
            buffer_frames: period_frames.saturating_mul(2),
            intake: Intake::Whole,
            queued_frames: period_frames,
            device_frames: 0,
            input_period_frames: period_frames,
            input_device_frames: 0,
            is_one_clock: true,
        },
        was_due: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_channels_as_the_user_wants() {
        let preferences = Preferences {
            outputs: ChannelMap::These(vec![4, 1]),
            inputs: ChannelMap::First(3),
            rate_hz: Some(96_000),
            ..Preferences::default()
        };
        let info = info(&preferences);
        let channels = |side: &Option<SideInfo>| side.as_ref().map(|side| side.channels);
        assert_eq!(channels(&info.output), Some(5));
        assert_eq!(channels(&info.input), Some(3));
        assert_eq!((info.rate_hz, info.period_frames_default), (96_000, 960));
        let stream = stream(&info, 48_000);
        assert_eq!(stream.timing.period_frames, 480);
        assert_eq!(stream.output.map(|format| format.rate_hz), Some(48_000));
    }

    #[test]
    fn no_wish_is_too_big() {
        let preferences = Preferences {
            outputs: ChannelMap::These(vec![u32::MAX]),
            records: false,
            ..Preferences::default()
        };
        let info = info(&preferences);
        assert_eq!(info.output.map(|side| side.channels), Some(64));
        assert_eq!(info.input, None);
    }
}
