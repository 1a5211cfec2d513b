//! The process: devices, doors, and the loop that looks after them.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use config::{DeviceName, Document, Routing, Watcher};
use ipc::Terms;
use ipc::windows::{ROUTER, WindowsLink, is_alive, process_id};
use record::{Event, Places, Recorder};
use recorder::State;
use router::{CoreControl, CoreSpec, core};
use rt::Flag;
use session::{ChannelMap, JoinedDevice, OwnStream, OwnStreams, Preferences, Wiring};
use wasapi_io::{hresult_name, now_ns};

use crate::control::{Reply, Request, Status, VERSION};
use crate::core_client::{CoreClient, NewsCounts};
use crate::counter::{self, Asked};
use crate::desk::{DeskSpec, desk_of};
use crate::devices;
use crate::edit;
use crate::files::{self, FileSink};
use crate::hall::{Guest, Hall, HallEvent};
use crate::lock::{Lock, NAME};
use crate::plan::Plan;
use crate::status::{self, Chronicle};

/// How long a router that was started on demand runs without a client.
const IDLE_LIMIT: Duration = Duration::from_secs(10);
/// How long one that is started waits for the one before it to end.
const LOCK_PATIENCE: Duration = Duration::from_secs(3);
/// How long the loop waits for somebody at the door.
const LOOK_NS: u64 = 20_000_000;
/// How often it is asked whether processes live, and what latencies there are.
const CLOSE_LOOK: Duration = Duration::from_millis(100);
/// How often the configuration is looked at.
const CONFIG_LOOK: Duration = Duration::from_millis(500);
/// How long clients may take to be let go.
const DISMISS_LIMIT: Duration = Duration::from_millis(300);
/// Channels that all clients together can hear, and can play.
const CLIENT_CHANNELS: usize = 128;
/// Frames of a period: the longest cycle.
const CYCLE_FRAMES_MAX: u32 = 8_192;

/// How the router is to run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// It was started by a driver: it ends when nobody needs it.
    pub on_demand: bool,
}

/// What people are told while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It runs.
    Runs {
        /// Its rate in Hz.
        rate_hz: u32,
        /// Frames in its cycle.
        cycle_frames: u32,
        /// Frames from the making of a block to the device's output.
        output_latency_frames: u32,
    },
    /// Something happened at the doors.
    Hall(HallEvent),
    /// Something is not as it should be: one sentence.
    Amiss(String),
    /// A file is finished: one sentence.
    File(String),
    /// It ends, because nobody needs it.
    Unneeded,
}

/// Runs the router until `ends` is set, or nobody needs it.
///
/// # Errors
/// One sentence: another router runs, or it cannot begin.
pub fn run(settings: Settings, ends: &Flag, tell: &mut dyn FnMut(Told)) -> Result<(), String> {
    let places = Places::of_user();
    let state = places
        .state
        .clone()
        .ok_or("This user has no folder for the router's lock; set ASIO2WASAPI_STATE to one.")?;
    let patience = match settings.on_demand {
        true => LOCK_PATIENCE,
        false => Duration::ZERO,
    };
    let _lock = Lock::take(&state, patience)?;
    let asked = counter::open(ROUTER)?;
    let path = config::path();
    let (mut watcher, loaded) = match &path {
        Some(path) => {
            let (watcher, loaded) = Watcher::new(path);
            (Some(watcher), loaded)
        }
        None => (None, config::load(None)),
    };
    for error in &loaded.errors {
        tell(Told::Amiss(error.to_string()));
    }
    let places = places.or_log(loaded.config.log.clone());
    let mut routing = loaded.config.router;
    loop {
        let service = Service::begin(&routing, places.clone(), tell)?;
        let outside = Outside {
            settings,
            ends,
            watcher: watcher.as_mut(),
            asked: &asked,
        };
        match service.serve(outside, tell) {
            Some(changed) => routing = changed,
            None => return Ok(()),
        }
    }
}

/// What the loop listens to.
struct Outside<'a> {
    settings: Settings,
    ends: &'a Flag,
    watcher: Option<&'a mut Watcher>,
    asked: &'a Receiver<Asked>,
}

/// The router on one set of devices.
struct Service {
    plan: Plan,
    /// What the file says.
    written: Routing,
    begun: Instant,
    chronicle: Chronicle,
    endpoints: (Vec<Option<String>>, Vec<Option<String>>),
    /// Why routes are left out.
    refused: Vec<String>,
    recorder: Recorder,
    core: CoreControl<WindowsLink>,
    hall: Hall<WindowsLink>,
    news: Arc<NewsCounts>,
    files: Vec<FileSink>,
    stream: OwnStream,
    /// Last, as the record ends with it.
    _streams: OwnStreams,
}

