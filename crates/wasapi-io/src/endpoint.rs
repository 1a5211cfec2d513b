//! One of the system's sound devices: found by choice or by id, with its name and properties.

#![allow(unsafe_code)]

use engine::endpoint::{EndpointError, FaultKind};
use windows_core::{GUID, HSTRING, Interface};

use crate::bindings::{
    DEVICE_STATE_ACTIVE, EDataFlow, ERole, IMMDevice, IMMDeviceEnumerator, IMMEndpoint,
    IPropertyStore, PKEY_AudioEndpoint_FormFactor, PKEY_Device_ContainerId,
    PKEY_Device_FriendlyName, PKEY_DeviceInterface_FriendlyName, STGM_READ, eCapture,
    eCommunications, eConsole,
};
use crate::choice::{self, Wish};
use crate::client::AudioClient;
use crate::com::{self, Property, hr};
use crate::fault::{coded, refused};
use crate::hardware::{Hardware, is_one};
use crate::hresult::Hr;
use crate::hresult::codes::{E_INVALIDARG, E_NOTFOUND};
use crate::known::{Features, recognised};
use crate::list::Direction;
use crate::remembered;
use crate::users::users;

/// Which device is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Selection {
    /// The device that the system plays on, or records from, when nobody chooses another, at the
    /// time of asking.
    Default,
    /// The device with this endpoint id, as [`list`](crate::list()) tells it, or the one that had it when
    /// it was opened last.
    Id(String),
    /// The first of these that is there at the time of asking.
    Preferred(Vec<Wish>),
}

/// A device of the system. Used on the thread that found it.
pub(crate) struct Endpoint {
    device: IMMDevice,
    pub(crate) id: String,
    /// The name for people; the id when it has none.
    pub(crate) name: String,
    /// It was chosen by an id that is gone, and known again by what is remembered.
    pub(crate) is_recognised: bool,
}

impl Endpoint {
    /// The device that is meant, for that direction.
    pub(crate) fn select(selection: &Selection, wanted: Direction) -> Result<Self, EndpointError> {
        let enumerator = enumerator()?;
        let endpoint = match selection {
            Selection::Default => default_of(&enumerator, wanted, eConsole)
                .and_then(Endpoint::new)
                .map_err(|code| no_default(wanted, code))?,
            Selection::Id(id) => {
                by_id(&enumerator, id, wanted).map_err(|code| no_such(id, code))?
            }
            Selection::Preferred(wishes) => preferred(&enumerator, wishes, wanted)?,
        };
        match endpoint.direction() {
            Ok(direction) if direction != wanted => {
                let what = match wanted {
                    Direction::Render => "records and cannot play; choose a playback device",
                    Direction::Capture => "plays and cannot record; choose a recording device",
                };
                let message = format!("\"{}\" {what}.", endpoint.name);
                Err(EndpointError::new(FaultKind::Unsupported, message))
            }
            _ => Ok(endpoint),
        }
    }

