//! Keeps a stream on the device that is meant: looks for one that is lost, follows a choice that
//! changes, and the user's wishes, on a thread of its own.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

use engine::endpoint::{
    Chosen, Device, DeviceInfo, Endpoint, EndpointError, FaultKind, Lost, OpenRequest, Reopener,
    Sides,
};
use engine::graph::{Fitting, GraphSpec};
use engine::idle::Nowhere;

use crate::devices::Layout;
use crate::orders::{Change, Command, CurrentWaker, Offer, Refit, Report};
use crate::patience::Patience;
use crate::preferences::Preferences;
use crate::rates::{at_rate, device_hz};
use crate::stream_client::{Ears, News};
use crate::telling::{self, KeeperTale};
use crate::wiring::{Wires, Wiring};

/// How often it is looked whether the user or the system means something else.
const LOOK_NS: u64 = 500_000_000;

/// What a stream is for, whatever device it is on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purpose {
    pub sides: Sides,
    /// The host's, in Hz.
    pub rate_hz: u32,
    /// The host's.
    pub block_frames: u32,
}

impl Purpose {
    /// What a device is to be opened with, as it is now: its own rate may be another than before.
    pub(crate) fn request(
        &self,
        device: &dyn Device,
        preferences: &Preferences,
    ) -> Result<OpenRequest, EndpointError> {
        let device_hz = device_hz(device, self.rate_hz, preferences.resamples_rates)?;
        Ok(self.request_at(device_hz))
    }

    /// The same for a device that runs at `device_hz`.
    pub(crate) fn request_at(&self, device_hz: u32) -> OpenRequest {
        OpenRequest {
            rate_hz: device_hz,
            block_frames: at_rate(self.block_frames, self.rate_hz, device_hz).max(1),
            sides: self.sides,
        }
    }

    /// What stands for a device, for these sides.
    pub(crate) fn part_of_lost(&self, like: Lost) -> Lost {
        Lost {
            output: like.output.filter(|_| self.sides.has_output()),
            input: like.input.filter(|_| self.sides.has_input()),
            ..like
        }
    }

    /// What a choice means for these sides.
    pub(crate) fn part_of(&self, chosen: Chosen) -> Chosen {
        Chosen {
            output: chosen.output.filter(|_| self.sides.has_output()),
            input: chosen.input.filter(|_| self.sides.has_input()),
        }
    }
}

/// What the keeper begins with.
pub(crate) struct Setup {
    pub wires: Arc<Wires>,
    pub tale: KeeperTale,
    /// The wiring that the stream was made with.
    pub wiring: Wiring,
    /// Made before the stream ran, as time may pass as soon as it does.
    pub reopener: Box<dyn Reopener>,
    pub purpose: Purpose,
    /// Of the stream as it is now.
    pub spec: GraphSpec,
    /// What was meant when its endpoint was opened, and what that is; `None` without one.
    pub on: Option<(Chosen, Chosen)>,
    /// What the host knows of its channels.
    pub layout: Layout,
    pub ears: Arc<dyn Ears>,
    pub commands: Sender<Command>,
    pub stream: CurrentWaker,
}

/// The stream's end. Dropping it ends the keeper, who closes what it has.
pub(crate) struct KeeperHandle {
    reports: Sender<Report>,
    ends: Option<Sender<()>>,
    waker: CurrentWaker,
}

impl KeeperHandle {
    /// Tells it something.
    pub(crate) fn report(&self, report: Report) {
        // A keeper that has ended keeps nothing; the endpoint is closed here then.
        let _ = self.reports.send(report);
        self.waker.wake();
    }
}

impl Drop for KeeperHandle {
    fn drop(&mut self) {
        self.ends = None;
        self.waker.wake();
    }
}

