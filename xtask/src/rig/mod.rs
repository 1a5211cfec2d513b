//! The test rig: a private sound server, private Wine prefixes, recordings. Everything that it
//! starts it also ends, and everything that it writes is below the target directory.

pub mod card;
mod daemon;
pub mod events;
pub mod listener;
pub mod places;
pub mod playback;
pub mod private_dir;
pub mod recorder;
pub mod router;
mod saves;
pub mod sdl;
pub mod server;
pub mod wine;
pub mod witness;

use std::time::Duration;

use anyhow::Result;

use crate::paths::Paths;
use listener::Listener;
use places::Backend;
use private_dir::PrivateDirs;
use recorder::Recorder;
use server::{Server, Sink};
use wine::Wine;

/// A running rig. Fields are dropped in order: first what uses the sound server, then it.
pub struct Rig<'a> {
    /// The checkout.
    pub paths: &'a Paths,
    pulse: Option<Wine>,
    alsa: Option<Wine>,
    card: Option<Wine>,
    pulse_32: Option<Wine>,
    alsa_32: Option<Wine>,
    server: Server,
    dirs: PrivateDirs,
}

impl<'a> Rig<'a> {
    /// Starts the sound server. Wine is started when it is first asked for.
    pub fn start(paths: &'a Paths) -> Result<Rig<'a>> {
        let dirs = PrivateDirs::claim(paths)?;
        let server = Server::start(paths, &dirs)?;
        Ok(Rig {
            paths,
            pulse: None,
            alsa: None,
            card: None,
            pulse_32: None,
            alsa_32: None,
            server,
            dirs,
        })
    }

    /// Wine on one of the audio backends.
    pub fn wine(&mut self, backend: Backend) -> Result<&Wine> {
        let slot = match backend {
            Backend::Pulse => &mut self.pulse,
            Backend::Alsa => &mut self.alsa,
            Backend::Card => &mut self.card,
            Backend::Pulse32 => &mut self.pulse_32,
            Backend::Alsa32 => &mut self.alsa_32,
        };
        if slot.is_none() {
            *slot = Some(Wine::start(self.paths, &self.dirs, backend)?);
        }
        Ok(slot.as_ref().expect("it was started in the line above"))
    }

    /// The sound server, to be disturbed.
    pub fn server(&mut self) -> &mut Server {
        &mut self.server
    }

    /// Listens to a sink that is there, at once.
    pub fn listen_now(&self, kind: Sink) -> Result<Listener> {
        Listener::start(self.paths, &self.dirs, kind)
    }

    /// A sink of this kind, made if it is not there yet.
    pub fn sink(&mut self, kind: Sink) -> Result<()> {
        self.server.ensure(kind)
    }

    /// Makes the sink if need be and waits until it keeps time.
    pub fn use_sink(&mut self, kind: Sink) -> Result<()> {
        self.server.wait_awake(kind)
    }

    /// Listens to a sink, made if need be, and notes when its frames come.
    pub fn listen(&mut self, kind: Sink) -> Result<Listener> {
        self.server.wait_awake(kind)?;
        let listener = Listener::start(self.paths, &self.dirs, kind)?;
        // As for a recording.
        crate::captured::pause(Duration::from_millis(300))?;
        Ok(listener)
    }

    /// Records a sink, made if need be.
    pub fn record(&mut self, kind: Sink) -> Result<Recorder> {
        self.server.wait_awake(kind)?;
        let recorder = Recorder::start(self.paths, &self.dirs, kind)?;
        // Until the reader is connected, nothing of the sink reaches it.
        crate::captured::pause(Duration::from_millis(300))?;
        Ok(recorder)
    }
}
