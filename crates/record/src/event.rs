//! What can happen to a driver instance.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

/// A driver instance: whose it is, and which driver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Instance {
    /// The file name of the host's program.
    pub program: String,
    /// The host's process.
    pub pid: u32,
    /// The driver's name, which is that of its profile.
    pub driver: String,
    /// The driver's version.
    pub version: String,
}

impl Instance {
    /// An instance of the driver of that name in this process.
    pub fn here(driver: &str, version: &str) -> Self {
        let path = std::env::current_exe().ok();
        let name = path.as_deref().and_then(|path| path.file_name());
        Self {
            program: name.map_or_else(
                || "unknown program".to_owned(),
                |name| name.to_string_lossy().into_owned(),
            ),
            pid: std::process::id(),
            driver: driver.to_owned(),
            version: version.to_owned(),
        }
    }
}

/// One direction of an open device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Side {
    /// The name that the system shows to the user.
    pub name: String,
    /// The endpoint's id, in the system's own words; empty where there is none.
    pub id: String,
    /// The samples' format, in words.
    pub format: String,
    /// Channels of the stream.
    pub channels: u32,
    /// Frames between the host's block and the analogue side, at the host's rate.
    pub latency_frames: u32,
}

/// A stream as it was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Opened {
    /// What it plays to.
    pub output: Option<Side>,
    /// What it records from.
    pub input: Option<Side>,
    /// How the device is used (shared, low-latency, exclusive), in words; empty where nobody knows.
    pub mode: String,
    /// The device's rate in Hz.
    pub rate_hz: u32,
    /// The host's rate in Hz.
    pub host_hz: u32,
    /// The device's period in frames of its own rate.
    pub period_frames: u32,
    /// The host's block in frames of its own rate.
    pub block_frames: u32,
}

impl Opened {
    /// The names of the endpoints, for people.
    pub fn names(&self) -> String {
        let sides = [&self.output, &self.input].into_iter().flatten();
        let mut names: Vec<&str> = sides.map(|side| side.name.as_str()).collect();
        names.dedup();
        match names.as_slice() {
            [] => "no device".to_owned(),
            names => names.join(" + "),
        }
    }
}

/// The system's own code for an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Code {
    /// The number, an `HRESULT` on Windows.
    pub number: i32,
    /// Its name in the system's words.
    pub name: String,
}

/// What a fault means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// There is no such device.
    NotFound,
    /// Another program holds the device.
    InUse,
    /// The device does not take this rate, format or mode.
    Unsupported,
    /// The device is gone or was changed.
    Lost,
    /// The system's sound service does not answer.
    ServiceGone,
    /// The device gave no sign of life, without saying why.
    Silent,
    /// Everything else.
    #[default]
    Failed,
}

/// Why sound moved to another endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The system has another default device.
    DefaultMoved,
    /// The profile means another: one that it prefers came, or the preferred one is another now.
    BetterOneCame,
    /// The one before is gone.
    OldOneGone,
    /// The configuration names another.
    ConfigurationChanged,
    /// Something else.
    #[default]
    Other,
}

/// One thing that happened. Texts are sentences for the user, complete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The host initialised the driver. The recorder itself tells this one.
    Begun(Instance),
    /// A stream was opened.
    Opened(Opened),
    /// A device did not open, and the host was told.
    Refused {
        /// What it means.
        #[serde(default, deserialize_with = "known_or_default")]
        fault: Fault,
        /// The sentence that the host got; the code's name is in it.
        message: String,
        /// The system's code, where one is known.
        #[serde(default)]
        code: Option<Code>,
    },
    /// The host started the stream.
    Started,
    /// The host stopped the stream.
    Stopped,
    /// The host disposed of the stream.
    Closed,
    /// The device of a stream is gone; from here on silence.
    Lost {
        /// What it means.
        #[serde(default, deserialize_with = "known_or_default")]
        fault: Fault,
        /// The system's code; number 0 where there is none.
        code: Code,
    },
    /// The device is looked for, in vain until now.
    LookedFor {
        /// How often it was tried since it was lost.
        attempts: u64,
        /// Why the last attempt failed.
        message: String,
    },
    /// The device was opened again.
    Back(Opened),
    /// Sound moved to another endpoint.
    Moved {
        /// Where it was, by name.
        from: String,
        /// Where it is.
        to: Opened,
        /// Why.
        #[serde(default, deserialize_with = "known_or_default")]
        why: Why,
    },
    /// A device that is joined to the stream's own is gone; its channels are silent.
    JoinedLost {
        /// Its name.
        name: String,
    },
    /// A joined device is there.
    JoinedBack {
        /// Its name.
        name: String,
    },
    /// The host was told that latencies are others now.
    LatencyChanged {
        /// Of what is played, frames at the host's rate.
        output_frames: u32,
        /// Of what is recorded, frames at the host's rate.
        input_frames: u32,
    },
    /// The host was asked to begin anew.
    ResetRequested {
        /// Why.
        message: String,
    },
    /// There is no device: the host plays into nothing until one comes.
    Placeholder {
        /// Why there is none.
        message: String,
    },
    /// The configuration file says something new.
    ConfigurationChanged {
        /// What is wrong with it; nothing if it is right.
        #[serde(default)]
        faults: Vec<String>,
    },
    /// Anything else that the user should know.
    Note {
        /// What.
        message: String,
    },
    /// Sound was missing since the last such event. The recorder itself tells this one, from the gauges.
    Missing {
        /// How often the device ran dry.
        underruns: u64,
        /// How often the host was too slow.
        overloads: u64,
    },
    /// Events came faster than they could be written. The recorder itself tells this one.
    Dropped {
        /// How many.
        count: u64,
    },
    /// The instance has ended. The recorder itself tells this one.
    Ended,
    /// What a later version wrote.
    #[serde(other)]
    Unknown,
}

/// An event with its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Milliseconds since 1970, UTC: for people. The clock may have been set meanwhile.
    pub at_ms: u64,
    /// Milliseconds since the instance began, by a clock that never goes back.
    pub since_ms: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What a later version may have another word for.
pub(crate) fn known_or_default<'de, T, D>(from: D) -> Result<T, D::Error>
where
    T: DeserializeOwned + Default,
    D: Deserializer<'de>,
{
    let value = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}
