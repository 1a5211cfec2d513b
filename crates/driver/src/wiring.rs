//! From a profile of the configuration to what a driver instance is wired to, now and when the file
//! changes.

use std::sync::Arc;

use asio::abi::Guid;
use config::{Mode, Profile, Routing, Watcher};
use engine::endpoint::Device;
use session::{ChannelMap, JoinedDevice, Preferences, Wiring, WiringSource, installation};
use wasapi_io::WasapiDevice;

use crate::router;

/// What a profile says; what the router is, if it is the profile's device.
pub fn of_profile(profile: &Profile, routing: &Routing) -> Wiring {
    Wiring {
        device: device(profile, routing),
        joined: joined(profile),
        preferences: Preferences::of_profile(profile),
    }
}

fn device(profile: &Profile, routing: &Routing) -> Arc<dyn Device> {
    match profile.mode {
        Mode::Router => router::device(profile, routing),
        _ => Arc::new(WasapiDevice::of_profile(profile)),
    }
}

fn joined(profile: &Profile) -> Vec<JoinedDevice> {
    // The router joins devices itself.
    if profile.mode == Mode::Router {
        return Vec::new();
    }
    let devices = WasapiDevice::joined_of_profile(profile).into_iter();
    devices
        .map(|(device, is_input, member)| JoinedDevice {
            device: Arc::new(device),
            is_input,
            channels: ChannelMap::of_member(member),
            is_waited_for: !member.or_none,
            view: Arc::default(),
        })
        .collect()
}

/// The profile behind a class, as the file has it from time to time. A file with faults, and one without
/// the profile, change nothing.
pub struct Followed {
    clsid: Guid,
    watcher: Watcher,
    profile: Profile,
    routing: Routing,
    wiring: Wiring,
    /// What was found wrong with the file and not told yet.
    faults: Vec<String>,
}

impl Followed {
    /// Follows the file that `watcher` watches from there on where it said `profile`, of which `wiring`
    /// was made.
    pub fn new(
        clsid: Guid,
        watcher: Watcher,
        profile: Profile,
        routing: Routing,
        wiring: Wiring,
    ) -> Self {
        Self {
            clsid,
            watcher,
            profile,
            routing,
            wiring,
            faults: Vec::new(),
        }
    }
}

impl WiringSource for Followed {
    fn changed(&mut self) -> Option<Wiring> {
        let config = match self.watcher.poll()? {
            Ok(config) => config,
            Err(errors) => {
                self.faults.extend(errors.iter().map(ToString::to_string));
                return None;
            }
        };
        let profile = installation::profile_of(&config, self.clsid)?;
        // What it wants of the router is all that matters to it.
        let wants = |profile: &Profile, routing: &Routing| {
            let is_routed = profile.mode == Mode::Router;
            is_routed.then(|| (router::wants(profile, routing), routing.master()))
        };
        let is_routed_alike =
            wants(&self.profile, &self.routing) == wants(&profile, &config.router);
        self.routing = config.router;
        if profile == self.profile && is_routed_alike {
            return None;
        }
        let before = std::mem::replace(&mut self.profile, profile);
        let now = &self.profile;
        // Devices that are meant as before are the same, so that what is open stays open.
        let is_opened_alike = before.mode == now.mode && before.formats == now.formats;
        let same_members = |n: usize| {
            let members = |profile: &Profile| {
                [&profile.output, &profile.input].map(|side| {
                    let member = side.members.get(n);
                    member.map(|member| member.devices.clone())
                })
            };
            members(&before) == members(now)
        };
        if !is_opened_alike || !is_routed_alike || !same_members(0) {
            self.wiring.device = device(now, &self.routing);
        }
        let members = |profile: &Profile| {
            let further = |side: &config::Side| side.members.get(1..).unwrap_or_default().to_vec();
            (further(&profile.output), further(&profile.input))
        };
        if !is_opened_alike || members(&before) != members(now) {
            self.wiring.joined = joined(now);
        }
        self.wiring.preferences = Preferences::of_profile(now);
        Some(self.wiring.clone())
    }

    fn faults(&mut self) -> Vec<String> {
        std::mem::take(&mut self.faults)
    }
}