impl Service {
    fn begin(
        routing: &Routing,
        places: Places,
        tell: &mut dyn FnMut(Told),
    ) -> Result<Self, String> {
        let plan = Plan::new(routing);
        let streams = OwnStreams::new(wiring(&plan)).recorded(NAME, places, hresult_name);
        let master = streams
            .master(routing.rate_hz)
            .map_err(|error| error.message)?;
        if let Some(absence) = &master.absence {
            tell(Told::Amiss(format!(
                "Silent until a device comes: {}",
                absence.message
            )));
        }
        let cycle_frames = routing.cycle_frames.unwrap_or(master.period_frames);
        let cycle_frames = cycle_frames.min(CYCLE_FRAMES_MAX);
        let rate_hz = master.rate_hz;
        let (device_outputs, device_inputs) = plan.device_channels();
        let cycle_ns = u64::from(cycle_frames) * 1_000_000_000 / u64::from(rate_hz.max(1));
        // The rest is for what comes after them: the mix, and the hand-over.
        let wait_ns = cycle_ns / 4 * 3;
        let (core, own) = core::<WindowsLink>(
            &CoreSpec {
                rate_hz,
                cycle_frames,
                device_inputs,
                device_outputs,
                client_inputs: CLIENT_CHANNELS,
                client_outputs: CLIENT_CHANNELS,
                ramp_frames: (rate_hz / 100) as usize,
                wait_ns,
            },
            now_ns,
        )?;
        let news = Arc::<NewsCounts>::default();
        let (tapes, files, problems) = files::begin(&plan.sinks, rate_hz, &stamp());
        for problem in problems {
            tell(Told::Amiss(problem));
        }
        let client = CoreClient::new(own, Arc::clone(&news)).with_tapes(tapes);
        let stream = streams
            .open(client, rate_hz)
            .map_err(|error| error.message)?;
        stream.start().map_err(|error| error.message)?;
        let (input_frames, output_frames) = stream.latencies_frames();
        let mut hall = Hall::new(
            |number| WindowsLink::make(ROUTER, number),
            is_alive,
            process_id(),
            Terms::new(rate_hz, cycle_frames),
            wait_ns,
        )?;
        hall.set_latencies(output_frames, input_frames);
        let mut service = Self {
            endpoints: devices::endpoints(&plan),
            refused: Vec::new(),
            plan,
            written: routing.clone(),
            begun: Instant::now(),
            chronicle: Chronicle::default(),
            recorder: streams.recorder(),
            core,
            hall,
            news,
            files,
            stream,
            _streams: streams,
        };
        service.mix(tell);
        tell(Told::Runs {
            rate_hz,
            cycle_frames,
            output_latency_frames: output_frames,
        });
        Ok(service)
    }

    /// Until it is to end (`None`), or to begin anew by another configuration.
    fn serve(mut self, outside: Outside<'_>, tell: &mut dyn FnMut(Told)) -> Option<Routing> {
        let Outside {
            settings,
            ends,
            mut watcher,
            asked,
        } = outside;
        let mut looked = Instant::now();
        let mut read = Instant::now();
        let mut needed = Instant::now();
        let mut events = Vec::new();
        let told_anew = self.news.make_anew.get();
        let next = loop {
            if ends.get() {
                break None;
            }
            let looks_closely = looked.elapsed() >= CLOSE_LOOK;
            if looks_closely {
                looked = Instant::now();
                let (input_frames, output_frames) = self.stream.latencies_frames();
                self.hall.set_latencies(output_frames, input_frames);
                self.look_at_files(tell);
            }
            self.attend(looks_closely, &mut events, tell);
            if !self.hall.guests().is_empty() {
                needed = Instant::now();
            }
            if settings.on_demand && needed.elapsed() >= IDLE_LIMIT {
                tell(Told::Unneeded);
                break None;
            }
            if read.elapsed() >= CONFIG_LOOK {
                read = Instant::now();
                if let Some(routing) = self.changed(watcher.as_deref_mut(), tell) {
                    break Some(routing);
                }
            }
            if self.news.make_anew.get() != told_anew {
                break Some(self.plan.routing.clone());
            }
            let mut is_asked_to_end = false;
            while let Ok(Asked { request, reply }) = asked.try_recv() {
                is_asked_to_end |= request == Request::End;
                let answer = self.answer(request, settings);
                // Who asked may have gone.
                let _ = reply.send(answer);
            }
            if is_asked_to_end {
                break None;
            }
            self.hall.wait(LOOK_NS);
        };
        self.end(tell);
        next
    }

