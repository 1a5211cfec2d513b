//! A device with a mode, as the driver sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use engine::endpoint::{
    Device, DeviceInfo, Endpoint as OpenEndpoint, EndpointError, FaultKind, OpenRequest, SideInfo,
};
use engine::format::SampleFormat;

use crate::candidates::COMMON_RATES_HZ;
use crate::client::{AudioClient, MixFormat};
use crate::com::Apartment;
use crate::endpoint::{Endpoint, Selection};
use crate::fault::{coded, refused};
use crate::hresult::codes::UNSUPPORTED_FORMAT;
use crate::open;
use crate::plan::DevicePeriods;
use crate::probe::Memory;
use crate::stream::Stream;
use crate::worker::{self, ONE_DEVICE};

/// Whether others may play on the device at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Through the system's mixer, at the mixer's rate.
    Shared,
    /// Alone, in the device's own format, at any rate that the device takes.
    Exclusive,
}

impl Mode {
    /// The mode's name, as it stands in sentences.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Shared => "shared",
            Mode::Exclusive => "exclusive",
        }
    }
}

/// What can be chosen about a device besides its mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The sample formats that an exclusive stream may have, the most wanted first. A shared stream
    /// has the mixer's.
    pub formats: Vec<SampleFormat>,
}

/// The environment variable that limits the sample formats of exclusive streams: names of
/// [`SampleFormat`]s with commas between. For devices that lie about what they take.
pub const FORMATS_VARIABLE: &str = "ASIO2WASAPI_FORMATS";

impl Options {
    /// What this process's environment says in [`FORMATS_VARIABLE`]; `None` where it says nothing.
    ///
    /// # Errors
    /// One sentence that tells the word that is no format.
    pub fn from_environment() -> Option<Result<Options, String>> {
        let list = std::env::var(FORMATS_VARIABLE).ok()?;
        Some(SampleFormat::parse_list(&list).map(|formats| Options { formats }))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            formats: SampleFormat::PREFERENCE.to_vec(),
        }
    }
}

/// A device of the system for playback. Cheap to make: nothing is asked of the system before a
/// method is called, and every call looks the device up anew, so that a changed default is noticed.
#[derive(Debug)]
pub struct WasapiDevice {
    selection: Selection,
    mode: Mode,
    options: Options,
    priority_error: Arc<AtomicI32>,
}

impl WasapiDevice {
    /// The device that `selection` means, used in `mode`.
    pub fn new(selection: Selection, mode: Mode, options: Options) -> Self {
        Self {
            selection,
            mode,
            options,
            priority_error: Arc::default(),
        }
    }

    /// The `HRESULT` with which the system refused real-time priority to the thread of the last
    /// stream that was started; `None` when it was given or none was started. Any thread.
    pub fn priority_error(&self) -> Option<i32> {
        // Relaxed: the number stands for itself.
        Some(self.priority_error.load(Ordering::Relaxed)).filter(|&code| code != 0)
    }

    fn ask<T: Send + 'static>(
        &self,
        answer: impl FnOnce(&mut Asked<'_>) -> Result<T, EndpointError> + Send + 'static,
    ) -> Result<T, EndpointError> {
        let (selection, mode) = (self.selection.clone(), self.mode);
        let formats = self.options.formats.clone();
        worker::ask(ONE_DEVICE, move |memory| {
            answer(&mut Asked::new(memory, &selection, mode, &formats)?)
        })
    }
}

impl Device for WasapiDevice {
    fn describe(&self) -> Result<DeviceInfo, EndpointError> {
        self.ask(|asked| asked.describe())
    }

    fn check_rate(&self, rate_hz: u32) -> Result<(), EndpointError> {
        self.ask(move |asked| asked.check_rate(rate_hz))
    }

    fn open(&self, request: OpenRequest) -> Result<Box<dyn OpenEndpoint>, EndpointError> {
        let apartment = Apartment::enter()
            .map_err(|code| refused("The system's component model cannot be used", code))?;
        let endpoint = Endpoint::select(&self.selection)?;
        let opened = match self.mode {
            Mode::Shared => open::shared(&endpoint, request)?,
            Mode::Exclusive => open::exclusive(&endpoint, request, &self.options.formats)?,
        };
        let name = endpoint.name.clone();
        // Before the apartment, which the stream takes along and may leave.
        drop(endpoint);
        let priority_error = Arc::clone(&self.priority_error);
        Ok(Box::new(Stream::new(
            opened,
            name,
            priority_error,
            apartment,
        )?))
    }
}

/// A device that is being asked, on the thread for questions.
struct Asked<'a> {
    memory: &'a mut Memory,
    endpoint: Endpoint,
    client: AudioClient,
    mix: MixFormat,
    mode: Mode,
    formats: &'a [SampleFormat],
}

