//! A driver without a device that does everything right, and some things wrong on request: two
//! inputs, two outputs, and a cable between them.

use std::sync::Arc;

use asio::abi::AsioError;
use asio::driver::{
    BlockSizes, ChannelCounts, ChannelId, ChannelInfo, Driver, Error, HostBuffers, HostCallbacks,
    Latencies, Result, SampleType, Stream, StreamRequest, WindowHandle,
};

use crate::Fault;
use crate::device::{Device, Run};

const CHANNELS: u32 = 2;
const RATES_HZ: [f64; 4] = [44_100.0, 48_000.0, 88_200.0, 96_000.0];
/// The block that the driver prefers, in frames. Short, so that checks are quick.
pub const PREFERRED_FRAMES: u32 = 128;

/// The driver.
#[derive(Debug)]
pub struct SoundDriver {
    name: String,
    fault: Fault,
    rate_hz: f64,
    device: Arc<Device>,
}

impl SoundDriver {
    /// A driver with that fault, as far as it is one of this type; the others are planted by
    /// [`plant`](crate::planted::plant).
    pub fn new(fault: Fault) -> SoundDriver {
        SoundDriver {
            name: crate::driver_name(fault),
            fault,
            rate_hz: 48_000.0,
            device: Arc::default(),
        }
    }
}

impl Driver for SoundDriver {
    type Stream = SoundStream;
    type Live = Device;

    fn name(&self) -> &str {
        &self.name
    }

    fn version(&self) -> i32 {
        1
    }

    fn live(&self) -> Arc<Device> {
        Arc::clone(&self.device)
    }

    fn init(&mut self, _window: WindowHandle) -> Result<()> {
        Ok(())
    }

    fn channel_counts(&mut self) -> Result<ChannelCounts> {
        Ok(ChannelCounts {
            inputs: CHANNELS,
            outputs: CHANNELS,
        })
    }

    fn block_sizes(&mut self) -> Result<BlockSizes> {
        Ok(BlockSizes {
            min_frames: 32,
            max_frames: 1024,
            preferred_frames: PREFERRED_FRAMES,
            granularity: -1,
        })
    }

    fn latencies(&mut self, stream: Option<&SoundStream>) -> Result<Latencies> {
        let block = stream.map_or(PREFERRED_FRAMES, |stream| stream.buffers.block_frames());
        // With the cable of two blocks this is the truth but for the two faults.
        let (input_frames, output_frames) = match self.fault {
            Fault::LatencyTooShort => (0, block),
            Fault::LatencyTooLong => (block, 2 * block),
            _ => (block, block),
        };
        Ok(Latencies {
            input_frames,
            output_frames,
        })
    }

    fn can_sample_rate(&mut self, rate_hz: f64) -> Result<()> {
        match RATES_HZ.contains(&rate_hz) {
            true => Ok(()),
            false => Err(Error::new(
                AsioError::NO_CLOCK,
                format!("{rate_hz} Hz are not among the rates of this driver."),
            )),
        }
    }

    fn sample_rate(&mut self) -> Result<f64> {
        Ok(self.rate_hz)
    }

    fn set_sample_rate(&mut self, rate_hz: f64, stream: Option<&SoundStream>) -> Result<()> {
        self.can_sample_rate(rate_hz)?;
        if stream.is_some() && rate_hz != self.rate_hz {
            return Err(Error::new(
                AsioError::INVALID_MODE,
                "The rate cannot change while there are buffers.",
            ));
        }
        self.rate_hz = rate_hz;
        Ok(())
    }

    fn channel_info(
        &mut self,
        channel: ChannelId,
        stream: Option<&SoundStream>,
    ) -> Result<ChannelInfo> {
        let kind = if channel.is_input { "In" } else { "Out" };
        Ok(ChannelInfo {
            sample_type: SampleType::Int32Lsb,
            name: format!("{kind} {}", channel.index + 1),
            is_active: stream.is_some_and(|s| s.buffers.channels().contains(&channel)),
            group: 0,
        })
    }

    fn create_stream(&mut self, request: StreamRequest) -> Result<SoundStream> {
        let StreamRequest {
            channels,
            block_frames,
            host,
        } = request;
        Ok(SoundStream {
            fault: self.fault,
            device: Arc::clone(&self.device),
            buffers: HostBuffers::new(SampleType::Int32Lsb, &channels, block_frames),
            host,
            rate_hz: self.rate_hz,
            run: None,
        })
    }

    fn control_panel(&mut self) -> Result<()> {
        Err(Error::new(AsioError::NOT_PRESENT, "There are no settings."))
    }
}

/// A stream of it.
#[derive(Debug)]
pub struct SoundStream {
    fault: Fault,
    device: Arc<Device>,
    buffers: Arc<HostBuffers>,
    host: HostCallbacks,
    rate_hz: f64,
    run: Option<Run>,
}

impl Stream for SoundStream {
    fn buffers(&self) -> &Arc<HostBuffers> {
        &self.buffers
    }

    fn start(&mut self) -> Result<()> {
        let (buffers, host) = (Arc::clone(&self.buffers), self.host.clone());
        let run = Run::start(&self.device, buffers, host, self.rate_hz, self.fault);
        self.run = Some(run);
        Ok(())
    }

    fn stop(&mut self) -> Result<()> {
        if let Some(run) = self.run.take() {
            run.stop(&self.device, self.fault);
        }
        Ok(())
    }
}

impl Drop for SoundStream {
    fn drop(&mut self) {
        // A driver that is dropped has nobody to tell.
        let _ = self.stop();
    }
}
