//! One instance of a driver that plays straight to one device.

use std::sync::Arc;

use asio::abi::AsioError;
use asio::driver::{
    BlockSizes, ChannelCounts, ChannelId, ChannelInfo, Driver, Error, Future, Latencies, Result,
    StreamRequest, WindowHandle,
};
use asio_io::{HostLive, driver_error, sample_type};
use engine::endpoint::{Device, DeviceInfo, EndpointError, SideInfo};
use engine::format::ClientSample;

use crate::devices::{JoinedDevice, Layout};
use crate::direct_stream::{DirectStream, How, Rates};
use crate::preferences::Preferences;
use crate::rates::{at_rate, device_hz};

/// The smallest block on offer, in frames: below 32 some hosts misbehave.
const BLOCK_FRAMES_MIN: u32 = 32;
/// The largest block on offer, in frames: above 2048 some hosts misbehave.
const BLOCK_FRAMES_MAX: u32 = 2048;
/// What a user may choose instead, in frames.
const BLOCK_FRAMES_LEAST: u32 = 16;
const BLOCK_FRAMES_MOST: u32 = 8192;
/// Sizes on offer are the powers of two, in ASIO's notation. Any size between the two is taken.
const POWERS_OF_TWO: i32 = -1;

/// The logic of one driver instance on one [`Device`]. It opens the device when the host creates its
/// buffers, never before, and answers everything else from what the device says of itself.
pub struct DirectDriver {
    name: String,
    device: Arc<dyn Device>,
    joined: Vec<JoinedDevice>,
    live: Arc<HostLive>,
    preferences: Preferences,
    /// The rate that the host chose, in Hz. The device's own where it chose none.
    rate_hz: Option<u32>,
}

impl DirectDriver {
    /// An instance of the driver of that name on that device, with everything at its default.
    pub fn new(name: impl Into<String>, device: Arc<dyn Device>) -> Self {
        Self::with_preferences(name, device, Preferences::default())
    }

    /// An instance of the driver of that name on that device, as the user wants it.
    pub fn with_preferences(
        name: impl Into<String>,
        device: Arc<dyn Device>,
        preferences: Preferences,
    ) -> Self {
        Self {
            name: name.into(),
            device,
            joined: Vec::new(),
            live: Arc::new(HostLive::new()),
            rate_hz: preferences.rate_hz,
            preferences,
        }
    }

    /// The same with more devices, whose channels follow.
    #[must_use]
    pub fn joined_with(mut self, joined: Vec<JoinedDevice>) -> Self {
        self.joined = joined;
        self
    }

    fn device_info(&self) -> Result<DeviceInfo> {
        self.device.describe().map_err(driver_error)
    }

    fn layout(&self, info: &DeviceInfo) -> Layout {
        let Preferences {
            outputs, inputs, ..
        } = &self.preferences;
        Layout::new(info, outputs, inputs, &self.joined)
    }

    fn sample(&self, info: &DeviceInfo) -> ClientSample {
        self.preferences.sample.unwrap_or_else(|| exact_for(info))
    }

    fn current_rate_hz(&self, info: &DeviceInfo) -> u32 {
        self.rate_hz.unwrap_or(info.rate_hz)
    }

    /// A rate as ASIO has it, in whole Hz.
    fn checked_rate_hz(&self, rate_hz: f64) -> Result<u32> {
        let whole = rate_hz.round();
        if !(1.0..=10_000_000.0).contains(&whole) || (whole - rate_hz).abs() > 0.01 {
            let message = format!("{rate_hz} Hz is not a sample rate; use a whole number of Hz.");
            return Err(Error::new(AsioError::NO_CLOCK, message));
        }
        let whole = whole as u32;
        self.device_hz(whole).map(|_| whole).map_err(|error| {
            // The only answer that hosts take for "no" to a rate.
            Error::new(AsioError::NO_CLOCK, error.message)
        })
    }

    /// The rate that the device runs at for a host at `rate_hz`.
    fn device_hz(&self, rate_hz: u32) -> std::result::Result<u32, EndpointError> {
        device_hz(&*self.device, rate_hz, self.preferences.resamples_rates)
    }
}

impl Driver for DirectDriver {
    type Stream = DirectStream;
    type Live = HostLive;

    fn name(&self) -> &str {
        &self.name
    }

    fn version(&self) -> i32 {
        VERSION
    }

    fn live(&self) -> Arc<HostLive> {
        Arc::clone(&self.live)
    }

    fn init(&mut self, _window: WindowHandle) -> Result<()> {
        self.device_info().map(drop)
    }

    fn channel_counts(&mut self) -> Result<ChannelCounts> {
        let layout = self.layout(&self.device_info()?);
        Ok(ChannelCounts {
            inputs: layout.inputs.len() as u32,
            outputs: layout.outputs.len() as u32,
        })
    }

    fn block_sizes(&mut self) -> Result<BlockSizes> {
        let info = self.device_info()?;
        let rate_hz = self.current_rate_hz(&info);
        let period_frames = at_rate(info.period_frames_default, info.rate_hz, rate_hz);
        // At the device's own period nothing is added to its latency.
        let wanted_frames = self.preferences.block_frames.unwrap_or(period_frames);
        Ok(BlockSizes {
            min_frames: BLOCK_FRAMES_MIN.min(wanted_frames.max(BLOCK_FRAMES_LEAST)),
            max_frames: BLOCK_FRAMES_MAX.max(wanted_frames.min(BLOCK_FRAMES_MOST)),
            preferred_frames: wanted_frames.clamp(BLOCK_FRAMES_LEAST, BLOCK_FRAMES_MOST),
            granularity: POWERS_OF_TWO,
        })
    }

