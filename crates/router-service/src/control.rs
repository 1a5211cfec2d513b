//! The control channel's words: one JSON object a line, a request and its reply.
//!
//! Every request has the [`VERSION`] that it speaks. A reply is the request's answer, or an error that
//! is one sentence.

use serde::{Deserialize, Serialize};

use crate::edit::{RouteName, Strip};

/// The version of the words.
pub const VERSION: u32 = 1;
/// The longest request in bytes.
pub const REQUEST_BYTES_MAX: u64 = 64 * 1024;

/// A request as it is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// [`VERSION`].
    pub version: u32,
    /// What is wanted.
    #[serde(flatten)]
    pub request: Request,
}

/// What can be wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Request {
    /// How everything is: answered by [`Reply::Status`].
    Status,
    /// Add a route, or change what is on its way.
    SetRoute {
        /// Which.
        route: RouteName,
        /// What is on its way.
        #[serde(default)]
        strip: Strip,
    },
    /// Take a route out.
    RemoveRoute {
        /// Which.
        route: RouteName,
    },
    /// Set gain and mute of a mix, which is made if there is none.
    SetMix {
        /// Its name.
        mix: String,
        /// In dB; without it as before.
        #[serde(default)]
        gain_db: Option<f64>,
        /// Without it as before.
        #[serde(default)]
        mute: Option<bool>,
    },
    /// Tell from now on what happens, as it does: [`Reply::Done`], and then a [`Pushed`] a line.
    Watch,
    /// Begin a file of a sink that is one.
    StartFile {
        /// Which.
        sink: String,
        /// The router's frame that it begins with, as [`Status::frame`] counts; without it at once.
        #[serde(default)]
        at_frame: Option<u64>,
    },
    /// End it.
    StopFile {
        /// Which.
        sink: String,
        /// The router's frame before which it ends; without it at once.
        #[serde(default)]
        at_frame: Option<u64>,
    },
    /// Write the mixes as they are now into the configuration file.
    Save,
    /// End the router.
    End,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It is done.
    Done,
    /// It cannot be: one sentence.
    Error(String),
    /// How everything is.
    Status(Box<Status>),
}

/// What is told to a program that watches, without being asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pushed {
    /// What has happened.
    pub event: EventStatus,
}

/// How everything is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// [`VERSION`].
    pub version: u32,
    /// The router's process.
    pub process: u32,
    /// Its rate in Hz.
    pub rate_hz: u32,
    /// Frames in its cycle.
    pub cycle_frames: u32,
    /// Frames from the making of a block to the master's output.
    pub output_latency_frames: u32,
    /// Frames from the input of the master's partner to the making of a block.
    pub input_latency_frames: u32,
    /// Frames that the router has made since it has its devices.
    #[serde(default)]
    pub frame: u64,
    /// It ends when nobody needs it.
    pub on_demand: bool,
    /// The mixes are not as the configuration file has them.
    pub is_changed: bool,
    /// What sound comes from, but clients.
    pub sources: Vec<PortStatus>,
    /// What it goes to, but clients; the first keeps the time.
    pub sinks: Vec<PortStatus>,
    /// Who is there.
    pub clients: Vec<ClientStatus>,
    /// What goes where.
    pub mixes: Vec<MixStatus>,
    /// The sinks that are files.
    #[serde(default)]
    pub files: Vec<FileStatus>,
    /// What happened last, the oldest first.
    pub events: Vec<EventStatus>,
}

/// A sink that is a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FileStatus {
    /// The sink's name.
    pub sink: String,
    /// The file; empty before there is one.
    pub file: String,
    /// *closed* before there is a file, then *waiting* for its first frame, *running*, *ended* or *failed*.
    pub state: String,
    /// The router's frame that the file begins with.
    pub first_frame: Option<u64>,
    /// Frames in the file.
    pub written_frames: u64,
    /// Frames that were lost; silence stands for them.
    pub lost_frames: u64,
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// A client was let in.
    ClientCame,
    /// A client has left, or its process is gone.
    ClientLeft,
    /// A client was not let in.
    ClientRefused,
    /// A client was late, and silent instead.
    ClientLate,
    /// The devices were opened.
    DeviceOpened,
    /// A device is gone.
    DeviceLost,
    /// It is back.
    DeviceBack,
    /// Sound moved to another device.
    DeviceMoved,
    /// Sound was missing: the device ran dry, or a cycle took too long.
    Overload,
    /// A source was opened, as it is heard.
    SourceOpened,
    /// A source was closed, as nobody hears it.
    SourceClosed,
    /// A file was begun.
    FileStarted,
    /// A file is finished.
    FileEnded,
    /// A file could not be written on.
    FileFailed,
    /// Anything else, or something that a later router tells.
    #[default]
    #[serde(other)]
    Note,
}

/// A source or a sink.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PortStatus {
    /// Its name.
    pub name: String,
    /// Its kind, as the configuration has it.
    pub kind: String,
    /// What it may be, as the configuration has it.
    pub devices: Vec<String>,
    /// Each channel's.
    pub levels: Vec<Levels>,
    /// How it is held together with the master's clock; none while it is not there, nor for the master
    /// itself, its partner and files.
    #[serde(default)]
    pub bridge: Option<Bridge>,
}

