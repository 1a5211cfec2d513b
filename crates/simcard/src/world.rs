//! All devices, streams, cables and faults, and the time that passes for them.

use std::collections::{BTreeMap, VecDeque};

use crate::clock::{Clock, TIME_MAX_NS};
use crate::endpoint::{Endpoint, User};
use crate::error::{Result, SimError};
use crate::fault::Scheduled;
use crate::fifo::FrameFifo;
use crate::recorder::Recorder;
use crate::rng::SplitMix64;
use crate::spec::{CardSpec, EndpointSpec, Flow};
use crate::stream::Stream;
use crate::wire::{Cable, Wire};

/// One converter of a [`World`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointId(usize);

impl EndpointId {
    /// Its place in the order in which endpoints were added, from 0.
    pub const fn index(self) -> usize {
        self.0
    }
}

/// One stream of a [`World`]. Numbers are not used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(u64);

/// What the system tells whoever asks to be told (`IMMNotificationClient`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// An endpoint is there, or is no longer.
    StateChanged(EndpointId, bool),
    /// Another endpoint is the default of its direction, or none is.
    DefaultChanged(Flow, Option<EndpointId>),
    /// Somebody has set an endpoint's mixer to another format.
    FormatChanged(EndpointId),
}

/// A machine with simulated sound cards.
///
/// It is a state machine: [`advance`](Self::advance) lets time pass, everything else happens at the
/// instant that was reached. It reads no clock and starts no thread; the same calls give the same
/// bits. Times are nanoseconds of reference time since the beginning.
pub struct World {
    pub(crate) now_ns: u64,
    pub(crate) seed: u64,
    pub(crate) endpoints: Vec<Endpoint>,
    cards: usize,
    pub(crate) streams: BTreeMap<StreamId, Stream>,
    next_stream: u64,
    pub(crate) cables: Vec<Cable>,
    pub(crate) script: VecDeque<Scheduled>,
    pub(crate) service_gone: bool,
    /// Faults that struck so far.
    pub(crate) strikes: u64,
    /// What somebody chose, there or not.
    pub(crate) defaults: [Option<EndpointId>; 2],
    pub(crate) notices: Vec<Notice>,
    pub(crate) recorder: Option<Box<dyn Recorder>>,
    /// Kept so that time passes without allocation.
    pub(crate) bytes: Vec<u8>,
    pub(crate) samples: Vec<f64>,
    pub(crate) sum: Vec<f64>,
}