    fn latencies(&mut self, stream: Option<&DirectStream>) -> Result<Latencies> {
        if let Some(stream) = stream {
            return Ok(stream.latencies());
        }
        let info = self.device_info()?;
        let rate_hz = self.current_rate_hz(&info);
        let estimate = |side: Option<&SideInfo>| {
            let frames = side.map_or(0, |side| side.latency_frames_estimate);
            at_rate(frames, info.rate_hz, rate_hz)
        };
        Ok(Latencies {
            input_frames: estimate(info.input.as_ref()),
            output_frames: estimate(info.output.as_ref()),
        })
    }

    fn can_sample_rate(&mut self, rate_hz: f64) -> Result<()> {
        self.checked_rate_hz(rate_hz).map(drop)
    }

    fn sample_rate(&mut self) -> Result<f64> {
        match self.rate_hz {
            Some(rate_hz) => Ok(f64::from(rate_hz)),
            None => Ok(f64::from(self.device_info()?.rate_hz)),
        }
    }

    fn set_sample_rate(&mut self, rate_hz: f64, stream: Option<&DirectStream>) -> Result<()> {
        if let Some(open_hz) = stream.map(DirectStream::rate_hz)
            && f64::from(open_hz) != rate_hz
        {
            let message = format!(
                "The stream is open at {open_hz} Hz; dispose of its buffers before you set \
                 {rate_hz} Hz."
            );
            return Err(Error::new(AsioError::INVALID_MODE, message));
        }
        self.rate_hz = Some(self.checked_rate_hz(rate_hz)?);
        Ok(())
    }

    fn channel_info(
        &mut self,
        channel: ChannelId,
        stream: Option<&DirectStream>,
    ) -> Result<ChannelInfo> {
        let info = self.device_info()?;
        let layout = self.layout(&info);
        let Some(known) = layout.side(channel.is_input).get(channel.index as usize) else {
            let what = if channel.is_input { "input" } else { "output" };
            let message = format!(
                "There is no {what} channel {}; {} has {} inputs and {} outputs.",
                channel.index,
                self.name,
                layout.inputs.len(),
                layout.outputs.len()
            );
            return Err(Error::new(AsioError::INVALID_PARAMETER, message));
        };
        Ok(ChannelInfo {
            sample_type: match stream {
                Some(stream) => asio::driver::Stream::buffers(stream).sample_type(),
                None => sample_type(self.sample(&info)),
            },
            name: known.name.clone(),
            is_active: stream.is_some_and(|stream| stream.has_channel(channel)),
            group: 0,
        })
    }

    fn create_stream(&mut self, request: StreamRequest) -> Result<DirectStream> {
        let info = self.device_info()?;
        let rate_hz = self.current_rate_hz(&info);
        let device_hz = self.device_hz(rate_hz).map_err(driver_error)?;
        let layout = self.layout(&info);
        let how = How {
            rates: Rates { rate_hz, device_hz },
            sample_type: sample_type(self.sample(&info)),
            preferences: self.preferences.clone(),
            layout,
            joined: self.joined.clone(),
        };
        let (device, live) = (Arc::clone(&self.device), Arc::clone(&self.live));
        DirectStream::open(device, live, request, how)
    }

    fn control_panel(&mut self) -> Result<()> {
        let message = "This version has no control panel; `asio2wasapi doctor` shows what the \
                       driver uses.";
        Err(Error::new(AsioError::NOT_PRESENT, message))
    }

    fn future(&self, question: Future<'_>, stream: Option<&DirectStream>) -> bool {
        match question {
            Future::CanTimeInfo | Future::CanReportOverload => true,
            Future::InternalBufferFrames(frames) => {
                // Nobody knows before the device is open.
                let Some(stream) = stream else { return false };
                *frames = stream.internal_frames();
                true
            }
        }
    }
}

/// The sample type for both sides, because some hosts cannot have two (trap T40): floats where one
/// side has them, as integers could not hold what goes over full scale.
fn exact_for(info: &DeviceInfo) -> ClientSample {
    let sides = [info.output.as_ref(), info.input.as_ref()];
    let samples = sides.into_iter().flatten().map(|side| side.sample);
    let floats = samples
        .map(ClientSample::exact_for)
        .find(|sample| *sample == ClientSample::Float32);
    floats.unwrap_or(ClientSample::Int32)
}

/// The version as ASIO has it, one number: 100 for 0.1.0, from Cargo's.
const VERSION: i32 = {
    const fn number(text: &str) -> i32 {
        let (mut value, mut n) = (0, 0);
        while n < text.len() {
            value = value * 10 + (text.as_bytes()[n] - b'0') as i32;
            n += 1;
        }
        value
    }
    number(env!("CARGO_PKG_VERSION_MAJOR")) * 10_000
        + number(env!("CARGO_PKG_VERSION_MINOR")) * 100
        + number(env!("CARGO_PKG_VERSION_PATCH"))
};
