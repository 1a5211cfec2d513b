//! What the converters played and delivered, written to files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::format::StreamFormat;
use rt::Mutex;
use serde::Serialize;
use simcard::World;
use simcard::recorder::{Incident, IncidentKind, Recorder, Run, Struck};

/// Frames of one converter without a gap, in a raw file: interleaved, in the format told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrackReport {
    /// The endpoint's name.
    pub endpoint: String,
    /// Whether a DAC played them; otherwise an ADC delivered them.
    pub played: bool,
    /// The file's name in the folder; empty when there is no folder.
    pub file: String,
    /// The format's name.
    pub sample: &'static str,
    /// Channels.
    pub channels: u16,
    /// Rate in Hz.
    pub rate_hz: u32,
    /// The number of the first frame, at the analogue side.
    pub first_frame: u64,
    /// When that frame begins.
    pub time_ns: u64,
    /// Frames in the file.
    pub frames: u64,
}

/// Sound that was lost, or silence that nobody asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IncidentReport {
    /// The endpoint's name.
    pub endpoint: String,
    /// Silence was played for want of frames; otherwise recorded frames were lost.
    pub underrun: bool,
    /// The first frame, at a DAC as a number of its analogue side, at an ADC of its buffer.
    pub first_frame: u64,
    /// Frames.
    pub frames: u64,
}

/// A fault that struck an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultReport {
    /// The endpoint's name.
    pub endpoint: String,
    /// The fault, as a script has it.
    pub fault: String,
    /// The frame of the device's clock that was under way then.
    pub frame: u64,
    /// When, by the card's time.
    pub time_ns: u64,
    /// When, by the performance counter, which clients see too.
    pub real_ns: u64,
}

/// All that was told, at the end.
pub struct Told {
    /// What the converters played and delivered.
    pub tracks: Vec<TrackReport>,
    /// What was lost.
    pub incidents: Vec<IncidentReport>,
    /// What struck.
    pub faults: Vec<FaultReport>,
}

/// Collects the tracks.
#[derive(Clone)]
pub struct Truth(Arc<Mutex<Tracks>>);

struct Tracks {
    names: Vec<String>,
    folder: Option<PathBuf>,
    /// For each endpoint the frames from its buffer to the analogue side.
    latencies: Vec<u64>,
    done: Vec<TrackReport>,
    incidents: Vec<IncidentReport>,
    faults: Vec<FaultReport>,
    /// So many faults have their instants of the performance counter.
    stamped: usize,
    /// For each endpoint the track that goes on.
    current: Vec<Option<Current>>,
    failure: Option<String>,
}

struct Current {
    report: TrackReport,
    format: StreamFormat,
    file: Option<BufWriter<File>>,
}

impl Truth {
    /// For the endpoints of that world. Without a folder nothing is written but the numbers.
    ///
    /// # Errors
    /// One sentence: the folder cannot be made.
    pub fn new(world: &World, folder: Option<&Path>) -> Result<Self, String> {
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder).map_err(|error| {
                format!("Cannot make the folder {}: {error}.", folder.display())
            })?;
        }
        let name = |id| {
            world
                .spec(id)
                .map_or_else(|_| String::new(), |spec| spec.name.clone())
        };
        let names: Vec<String> = world.endpoint_ids().map(name).collect();
        let latency = |id| {
            world
                .spec(id)
                .map_or(0, |spec| u64::from(spec.latency_frames))
        };
        Ok(Self(Arc::new(Mutex::new(Tracks {
            current: names.iter().map(|_| None).collect(),
            names,
            folder: folder.map(Path::to_path_buf),
            latencies: world.endpoint_ids().map(latency).collect(),
            done: Vec::new(),
            incidents: Vec::new(),
            faults: Vec::new(),
            stamped: 0,
            failure: None,
        }))))
    }

    /// What the world tells the truth to.
    pub fn recorder(&self) -> impl Recorder + 'static {
        Pen(Arc::clone(&self.0))
    }

    /// Writes down when the faults since the last call struck by the performance counter, which is
    /// so far ahead of the card's time.
    pub fn stamp_faults(&self, shift_ns: u64) {
        let mut tracks = self.0.lock();
        let stamped = tracks.stamped;
        for fault in &mut tracks.faults[stamped..] {
            fault.real_ns = fault.time_ns + shift_ns;
        }
        tracks.stamped = tracks.faults.len();
    }

    /// Closes the files and lists them, and what was lost, and why.
    pub fn finish(&self) -> Told {
        let mut tracks = self.0.lock();
        for index in 0..tracks.current.len() {
            tracks.finish(index);
        }
        if let Some(failure) = tracks.failure.take() {
            eprintln!("{failure}");
        }
        Told {
            incidents: std::mem::take(&mut tracks.incidents),
            faults: std::mem::take(&mut tracks.faults),
            tracks: std::mem::take(&mut tracks.done),
        }
    }
}

