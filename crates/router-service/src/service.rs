//! The process: devices, doors, and the loop that looks after them.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use config::{Document, Routing, Watcher};
use ipc::Terms;
use ipc::windows::{ROUTER, WindowsLink, is_alive, process_id};
use record::{Entry, Event, Places, Recorder};
use router::{CoreControl, CoreSpec, core};
use rt::Flag;
use session::{OwnStream, OwnStreams};
use wasapi_io::{hresult_name, name_sessions, now_ns};

use crate::control::{EventKind, Reply, Request, Status, VERSION};
use crate::core_client::{CoreClient, NewsCounts};
use crate::counter::{self, Asked};
use crate::desk::{DeskSpec, desk_of};
use crate::devices;
use crate::driver_process;
use crate::edit;
use crate::files::{self, FileNews, FileSink};
use crate::hall::{Guest, Hall, HallEvent};
use crate::identity::Identity;
use crate::lock::Lock;
use crate::on_demand::Demand;
use crate::plan::Plan;
use crate::status::{self, Bridges, Chronicle};

/// What the volume mixer calls its streams.
const SESSIONS: &str = "ASIO2WASAPI Router";
/// How long one that is started waits for the one before it to end.
const LOCK_PATIENCE: Duration = Duration::from_secs(3);
/// How long the loop waits for somebody at the door.
const LOOK_NS: u64 = 20_000_000;
/// How often it is asked whether processes live, and what latencies there are.
const CLOSE_LOOK: Duration = Duration::from_millis(100);
/// How often the configuration is looked at.
const CONFIG_LOOK: Duration = Duration::from_millis(500);
/// How often clients are told that are late, at most.
const LATE_LOOK: Duration = Duration::from_secs(1);
/// How long clients may take to be let go.
const DISMISS_LIMIT: Duration = Duration::from_millis(300);
/// How long programs that watch may take to be told the last of it.
const FAREWELL_LIMIT: Duration = Duration::from_millis(200);
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
    let _lock = Lock::take(&state, "router", patience)?;
    name_sessions(SESSIONS);
    let chronicle = Chronicle::new();
    let asked = counter::open(ROUTER, chronicle.clone())?;
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
    driver_process::isolate(&mut routing);
    let identity = Identity::router();
    let outside = Outside {
        settings,
        ends,
        watcher: watcher.as_mut(),
        asked: &asked,
    };
    run_as(&identity, routing, &places, &chronicle, outside, tell)?;
    chronicle.close(FAREWELL_LIMIT);
    Ok(())
}

/// Runs as that router until it is to end; anew whenever it has to have other devices.
///
/// # Errors
/// One sentence: it cannot begin.
pub(crate) fn run_as(
    identity: &Identity,
    mut routing: Routing,
    places: &Places,
    chronicle: &Chronicle,
    mut outside: Outside<'_>,
    tell: &mut dyn FnMut(Told),
) -> Result<(), String> {
    loop {
        let (places, chronicle) = (places.clone(), chronicle.clone());
        let service = Service::begin(identity, &routing, places, chronicle, tell)?;
        match service.serve(&mut outside, tell) {
            Some(changed) => routing = changed,
            None => return Ok(()),
        }
    }
}

/// What the loop listens to.
pub(crate) struct Outside<'a> {
    pub(crate) settings: Settings,
    pub(crate) ends: &'a Flag,
    pub(crate) watcher: Option<&'a mut Watcher>,
    pub(crate) asked: &'a Receiver<Asked>,
}

/// The router on one set of devices.
struct Service {
    plan: Plan,
    idle_limit: Duration,
    /// What the file says.
    written: Routing,
    chronicle: Chronicle,
    /// What happens to the devices.
    record: Receiver<Entry>,
    /// How many blocks each client was late with, when that was last told.
    late: Vec<(usize, u64)>,
    endpoints: (Vec<Option<String>>, Vec<Option<String>>),
    /// Why routes are left out.
    refused: Vec<String>,
    recorder: Recorder,
    core: CoreControl<WindowsLink>,
    hall: Hall<WindowsLink>,
    news: Arc<NewsCounts>,
    files: Vec<FileSink>,
    /// The sources that are open only while they are heard, by their place in the plan.
    demands: Vec<(usize, Demand)>,
    bridges: Bridges,
    stream: OwnStream,
    /// Last, as the record ends with it.
    _streams: OwnStreams,
}

