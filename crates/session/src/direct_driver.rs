//! One instance of a driver that plays straight to one device.

use std::sync::Arc;

use asio::abi::AsioError;
use asio::driver::{
    BlockSizes, ChannelCounts, ChannelId, ChannelInfo, Driver, Error, Future, Latencies, Result,
    StreamRequest, WindowHandle,
};
use asio_io::{HostLive, driver_error, sample_type};
use engine::endpoint::{Device, DeviceInfo, EndpointError, FaultKind, SideInfo};
use engine::format::ClientSample;
use record::{CodeNames, Instance, Places, Recorder};

use crate::devices::{JoinedDevice, Layout};
use crate::direct_stream::{DirectStream, How, Rates};
use crate::placeholder;
use crate::preferences::Preferences;
use crate::rates::{RATES_HZ, at_rate, device_hz};
use crate::stream_thread::is_absence;
use crate::wiring::{Wires, Wiring, WiringSource};

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
///
/// Where there is no device, something that is like it stands in its place, and the stream takes the
/// device when it comes.
pub struct DirectDriver {
    name: String,
    wires: Arc<Wires>,
    /// Where the record goes that begins with `init`, and who names the system's codes.
    records: Option<(Places, CodeNames)>,
    live: Arc<HostLive>,
    /// What the device was when it was there last.
    last_info: Option<DeviceInfo>,
    /// Why there is no device, if there is none.
    absence: Option<EndpointError>,
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
        Self::with_wiring(name, Wiring::new(device, preferences))
    }

    /// An instance of the driver of that name, wired so.
    pub fn with_wiring(name: impl Into<String>, wiring: Wiring) -> Self {
        Self {
            name: name.into(),
            live: Arc::new(HostLive::new()),
            rate_hz: wiring.preferences.rate_hz,
            wires: Arc::new(Wires::new(wiring)),
            records: None,
            last_info: None,
            absence: None,
        }
    }

    /// The same, which follows the user's changes while it lives.
    #[must_use]
    pub fn following(self, source: Box<dyn WiringSource>) -> Self {
        self.wires.follow(source);
        self
    }

    /// The same, which records what happens to it from `init` on.
    #[must_use]
    pub fn recorded(mut self, places: Places, names: CodeNames) -> Self {
        self.records = Some((places, names));
        self
    }

    /// The same with more devices, whose channels follow.
    #[must_use]
    pub fn joined_with(self, joined: Vec<JoinedDevice>) -> Self {
        let wiring = self.wires.current();
        self.wires.set(Wiring { joined, ..wiring });
        self
    }

    /// What the device is, or what stands for it.
    fn device_info(&mut self, wiring: &Wiring) -> Result<DeviceInfo> {
        match wiring.device.describe() {
            Ok(info) => {
                self.last_info = Some(info.clone());
                self.absence = None;
                Ok(info)
            }
            Err(error) if is_absence(error.kind) => {
                self.absence = Some(error);
                let last = self.last_info.clone();
                Ok(last.unwrap_or_else(|| placeholder::info(&wiring.preferences)))
            }
            Err(error) => Err(driver_error(error)),
        }
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
        device_rate_hz(&self.wires.current(), whole)
            .map(|_| whole)
            // The only answer that hosts take for "no" to a rate.
            .map_err(|error| Error::new(AsioError::NO_CLOCK, error.message))
    }
}

/// The rate that the device runs at for a host at `rate_hz`; of one that is not there, that rate.
fn device_rate_hz(wiring: &Wiring, rate_hz: u32) -> std::result::Result<u32, EndpointError> {
    match device_hz(&*wiring.device, rate_hz, wiring.preferences.resamples_rates) {
        Err(error) if is_absence(error.kind) => {
            if RATES_HZ.contains(&rate_hz) {
                return Ok(rate_hz);
            }
            let message = format!(
                "No device runs at {rate_hz} Hz; use a rate from {} to {} Hz.",
                RATES_HZ.start(),
                RATES_HZ.end()
            );
            Err(EndpointError::new(FaultKind::Unsupported, message))
        }
        answer => answer,
    }
}

fn layout(wiring: &Wiring, info: &DeviceInfo) -> Layout {
    let Preferences {
        outputs, inputs, ..
    } = &wiring.preferences;
    Layout::new(info, outputs, inputs, &wiring.joined)
}

fn sample(wiring: &Wiring, info: &DeviceInfo) -> ClientSample {
    let wish = wiring.preferences.sample;
    wish.unwrap_or_else(|| exact_for(info))
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
        if let Some((places, names)) = self.records.take() {
            let instance = Instance::here(&self.name, env!("CARGO_PKG_VERSION"));
            self.wires.tell(Recorder::begin_at(places, instance, names));
        }
        let wiring = self.wires.refreshed();
        self.device_info(&wiring).map(drop)
    }

    fn remark(&self) -> Option<String> {
        let absence = self.absence.as_ref()?;
        // As much of the reason as there is room for at the end.
        Some(format!("Silent until a device comes: {}", absence.message))
    }

    fn channel_counts(&mut self) -> Result<ChannelCounts> {
        let wiring = self.wires.refreshed();
        let layout = layout(&wiring, &self.device_info(&wiring)?);
        Ok(ChannelCounts {
            inputs: layout.inputs.len() as u32,
            outputs: layout.outputs.len() as u32,
        })
    }

    fn block_sizes(&mut self) -> Result<BlockSizes> {
        let wiring = self.wires.refreshed();
        let info = self.device_info(&wiring)?;
        let rate_hz = self.current_rate_hz(&info);
        let period_frames = at_rate(info.period_frames_default, info.rate_hz, rate_hz);
        // At the device's own period nothing is added to its latency.
        let wanted_frames = wiring.preferences.block_frames.unwrap_or(period_frames);
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
        let info = self.device_info(&self.wires.current())?;
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
            None => Ok(f64::from(self.device_info(&self.wires.current())?.rate_hz)),
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
        let wiring = self.wires.current();
        let info = self.device_info(&wiring)?;
        let layout = layout(&wiring, &info);
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
                None => sample_type(sample(&wiring, &info)),
            },
            name: known.name.clone(),
            is_active: stream.is_some_and(|stream| stream.has_channel(channel)),
            group: 0,
        })
    }

    fn create_stream(&mut self, request: StreamRequest) -> Result<DirectStream> {
        let wiring = self.wires.current();
        let info = self.device_info(&wiring)?;
        let rate_hz = self.current_rate_hz(&info);
        let device_hz = device_rate_hz(&wiring, rate_hz).map_err(driver_error)?;
        let how = How {
            rates: Rates { rate_hz, device_hz },
            sample_type: sample_type(sample(&wiring, &info)),
            layout: layout(&wiring, &info),
            placeholder: placeholder::stream(&info, rate_hz),
            wiring,
        };
        let (wires, live) = (Arc::clone(&self.wires), Arc::clone(&self.live));
        DirectStream::open(wires, live, request, how)
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

impl Drop for DirectDriver {
    fn drop(&mut self) {
        self.wires.recorder().end();
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
