//! The system's sound devices, as people and scripts want to see them.

#![allow(unsafe_code)]

use engine::endpoint::EndpointError;
use engine::format::{SampleFormat, StreamFormat};

use crate::bindings::{
    DEVICE_STATE_ACTIVE, DEVICE_STATE_DISABLED, DEVICE_STATE_UNPLUGGED, EDataFlow,
    IMMDeviceEnumerator, eAll, eCapture, eConsole, eRender,
};
use crate::candidates::COMMON_RATES_HZ;
use crate::endpoint::{Endpoint, all, default_of, enumerator};
use crate::fault::refused;
use crate::hresult::Hr;
use crate::probe::Memory;
use crate::wave;
use crate::worker::{self, ALL_DEVICES};

/// Which way a device's sound goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The device plays.
    Render,
    /// The device records.
    Capture,
}

impl Direction {
    /// The direction's name, in small letters.
    pub const fn name(self) -> &'static str {
        match self {
            Direction::Render => "render",
            Direction::Capture => "capture",
        }
    }

    /// The system's number for it.
    pub(crate) const fn flow(self) -> EDataFlow {
        match self {
            Direction::Render => eRender,
            Direction::Capture => eCapture,
        }
    }
}

/// Whether a device can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndpointState {
    /// It can.
    Active,
    /// It was switched off in the sound settings.
    Disabled,
    /// Its plug is out.
    Unplugged,
}

impl EndpointState {
    /// The state's name, in small letters.
    pub const fn name(self) -> &'static str {
        match self {
            EndpointState::Active => "active",
            EndpointState::Disabled => "disabled",
            EndpointState::Unplugged => "unplugged",
        }
    }

    fn from_number(state: u32) -> Self {
        if state & DEVICE_STATE_UNPLUGGED as u32 != 0 {
            EndpointState::Unplugged
        } else if state & DEVICE_STATE_DISABLED as u32 != 0 {
            EndpointState::Disabled
        } else {
            EndpointState::Active
        }
    }
}

/// A period, as frames of the mixer's rate and as time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Period {
    /// Frames at the mixer's rate.
    pub frames: u32,
    /// Milliseconds.
    pub ms: f64,
}

impl Period {
    fn new(frames: u32, hns: i64) -> Self {
        Self {
            frames,
            ms: hns as f64 / 10_000.0,
        }
    }
}

/// What an active device tells of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointFormats {
    /// The format that the system mixes the device's sound in; `None` when its samples are of a
    /// kind that this project does not know.
    pub mix: Option<StreamFormat>,
    /// The period that shared streams have, and exclusive ones that ask for none.
    pub period_default: Period,
    /// The shortest period of an exclusive stream.
    pub period_min: Period,
    /// The formats that the device says it takes in exclusive mode, at the common rates.
    pub exclusive: Vec<StreamFormat>,
}

/// One of the system's sound devices.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointInfo {
    /// The system's id, which stays the same as long as the device stays in its place.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// Which way its sound goes.
    pub direction: Direction,
    /// What kind of device it is: `"speakers"`, `"headphones"` and so on.
    pub form_factor: &'static str,
    /// Whether it can be opened.
    pub state: EndpointState,
    /// The system chooses it for that direction when nobody chooses another.
    pub is_default: bool,
    /// What all endpoints of one piece of hardware have in common, where the system tells.
    pub container_id: Option<String>,
    /// Formats and periods; for a device that is not active, or that does not answer, the reason.
    pub formats: Result<EndpointFormats, EndpointError>,
}

/// All sound devices that are active, switched off or unplugged, in the system's order. Those that
/// were never plugged in since the system started are left out. May take seconds, as every device is
/// asked for its formats. Any thread but real-time ones.
///
/// # Errors
/// [`ServiceGone`](engine::endpoint::FaultKind::ServiceGone) when nobody answers. A system without
/// any device has an empty list.
pub fn list() -> Result<Vec<EndpointInfo>, EndpointError> {
    worker::ask(ALL_DEVICES, |memory| {
        let enumerator = enumerator()?;
        let endpoints = endpoints(&enumerator)
            .map_err(|code| refused("The system's list of sound devices cannot be read", code))?;
        let default_id = |direction| {
            default_of(&enumerator, direction, eConsole)
                .and_then(Endpoint::new)
                .ok()
                .map(|found| found.id)
        };
        let defaults = [
            default_id(Direction::Render),
            default_id(Direction::Capture),
        ];
        let is_default = |id: &str| defaults.iter().flatten().any(|default| default == id);
        let info = |endpoint: Endpoint| info(memory, &endpoint, is_default(&endpoint.id));
        Ok(endpoints.into_iter().map(info).collect())
    })
}

fn endpoints(enumerator: &IMMDeviceEnumerator) -> Hr<Vec<Endpoint>> {
    let states = DEVICE_STATE_ACTIVE | DEVICE_STATE_DISABLED | DEVICE_STATE_UNPLUGGED;
    all(enumerator, eAll, states as u32)
}

fn info(memory: &mut Memory, endpoint: &Endpoint, is_default: bool) -> EndpointInfo {
    let formats = formats(memory, endpoint).map_err(|code| {
        refused(
            &format!("\"{}\" cannot be asked for its formats", endpoint.name),
            code,
        )
    });
    EndpointInfo {
        id: endpoint.id.clone(),
        name: endpoint.name.clone(),
        direction: endpoint.direction().unwrap_or(Direction::Render),
        form_factor: form_factor_name(endpoint.form_factor()),
        state: endpoint
            .state()
            .map_or(EndpointState::Active, EndpointState::from_number),
        is_default,
        container_id: endpoint.container_id(),
        formats,
    }
}

fn formats(memory: &mut Memory, endpoint: &Endpoint) -> Hr<EndpointFormats> {
    let client = endpoint.client()?;
    let mix = client.mix_format()?;
    let periods = client.periods()?;
    let mut answers = memory.of(&endpoint.id, mix.layout, mix.rate_hz);
    let exclusive = COMMON_RATES_HZ
        .into_iter()
        .flat_map(|rate_hz| answers.all(&client, rate_hz, &SampleFormat::PREFERENCE))
        .collect();
    Ok(EndpointFormats {
        mix: wave::decode(&mix.bytes),
        period_default: Period::new(periods.default_frames(mix.rate_hz), periods.default_hns),
        period_min: Period::new(periods.min_frames(mix.rate_hz), periods.min_hns),
        exclusive,
    })
}

/// The kinds of devices, by the system's numbers.
fn form_factor_name(number: Option<u32>) -> &'static str {
    const NAMES: [&str; 10] = [
        "network device",
        "speakers",
        "line level",
        "headphones",
        "microphone",
        "headset",
        "handset",
        "digital pass-through",
        "S/PDIF",
        "display audio",
    ];
    number
        .and_then(|number| NAMES.get(number as usize).copied())
        .unwrap_or("unknown")
}