impl Service {
    /// Opens the devices and the doors.
    ///
    /// # Errors
    /// One sentence: it cannot begin.
    fn begin(
        identity: &Identity,
        routing: &Routing,
        places: Places,
        chronicle: Chronicle,
        tell: &mut dyn FnMut(Told),
    ) -> Result<Self, String> {
        let plan = Plan::new(routing);
        let (wiring, demands) = devices::wiring(&plan);
        let bridges = Bridges::of(&plan, &wiring);
        let (streams, record) =
            OwnStreams::new(wiring).listened(&identity.record, places, hresult_name);
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
        let wait_ns = cycle_ns / 8 * identity.wait_eighths;
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
        let link = identity.link.clone();
        let mut hall = Hall::new(
            move |number| WindowsLink::make(&link, number),
            is_alive,
            process_id(),
            Terms::new(rate_hz, cycle_frames),
            wait_ns,
        )?;
        hall.set_latencies(output_frames, input_frames);
        let mut service = Self {
            idle_limit: identity.idle_limit,
            endpoints: devices::endpoints(&plan),
            refused: Vec::new(),
            plan,
            written: routing.clone(),
            chronicle,
            record,
            late: Vec::new(),
            recorder: streams.recorder(),
            core,
            hall,
            news,
            files,
            demands,
            bridges,
            stream,
            _streams: streams,
        };
        service.mix(tell);
        for file in &service.files {
            if !file.file().is_empty() {
                let message = format!(
                    "The sink \"{}\" is written to {}.",
                    file.name(),
                    file.file()
                );
                service.chronicle.add(EventKind::FileStarted, &message);
            }
        }
        tell(Told::Runs {
            rate_hz,
            cycle_frames,
            output_latency_frames: output_frames,
        });
        Ok(service)
    }

    /// Until it is to end (`None`), or to begin anew by another configuration.
    fn serve(mut self, outside: &mut Outside<'_>, tell: &mut dyn FnMut(Told)) -> Option<Routing> {
        let Outside {
            settings,
            ends,
            watcher,
            asked,
        } = outside;
        let settings = *settings;
        let mut looked = Instant::now();
        let mut read = Instant::now();
        let mut looked_for_late = Instant::now();
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
                self.look_at_record();
            }
            if looked_for_late.elapsed() >= LATE_LOOK {
                looked_for_late = Instant::now();
                self.look_for_late();
            }
            self.attend(looks_closely, &mut events, tell);
            if !self.hall.guests().is_empty() {
                needed = Instant::now();
            }
            if settings.on_demand && needed.elapsed() >= self.idle_limit {
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
                let answer = self.answer(request, settings, tell);
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
        let news: Vec<FileNews> = self.files.iter_mut().filter_map(FileSink::news).collect();
        for FileNews { kind, message } in news {
            self.note(kind, &message);
            tell(match kind {
                EventKind::FileEnded => Told::File(message),
                _ => Told::Amiss(message),
            });
        }
    }

    /// Tells what happened to the devices.
    fn look_at_record(&self) {
        for Entry { event, .. } in self.record.try_iter() {
            let kind = match &event {
                Event::Opened(_) => EventKind::DeviceOpened,
                Event::Lost { .. } | Event::JoinedLost { .. } | Event::Placeholder { .. } => {
                    EventKind::DeviceLost
                }
                Event::Back(_) | Event::JoinedBack { .. } => EventKind::DeviceBack,
                Event::Moved { .. } => EventKind::DeviceMoved,
                Event::Missing { .. } => EventKind::Overload,
                // What is noted was told as it happened.
                _ => continue,
            };
            self.chronicle.add(kind, &record::sentence(&event));
        }
    }

    /// Tells which clients were late.
    fn look_for_late(&mut self) {
        let mut seen = Vec::new();
        for guest in self.hall.guests() {
            let late = guest.status().late_blocks;
            let before = self.late.iter().find(|(number, _)| *number == guest.number);
            let blocks = late.saturating_sub(before.map_or(0, |(_, late)| *late));
            if blocks > 0 {
                let message = format!(
                    "The client \"{}\" was late with {blocks} blocks, and silent instead.",
                    guest.name
                );
                self.chronicle.add(EventKind::ClientLate, &message);
            }
            seen.push((guest.number, late));
        }
        self.late = seen;
    }

