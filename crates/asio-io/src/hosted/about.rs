//! What a driver tells of itself, in the engine's words.

use asio::abi::SampleType;
use asio::driver::{BlockSizes, ChannelId, Latencies};
use asio::host::{Driver, Result};
use engine::endpoint::{DeviceInfo, EndpointError, FaultKind, SideInfo};
use engine::format::StreamFormat;

use super::wire::Wire;

/// More channels than any hardware has; of a driver that claims more, nothing is believed.
const CHANNELS_MAX: u32 = 1_024;

/// One direction of a driver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Side {
    /// The names of its channels.
    pub(crate) names: Vec<String>,
    types: Vec<SampleType>,
}

impl Side {
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub(crate) fn channels(&self) -> u16 {
        // `CHANNELS_MAX` fits.
        self.names.len() as u16
    }

    /// The layouts of its channels, which all become one format of the engine's. The error is a
    /// clause.
    pub(crate) fn wires(&self) -> std::result::Result<Vec<Wire>, String> {
        let wire = |sample_type: &SampleType| {
            Wire::of(*sample_type).ok_or_else(|| format!("has samples of the type {sample_type}"))
        };
        let wires: Vec<Wire> = self
            .types
            .iter()
            .map(wire)
            .collect::<std::result::Result<_, _>>()?;
        match wires.split_first() {
            Some((first, rest)) if rest.iter().any(|wire| wire.format() != first.format()) => {
                Err("has channels of different sample types in one direction".to_owned())
            }
            _ => Ok(wires),
        }
    }

    fn info(
        &self,
        driver: &str,
        latency_frames: u32,
    ) -> std::result::Result<Option<SideInfo>, EndpointError> {
        if self.is_empty() {
            return Ok(None);
        }
        let wires = self.wires().map_err(|clause| no_use(driver, &clause))?;
        Ok(wires.first().map(|wire| SideInfo {
            name: driver.to_owned(),
            channels: self.channels(),
            channel_mask: 0,
            sample: wire.format(),
            latency_frames_estimate: latency_frames,
        }))
    }
}

/// The sentence for a driver that cannot be used as it is.
pub(crate) fn no_use(driver: &str, clause: &str) -> EndpointError {
    let message = format!(
        "The ASIO driver \"{driver}\" {clause}, which cannot be used here; choose another driver or, \
         in its settings, another format."
    );
    EndpointError::new(FaultKind::Unsupported, message)
}

/// A driver before a stream is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) inputs: Side,
    pub(crate) outputs: Side,
    pub(crate) rate_hz: u32,
    pub(crate) blocks: BlockSizes,
    pub(crate) latencies: Latencies,
}

impl About {
    pub(crate) fn of(driver: &Driver) -> Result<About> {
        let counts = driver.channels()?;
        let side = |is_input, count: u32| -> Result<Side> {
            let mut side = Side::default();
            for index in 0..count.min(CHANNELS_MAX) {
                let info = driver.channel_info(ChannelId { is_input, index })?;
                side.names.push(info.name);
                side.types.push(info.sample_type);
            }
            Ok(side)
        };
        Ok(About {
            inputs: side(true, counts.inputs)?,
            outputs: side(false, counts.outputs)?,
            rate_hz: whole_hz(driver.sample_rate()?),
            blocks: driver.block_sizes()?,
            // Some drivers know them only once there are buffers.
            latencies: driver.latencies().unwrap_or_default(),
        })
    }

    pub(crate) fn info(&self, driver: &str) -> std::result::Result<DeviceInfo, EndpointError> {
        let blocks = self.blocks;
        let without_block = |frames: u32| frames.saturating_sub(blocks.preferred_frames);
        let Latencies {
            input_frames,
            output_frames,
        } = self.latencies;
        let info = DeviceInfo {
            rate_hz: self.rate_hz,
            period_frames_min: blocks.min_frames.max(1),
            period_frames_default: blocks.preferred_frames.max(1),
            output: self.outputs.info(driver, output_frames)?,
            input: self.inputs.info(driver, without_block(input_frames))?,
        };
        match (&info.output, &info.input) {
            (None, None) => Err(no_use(driver, "has no channels")),
            _ => Ok(info),
        }
    }