impl<'a> Asked<'a> {
    fn new(
        memory: &'a mut Memory,
        selection: &Selection,
        mode: Mode,
        formats: &'a [SampleFormat],
    ) -> Result<Self, EndpointError> {
        let endpoint = Endpoint::select(selection)?;
        let ask = || {
            let client = endpoint.client()?;
            let mix = client.mix_format()?;
            Ok((client, mix))
        };
        let (client, mix) = ask().map_err(|code| refused(&cannot_ask(&endpoint.name), code))?;
        Ok(Self {
            memory,
            endpoint,
            client,
            mix,
            mode,
            formats,
        })
    }

    fn describe(&mut self) -> Result<DeviceInfo, EndpointError> {
        let periods = self
            .client
            .periods()
            .map_err(|code| refused(&cannot_ask(&self.endpoint.name), code))?;
        match self.mode {
            Mode::Shared => Ok(self.describe_shared(periods)),
            Mode::Exclusive => self.describe_exclusive(periods),
        }
    }

    fn describe_shared(&self, periods: DevicePeriods) -> DeviceInfo {
        let rate_hz = self.mix.rate_hz;
        let period_frames = periods.default_frames(rate_hz);
        DeviceInfo {
            rate_hz,
            // A mixer's period is the same for everybody.
            period_frames_min: period_frames,
            period_frames_default: period_frames,
            output: Some(SideInfo {
                name: self.endpoint.name.clone(),
                channels: self.mix.layout.channels,
                channel_mask: self.mix.layout.channel_mask,
                sample: open::mix_stream_format(&self.mix).sample,
                // The mixer holds a period.
                latency_frames_estimate: period_frames,
            }),
            input: None,
        }
    }

    fn describe_exclusive(&mut self, periods: DevicePeriods) -> Result<DeviceInfo, EndpointError> {
        let format = self.first(self.mix.rate_hz).or_else(|code| {
            // A device need not take exclusively the rate that the mixer runs at.
            let rates = COMMON_RATES_HZ.into_iter();
            rates
                .map(|rate_hz| self.first(rate_hz))
                .find(Result::is_ok)
                .unwrap_or(Err(code))
        });
        let format = format.map_err(|code| {
            refused(
                &format!("\"{}\" takes no exclusive stream", self.endpoint.name),
                code,
            )
        })?;
        let period_frames_default = periods.default_frames(format.rate_hz);
        Ok(DeviceInfo {
            rate_hz: format.rate_hz,
            period_frames_min: periods.min_frames(format.rate_hz),
            period_frames_default,
            output: Some(SideInfo {
                name: self.endpoint.name.clone(),
                channels: format.channels,
                channel_mask: format.channel_mask,
                sample: format.sample,
                // The period that plays while the next one is made.
                latency_frames_estimate: period_frames_default,
            }),
            input: None,
        })
    }

    fn check_rate(&mut self, rate_hz: u32) -> Result<(), EndpointError> {
        match self.mode {
            Mode::Shared => open::check_shared_rate(&self.endpoint.name, &self.mix, rate_hz),
            Mode::Exclusive => match self.first(rate_hz) {
                Ok(_) => Ok(()),
                Err(UNSUPPORTED_FORMAT) => Err(self.refused_rate(rate_hz)),
                Err(code) => Err(refused(
                    &format!(
                        "\"{}\" does not say whether it takes {rate_hz} Hz exclusively",
                        self.endpoint.name
                    ),
                    code,
                )),
            },
        }
    }

    fn first(&mut self, rate_hz: u32) -> Result<engine::format::StreamFormat, i32> {
        let mut answers = self
            .memory
            .of(&self.endpoint.id, self.mix.layout, self.mix.rate_hz);
        answers.first(&self.client, rate_hz, self.formats)
    }

    fn refused_rate(&mut self, rate_hz: u32) -> EndpointError {
        let mut answers = self
            .memory
            .of(&self.endpoint.id, self.mix.layout, self.mix.rate_hz);
        let rates = answers.rates(&self.client, self.formats);
        let name = &self.endpoint.name;
        let remedy = match rates.as_slice() {
            [] => "use shared mode or another device".to_owned(),
            rates => format!("choose {}", one_of(rates)),
        };
        let message = format!(
            "\"{name}\" does not take {rate_hz} Hz in exclusive mode; {remedy} ({}).",
            coded(UNSUPPORTED_FORMAT)
        );
        EndpointError::new(FaultKind::Unsupported, message)
    }
}

fn cannot_ask(name: &str) -> String {
    format!("\"{name}\" cannot be asked for its format")
}

/// The rates as one reads them: `44100, 48000 or 96000 Hz`.
fn one_of(rates_hz: &[u32]) -> String {
    let texts: Vec<String> = rates_hz.iter().map(u32::to_string).collect();
    match texts.as_slice() {
        [] => String::new(),
        [one] => format!("{one} Hz"),
        [first @ .., last] => format!("{} or {last} Hz", first.join(", ")),
    }
}