    /// Tells of files that are not written any more.
    fn look_at_files(&mut self, tell: &mut dyn FnMut(Told)) {
        let news: Vec<String> = self.files.iter_mut().filter_map(FileSink::news).collect();
        for message in news {
            self.note(&message);
            tell(Told::Amiss(message));
        }
    }

    /// Something happened that people may want to read.
    fn note(&mut self, message: &str) {
        let since_ms = self.begun.elapsed().as_millis() as u64;
        self.chronicle.add(since_ms, message);
        self.recorder.event(Event::Note {
            message: message.to_owned(),
        });
    }

    fn attend(
        &mut self,
        looks_closely: bool,
        events: &mut Vec<HallEvent>,
        tell: &mut dyn FnMut(Told),
    ) {
        self.hall.attend(&mut self.core, looks_closely, events);
        if events.is_empty() {
            return;
        }
        self.mix(tell);
        for event in events.drain(..) {
            let message = match &event {
                HallEvent::Came(name) => format!("The client \"{name}\" came."),
                HallEvent::Left(name) => format!("The client \"{name}\" left."),
                HallEvent::Refused(why) => format!("A client was refused: {why}"),
            };
            let since_ms = self.begun.elapsed().as_millis() as u64;
            self.chronicle.add(since_ms, &message);
            self.recorder.event(Event::Note { message });
            tell(Told::Hall(event));
        }
    }

    /// What the user has changed, if devices must be opened for it; everything else is taken over.
    fn changed(
        &mut self,
        watcher: Option<&mut Watcher>,
        tell: &mut dyn FnMut(Told),
    ) -> Option<Routing> {
        let routing = match watcher?.poll()? {
            Ok(config) => config.router,
            Err(errors) => {
                for error in errors {
                    tell(Told::Amiss(error.to_string()));
                }
                return None;
            }
        };
        if routing == self.written {
            return None;
        }
        self.written = routing.clone();
        let plan = Plan::new(&routing);
        if !plan.has_devices_of(&self.plan) {
            return Some(routing);
        }
        self.plan = plan;
        self.mix(tell);
        None
    }

    fn answer(&mut self, request: Request, settings: Settings) -> Reply {
        let done = match request {
            Request::Status => return Reply::Status(Box::new(self.status(settings))),
            Request::End => Ok(()),
            Request::Save => self.save(),
            Request::SetRoute { route, strip } => {
                self.edit(|routing, guests| edit::set_route(routing, guests, &route, strip))
            }
            Request::RemoveRoute { route } => {
                self.edit(|routing, _| edit::remove_route(routing, &route))
            }
            Request::SetMix { mix, gain_db, mute } => {
                self.edit(|routing, _| edit::set_mix(routing, &mix, gain_db, mute))
            }
        };
        done.map_or_else(Reply::Error, |()| Reply::Done)
    }

    /// Changes what goes where, or nothing at all.
    fn edit(
        &mut self,
        change: impl FnOnce(&mut Routing, &[Guest]) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut routing = self.plan.routing.clone();
        change(&mut routing, self.hall.guests())?;
        let plan = Plan::new(&routing);
        if !plan.has_devices_of(&self.plan) {
            return Err("Devices are changed in the configuration file.".to_owned());
        }
        let before = std::mem::replace(&mut self.plan, plan);
        // What was refused before needs not be told again.
        let is_new = |why: &&String| !self.refused.contains(why);
        let fault = match self.make_mix() {
            Ok((factors, refused)) => match refused.iter().find(is_new) {
                None => {
                    self.refused = refused;
                    return self.core.mix.set(&factors);
                }
                Some(why) => why.clone(),
            },
            Err(why) => why,
        };
        self.plan = before;
        Err(fault)
    }

    /// Writes the mixes into the configuration file.
    fn save(&mut self) -> Result<(), String> {
        let path = config::path().ok_or("This user has no configuration file.")?;
        let said = |error: &dyn std::fmt::Display| format!("The routes cannot be saved: {error}");
        let before = config::load_text(&path).map_err(|error| said(&error))?;
        let mut document = Document::parse(&before).map_err(|error| said(&error))?;
        document
            .set_routes(&self.plan.routing)
            .map_err(|error| said(&error))?;
        config::save(&path, &before, document.text()).map_err(|error| said(&error))?;
        self.written = self.plan.routing.clone();
        Ok(())
    }