    pub(crate) fn format(&self, wires: &[Wire], rate_hz: u32) -> Option<StreamFormat> {
        let first = wires.first()?;
        Some(StreamFormat {
            sample: first.format(),
            channels: wires.len() as u16,
            rate_hz,
            channel_mask: 0,
        })
    }
}

/// A rate as the engine counts it; 0 for what is none.
pub(crate) fn whole_hz(rate_hz: f64) -> u32 {
    // Saturates; what is no number becomes 0.
    rate_hz.round() as u32
}

/// The block that a driver is asked for: the shortest on offer that the wanted one fits into, or else the
/// longest.
pub(crate) fn block_for(sizes: BlockSizes, wanted_frames: u32) -> u32 {
    let min = sizes.min_frames.max(1);
    let max = sizes.max_frames.max(min);
    let wanted = wanted_frames.clamp(min, max);
    match sizes.granularity {
        0 if min == max => min,
        // No choice, whatever the ends of the range say.
        0 => sizes.preferred_frames.clamp(min, max),
        step if step > 0 => {
            let step = step.unsigned_abs();
            let steps = (wanted - min).div_ceil(step);
            let block = u64::from(min) + u64::from(steps) * u64::from(step);
            match u32::try_from(block) {
                Ok(block) if block <= max => block,
                _ => min + (max - min) / step * step,
            }
        }
        _ => {
            // Powers of two times the shortest.
            let mut block = min;
            while block < wanted && block <= max / 2 {
                block *= 2;
            }
            block
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sizes(
        min_frames: u32,
        max_frames: u32,
        preferred_frames: u32,
        granularity: i32,
    ) -> BlockSizes {
        BlockSizes {
            min_frames,
            max_frames,
            preferred_frames,
            granularity,
        }
    }

    #[test]
    fn the_next_block_on_offer_is_taken() {
        let twos = sizes(64, 1024, 256, -1);
        assert_eq!(block_for(twos, 1), 64);
        assert_eq!(block_for(twos, 65), 128);
        assert_eq!(block_for(twos, 256), 256);
        assert_eq!(block_for(twos, 5000), 1024);
        let steps = sizes(32, 200, 96, 32);
        assert_eq!(block_for(steps, 33), 64);
        assert_eq!(block_for(steps, 200), 192, "200 is not on offer");
        assert_eq!(block_for(sizes(192, 192, 192, 0), 480), 192);
        assert_eq!(block_for(sizes(64, 1024, 512, 0), 100), 512);
    }

    proptest! {
        #[test]
        fn senseless_sizes_give_some_block(
            min in any::<u32>(), max in any::<u32>(), preferred in any::<u32>(),
            granularity in any::<i32>(), wanted in any::<u32>(),
        ) {
            let block = block_for(sizes(min, max, preferred, granularity), wanted);
            prop_assert!(block >= min.max(1) && block <= max.max(min.max(1)));
        }
    }

    #[test]
    fn rates_are_whole() {
        assert_eq!(whole_hz(44_099.999_9), 44_100);
        assert_eq!(whole_hz(f64::NAN), 0);
        assert_eq!(whole_hz(-5.0), 0);
        assert_eq!(whole_hz(f64::INFINITY), u32::MAX);
    }

    #[test]
    fn one_direction_has_one_format() {
        let side = |types: &[SampleType]| Side {
            names: types.iter().map(|_| "x".to_owned()).collect(),
            types: types.to_vec(),
        };
        let both = side(&[SampleType::INT32_LSB16, SampleType::INT16_LSB]).wires();
        assert_eq!(both.unwrap().len(), 2, "both are 16 bits");
        let mixed = side(&[SampleType::INT32_LSB, SampleType::INT16_LSB]).wires();
        assert!(mixed.unwrap_err().contains("different sample types"));
        let unknown = side(&[SampleType::INT32_LSB20]).wires().unwrap_err();
        assert_eq!(unknown, "has samples of the type ASIOSTInt32LSB20");
    }
}
