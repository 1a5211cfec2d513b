//! The configuration: what the one TOML file says, where it is, how it is edited and followed.
//!
//! - [`Config`] is the model: the [`Profile`]s, each of which is one driver in the list of an ASIO
//!   host, and the [`Routing`] of the router. Without a file there are the built-in profiles.
//! - [`read`] turns text into a model. It never fails: what it does not understand it reports, with
//!   line, column and key, and goes on with the default.
//! - [`Document`] edits the text and keeps its comments and order.
//! - [`path`], [`load`], [`load_text`] and [`save`] know the file, [`Watcher`] follows it.
//!
//! What this crate never does: ask the system about devices, start a thread, share a type with
//! anything but the file.
#![forbid(unsafe_code)]

mod class_id;
mod document;
mod error;
mod file;
mod model;
mod name;
mod nearest;
mod read;
mod routing;
mod show;
mod watch;

pub use class_id::class_id;
pub use document::Document;
pub use error::{Error, FileError, Place};
pub use file::{Loaded, PATH_VARIABLE, load, load_text, path, save};
pub use model::{
    BUILT_IN, BuiltIn, Channels, Config, DeviceFormat, DeviceName, HandOver, Member, Mode, Profile,
    Resampling, SampleType, Side,
};
pub use name::check_name;
pub use nearest::nearest;
pub use read::read;
pub use routing::{Gain, Mix, Port, Route, Routing, SinkKind, SourceKind};
pub use show::{device_text, profile_text};
pub use watch::{POLL_INTERVAL, Watcher};
