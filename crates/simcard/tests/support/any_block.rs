//! Our driver with blocks that it does not offer to hosts.

use asio::driver::{
    BlockSizes, ChannelCounts, ChannelId, ChannelInfo, Driver, Future, Latencies, Result,
    StreamRequest, WindowHandle,
};
use session::{DirectDriver, DirectStream};
use std::sync::Arc;

/// The smallest and the largest block that is to be had, in frames.
pub const BLOCKS_FRAMES: (u32, u32) = (16, 8_192);

/// The driver's own logic; only the sizes on offer are others.
pub struct AnyBlock(pub DirectDriver);

impl Driver for AnyBlock {
    type Stream = DirectStream;
    type Live = <DirectDriver as Driver>::Live;

    fn name(&self) -> &str {
        self.0.name()
    }

    fn version(&self) -> i32 {
        self.0.version()
    }

    fn live(&self) -> Arc<Self::Live> {
        self.0.live()
    }

    fn init(&mut self, window: WindowHandle) -> Result<()> {
        self.0.init(window)
    }

    fn channel_counts(&mut self) -> Result<ChannelCounts> {
        self.0.channel_counts()
    }

    fn block_sizes(&mut self) -> Result<BlockSizes> {
        let (min_frames, max_frames) = BLOCKS_FRAMES;
        Ok(BlockSizes {
            min_frames,
            max_frames,
            ..self.0.block_sizes()?
        })
    }

    fn latencies(&mut self, stream: Option<&DirectStream>) -> Result<Latencies> {
        self.0.latencies(stream)
    }

    fn can_sample_rate(&mut self, rate_hz: f64) -> Result<()> {
        self.0.can_sample_rate(rate_hz)
    }

    fn sample_rate(&mut self) -> Result<f64> {
        self.0.sample_rate()
    }

    fn set_sample_rate(&mut self, rate_hz: f64, stream: Option<&DirectStream>) -> Result<()> {
        self.0.set_sample_rate(rate_hz, stream)
    }

    fn channel_info(
        &mut self,
        channel: ChannelId,
        stream: Option<&DirectStream>,
    ) -> Result<ChannelInfo> {
        self.0.channel_info(channel, stream)
    }

    fn create_stream(&mut self, request: StreamRequest) -> Result<DirectStream> {
        self.0.create_stream(request)
    }

    fn control_panel(&mut self) -> Result<()> {
        self.0.control_panel()
    }

    fn future(&self, question: Future<'_>, stream: Option<&DirectStream>) -> bool {
        self.0.future(question, stream)
    }
}
