//! What some programs play, as a device that records.

use engine::endpoint::{
    Chosen, Device, DeviceInfo, Endpoint, EndpointError, FaultKind, Lost, OpenRequest, Reopener,
    SideInfo,
};
use engine::format::{SampleFormat, StreamFormat};
use engine::idle::Idle;

use super::activation::{Target, activate};
use super::processes::running;
use super::programs::{Programs, root_of};
use super::stream::{Tap, TapParts};
use crate::com::SharedApartment;
use crate::fault::{coded, refused};
use crate::gap::{Search, Sought, SystemTicker};
use crate::hresult::Hr;
use crate::hresult::codes::{E_INVALIDARG, E_NOTFOUND, E_NOTIMPL, UNSUPPORTED_FORMAT};
use crate::input::Input;
use crate::open::Opened;
use crate::plan::{Durations, Pace};
use crate::wave::{Header, WaveFormat};
use crate::worker::{self, ONE_DEVICE};

/// The rate when nobody asks for another; the system converts to any.
const RATE_HZ: u32 = 48_000;
/// The lowest and the highest rate that the system is asked for.
const RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=384_000;
/// What is told of the system's rhythm; it hands sound over once in its mixer's period.
const PERIODS_PER_SECOND: u32 = 100;
/// The buffer that is asked for, in units of 100 ns: a second, so that nothing is lost.
const BUFFER_HNS: i64 = 10_000_000;
/// What a system says that does not know such devices.
const FILE_NOT_FOUND: i32 = 0x8007_0002_u32 as i32;
const E_NOINTERFACE: i32 = 0x8000_4002_u32 as i32;

/// What some programs play, on whatever endpoint, as a device that records in stereo: for one program and
/// those that it started, or for all others. Windows 10 has this since version 2004. The programs may
/// come later and go: while there are none, there is no device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessDevice {
    /// The most wanted first.
    programs: Vec<Programs>,
}

impl ProcessDevice {
    /// What these programs play.
    pub fn new(programs: Programs) -> Self {
        Self::any_of([programs])
    }

    /// What the first of these plays that runs.
    pub fn any_of(programs: impl IntoIterator<Item = Programs>) -> Self {
        Self {
            programs: programs.into_iter().collect(),
        }
    }

    /// The first that runs, and what people call it.
    fn target(&self) -> Result<(Target, String), EndpointError> {
        let there = running().map_err(|code| refused(CANNOT_LIST, code))?;
        let target_of = |programs: &Programs| {
            let (process, is_excluded) = match programs {
                Programs::AllBut(id) => (Some(*id), true),
                Programs::Id(id) => {
                    let is_there = there.iter().any(|process| process.id == *id);
                    (is_there.then_some(*id), false)
                }
                Programs::Named(name) => (root_of(name, &there), false),
            };
            let target = Target {
                process: process?,
                is_excluded,
            };
            Some((target, programs.label()))
        };
        let found = self.programs.iter().find_map(target_of);
        found.ok_or_else(|| self.not_running())
    }

    fn not_running(&self) -> EndpointError {
        let labels: Vec<String> = self.programs.iter().map(Programs::label).collect();
        let (labels, do_not_run) = match labels.as_slice() {
            [one] => (format!("\"{one}\""), "does not run; start it"),
            several => {
                let all = several.join("\", \"");
                (format!("Of \"{all}\" none"), "runs; start one")
            }
        };
        let message = format!("{labels} {do_not_run}, or choose another program to hear.");
        EndpointError::new(FaultKind::NotFound, message)
    }

    fn parts(&self, rate_hz: u32) -> Result<TapParts, EndpointError> {
        self.check(rate_hz)?;
        let (target, label) = self.target()?;
        let input = tapped(target, rate_hz).and_then(Input::new);
        Ok(TapParts {
            input: input.map_err(|code| unheard(&label, code))?,
            keeper: None,
            name: label,
            chosen: chosen(Some(target)),
        })
    }

    fn check(&self, rate_hz: u32) -> Result<(), EndpointError> {
        if RATES_HZ.contains(&rate_hz) {
            return Ok(());
        }
        let message = format!(
            "What programs play is heard at {} to {} Hz and not at {rate_hz} Hz; choose {RATE_HZ} Hz.",
            RATES_HZ.start(),
            RATES_HZ.end()
        );
        Err(EndpointError::new(FaultKind::Unsupported, message))
    }
}

const CANNOT_LIST: &str = "The programs that run cannot be listed";

/// A tap of the target, open.
fn tapped(target: Target, rate_hz: u32) -> Hr<Opened> {
    let client = activate(target)?;
    let format = StreamFormat {
        sample: SampleFormat::Float32,
        channels: 2,
        rate_hz,
        channel_mask: 0x3,
    };
    // There is no mixer's format to ask for: the system converts to what is wished.
    let wave = WaveFormat::encode(&format, Header::Extensible).ok_or(UNSUPPORTED_FORMAT)?;
    let durations = Durations {
        period_hns: 0,
        buffer_hns: BUFFER_HNS,
    };
    client.initialize_tap(durations, wave.as_bytes())?;
    Ok(Opened {
        client,
        format,
        pace: Pace::SharedEvent,
        period_frames: rate_hz / PERIODS_PER_SECOND,
        asked_frames: None,
        remark: None,
        is_tap: true,
    })
}