/// Begins to keep a stream. `None` when there is no thread for it.
pub(crate) fn begin(setup: Setup) -> Option<KeeperHandle> {
    let (report_sender, reports) = channel();
    let (ends, end) = channel();
    let waker = CurrentWaker::new(setup.reopener.waker());
    let keeper = Keeper {
        told: counts(&setup.layout),
        asked_for: None,
        state: match &setup.on {
            Some(_) => State::On,
            None => State::Without,
        },
        on: setup.on,
        offered: None,
        wires: setup.wires,
        tale: setup.tale,
        wiring: setup.wiring,
        reopener: setup.reopener,
        purpose: setup.purpose,
        spec: setup.spec,
        layout: None,
        must_reopen: false,
        must_renew: false,
        may_differ: true,
        ears: setup.ears,
        commands: setup.commands,
        stream: setup.stream,
        waker: waker.clone(),
        reports,
        end,
        patience: Patience::new(),
    };
    std::thread::Builder::new()
        .name("asio2wasapi keeper".into())
        .spawn(move || keeper.run())
        .ok()?;
    Some(KeeperHandle {
        reports: report_sender,
        ends: Some(ends),
        waker,
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The stream is on an endpoint.
    On,
    /// It has none.
    Without,
    /// Something was sent that the stream has not answered.
    Asked,
}

struct Keeper {
    wires: Arc<Wires>,
    tale: KeeperTale,
    wiring: Wiring,
    reopener: Box<dyn Reopener>,
    purpose: Purpose,
    spec: GraphSpec,
    /// What was meant when the stream's endpoint was opened, and what it is on.
    on: Option<(Chosen, Chosen)>,
    /// What it is to take.
    offered: Option<Offered>,
    state: State,
    /// The channels as the user has changed them.
    layout: Option<Layout>,
    /// The device is to be used otherwise, so that even the same endpoint must be opened anew.
    must_reopen: bool,
    /// The stream has fallen behind, so that the same endpoint is to be opened beside it.
    must_renew: bool,
    /// What is chosen may be another than the one that the stream is on.
    may_differ: bool,
    /// How many outputs and inputs the host knows of.
    told: (usize, usize),
    /// What the host was asked for last.
    asked_for: Option<Reason>,
    ears: Arc<dyn Ears>,
    commands: Sender<Command>,
    stream: CurrentWaker,
    waker: CurrentWaker,
    reports: Receiver<Report>,
    end: Receiver<()>,
    patience: Patience,
}

/// An endpoint that the stream has not taken yet.
struct Offered {
    meant: Chosen,
    on: Chosen,
    spec: GraphSpec,
}

/// Why a host cannot be spared to make its buffers anew.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    /// It has other channels now: outputs and inputs.
    Channels((usize, usize)),
    /// The user wants another block, rate or type of samples, or other joined devices.
    Wish,
    /// No device runs at its rate, and the user wants no resampling.
    Rate,
}

impl Reason {
    fn text(&self) -> &'static str {
        match self {
            Reason::Channels(_) => "the device has other channels than before.",
            Reason::Wish => "the configuration says otherwise now.",
            Reason::Rate => "no device runs at its rate, and the profile forbids resampling.",
        }
    }
}

impl Keeper {
    fn run(mut self) {
        loop {
            if self.end.try_recv() == Err(TryRecvError::Disconnected) {
                return;
            }
            while let Ok(report) = self.reports.try_recv() {
                self.hear(report);
            }
            self.follow_wishes();
            self.tell_remarks();
            match self.state {
                State::Without => self.look_for_device(),
                State::On => self.follow_choice(),
                State::Asked => {}
            }
            let limit_ns = match self.state {
                State::Without => self.patience.pause_ns(),
                _ => self.patience.pause_ns().max(LOOK_NS),
            };
            self.may_differ |= self.reopener.pause(limit_ns);
        }
    }

