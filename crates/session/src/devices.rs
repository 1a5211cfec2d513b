//! The devices of a driver, and which channel of which is which of the host's.

use std::sync::Arc;

use asio::driver::ChannelId;
use engine::bridge::BridgeView;
use engine::endpoint::{Device, DeviceInfo, SideInfo};
use engine::format::SampleFormat;

use crate::channel_names;
use crate::placeholder;
use crate::preferences::ChannelMap;

/// A device whose channels follow those of the devices before it, in one direction.
#[derive(Clone)]
pub struct JoinedDevice {
    /// The device. It is opened when the host uses one of its channels.
    pub device: Arc<dyn Device>,
    /// Whether it records.
    pub is_input: bool,
    /// Which of its channels the host gets.
    pub channels: ChannelMap,
    /// Whether its channels are there while it is not.
    pub is_waited_for: bool,
    /// Where it shows how its bridge to the main device's clock does while it runs.
    pub view: Arc<BridgeView>,
}

/// One of the host's channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostChannel {
    /// 0 for the main device, else the joined one's place plus 1.
    pub(crate) device: usize,
    /// The device's channel, from 0.
    pub(crate) channel: u16,
    pub(crate) name: String,
}

/// All of the host's channels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) outputs: Vec<HostChannel>,
    pub(crate) inputs: Vec<HostChannel>,
}

impl Layout {
    /// The channels of a main device and those of the joined ones. One that is not there has as many as
    /// the user wants of it, if it is waited for.
    pub(crate) fn new(
        main: &DeviceInfo,
        outputs: &ChannelMap,
        inputs: &ChannelMap,
        joined: &[JoinedDevice],
    ) -> Self {
        let mut layout = Self::default();
        layout.add(0, main.output.as_ref(), outputs, false);
        layout.add(0, main.input.as_ref(), inputs, true);
        for (device, member) in (1..).zip(joined) {
            let side = match member.device.describe() {
                Ok(info) if member.is_input => info.input,
                Ok(info) => info.output,
                Err(_) if member.is_waited_for => Some(placeholder::side(
                    &member.channels,
                    SampleFormat::Float32,
                    0,
                )),
                Err(_) => None,
            };
            layout.add(device, side.as_ref(), &member.channels, member.is_input);
        }
        layout
    }

    fn add(&mut self, device: usize, side: Option<&SideInfo>, map: &ChannelMap, is_input: bool) {
        let nothing = SideInfo {
            name: String::new(),
            channels: 0,
            channel_mask: 0,
            sample: SampleFormat::Float32,
            latency_frames_estimate: 0,
        };
        let side = match (side, map) {
            (Some(side), _) => side,
            (None, ChannelMap::Exactly(_)) => &nothing,
            (None, _) => return,
        };
        let list = if is_input {
            &mut self.inputs
        } else {
            &mut self.outputs
        };
        for channel in map.of(side.channels) {
            let own = u32::from(channel);
            let name = match (device, is_input) {
                (0, true) => channel_names::input_name(side.channels, own),
                (0, false) => channel_names::output_name(side.channel_mask, own),
                _ => channel_names::joined_name(&side.name, own),
            };
            list.push(HostChannel {
                device,
                channel,
                name,
            });
        }
    }

    /// The channels of a direction.
    pub(crate) fn side(&self, is_input: bool) -> &[HostChannel] {
        if is_input {
            &self.inputs
        } else {
            &self.outputs
        }
    }

    /// Which devices the host's choice of channels needs: for each, as [`HostChannel::device`] counts.
    pub(crate) fn is_used(&self, device: usize, is_input: bool, used: &[ChannelId]) -> bool {
        used.iter().any(|id| {
            let channel = self.side(id.is_input).get(id.index as usize);
            id.is_input == is_input && channel.is_some_and(|channel| channel.device == device)
        })
    }

    /// For each of a device's channels the host's.
    pub(crate) fn host_channels(
        &self,
        device: usize,
        is_input: bool,
        device_channels: u16,
    ) -> Vec<Option<u32>> {
        let mut host = vec![None; usize::from(device_channels)];
        for (index, channel) in (0..).zip(self.side(is_input)) {
            if channel.device == device
                && let Some(slot) = host.get_mut(usize::from(channel.channel))
            {
                *slot = Some(index);
            }
        }
        host
    }
}