/// Why the programs cannot be heard.
fn unheard(label: &str, code: i32) -> EndpointError {
    if [
        FILE_NOT_FOUND,
        E_NOTFOUND,
        E_NOTIMPL,
        E_NOINTERFACE,
        E_INVALIDARG,
    ]
    .contains(&code)
    {
        let message = format!(
            "\"{label}\" cannot be heard by itself on this system ({}): that takes Windows 10 version 2004 \
             or later; hear all that a device plays instead.",
            coded(code)
        );
        return EndpointError::new(FaultKind::Unsupported, message);
    }
    refused(&format!("\"{label}\" cannot be heard"), code)
}

fn chosen(target: Option<Target>) -> Chosen {
    let input = target.map(|target| match target.is_excluded {
        true => format!("all but process {}", target.process),
        false => format!("process {}", target.process),
    });
    Chosen {
        output: None,
        input,
    }
}

impl Device for ProcessDevice {
    fn describe(&self) -> Result<DeviceInfo, EndpointError> {
        let (_, name) = self.target()?;
        let period_frames = RATE_HZ / PERIODS_PER_SECOND;
        Ok(DeviceInfo {
            rate_hz: RATE_HZ,
            period_frames_min: period_frames,
            period_frames_default: period_frames,
            output: None,
            input: Some(SideInfo {
                name,
                channels: 2,
                channel_mask: 0x3,
                sample: SampleFormat::Float32,
                latency_frames_estimate: 0,
            }),
        })
    }

    fn check_rate(&self, rate_hz: u32) -> Result<(), EndpointError> {
        self.check(rate_hz)
    }

    fn open(&self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        let apartment = SharedApartment::hold()
            .map_err(|code| refused("The system's component model cannot be used", code))?;
        // The thread may be in an apartment from which the system calls nobody back.
        let device = self.clone();
        let tap = worker::ask(2 * ONE_DEVICE, move |_memory| {
            Tap::new(device.parts(request.rate_hz)?, apartment)
        })?;
        Ok(Box::new(tap))
    }

    fn reopener(&self) -> Box<dyn Reopener> {
        Box::new(Search::new(self.clone()))
    }

    fn idle(&self, like: &Lost) -> Box<dyn Endpoint> {
        Box::new(Idle::new(like, SystemTicker::new()))
    }
}

impl Sought for ProcessDevice {
    fn open(&self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        Device::open(self, request)
    }

    fn chosen(&self) -> Chosen {
        chosen(self.target().ok().map(|(target, _)| target))
    }

    fn is_gone(&self, chosen: &Chosen) -> bool {
        chosen.input.is_none()
    }

    // The system does not tell of processes that come and go.
    fn is_an_endpoint(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t12_a_system_without_it_is_told_in_one_sentence() {
        let error = unheard("browser", FILE_NOT_FOUND);
        assert_eq!(error.kind, FaultKind::Unsupported);
        assert_eq!(
            error.message,
            "\"browser\" cannot be heard by itself on this system (ERROR_FILE_NOT_FOUND): that takes \
             Windows 10 version 2004 or later; hear all that a device plays instead."
        );
        let error = unheard("browser", 0x8889_0010_u32 as i32);
        assert_eq!(error.kind, FaultKind::ServiceGone);
    }

    #[test]
    fn t12_a_program_that_does_not_run_is_no_device() {
        let device = ProcessDevice::new(Programs::Named("no such program".into()));
        let error = device.describe().unwrap_err();
        assert_eq!(error.kind, FaultKind::NotFound);
        assert_eq!(
            error.message,
            "\"no such program\" does not run; start it, or choose another program to hear."
        );
        assert_eq!(Sought::chosen(&device), Chosen::default());
        let several = ["a", "b"].map(|name| Programs::Named(format!("no such program {name}")));
        let device = ProcessDevice::any_of(several.clone());
        assert_eq!(
            device.describe().unwrap_err().message,
            "Of \"no such program a\", \"no such program b\" none runs; start one, or choose another \
             program to hear."
        );
        let [first, _] = several;
        let device = ProcessDevice::any_of([first, Programs::Id(std::process::id())]);
        assert!(device.describe().is_ok());
    }

    #[test]
    fn t12_any_rate_is_heard() {
        let device = ProcessDevice::new(Programs::others());
        device.check_rate(44_100).unwrap();
        let error = device.check_rate(1_000).unwrap_err();
        assert_eq!(
            error.message,
            "What programs play is heard at 8000 to 384000 Hz and not at 1000 Hz; choose 48000 Hz."
        );
        let info = device.describe().unwrap();
        assert_eq!(info.name(), "all other programs");
    }
}