    fn hear(&mut self, report: Report) {
        match report {
            Report::FellBehind => self.must_renew = true,
            Report::Lost(endpoint) => {
                drop(endpoint);
                self.must_renew = false;
                self.tale.lost();
                self.on = None;
                // What was offered is on its way, and will be answered.
                if self.offered.is_none() {
                    self.be_without();
                }
            }
            Report::Released(endpoint) => {
                drop(endpoint);
                self.on = None;
                self.be_without();
            }
            Report::Taken(before) => {
                drop(before);
                self.must_renew = false;
                self.tale.taken();
                if let Some(Offered { meant, on, spec }) = self.offered.take() {
                    self.on = Some((meant, on));
                    self.spec = spec;
                }
                self.state = State::On;
                self.patience = Patience::new();
                self.check_channels();
            }
            Report::Refused(offer) => {
                drop(offer);
                self.offered = None;
                self.patience.failed();
                self.state = match self.on {
                    Some(_) => State::On,
                    None => State::Without,
                };
            }
            Report::Refitted(before) => {
                drop(before);
                if self.state == State::Asked && self.offered.is_none() {
                    self.state = State::On;
                }
            }
        }
    }

    /// What the devices say of their streams.
    fn tell_remarks(&mut self) {
        let joined = self.wiring.joined.iter().map(|joined| &joined.device);
        let devices = std::iter::once(&self.wiring.device).chain(joined);
        let remarks = devices.flat_map(|device| device.remarks()).collect();
        self.tale.remarks(remarks);
    }

    fn be_without(&mut self) {
        self.state = State::Without;
        self.patience = Patience::new();
    }

    fn send(&mut self, change: Change) {
        self.state = State::Asked;
        let _ = self.commands.send(Command::Change(change));
        self.stream.wake();
    }

    fn look_for_device(&mut self) {
        match self.open() {
            Ok(()) => self.must_reopen = false,
            Err(error) => {
                self.patience.failed();
                self.tale.looked(&error);
                if error.kind == FaultKind::Unsupported && !self.wiring.preferences.resamples_rates
                {
                    self.ask_host(Reason::Rate);
                }
            }
        }
    }

    /// Opens what is meant now and offers it to the stream.
    fn open(&mut self) -> Result<(), EndpointError> {
        let meant = self.purpose.part_of(self.reopener.chosen());
        let preferences = &self.wiring.preferences;
        let request = self.purpose.request(&*self.wiring.device, preferences)?;
        let endpoint = self.reopener.open(request)?;
        let spec = spec_for(&*endpoint, &self.spec, preferences);
        let on = self.purpose.part_of(endpoint.chosen());
        let is_on_it = self.on.as_ref().is_some_and(|(_, before)| *before == on);
        let opened = telling::opened(&*endpoint, &self.purpose);
        let refit = self.refit(spec, &Lost::of(&*endpoint, false))?;
        self.offered = Some(Offered {
            meant,
            on,
            spec: refit.spec.clone(),
        });
        let follows_default = self.wiring.preferences.follows_default;
        let tale = match self.must_renew && !self.must_reopen && is_on_it {
            true => self.tale.renews(opened),
            false => self.tale.offers(opened, self.must_reopen, follows_default),
        };
        self.send(Change::Offer(Box::new(Offer {
            endpoint,
            refit,
            tale: Some(tale),
        })));
        Ok(())
    }

    fn refit(&self, spec: GraphSpec, like: &Lost) -> Result<Refit, EndpointError> {
        let fitting = Fitting::new(self.purpose.block_frames, &spec)
            .map_err(|message| EndpointError::new(FaultKind::Unsupported, message))?;
        Ok(Refit {
            nowhere: Nowhere::new(like),
            spec,
            fitting,
            layout: self.layout.clone(),
        })
    }

