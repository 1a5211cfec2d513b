//! A stream from one ASIO host to one device: the handle that the control side holds.

use std::sync::Arc;

use asio::driver::{
    ChannelId, HostBuffers, InternalFrames, Latencies, Live, Result, SampleType, Stream,
    StreamRequest,
};
use asio_io::{HostClient, HostLive, driver_error};
use engine::endpoint::{Lost, Sides};
use rt::Flag;

use crate::devices::Layout;
use crate::handle::StreamHandle;
use crate::keeper::Purpose;
use crate::stream_thread::Setup;
use crate::wiring::{Wires, Wiring};

/// An open stream. Dropping it stops and closes the device.
pub struct DirectStream {
    buffers: Arc<HostBuffers>,
    rate_hz: u32,
    live: Arc<HostLive>,
    handle: StreamHandle,
}

/// At which rates a stream runs, in Hz.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    /// The host's.
    pub rate_hz: u32,
    /// The device's.
    pub device_hz: u32,
}

/// How a stream is to be.
pub(crate) struct How {
    pub rates: Rates,
    pub sample_type: SampleType,
    /// The wiring that the rest of this was made of.
    pub wiring: Wiring,
    pub layout: Layout,
    /// What the stream is like as long as there is no device.
    pub placeholder: Lost,
}

impl DirectStream {
    /// Opens the device on a thread of its own, with buffers for the channels of `request`. Where there
    /// is none, the stream runs without until it comes.
    pub(crate) fn open(
        wires: Arc<Wires>,
        live: Arc<HostLive>,
        request: StreamRequest,
        how: How,
    ) -> Result<DirectStream> {
        let StreamRequest {
            channels,
            block_frames,
            host,
        } = request;
        let Rates { rate_hz, device_hz } = how.rates;
        let uses = |is_input| how.layout.is_used(0, is_input, &channels);
        let purpose = Purpose {
            sides: Sides::of(uses(false), uses(true)),
            rate_hz,
            block_frames,
        };
        let buffers = HostBuffers::new(how.sample_type, &channels, block_frames);
        let running = Arc::new(Flag::new(false));
        let client = HostClient::new(
            Arc::clone(&buffers),
            host,
            Arc::clone(&live),
            Arc::clone(&running),
            &[],
            &[],
            rate_hz,
        );
        let handle = StreamHandle::open(Arc::clone(&running), |sender| Setup {
            wires,
            wiring: how.wiring,
            purpose,
            device_hz,
            placeholder: purpose.part_of_lost(how.placeholder),
            layout: how.layout,
            client,
            used: channels,
            running,
            sender,
        });
        Ok(Self {
            buffers,
            rate_hz,
            live,
            handle: handle.map_err(driver_error)?,
        })
    }

    /// What waits in the driver itself now.
    pub(crate) fn internal_frames(&self) -> InternalFrames {
        self.handle.internal_frames()
    }

    /// The latencies as they are now.
    pub(crate) fn latencies(&self) -> Latencies {
        let ready_frames = if self.live.plays_at_once() {
            0
        } else {
            self.buffers.block_frames()
        };
        let (input_frames, output_frames) = self.handle.latencies_frames(ready_frames);
        Latencies {
            input_frames,
            output_frames,
        }
    }

    pub(crate) fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    pub(crate) fn has_channel(&self, channel: ChannelId) -> bool {
        self.buffers.channels().contains(&channel)
    }

    /// False in the host's callback: the thread that would answer is this one then.
    fn can_wait(&self) -> bool {
        !self.live.on_callback_thread()
    }
}

impl Stream for DirectStream {
    fn buffers(&self) -> &Arc<HostBuffers> {
        &self.buffers
    }

    /// Inside the callback it starts when that has returned.
    fn start(&mut self) -> Result<()> {
        self.handle.start(self.can_wait()).map_err(driver_error)
    }

    fn stop(&mut self) -> Result<()> {
        self.handle.stop(self.can_wait()).map_err(driver_error)
    }
}

impl Drop for DirectStream {
    fn drop(&mut self) {
        self.handle.close(self.can_wait());
    }
}
