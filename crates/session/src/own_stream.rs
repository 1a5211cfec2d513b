//! A stream that runs a client of the program's own, without an ASIO host.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use asio::driver::ChannelId;
use engine::endpoint::{DeviceInfo, EndpointError, Sides};
use record::{CodeNames, Entry, Instance, Places, Recorder};
use rt::Flag;

use crate::devices::Layout;
use crate::handle::StreamHandle;
use crate::keeper::Purpose;
use crate::placeholder;
use crate::rates::{at_rate, device_hz};
use crate::stream_client::StreamClient;
use crate::stream_thread::{Setup, is_absence};
use crate::wiring::{Wires, Wiring, WiringSource};

/// Makes streams for one part of the program, under one name in the record.
pub struct OwnStreams {
    wires: Arc<Wires>,
}

/// What the master device of a wiring is, or what stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Master {
    /// Its rate in Hz.
    pub rate_hz: u32,
    /// Its period in frames.
    pub period_frames: u32,
    /// Why it is not there, if it is not.
    pub absence: Option<EndpointError>,
}

/// An open stream. Dropping it stops and closes the devices.
pub struct OwnStream {
    handle: StreamHandle,
}

impl OwnStreams {
    /// For streams on that wiring.
    pub fn new(wiring: Wiring) -> Self {
        Self {
            wires: Arc::new(Wires::new(wiring)),
        }
    }

    /// The same, which follows the user's changes while it lives.
    #[must_use]
    pub fn following(self, source: Box<dyn WiringSource>) -> Self {
        self.wires.follow(source);
        self
    }

    /// The same, which records what happens from now on, under that name.
    #[must_use]
    pub fn recorded(self, name: &str, places: Places, names: CodeNames) -> Self {
        let instance = Instance::here(name, env!("CARGO_PKG_VERSION"));
        self.wires.tell(Recorder::begin_at(places, instance, names));
        self
    }

    /// The same, and what is recorded can be read from the other end, bounded.
    #[must_use]
    pub fn listened(self, name: &str, places: Places, names: CodeNames) -> (Self, Receiver<Entry>) {
        let instance = Instance::here(name, env!("CARGO_PKG_VERSION"));
        let (recorder, entries) = Recorder::listened(places, instance, names);
        self.wires.tell(recorder);
        (self, entries)
    }

    /// Who is told what happens.
    pub fn recorder(&self) -> Recorder {
        self.wires.recorder()
    }

    /// The wiring as it is now, from its source if that says anything new.
    pub fn wiring(&self) -> Wiring {
        self.wires.refreshed()
    }

    /// What the master device would run at, for a client that wants `rate_hz` or anything.
    ///
    /// # Errors
    /// Nobody can tell.
    pub fn master(&self, rate_hz: Option<u32>) -> Result<Master, EndpointError> {
        let (info, absence) = describe(&self.wires.current())?;
        let own_hz = info.rate_hz;
        let rate_hz = rate_hz.unwrap_or(own_hz);
        Ok(Master {
            rate_hz,
            period_frames: at_rate(info.period_frames_default, own_hz, rate_hz).max(1),
            absence,
        })
    }

    /// Opens the wiring's devices for a client at `rate_hz`. One that is not there is silent until it
    /// comes.
    ///
    /// # Errors
    /// As [`Device::open`](engine::endpoint::Device::open), but never for want of a device.
    pub fn open(
        &self,
        client: impl StreamClient,
        rate_hz: u32,
    ) -> Result<OwnStream, EndpointError> {
        let wiring = self.wires.current();
        let (info, absence) = describe(&wiring)?;
        let preferences = &wiring.preferences;
        let device_hz = match absence {
            Some(_) => rate_hz,
            None => device_hz(&*wiring.device, rate_hz, preferences.resamples_rates)?,
        };
        let layout = Layout::new(
            &info,
            &preferences.outputs,
            &preferences.inputs,
            &wiring.joined,
        );
        let all = |is_input| {
            let count = layout.side(is_input).len() as u32;
            (0..count).map(move |index| ChannelId { is_input, index })
        };
        let used: Vec<ChannelId> = all(false).chain(all(true)).collect();
        let uses = |is_input| layout.is_used(0, is_input, &used);
        let purpose = Purpose {
            sides: Sides::of(uses(false), uses(true)),
            rate_hz,
            block_frames: client.block_frames(),
        };
        let running = Arc::new(Flag::new(false));
        let handle = StreamHandle::open(Arc::clone(&running), |sender| Setup {
            wires: Arc::clone(&self.wires),
            placeholder: purpose.part_of_lost(placeholder::stream(&info, rate_hz)),
            wiring,
            purpose,
            device_hz,
            layout,
            client,
            used,
            running,
            sender,
        })?;
        Ok(OwnStream { handle })
    }
}

impl Drop for OwnStreams {
    fn drop(&mut self) {
        self.wires.recorder().end();
    }
}

/// What the device is, or what stands for it and why.
fn describe(wiring: &Wiring) -> Result<(DeviceInfo, Option<EndpointError>), EndpointError> {
    match wiring.device.describe() {
        Ok(info) => Ok((info, None)),
        Err(error) if is_absence(error.kind) => {
            Ok((placeholder::info(&wiring.preferences), Some(error)))
        }
        Err(error) => Err(error),
    }
}

impl OwnStream {
    /// Lets it play.
    ///
    /// # Errors
    /// The device does not start.
    pub fn start(&self) -> Result<(), EndpointError> {
        self.handle.start(true)
    }

    /// Lets it stop.
    ///
    /// # Errors
    /// The stream has ended already.
    pub fn stop(&self) -> Result<(), EndpointError> {
        self.handle.stop(true)
    }

    /// The latencies of the master device now, in frames of the client: of what is recorded, and of
    /// what is played.
    pub fn latencies_frames(&self) -> (u32, u32) {
        self.handle.latencies_frames(0)
    }
}

impl Drop for OwnStream {
    fn drop(&mut self) {
        self.handle.close(true);
    }
}