    pub(crate) fn new(device: IMMDevice) -> Hr<Self> {
        // SAFETY: the string returned is ours to free.
        let id = unsafe { com::take_string(hr(device.GetId())?)? };
        let mut endpoint = Self {
            device,
            name: String::new(),
            id,
            is_recognised: false,
        };
        let name = endpoint.properties().and_then(|store| {
            Property::read(&store, &PKEY_Device_FriendlyName).and_then(|value| value.text())
        });
        endpoint.name = name
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| endpoint.id.clone());
        Ok(endpoint)
    }

    /// A new client of the device, which opens nothing yet.
    pub(crate) fn client(&self) -> Hr<AudioClient> {
        AudioClient::activate(&self.device)
    }

    pub(crate) fn direction(&self) -> Hr<Direction> {
        let endpoint: IMMEndpoint = hr(self.device.cast())?;
        // SAFETY: the call takes nothing.
        let flow = hr(unsafe { endpoint.GetDataFlow() })?;
        Ok(if flow == eCapture {
            Direction::Capture
        } else {
            Direction::Render
        })
    }

    /// The state as the system's `DEVICE_STATE_` number.
    pub(crate) fn state(&self) -> Hr<u32> {
        // SAFETY: the call takes nothing.
        hr(unsafe { self.device.GetState() })
    }

    /// Whether the device can be opened now.
    pub(crate) fn is_active(&self) -> bool {
        self.state() == Ok(DEVICE_STATE_ACTIVE as u32)
    }

    /// The system's number for the kind of device: speakers, headphones and so on.
    pub(crate) fn form_factor(&self) -> Option<u32> {
        Property::read(&self.properties()?, &PKEY_AudioEndpoint_FormFactor)?.number()
    }

    /// What all endpoints of one piece of hardware have in common.
    pub(crate) fn container_id(&self) -> Option<String> {
        Some(format!("{{{:?}}}", self.container()?))
    }

    fn container(&self) -> Option<GUID> {
        Property::read(&self.properties()?, &PKEY_Device_ContainerId)?.guid()
    }

    /// What the system tells of the hardware behind the endpoint.
    pub(crate) fn hardware(&self) -> Hardware {
        let card = self
            .properties()
            .and_then(|store| Property::read(&store, &PKEY_DeviceInterface_FriendlyName)?.text());
        Hardware {
            container: self.container().map(|guid| guid.to_u128()),
            card: card.filter(|name| !name.is_empty()),
        }
    }

    /// What tells it from others besides its id; `None` where the system does not tell its container.
    pub(crate) fn features(&self) -> Option<Features> {
        Some(Features {
            container: self.container()?.to_u128(),
            renders: self.direction() == Ok(Direction::Render),
            form_factor: self.form_factor(),
            name: self.name.clone(),
        })
    }

    /// The names of the other active endpoints of that direction on the same hardware.
    pub(crate) fn siblings(&self, direction: Direction) -> Vec<String> {
        let there = enumerator()
            .ok()
            .and_then(|list| all(&list, direction.flow(), DEVICE_STATE_ACTIVE as u32).ok());
        let hardware = self.hardware();
        let is_sibling =
            |other: &Endpoint| other.id != self.id && is_one(&hardware, &other.hardware());
        let siblings = there.unwrap_or_default().into_iter().filter(is_sibling);
        siblings.map(|sibling| sibling.name).collect()
    }

    /// The programs that use it now, other than this one.
    pub(crate) fn users(&self) -> Vec<String> {
        users(&self.device)
    }

    fn properties(&self) -> Option<IPropertyStore> {
        // SAFETY: the call takes a number.
        unsafe { self.device.OpenPropertyStore(STGM_READ as u32) }.ok()
    }
}

/// The system's list of devices.
pub(crate) fn enumerator() -> Result<IMMDeviceEnumerator, EndpointError> {
    com::enumerator()
        .map_err(|code| refused("The system's list of sound devices cannot be read", code))
}

/// The device that the system chooses for that direction, in that role.
pub(crate) fn default_of(
    enumerator: &IMMDeviceEnumerator,
    direction: Direction,
    role: ERole,
) -> Hr<IMMDevice> {
    // SAFETY: the call takes numbers.
    hr(unsafe { enumerator.GetDefaultAudioEndpoint(direction.flow(), role) })
}

/// The first of `wishes` that is there.
fn preferred(
    enumerator: &IMMDeviceEnumerator,
    wishes: &[Wish],
    direction: Direction,
) -> Result<Endpoint, EndpointError> {
    if wishes.is_empty() {
        let what = purpose(direction);
        let message =
            format!("This profile has no device {what}; choose one with `asio2wasapi profile`.");
        return Err(EndpointError::new(FaultKind::NotFound, message));
    }
    let mut refusals = Vec::new();
    for wish in wishes {
        match wished(enumerator, wish, direction) {
            Ok(endpoint) => return Ok(endpoint),
            Err(refusal) => refusals.push(refusal),
        }
    }
    // That nobody answers explains more than that nothing was found.
    let codes = refusals.iter().map(|refusal| refusal.code);
    let code = codes.clone().find(|&code| code != E_NOTFOUND);
    let code = code.unwrap_or(E_NOTFOUND);
    if wishes == [Wish::Default] {
        return Err(no_default(direction, code));
    }
    let clauses: Vec<&str> = refusals
        .iter()
        .map(|refusal| refusal.clause.as_str())
        .collect();
    let message = format!(
        "No device of this profile is there ({}): {}; plug one in, or choose another with \
         `asio2wasapi profile`.",
        coded(code),
        clauses.join(", ")
    );
    Err(EndpointError::new(refused("", code).kind, message))
}

/// What a device of that direction is for.
fn purpose(direction: Direction) -> &'static str {
    match direction {
        Direction::Render => "to play on",
        Direction::Capture => "to record from",
    }
}