impl World {
    /// A machine without cards at time 0. All that is random follows from `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            now_ns: 0,
            seed,
            endpoints: Vec::new(),
            cards: 0,
            streams: BTreeMap::new(),
            next_stream: 0,
            cables: Vec::new(),
            script: VecDeque::new(),
            service_gone: false,
            strikes: 0,
            defaults: [None; 2],
            notices: Vec::new(),
            recorder: None,
            bytes: Vec::new(),
            samples: Vec::new(),
            sum: Vec::new(),
        }
    }

    /// Who is told the truth from now on.
    pub fn set_recorder(&mut self, recorder: impl Recorder + 'static) {
        self.recorder = Some(Box::new(recorder));
    }

    /// Puts a card in: its DAC and its ADC, where it has them. The first of each direction becomes
    /// the default.
    ///
    /// # Errors
    /// One sentence: the specification is of no device that can be.
    pub fn add_card(
        &mut self,
        card: &CardSpec,
    ) -> std::result::Result<[Option<EndpointId>; 2], String> {
        let build = |spec: &Option<EndpointSpec>, flow| match spec {
            Some(spec) => self.endpoint(card, spec, flow).map(Some),
            None => Ok(None),
        };
        let built = [
            build(&card.render, Flow::Render)?,
            build(&card.capture, Flow::Capture)?,
        ];
        self.cards += 1;
        let mut ids = [None; 2];
        for (slot, endpoint) in built.into_iter().enumerate() {
            let Some(endpoint) = endpoint else { continue };
            let id = EndpointId(self.endpoints.len());
            self.endpoints.push(endpoint);
            ids[slot] = Some(id);
            self.defaults[slot].get_or_insert(id);
        }
        Ok(ids)
    }

    fn endpoint(
        &self,
        card: &CardSpec,
        spec: &EndpointSpec,
        flow: Flow,
    ) -> std::result::Result<Endpoint, String> {
        spec.check()?;
        let clock = Clock::new(&card.clock, spec.mix_rate_hz)?;
        let name = format!("{}/{}", card.name, spec.name);
        Ok(Endpoint {
            card: self.cards,
            card_name: card.name.clone(),
            flow,
            spec: spec.clone(),
            wake: card.wake,
            clock_spec: card.clock.clone(),
            rng: SplitMix64::derived(self.seed, &name),
            clock,
            mix_rate_hz: spec.mix_rate_hz,
            engine_frames: spec.engine_periods(spec.mix_rate_hz).default_frames,
            present: true,
            renumbered: 0,
            listed: true,
            late_periods: 0,
            slow: None,
            refuse_open: None,
            refuse_buffer: None,
            lie: None,
            timestamps_bad: false,
            user: User::Nobody,
            format: spec.float_format(spec.mix_rate_hz),
            queue: FrameFifo::new(spec.float_format(spec.mix_rate_hz).frame_bytes()),
            next_frame: 0,
            active: false,
            ticking: false,
            period_end: 0,
            tick_at_ns: None,
            wire: None,
        })
    }

    /// Takes an endpoint out of the system's devices: it is no default and nobody is told of it, as with
    /// hardware that is reached by a driver of its own only.
    pub fn unlist(&mut self, id: EndpointId) {
        if let Some(endpoint) = self.endpoints.get_mut(id.0) {
            endpoint.listed = false;
        }
    }

    /// Lays a cable.
    ///
    /// An ADC on the DAC's card at the DAC's rate hears frame `n` of the DAC `delay_frames` later, to
    /// the frame. Any other hears, with each of its frames, the DAC's frame that was the last to end
    /// when its own ended, and that `delay_frames` late: sample and hold, without a filter.
    ///
    /// # Errors
    /// One sentence: the cable does not fit the sockets.
    pub fn connect(&mut self, cable: Cable) -> std::result::Result<(), String> {
        let [from, to] = [cable.from, cable.to].map(|id| self.endpoints.get(id.0));
        let (Some(from), Some(to)) = (from, to) else {
            return Err("A cable needs two endpoints of this machine.".into());
        };
        let fits = |channels: &[u16], spec: &EndpointSpec| {
            !channels.is_empty() && channels.iter().all(|&channel| channel < spec.channels)
        };
        let taken = |channel: &u16| {
            let others = self.cables.iter().filter(|other| other.to == cable.to);
            others
                .flat_map(|other| &other.to_channels)
                .any(|used| used == channel)
        };
        if from.flow != Flow::Render
            || to.flow != Flow::Capture
            || cable.from_channels.len() != cable.to_channels.len()
            || !fits(&cable.from_channels, &from.spec)
            || !fits(&cable.to_channels, &to.spec)
            || cable.to_channels.iter().any(taken)
        {
            return Err(format!(
                "The cable from {} to {} does not fit; lead channels of a DAC to as many free \
                 channels of an ADC.",
                from.spec.name, to.spec.name
            ));
        }
        let capacity = wire_frames(&from.spec)
            + (cable.delay_frames + from.spec.latency_frames) as usize
            + to.spec.latency_frames as usize;
        let from = &mut self.endpoints[cable.from.0];
        let wire = from
            .wire
            .get_or_insert_with(|| Wire::new(from.spec.channels, capacity));
        wire.grow(capacity);
        self.cables.push(cable);
        Ok(())
    }

    /// The endpoint of that name.
    pub fn find(&self, name: &str) -> Option<EndpointId> {
        let place = self.endpoints.iter().position(|e| e.spec.name == name);
        place.map(EndpointId)
    }

    /// All endpoints, in the order in which they were added.
    pub fn endpoint_ids(&self) -> impl Iterator<Item = EndpointId> + use<> {
        (0..self.endpoints.len()).map(EndpointId)
    }

    /// What an endpoint is.
    pub fn spec(&self, id: EndpointId) -> Result<&EndpointSpec> {
        self.known(id).map(|endpoint| &endpoint.spec)
    }

    /// Which way sound goes at an endpoint.
    pub fn flow(&self, id: EndpointId) -> Result<Flow> {
        self.known(id).map(|endpoint| endpoint.flow)
    }

    /// The usual period and the shortest exclusive one of an endpoint, also of one that is not plugged
    /// in, in units of 100 ns (`IAudioClient::GetDevicePeriod`).
    pub fn device_period_hns(&self, id: EndpointId) -> Result<(u64, u64)> {
        let endpoint = self.known(id)?;
        Ok(endpoint.spec.device_period_hns(endpoint.mix_rate_hz))
    }

    /// Whether an endpoint is plugged in.
    pub fn is_present(&self, id: EndpointId) -> Result<bool> {
        self.known(id).map(|endpoint| endpoint.present)
    }

    /// How often an endpoint got another id ([`Fault::Renumber`](crate::fault::Fault::Renumber)).
    pub fn renumbered(&self, id: EndpointId) -> Result<u32> {
        self.known(id).map(|endpoint| endpoint.renumbered)
    }

    /// Whether two endpoints are on one card and so run by one clock.
    pub fn have_one_clock(&self, one: EndpointId, other: EndpointId) -> bool {
        match (self.known(one), self.known(other)) {
            (Ok(one), Ok(other)) => one.card == other.card,
            _ => false,
        }
    }

    /// The clock of an endpoint at the rate that it has now.
    pub fn clock(&self, id: EndpointId) -> Result<&Clock> {
        self.known(id).map(|endpoint| &endpoint.clock)
    }

    /// The endpoint that the system uses when nobody chooses, if one is there
    /// (`IMMDeviceEnumerator::GetDefaultAudioEndpoint`).
    ///
    /// Follows "IMMDeviceEnumerator::GetDefaultAudioEndpoint method (mmdeviceapi.h)" on
    /// learn.microsoft.com, remarks: none means that no endpoint of the direction is there at all.
    /// Which one takes the place of a default that is gone, the page leaves open: here it is the first.
    pub fn default_endpoint(&self, flow: Flow) -> Option<EndpointId> {
        let usable = |id: &EndpointId| {
            let endpoint = &self.endpoints[id.0];
            endpoint.flow == flow && endpoint.present && endpoint.listed
        };
        let chosen = self.defaults[flow as usize].filter(usable);
        chosen.or_else(|| self.endpoint_ids().find(usable))
    }

    /// What has happened to devices since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// The instant that was reached, in nanoseconds of reference time.
    pub fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// The last instant that can be reached.
    pub fn end_ns(&self) -> u64 {
        TIME_MAX_NS
    }

    pub(crate) fn known(&self, id: EndpointId) -> Result<&Endpoint> {
        self.endpoints.get(id.0).ok_or(SimError::NotFound)
    }

    pub(crate) fn add_stream(&mut self, stream: Stream) -> StreamId {
        let id = StreamId(self.next_stream);
        self.next_stream += 1;
        self.streams.insert(id, stream);
        id
    }

    /// The streams on an endpoint that are not dead.
    pub(crate) fn streams_on(&self, id: EndpointId) -> impl Iterator<Item = &Stream> {
        let streams = self.streams.values();
        streams.filter(move |stream| stream.endpoint == id && stream.dead.is_none())
    }
}

/// Frames that a cable may lag behind: a second at the highest rate, which is twice the longest
/// period.
fn wire_frames(spec: &EndpointSpec) -> usize {
    let rates = spec.rates_hz.iter().copied();
    rates.chain([spec.mix_rate_hz]).max().unwrap_or(0) as usize
}
