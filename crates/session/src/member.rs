//! A joined device: its thread, which moves sound between the device and its bridge.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError};
use std::sync::mpsc::{channel, sync_channel};
use std::time::Duration;

use engine::endpoint::{
    Cycle, Device, Endpoint, EndpointError, EndpointTiming, FaultKind, OpenRequest, Wake, Waker,
};
use engine::format::StreamFormat;
use rt::DenormalsOff;

/// How long a device may take to open.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the thread may take to end.
const END_TIMEOUT: Duration = Duration::from_millis(500);
/// So many waits in a row may pass without a wake-up before the device counts as lost.
const TIMEOUTS_MAX: u32 = 3;

/// What a member's thread does in each cycle, and the level at which the device's queue is kept.
pub(crate) struct Part {
    pub work: Box<dyn Cycle + Send>,
    pub keep_frames: u32,
}

enum Command {
    Start(Part),
    Stop,
}

struct Opened {
    format: StreamFormat,
    timing: EndpointTiming,
    waker: Arc<dyn Waker>,
}

/// An open joined device. Dropping it stops and closes the device.
pub(crate) struct Member {
    /// As [`HostChannel::device`](crate::devices::HostChannel::device) counts.
    pub device: usize,
    pub is_input: bool,
    pub format: StreamFormat,
    pub timing: EndpointTiming,
    waker: Arc<dyn Waker>,
    /// `None` only while dropping.
    commands: Option<Sender<Command>>,
    ended: Receiver<()>,
}

impl Member {
    /// Opens the device on a thread of its own.
    pub(crate) fn open(
        number: usize,
        is_input: bool,
        device: Arc<dyn Device>,
        request: OpenRequest,
    ) -> Result<Self, EndpointError> {
        let (commands, command_receiver) = channel();
        let (opened_sender, opened) = sync_channel(1);
        let (ended_sender, ended) = sync_channel(0);
        std::thread::Builder::new()
            .name("asio2wasapi joined device".into())
            .spawn(move || {
                run(
                    &*device,
                    request,
                    is_input,
                    &opened_sender,
                    &command_receiver,
                );
                drop(ended_sender);
            })
            .map_err(|error| failed(format!("No thread for a joined device: {error}.")))?;
        let opened: Opened = match opened.recv_timeout(OPEN_TIMEOUT) {
            Ok(opened) => opened?,
            Err(RecvTimeoutError::Timeout) => {
                let seconds = OPEN_TIMEOUT.as_secs();
                return Err(failed(format!(
                    "A joined device did not open within {seconds} s; unplug it and plug it in."
                )));
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(failed("A joined device's thread has ended.".into()));
            }
        };
        Ok(Self {
            device: number,
            is_input,
            format: opened.format,
            timing: opened.timing,
            waker: opened.waker,
            commands: Some(commands),
            ended,
        })
    }

    /// Lets it run with that part of a bridge. Does not wait.
    pub(crate) fn start(&self, part: Part) {
        self.send(Command::Start(part));
    }

    /// Lets it stop. Does not wait.
    pub(crate) fn stop(&self) {
        self.send(Command::Stop);
    }

    fn send(&self, command: Command) {
        if let Some(commands) = &self.commands {
            // A thread that has ended does nothing any more, which is what a lost device does too.
            let _ = commands.send(command);
        }
        self.waker.wake();
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.commands = None;
        self.waker.wake();
        let _ = self.ended.recv_timeout(END_TIMEOUT);
    }
}

fn failed(message: String) -> EndpointError {
    EndpointError::new(FaultKind::Failed, message)
}

/// The thread's life: ends when the other side drops its end of `commands`, or with the device.
fn run(
    device: &dyn Device,
    request: OpenRequest,
    is_input: bool,
    opened: &SyncSender<Result<Opened, EndpointError>>,
    commands: &Receiver<Command>,
) {
    let mut endpoint = match device.open(request) {
        Ok(endpoint) => endpoint,
        Err(error) => return drop(opened.send(Err(error))),
    };
    let format = match is_input {
        true => endpoint.input_format(),
        false => endpoint.output_format(),
    };
    let Some(format) = format else {
        let message = "A joined device was opened without the side that is wanted; choose another.";
        return drop(opened.send(Err(failed(message.into()))));
    };
    let timing = endpoint.timing();
    let waker = endpoint.waker();
    if opened
        .send(Ok(Opened {
            format,
            timing,
            waker,
        }))
        .is_err()
    {
        return;
    }
    while let Ok(command) = commands.recv() {
        if let Command::Start(mut part) = command
            && endpoint.start(part.keep_frames).is_ok()
        {
            let goes_on = {
                let _denormals = DenormalsOff::new();
                run_until_stopped(&mut *endpoint, &mut *part.work, commands)
            };
            endpoint.stop();
            if !goes_on {
                return;
            }
        }
    }
}

/// Returns whether the device may be started again.
fn run_until_stopped(
    endpoint: &mut dyn Endpoint,
    work: &mut dyn Cycle,
    commands: &Receiver<Command>,
) -> bool {
    let mut timeouts = 0;
    loop {
        match endpoint.wait() {
            Wake::Due => {
                timeouts = 0;
                if rt::section(|| endpoint.cycle(work)).is_err() {
                    return false;
                }
            }
            Wake::Interrupted => match commands.try_recv() {
                Ok(Command::Stop) => return true,
                Err(TryRecvError::Disconnected) => return false,
                Ok(Command::Start(_)) | Err(TryRecvError::Empty) => {}
            },
            Wake::TimedOut => {
                timeouts += 1;
                if timeouts == TIMEOUTS_MAX {
                    return false;
                }
            }
            Wake::Lost(_) => return false,
        }
    }
}