    /// Something happened that people may want to read.
    fn note(&self, kind: EventKind, message: &str) {
        self.chronicle.add(kind, message);
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
            let (kind, message) = match &event {
                HallEvent::Came(name) => (
                    EventKind::ClientCame,
                    format!("The client \"{name}\" came."),
                ),
                HallEvent::Left(name) => (
                    EventKind::ClientLeft,
                    format!("The client \"{name}\" left."),
                ),
                HallEvent::Refused(why) => (
                    EventKind::ClientRefused,
                    format!("A client was refused: {why}"),
                ),
            };
            self.note(kind, &message);
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
            Ok(config) => {
                let mut routing = config.router;
                driver_process::isolate(&mut routing);
                routing
            }
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

    fn answer(
        &mut self,
        request: Request,
        settings: Settings,
        tell: &mut dyn FnMut(Told),
    ) -> Reply {
        let done = match request {
            Request::Status => return Reply::Status(Box::new(self.status(settings))),
            // Who watches is told without being answered here.
            Request::End | Request::Watch => Ok(()),
            Request::StartFile { sink, at_frame } => {
                // That one has ended is told before another begins.
                self.look_at_files(tell);
                self.start_file(&sink, at_frame.unwrap_or(0))
            }
            Request::StopFile { sink, at_frame } => {
                let file = self.file(&sink);
                file.and_then(|file| file.stop(at_frame.unwrap_or(0)))
            }
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

    /// The sink of that name that is a file.
    fn file(&mut self, sink: &str) -> Result<&mut FileSink, String> {
        let is_meant = |file: &&mut FileSink| edit::is_same(file.name(), sink);
        self.files.iter_mut().find(is_meant).ok_or_else(|| {
            format!("No sink {sink:?} is a file; the configuration file names those that are.")
        })
    }

    fn start_file(&mut self, sink: &str, frame: u64) -> Result<(), String> {
        let file = self.file(sink)?;
        file.start(frame, &stamp())?;
        let message = format!(
            "The sink \"{}\" is written to {}.",
            file.name(),
            file.file()
        );
        self.note(EventKind::FileStarted, &message);
        Ok(())
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
                    return self.set_mix(&factors);
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
        let (sources, sinks) = status::ports(&self.plan, &self.bridges, &from, &to);
        Status {
            version: VERSION,
            process: process_id(),
            rate_hz: spec.rate_hz,
            cycle_frames: spec.cycle_frames,
            output_latency_frames,
            input_latency_frames,
            frame: self.news.frames.get(),
            on_demand: settings.on_demand,
            is_changed: self.plan.routing != self.written,
            sources,
            sinks,
            clients: status::clients(self.hall.guests(), &from, &to),
            mixes: status::mixes(&self.plan.routing),
            files: self.files.iter().map(FileSink::status).collect(),
            events: self.chronicle.events(),
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
                if let Err(why) = self.set_mix(&factors) {
                    tell(Told::Amiss(why));
                }
            }
            Err(why) => tell(Told::Amiss(why)),
        }
    }

    /// Hands the factors to the core, and opens and closes what is heard by that or not.
    fn set_mix(&mut self, factors: &[f32]) -> Result<(), String> {
        let spec = self.core.spec();
        let sources = spec.device_inputs + spec.client_outputs;
        let mut news = Vec::new();
        for (at, demand) in &self.demands {
            let Some(seat) = self.plan.sources.get(*at) else {
                continue;
            };
            let is_heard = |row: &[f32]| {
                let own = row.get(seat.channels.clone());
                own.is_some_and(|own| own.iter().any(|factor| *factor != 0.0))
            };
            let is_wanted = factors.chunks_exact(sources.max(1)).any(is_heard);
            if demand.set(is_wanted) {
                let name = &seat.port.name;
                news.push(match is_wanted {
                    true => (
                        EventKind::SourceOpened,
                        format!("The source \"{name}\" is opened, as it is heard."),
                    ),
                    false => (
                        EventKind::SourceClosed,
                        format!("The source \"{name}\" is closed, as nobody hears it."),
                    ),
                });
            }
        }
        for (kind, message) in news {
            self.note(kind, &message);
        }
        self.core.mix.set(factors)
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
            if let Some(FileNews { kind, message }) = file.finish() {
                self.note(kind, &message);
                tell(Told::File(message));
            }
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
