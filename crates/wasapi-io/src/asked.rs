//! One direction of a device that is being asked what it is, on the thread for questions.

use engine::endpoint::{EndpointError, FaultKind, SideInfo};
use engine::format::{SampleFormat, StreamFormat};

use crate::candidates::COMMON_RATES_HZ;
use crate::client::{AudioClient, MixFormat};
use crate::endpoint::{Endpoint, Selection};
use crate::engine_period::EnginePeriods;
use crate::fault::{coded, refused};
use crate::hresult::codes::UNSUPPORTED_FORMAT;
use crate::list::Direction;
use crate::mode::Mode;
use crate::open_shared::{check_shared_rate, mix_stream_format};
use crate::plan::DevicePeriods;
use crate::probe::Memory;

/// What one direction of a device says of itself.
pub(crate) struct Described {
    pub(crate) rate_hz: u32,
    pub(crate) period_frames_min: u32,
    pub(crate) period_frames_default: u32,
    pub(crate) side: SideInfo,
}

/// One direction of a device that is being asked.
pub(crate) struct Asked<'a> {
    memory: &'a mut Memory,
    endpoint: Endpoint,
    client: AudioClient,
    mix: MixFormat,
    direction: Direction,
    mode: Mode,
    formats: &'a [SampleFormat],
}

impl<'a> Asked<'a> {
    pub(crate) fn new(
        memory: &'a mut Memory,
        selection: &Selection,
        direction: Direction,
        mode: Mode,
        formats: &'a [SampleFormat],
    ) -> Result<Self, EndpointError> {
        let endpoint = Endpoint::select(selection, direction)?;
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
            direction,
            mode,
            formats,
        })
    }

    pub(crate) fn describe(&mut self) -> Result<Described, EndpointError> {
        let periods = self
            .client
            .periods()
            .map_err(|code| refused(&cannot_ask(&self.endpoint.name), code))?;
        if self.mode.is_exclusive() {
            self.describe_exclusive(periods)
        } else {
            Ok(self.describe_shared(periods))
        }
    }

    fn describe_shared(&self, periods: DevicePeriods) -> Described {
        let rate_hz = self.mix.rate_hz;
        // A mixer's period is the same for everybody, unless it offers others.
        let offered = self.offered().map(|offered| offered.min_frames);
        let period_frames = offered.unwrap_or_else(|| periods.default_frames(rate_hz));
        Described {
            rate_hz,
            period_frames_min: period_frames,
            period_frames_default: period_frames,
            side: self.side(mix_stream_format(&self.mix), period_frames),
        }
    }

    /// The shorter periods of the mixer, in a mode that makes use of them.
    fn offered(&self) -> Option<EnginePeriods> {
        if self.mode == Mode::Shared {
            return None;
        }
        let periods = self.client.engine_periods(&self.mix.bytes).ok()?;
        Some(periods).filter(EnginePeriods::offers_less)
    }

    fn side(&self, format: StreamFormat, period_frames: u32) -> SideInfo {
        SideInfo {
            name: self.endpoint.name.clone(),
            channels: format.channels,
            channel_mask: format.channel_mask,
            sample: format.sample,
            latency_frames_estimate: match self.direction {
                // The mixer holds a period; without one, a period plays while the next is made.
                Direction::Render => period_frames,
                // What is recorded is handed over at the end of its period.
                Direction::Capture => 0,
            },
        }
    }

    fn describe_exclusive(&mut self, periods: DevicePeriods) -> Result<Described, EndpointError> {
        let format = self.first(self.mix.rate_hz).or_else(|code| {
            // A device need not take exclusively the rate that the mixer runs at.
            let rates = COMMON_RATES_HZ.into_iter();
            rates
                .map(|rate_hz| self.first(rate_hz))
                .find(Result::is_ok)
                .unwrap_or(Err(code))
        });
        let format = format.map_err(|code| {
            let name = &self.endpoint.name;
            refused(&format!("\"{name}\" takes no exclusive stream"), code)
        })?;
        let period_frames_default = periods.default_frames(format.rate_hz);
        Ok(Described {
            rate_hz: format.rate_hz,
            period_frames_min: periods.min_frames(format.rate_hz),
            period_frames_default,
            side: self.side(format, period_frames_default),
        })
    }

    pub(crate) fn check_rate(&mut self, rate_hz: u32) -> Result<(), EndpointError> {
        if !self.mode.is_exclusive() {
            return check_shared_rate(&self.endpoint.name, &self.mix, rate_hz);
        }
        match self.first(rate_hz) {
            Ok(_) => Ok(()),
            Err(UNSUPPORTED_FORMAT) => Err(self.refused_rate(rate_hz)),
            Err(code) => {
                let name = &self.endpoint.name;
                let what = "does not say whether it takes";
                Err(refused(
                    &format!("\"{name}\" {what} {rate_hz} Hz exclusively"),
                    code,
                ))
            }
        }
    }

    fn first(&mut self, rate_hz: u32) -> Result<StreamFormat, i32> {
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