struct Pen(Arc<Mutex<Tracks>>);

impl Recorder for Pen {
    fn played(&mut self, run: &Run<'_>) {
        self.0.lock().add(run, true);
    }

    fn delivered(&mut self, run: &Run<'_>) {
        self.0.lock().add(run, false);
    }

    fn incident(&mut self, incident: &Incident) {
        self.0.lock().note(incident);
    }

    fn struck(&mut self, struck: &Struck<'_>) {
        let mut tracks = self.0.lock();
        let report = FaultReport {
            endpoint: tracks.names[struck.endpoint.index()].clone(),
            fault: struck.fault.to_string(),
            frame: struck.frame,
            time_ns: struck.time_ns,
            real_ns: 0,
        };
        tracks.faults.push(report);
    }
}

impl Tracks {
    /// Notes an incident; one that goes on is one.
    fn note(&mut self, incident: &Incident) {
        let index = incident.endpoint.index();
        let underrun = incident.kind == IncidentKind::Underrun;
        let latency_frames = if underrun { self.latencies[index] } else { 0 };
        let first_frame = incident.first_frame + latency_frames;
        let endpoint = &self.names[index];
        let same = |known: &&mut IncidentReport| {
            known.endpoint == *endpoint && known.first_frame + known.frames == first_frame
        };
        match self.incidents.last_mut().filter(same) {
            Some(known) => known.frames += incident.frames,
            None => self.incidents.push(IncidentReport {
                endpoint: endpoint.clone(),
                underrun,
                first_frame,
                frames: incident.frames,
            }),
        }
    }

    fn add(&mut self, run: &Run<'_>, played: bool) {
        let index = run.endpoint.index();
        let follows = self.current[index].as_ref().is_some_and(|current| {
            current.format == run.format
                && current.report.first_frame + current.report.frames == run.first_frame
        });
        if !follows {
            self.finish(index);
            let current = self.begin(run, played);
            self.current[index] = Some(current);
        }
        let Some(current) = &mut self.current[index] else {
            return;
        };
        current.report.frames += (run.bytes.len() / run.format.frame_bytes()) as u64;
        if let Some(file) = &mut current.file
            && let Err(error) = file.write_all(run.bytes)
        {
            current.file = None;
            let name = &current.report.file;
            self.failure = Some(format!("Cannot write {name}: {error}."));
        }
    }

    fn begin(&mut self, run: &Run<'_>, played: bool) -> Current {
        let StreamFormat {
            sample,
            channels,
            rate_hz,
            ..
        } = run.format;
        let endpoint = self.names[run.endpoint.index()].clone();
        let plain: String = endpoint
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '_' })
            .collect();
        let mut report = TrackReport {
            file: format!("{plain}-{}.{}.raw", run.first_frame, sample.name()),
            endpoint,
            played,
            sample: sample.name(),
            channels,
            rate_hz,
            first_frame: run.first_frame,
            time_ns: run.time_ns,
            frames: 0,
        };
        let opened = self.folder.as_ref().map(|folder| {
            let path = folder.join(&report.file);
            File::create(&path)
                .map_err(|error| format!("Cannot write {}: {error}.", path.display()))
        });
        let file = match opened {
            Some(Ok(file)) => Some(BufWriter::with_capacity(1 << 18, file)),
            Some(Err(why)) => {
                self.failure = Some(why);
                None
            }
            None => None,
        };
        if file.is_none() {
            report.file.clear();
        }
        Current {
            report,
            format: run.format,
            file,
        }
    }

    fn finish(&mut self, index: usize) {
        let Some(mut current) = self.current[index].take() else {
            return;
        };
        if let Some(file) = &mut current.file
            && let Err(error) = file.flush()
        {
            self.failure = Some(format!("Cannot write {}: {error}.", current.report.file));
        }
        self.done.push(current.report);
    }
}
