//! The control side's end of a stream's thread.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::time::Duration;

use asio::driver::InternalFrames;
use engine::endpoint::{EndpointError, FaultKind};
use rt::Flag;

use crate::orders::Command;
use crate::stream_client::StreamClient;
use crate::stream_thread::{self, Opened, Setup};

/// How long a device may take to open or to start before there is an error instead.
const DEVICE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it is waited for the client's own call to come back when it stops. Some hosts hold a lock
/// that their callback wants; after this time the stream ends by itself, behind them.
const STOP_TIMEOUT: Duration = Duration::from_millis(500);

/// An open stream. It must be [closed](Self::close) in the end.
pub(crate) struct StreamHandle {
    /// Shared with the stream's thread alone: once it is false, the client is run no more, even if its
    /// thread is still on the way out.
    running: Arc<Flag>,
    opened: Opened,
    commands: Sender<Command>,
    /// Disconnected when the thread has ended.
    ended: Receiver<()>,
}

impl StreamHandle {
    /// Opens the device on a thread of its own. Where there is none, the stream runs without until it
    /// comes. `setup` gets the sender for those that work for the stream.
    pub(crate) fn open<C: StreamClient>(
        running: Arc<Flag>,
        setup: impl FnOnce(Sender<Command>) -> Setup<C>,
    ) -> Result<Self, EndpointError> {
        let (commands, command_receiver) = channel();
        let (opened_sender, opened) = sync_channel(1);
        let (ended_sender, ended) = sync_channel(0);
        let setup = setup(commands.clone());
        std::thread::Builder::new()
            .name("asio2wasapi stream".into())
            .spawn(move || {
                stream_thread::run(setup, opened_sender, command_receiver);
                drop(ended_sender);
            })
            .map_err(|error| failed(format!("No thread for the stream: {error}.")))?;
        match opened.recv_timeout(DEVICE_TIMEOUT) {
            Ok(Ok(opened)) => Ok(Self {
                running,
                opened,
                commands,
                ended,
            }),
            Ok(Err(error)) => Err(error),
            Err(RecvTimeoutError::Timeout) => Err(silent_device("open")),
            Err(RecvTimeoutError::Disconnected) => Err(broken_thread()),
        }
    }

    /// What waits in the driver itself now.
    pub(crate) fn internal_frames(&self) -> InternalFrames {
        self.opened.latency.internal_frames()
    }

    /// The latencies now: of what is recorded, and of what is played, with `ready_frames` for a
    /// client that is played a block later.
    pub(crate) fn latencies_frames(&self, ready_frames: u32) -> (u32, u32) {
        let latency = &self.opened.latency;
        (latency.input_frames(), latency.output_frames(ready_frames))
    }

    fn send(&self, command: Command) -> Result<(), EndpointError> {
        let sent = self.commands.send(command).is_ok();
        self.opened.waker.wake();
        if sent { Ok(()) } else { Err(broken_thread()) }
    }

    /// Lets it play. `waits`: until it does, or does not.
    pub(crate) fn start(&self, waits: bool) -> Result<(), EndpointError> {
        let (reply, answer) = sync_channel(1);
        self.send(Command::Start(reply))?;
        if !waits {
            return Ok(());
        }
        match answer.recv_timeout(DEVICE_TIMEOUT) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => Err(silent_device("start")),
            Err(RecvTimeoutError::Disconnected) => Err(broken_thread()),
        }
    }

    /// Lets it stop. `waits`: for the end of the client's last call, but not for ever.
    pub(crate) fn stop(&self, waits: bool) -> Result<(), EndpointError> {
        self.running.set(false);
        let (reply, answer) = sync_channel(1);
        self.send(Command::Stop(reply))?;
        if waits {
            // After the time-out the call is still running; it is the last one.
            let _ = answer.recv_timeout(STOP_TIMEOUT);
        }
        Ok(())
    }

    /// Ends it. `waits`: as [`stop`](Self::stop).
    pub(crate) fn close(&self, waits: bool) {
        self.running.set(false);
        // One that has ended needs not be told.
        let _ = self.send(Command::Close);
        if waits {
            let _ = self.ended.recv_timeout(STOP_TIMEOUT);
        }
    }
}

fn failed(message: impl Into<String>) -> EndpointError {
    EndpointError::new(FaultKind::Failed, message)
}

fn silent_device(verb: &str) -> EndpointError {
    let seconds = DEVICE_TIMEOUT.as_secs();
    failed(format!(
        "The device did not {verb} within {seconds} s; unplug it and plug it in."
    ))
}

fn broken_thread() -> EndpointError {
    failed("The stream's thread has ended; dispose of the buffers and create them again.")
}