/// Why a wish was not granted.
struct Refusal {
    clause: String,
    code: i32,
}

/// The device that is wished for.
fn wished(
    enumerator: &IMMDeviceEnumerator,
    wish: &Wish,
    direction: Direction,
) -> Result<Endpoint, Refusal> {
    let because = |clause: String| move |code| Refusal { clause, code };
    let of_role = |role| default_of(enumerator, direction, role).and_then(Endpoint::new);
    match wish {
        Wish::Default => {
            of_role(eConsole).map_err(because("the system has no default device".to_owned()))
        }
        Wish::DefaultCommunications => of_role(eCommunications)
            .map_err(because("the system has no device for calls".to_owned())),
        Wish::Id(id) => by_id(enumerator, id, direction)
            .and_then(active)
            .map_err(|code| match code {
                // The system calls an id that it cannot read an invalid argument.
                E_INVALIDARG => E_NOTFOUND,
                code => code,
            })
            .map_err(because(format!("\"{id}\" is not there"))),
        Wish::Name(name) => {
            let mut endpoints = all(enumerator, direction.flow(), DEVICE_STATE_ACTIVE as u32)
                .map_err(because(format!("\"{name}\" cannot be looked for")))?;
            let names: Vec<&str> = endpoints.iter().map(|found| found.name.as_str()).collect();
            let index = choice::named(name, &names)
                .map_err(|reason| because(format!("\"{name}\" {reason}"))(E_NOTFOUND))?;
            Ok(endpoints.swap_remove(index))
        }
    }
}

/// The device, if it can be opened now.
fn active(endpoint: Endpoint) -> Hr<Endpoint> {
    match endpoint.state()? as i32 {
        DEVICE_STATE_ACTIVE => Ok(endpoint),
        _ => Err(E_NOTFOUND),
    }
}

/// All devices of that direction in these states, in the system's order.
pub(crate) fn all(
    enumerator: &IMMDeviceEnumerator,
    flow: EDataFlow,
    states: u32,
) -> Hr<Vec<Endpoint>> {
    // SAFETY: the call takes numbers.
    let found = hr(unsafe { enumerator.EnumAudioEndpoints(flow, states) })?;
    // SAFETY: the call takes nothing.
    let count = hr(unsafe { found.GetCount() })?;
    // A device that went between the two calls is left out.
    let one = |index| {
        // SAFETY: the call takes a number and refuses one out of range.
        let device = hr(unsafe { found.Item(index) });
        device.and_then(Endpoint::new).ok()
    };
    Ok((0..count).filter_map(one).collect())
}

/// The device with that id, or else the one that had it when it was opened last.
fn by_id(enumerator: &IMMDeviceEnumerator, id: &str, direction: Direction) -> Hr<Endpoint> {
    // SAFETY: the string is zero-terminated and lives through the call.
    let device = hr(unsafe { enumerator.GetDevice(&HSTRING::from(id)) });
    match device.and_then(Endpoint::new) {
        Ok(endpoint) if endpoint.is_active() => {
            remembered::note(&endpoint);
            Ok(endpoint)
        }
        other => renumbered(enumerator, id, direction).map_or(other, Ok),
    }
}

/// The device that has another id now than the one that is remembered, if there is such a one.
fn renumbered(
    enumerator: &IMMDeviceEnumerator,
    id: &str,
    direction: Direction,
) -> Option<Endpoint> {
    let known = remembered::features_of(id)?;
    let mut there = all(enumerator, direction.flow(), DEVICE_STATE_ACTIVE as u32).ok()?;
    let features: Vec<_> = there.iter().map(Endpoint::features).collect();
    let mut endpoint = there.swap_remove(recognised(&known, &features)?);
    endpoint.is_recognised = true;
    Some(endpoint)
}

fn no_default(wanted: Direction, code: i32) -> EndpointError {
    if code == E_NOTFOUND {
        let what = purpose(wanted);
        let message = format!(
            "This system has no sound device {what}; plug one in, or switch one on in the sound \
             settings ({}).",
            coded(code)
        );
        return EndpointError::new(FaultKind::NotFound, message);
    }
    refused("The default sound device cannot be found", code)
}

fn no_such(id: &str, code: i32) -> EndpointError {
    // The system calls an id that it cannot read an invalid argument.
    let code = if code == E_INVALIDARG {
        E_NOTFOUND
    } else {
        code
    };
    refused(
        &format!("The sound device with the id \"{id}\" cannot be found"),
        code,
    )
}