    fn status(&self, settings: Settings) -> Status {
        let spec = self.core.spec();
        let (input_latency_frames, output_latency_frames) = self.stream.latencies_frames();
        let (from, to) = (self.core.mix.source_meters(), self.core.mix.sink_meters());
        let (sources, sinks) = status::ports(&self.plan, &from, &to);
        Status {
            version: VERSION,
            process: process_id(),
            rate_hz: spec.rate_hz,
            cycle_frames: spec.cycle_frames,
            output_latency_frames,
            input_latency_frames,
            on_demand: settings.on_demand,
            is_changed: self.plan.routing != self.written,
            sources,
            sinks,
            clients: status::clients(self.hall.guests(), &from, &to),
            mixes: status::mixes(&self.plan.routing),
            events: self.chronicle.events().to_vec(),
        }
    }

    /// Lets the mix be as the plan says for those who are there.
    fn mix(&mut self, tell: &mut dyn FnMut(Told)) {
        match self.make_mix() {
            Ok((factors, refused)) => {
                for why in &refused {
                    if !self.refused.contains(why) {
                        self.recorder.event(Event::Note {
                            message: why.clone(),
                        });
                        tell(Told::Amiss(why.clone()));
                    }
                }
                self.refused = refused;
                if let Err(why) = self.core.mix.set(&factors) {
                    tell(Told::Amiss(why));
                }
            }
            Err(why) => tell(Told::Amiss(why)),
        }
    }

    /// The factors of the core's mix, and why routes are left out.
    fn make_mix(&self) -> Result<(Vec<f32>, Vec<String>), String> {
        let spec = self.core.spec();
        let spec = DeskSpec {
            sources: spec.device_inputs + spec.client_outputs,
            sinks: spec.device_outputs + spec.client_inputs,
        };
        let endpoints = (&self.endpoints.0[..], &self.endpoints.1[..]);
        let (_, factors, refused) = desk_of(&self.plan, self.hall.guests(), endpoints, spec)?;
        Ok((factors, refused))
    }

    /// Lets everybody go and closes the doors.
    fn end(mut self, tell: &mut dyn FnMut(Told)) {
        self.hall.dismiss(&mut self.core);
        let end = Instant::now() + DISMISS_LIMIT;
        let mut events = Vec::new();
        while !self.hall.guests().is_empty() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(2));
            self.hall.take_back_all(&mut self.core, &mut events);
        }
        events.drain(..).for_each(|event| tell(Told::Hall(event)));
        let _ = self.stream.stop();
        for file in std::mem::take(&mut self.files) {
            let name = file.name();
            let status = file.finish();
            let message = match status.state {
                State::Failed(error) => error.message,
                _ => format!("{name} has {} frames.", status.written_frames),
            };
            self.note(&message);
            tell(Told::File(message));
        }
        self.hall.close();
    }
}

/// Now, as it can stand in a file's name.
fn stamp() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let text = record::utc(since.map_or(0, |since| since.as_millis() as u64));
    let text = text.split('.').next().unwrap_or_default();
    text.replace(':', "-")
        .replace(['T', 'Z'], " ")
        .trim()
        .to_owned()
}

/// What the stream runs on.
fn wiring(plan: &Plan) -> Wiring {
    let first = plan.sinks.first().map(|seat| &seat.port);
    let partner = plan.sources.first().filter(|_| plan.has_partner);
    let count = |channels: usize| ChannelMap::Exactly(channels as u32);
    let joined = |device, is_input, channels| JoinedDevice {
        device,
        is_input,
        channels: count(channels),
        is_waited_for: true,
    };
    let sinks = plan.sinks.iter().skip(1).filter(|seat| !seat.is_file());
    let sinks = sinks.map(|seat| joined(devices::of_sink(&seat.port), false, seat.channels.len()));
    let sources = plan.sources.iter().skip(usize::from(plan.has_partner));
    let sources =
        sources.map(|seat| joined(devices::of_source(&seat.port), true, seat.channels.len()));
    Wiring {
        device: devices::master(plan),
        joined: sinks.chain(sources).collect(),
        preferences: Preferences {
            records: plan.has_partner,
            follows_default: first.is_some_and(|port| port.devices == [DeviceName::Default]),
            outputs: count(first.map_or(0, |port| port.channels as usize)),
            inputs: count(partner.map_or(0, |seat| seat.channels.len())),
            ..Preferences::default()
        },
    }
}
