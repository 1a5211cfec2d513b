//! A stream from one ASIO host to one device: the handle that the control side holds.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::time::Duration;

use asio::abi::AsioError;
use asio::driver::{
    ChannelId, Error, HostBuffers, InternalFrames, Latencies, Live, Result, SampleType, Stream,
    StreamRequest,
};
use asio_io::{HostLive, driver_error};
use engine::endpoint::{Lost, Sides};
use rt::Flag;

use crate::devices::Layout;
use crate::keeper::Purpose;
use crate::orders::Command;
use crate::stream_thread::{self, Opened, Setup};
use crate::wiring::{Wires, Wiring};

/// How long a device may take to open or to start before the host gets an error instead.
const DEVICE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the host waits for its own callback to come back when it stops. Some hosts hold a lock
/// that their callback wants; after this time the stream ends by itself, behind them.
const STOP_TIMEOUT: Duration = Duration::from_millis(500);

/// An open stream. Dropping it stops and closes the device.
pub struct DirectStream {
    buffers: Arc<HostBuffers>,
    rate_hz: u32,
    live: Arc<HostLive>,
    /// Shared with the stream's thread alone: once it is false, this stream calls the host no more,
    /// even if its thread is still on the way out.
    running: Arc<Flag>,
    opened: Opened,
    commands: Sender<Command>,
    /// Disconnected when the thread has ended.
    ended: Receiver<()>,
}

/// At which rates a stream runs, in Hz.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    /// The host's.
    pub rate_hz: u32,
    /// The device's.
    pub device_hz: u32,
}

/// How a stream is to be.
pub(crate) struct How {
    pub rates: Rates,
    pub sample_type: SampleType,
    /// The wiring that the rest of this was made of.
    pub wiring: Wiring,
    pub layout: Layout,
    /// What the stream is like as long as there is no device.
    pub placeholder: Lost,
}

impl DirectStream {
    /// Opens the device on a thread of its own, with buffers for the channels of `request`. Where there
    /// is none, the stream runs without until it comes.
    pub(crate) fn open(
        wires: Arc<Wires>,
        live: Arc<HostLive>,
        request: StreamRequest,
        how: How,
    ) -> Result<DirectStream> {
        let StreamRequest {
            channels,
            block_frames,
            host,
        } = request;
        let Rates { rate_hz, device_hz } = how.rates;
        let uses = |is_input| how.layout.is_used(0, is_input, &channels);
        let purpose = Purpose {
            sides: Sides::of(uses(false), uses(true)),
            rate_hz,
            block_frames,
        };
        let buffers = HostBuffers::new(how.sample_type, &channels, block_frames);
        let running = Arc::new(Flag::new(false));
        let (commands, command_receiver) = channel();
        let (opened_sender, opened) = sync_channel(1);
        let (ended_sender, ended) = sync_channel(0);
        let setup = Setup {
            wires,
            wiring: how.wiring,
            purpose,
            device_hz,
            placeholder: Lost {
                output: how
                    .placeholder
                    .output
                    .filter(|_| purpose.sides.has_output()),
                input: how.placeholder.input.filter(|_| purpose.sides.has_input()),
                ..how.placeholder
            },
            layout: how.layout,
            buffers: Arc::clone(&buffers),
            host,
            live: Arc::clone(&live),
            running: Arc::clone(&running),
            sender: commands.clone(),
        };
        std::thread::Builder::new()
            .name("asio2wasapi stream".into())
            .spawn(move || {
                stream_thread::run(setup, opened_sender, command_receiver);
                drop(ended_sender);
            })
            .map_err(|error| {
                let message = format!("No thread for the stream: {error}.");
                Error::new(AsioError::NO_MEMORY, message)
            })?;
        match opened.recv_timeout(DEVICE_TIMEOUT) {
            Ok(Ok(opened)) => Ok(Self {
                buffers,
                rate_hz,
                live,
                running,
                opened,
                commands,
                ended,
            }),
            Ok(Err(error)) => Err(driver_error(error)),
            Err(RecvTimeoutError::Timeout) => Err(silent_device("open")),
            Err(RecvTimeoutError::Disconnected) => Err(broken_thread()),
        }
    }

    /// What waits in the driver itself now.
    pub(crate) fn internal_frames(&self) -> InternalFrames {
        self.opened.latency.internal_frames()
    }

    /// The latencies as they are now.
    pub(crate) fn latencies(&self) -> Latencies {
        let ready_frames = if self.live.plays_at_once() {
            0
        } else {
            self.buffers.block_frames()
        };
        Latencies {
            input_frames: self.opened.latency.input_frames(),
            output_frames: self.opened.latency.output_frames(ready_frames),
        }
    }

    pub(crate) fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    pub(crate) fn has_channel(&self, channel: ChannelId) -> bool {
        self.buffers.channels().contains(&channel)
    }

    fn send(&self, command: Command) -> Result<()> {
        let sent = self.commands.send(command).is_ok();
        self.opened.waker.wake();
        if sent { Ok(()) } else { Err(broken_thread()) }
    }
}

fn silent_device(verb: &str) -> Error {
    let seconds = DEVICE_TIMEOUT.as_secs();
    let message =
        format!("The device did not {verb} within {seconds} s; unplug it and plug it in.");
    Error::new(AsioError::HW_MALFUNCTION, message)
}

fn broken_thread() -> Error {
    let message = "The stream's thread has ended; dispose of the buffers and create them again.";
    Error::new(AsioError::HW_MALFUNCTION, message)
}

impl Stream for DirectStream {
    fn buffers(&self) -> &Arc<HostBuffers> {
        &self.buffers
    }

    fn start(&mut self) -> Result<()> {
        let (reply, answer) = sync_channel(1);
        self.send(Command::Start(reply))?;
        if self.live.on_callback_thread() {
            // The thread that would answer is this one; it starts when the callback has returned.
            return Ok(());
        }
        match answer.recv_timeout(DEVICE_TIMEOUT) {
            Ok(result) => result.map_err(driver_error),
            Err(RecvTimeoutError::Timeout) => Err(silent_device("start")),
            Err(RecvTimeoutError::Disconnected) => Err(broken_thread()),
        }
    }

    fn stop(&mut self) -> Result<()> {
        self.running.set(false);
        let (reply, answer) = sync_channel(1);
        self.send(Command::Stop(reply))?;
        if !self.live.on_callback_thread() {
            // After the time-out the callback is still running; it is the last one.
            let _ = answer.recv_timeout(STOP_TIMEOUT);
        }
        Ok(())
    }
}

impl Drop for DirectStream {
    fn drop(&mut self) {
        self.running.set(false);
        // One that has ended needs not be told.
        let _ = self.send(Command::Close);
        if !self.live.on_callback_thread() {
            let _ = self.ended.recv_timeout(STOP_TIMEOUT);
        }
    }
}