/// How a device with a clock of its own is held together with the master's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bridge {
    /// Sound flows.
    pub is_running: bool,
    /// Samples pass as they are, because the clocks agree.
    pub is_exact: bool,
    /// Frames of the source's rate that wait between the two now; they are added to the devices' own
    /// latencies.
    pub lead_frames: f64,
    /// Frames that should wait.
    pub target_frames: u32,
    /// How much faster than nominal the source runs than the sink, in millionths.
    pub clocks_ppm: f64,
    /// Times that the source had too few frames.
    pub underruns: u64,
    /// Times that frames were dropped because there were too many.
    pub overruns: u64,
    /// Frames of the sink that were silent for want of the source's.
    pub silent_frames: u64,
}

/// How loud a channel is, in parts of full scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Levels {
    /// The highest sample of late.
    pub peak: f32,
    /// The root of the mean square.
    pub rms: f32,
}

/// A client.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClientStatus {
    /// Its number while it is there.
    pub number: usize,
    /// What it calls itself.
    pub name: String,
    /// Its process.
    pub process: u32,
    /// Frames in its blocks.
    pub block_frames: u32,
    /// It runs beside the cycle.
    pub is_pipelined: bool,
    /// Frames that the hand-over adds.
    pub added_frames: u32,
    /// It makes no sound for now.
    pub is_resting: bool,
    /// Blocks that came in time.
    pub on_time_blocks: u64,
    /// Blocks that did not; it was silent instead.
    pub late_blocks: u64,
    /// What it plays.
    pub plays: Vec<Levels>,
    /// What it hears.
    pub hears: Vec<Levels>,
}

/// A named mix.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MixStatus {
    /// Its name.
    pub name: String,
    /// Gain of all of it in dB.
    pub gain_db: f64,
    /// All of it is silent.
    pub mute: bool,
    /// Its routes.
    pub routes: Vec<RouteStatus>,
}

/// A route.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RouteStatus {
    /// The source.
    pub from: String,
    /// The sink.
    pub to: String,
    /// The channels, each from and to, numbered from 1.
    pub channels: Vec<(u32, u32)>,
    /// Gain in dB.
    pub gain_db: f64,
    /// Silent.
    pub mute: bool,
    /// While any route of its mix is solo, those that are not are silent.
    pub solo: bool,
    /// Turned over.
    pub invert: bool,
}

/// Something that happened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventStatus {
    /// Counted from 1 since the router began.
    pub number: u64,
    /// Milliseconds since the router began.
    pub since_ms: u64,
    /// What kind of thing.
    #[serde(default)]
    pub kind: EventKind,
    /// One sentence.
    pub message: String,
}

/// The request in a line.
///
/// # Errors
/// One sentence: it is none, or of another version.
pub fn parse(line: &str) -> Result<Request, String> {
    let value: serde_json::Value = serde_json::from_str(line)
        .map_err(|error| format!("This is no request: {error}; send one JSON object a line."))?;
    match value.get("version").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(VERSION) => {}
        _ => {
            return Err(format!(
                "This router speaks version {VERSION}; send a request with \"version\": {VERSION}."
            ));
        }
    }
    let line: Line = serde_json::from_value(value)
        .map_err(|error| format!("This is no request: {error}; docs/control.md has them all."))?;
    Ok(line.request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_as_they_are_written() {
        let requests = [
            Request::Status,
            Request::SetRoute {
                route: RouteName {
                    from: "Tab".to_owned(),
                    to: "Speakers".to_owned(),
                    channels: Some((1, 2)),
                    ..RouteName::default()
                },
                strip: Strip {
                    gain_db: Some(-6.0),
                    ..Strip::default()
                },
            },
            Request::Watch,
            Request::StartFile {
                sink: "Take".to_owned(),
                at_frame: Some(48_000),
            },
            Request::End,
        ];
        for request in requests {
            let line = Line {
                version: VERSION,
                request: request.clone(),
            };
            let text = serde_json::to_string(&line).expect("it can be written");
            assert_eq!(parse(&text), Ok(request), "{text}");
        }
        let text = r#"{"version":1,"do":"set-mix","mix":"stream","mute":true}"#;
        assert!(matches!(
            parse(text),
            Ok(Request::SetMix {
                mute: Some(true),
                ..
            })
        ));
    }

    #[test]
    fn what_a_later_router_tells_is_read() {
        let text = r#"{"event":{"number":7,"since_ms":3,"kind":"moon-rose","message":"It did."}}"#;
        let pushed: Pushed = serde_json::from_str(text).expect("it can be read");
        assert_eq!(
            (pushed.event.number, pushed.event.kind),
            (7, EventKind::Note)
        );
        let kind = serde_json::to_string(&EventKind::ClientCame).expect("it can be written");
        assert_eq!(kind, "\"client-came\"");
    }

    #[test]
    fn what_is_no_request_is_one_sentence() {
        for text in [
            "",
            "{}",
            "[]",
            "7",
            r#"{"version":2,"do":"status"}"#,
            r#"{"version":1,"do":"fly"}"#,
            r#"{"version":1,"do":"set-route","route":{"from":"a"}}"#,
            r#"{"version":1,"do":"set-route","route":{"from":"a","to":"b","gian":1}}"#,
        ] {
            let error = parse(text).expect_err("refused");
            assert!(error.ends_with('.') && !error.contains('\n'), "{error}");
        }
    }
}
