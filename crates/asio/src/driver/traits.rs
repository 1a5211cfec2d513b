//! What a driver implements.

use std::sync::Arc;

use super::{
    BlockSizes, ChannelCounts, ChannelId, ChannelInfo, Future, HostBuffers, Latencies, Result,
    SamplePosition, StreamRequest, WindowHandle,
};

/// The logic of one driver instance.
///
/// Its methods are called one at a time under the object's own mutex, by any of the host's threads,
/// never on the real-time path. A panic in any of them is caught; the host gets
/// `ASE_HWMalfunction`. No method may call the host's callbacks: the host might call back and find
/// the object busy. Before [`init`](Self::init) succeeded, only [`name`](Self::name),
/// [`version`](Self::version), [`live`](Self::live), [`future`](Self::future) and `init` itself are
/// called.
///
/// # Errors
/// The code of an [`Error`](super::Error) goes to the host as it is, its text by `getErrorMessage`.
pub trait Driver: Send + 'static {
    /// What `createBuffers` makes.
    type Stream: Stream;
    /// What the host may ask from inside its callback.
    type Live: Live;

    /// The driver's name. The host gets 31 bytes of it, non-ASCII letters replaced by similar ones.
    fn name(&self) -> &str;

    /// The driver's version, any number that grows.
    fn version(&self) -> i32;

    /// The part that answers without a lock. The same object for the life of the instance.
    fn live(&self) -> Arc<Self::Live>;

    /// Makes the driver ready. Must be quick and open no device: hosts try every driver in the
    /// list. Not called again after it succeeded.
    fn init(&mut self, window: WindowHandle) -> Result<()>;

    /// What the user should know although [`init`](Self::init) succeeded; kept for
    /// `getErrorMessage`. Asked once after it.
    fn remark(&self) -> Option<String> {
        None
    }

    /// How many channels there are.
    fn channel_counts(&mut self) -> Result<ChannelCounts>;

    /// Which blocks the host can choose from.
    fn block_sizes(&mut self) -> Result<BlockSizes>;

    /// The latencies of the stream, or, without one, of the stream that would be made with the
    /// preferred block.
    fn latencies(&mut self, stream: Option<&Self::Stream>) -> Result<Latencies>;

    /// Whether the driver can run at that rate; `rate_hz` is finite and above 0.
    ///
    /// # Errors
    /// `ASE_NoClock` for a rate that it cannot run at.
    fn can_sample_rate(&mut self, rate_hz: f64) -> Result<()>;

    /// The rate in Hz at which it runs or would run.
    ///
    /// # Errors
    /// `ASE_NoClock` when nobody knows.
    fn sample_rate(&mut self) -> Result<f64>;

    /// Sets the rate, now or for the next stream; `rate_hz` is finite and above 0.
    ///
    /// # Errors
    /// `ASE_NoClock` for a rate that it cannot run at, `ASE_InvalidMode` for one that it cannot
    /// change to while the stream is there.
    fn set_sample_rate(&mut self, rate_hz: f64, stream: Option<&Self::Stream>) -> Result<()>;

    /// What a channel is; the channel exists.
    fn channel_info(
        &mut self,
        channel: ChannelId,
        stream: Option<&Self::Stream>,
    ) -> Result<ChannelInfo>;

    /// Makes the stream that the request describes. There is no other at that time. The stream's
    /// buffers must have the request's channels in the request's order.
    fn create_stream(&mut self, request: StreamRequest) -> Result<Self::Stream>;

    /// Shows the settings and returns at once.
    fn control_panel(&mut self) -> Result<()>;

    /// The answer to a host's question; `true` for yes. `stream` is there between `createBuffers`
    /// and `disposeBuffers`.
    fn future(&self, question: Future<'_>, _stream: Option<&Self::Stream>) -> bool {
        matches!(question, Future::CanTimeInfo)
    }
}

/// A prepared stream: `createBuffers` made it, `disposeBuffers` or the last `Release` drops it.
///
/// Dropping releases the device and stops it first if it runs. Any method and the drop may happen
/// on the thread that calls `bufferSwitch`, from inside that call; it must not wait for itself.
pub trait Stream: Send + 'static {
    /// The buffers that the host shares. The same for the life of the stream.
    fn buffers(&self) -> &Arc<HostBuffers>;

    /// Starts the device. Not called while it runs. The first `bufferSwitch` must not wait for this
    /// call's end, and should come after it.
    ///
    /// # Errors
    /// The device did not start; `start` may be called again.
    fn start(&mut self) -> Result<()>;

    /// Stops the device. Not called unless it runs. After it returns, `bufferSwitch` is not called,
    /// unless this very call came from inside it.
    ///
    /// # Errors
    /// The device counts as stopped nevertheless.
    fn stop(&mut self) -> Result<()>;
}

/// The part of a driver that the host may ask from inside its callback. Lock-free, no allocation,
/// any thread.
pub trait Live: Send + Sync + 'static {
    /// The host says that the block is filled. `true` if that is of use: a host that gets `false`
    /// does not say it again.
    fn output_ready(&self) -> bool;

    /// Where the stream is; `None` while the clock stands.
    fn sample_position(&self) -> Option<SamplePosition>;

    /// The caller is the thread that calls `bufferSwitch`.
    fn on_callback_thread(&self) -> bool;
}