    /// Moves the stream when another endpoint is meant than the one that it is on.
    fn follow_choice(&mut self) {
        let Some((meant_then, on)) = &self.on else {
            return;
        };
        if !(self.may_differ || self.must_reopen || self.must_renew) {
            return;
        }
        let meant = self.purpose.part_of(self.reopener.chosen());
        // An endpoint that is not there any more is missed when it is lost, not before.
        let differs = |meant: &Option<String>, on: &Option<String>| meant.is_some() && meant != on;
        let has_moved = meant != *meant_then
            && (differs(&meant.output, &on.output) || differs(&meant.input, &on.input));
        let must_close = has_moved || self.must_reopen;
        if !must_close && !self.must_renew {
            self.may_differ = false;
            return;
        }
        let shares = |meant: &Option<String>, on: &Option<String>| meant.is_some() && meant == on;
        let is_shared = shares(&meant.output, &on.output) || shares(&meant.input, &on.input);
        if must_close && is_shared {
            // In some modes an endpoint is open once or not at all.
            return self.send(Change::LetGo);
        }
        match self.open() {
            Ok(()) => self.must_reopen = false,
            Err(_) => self.patience.failed(),
        }
    }

    /// Takes over what the user has changed.
    fn follow_wishes(&mut self) {
        if self.state == State::Asked {
            return;
        }
        let wiring = self.wires.refreshed();
        let (before, now) = (&self.wiring.preferences, &wiring.preferences);
        let same_device = wiring.has_device_of(&self.wiring);
        let same_joined = wiring.has_joined_of(&self.wiring);
        if same_device && same_joined && before == now {
            return;
        }
        self.tale.wishes_changed();
        let needs_host = !same_joined
            || before.block_frames != now.block_frames
            || before.sample != now.sample
            || (before.rate_hz != now.rate_hz && now.rate_hz != Some(self.purpose.rate_hz));
        self.wiring = wiring;
        self.asked_for = None;
        if !same_device {
            self.reopener = self.wiring.device.reopener();
            self.waker.set(self.reopener.waker());
            self.must_reopen = true;
            self.patience = Patience::new();
        }
        if same_joined && let Ok(info) = self.wiring.device.describe() {
            self.layout = Some(self.layout_on(&info));
        }
        if same_device && self.state == State::On {
            self.refit_as_wished();
        }
        if needs_host {
            self.ask_host(Reason::Wish);
        } else {
            self.check_channels();
        }
    }

    /// The same endpoint goes on with other preferences.
    fn refit_as_wished(&mut self) {
        let spec = with_preferences(&self.spec, &self.wiring.preferences);
        let like = Lost {
            output: spec.output,
            input: spec.input,
            timing: spec.timing,
            was_due: false,
        };
        if let Ok(refit) = self.refit(spec, &like) {
            self.spec = refit.spec.clone();
            self.send(Change::Refit(Box::new(refit)));
        }
    }

    fn layout_on(&self, info: &DeviceInfo) -> Layout {
        let Preferences {
            outputs, inputs, ..
        } = &self.wiring.preferences;
        Layout::new(info, outputs, inputs, &self.wiring.joined)
    }

    /// A host learns of other channels only by making its buffers anew.
    fn check_channels(&mut self) {
        let Ok(info) = self.wiring.device.describe() else {
            return;
        };
        let now = counts(&self.layout_on(&info));
        if now != self.told {
            self.ask_host(Reason::Channels(now));
        }
    }

    /// Asks the host to make its buffers anew; once, as it may not want to. Everything goes on
    /// without.
    fn ask_host(&mut self, reason: Reason) {
        if self.asked_for.as_ref() != Some(&reason) {
            self.tale.asked_host(reason.text());
            self.asked_for = Some(reason);
            self.ears.tell(News::MakeAnew);
        }
    }
}

/// What a graph joins on that endpoint, the rest as it was.
fn spec_for(endpoint: &dyn Endpoint, before: &GraphSpec, preferences: &Preferences) -> GraphSpec {
    GraphSpec {
        output: endpoint.output_format(),
        input: endpoint.input_format(),
        timing: endpoint.timing(),
        ..with_preferences(before, preferences)
    }
}

fn with_preferences(before: &GraphSpec, preferences: &Preferences) -> GraphSpec {
    GraphSpec {
        quality: preferences.quality,
        safety_frames: preferences.safety_frames,
        dither: preferences.dither,
        ..before.clone()
    }
}

/// Outputs and inputs.
fn counts(layout: &Layout) -> (usize, usize) {
    (layout.outputs.len(), layout.inputs.len())
}
