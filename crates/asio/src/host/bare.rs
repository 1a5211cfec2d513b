//! Single calls as they are, with nothing done before or after them: for programs that check
//! drivers.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use super::Driver;
use super::fence::Fenced;
use super::misuse::Answer;
use crate::abi::{
    BufferInfo, Callbacks, ChannelInfo, ClockSource, FutureSelector, HostMessage, Iasio, Int64,
    InternalBufferInfo, IoFormat, Vtable,
};
use crate::driver::ChannelId;
use crate::text::read_text;

/// Bytes that ASIO's rules leave for a driver's name.
const NAME_BYTES: usize = 32;
/// Bytes that ASIO's rules leave for a driver's error text.
const ERROR_TEXT_BYTES: usize = 124;

/// A driver to be called in any order, from any thread. Lives no longer than the [`Driver`].
///
/// A driver that is not made for it may crash the process: check an unknown driver in a process of
/// its own.
#[derive(Clone, Copy, Debug)]
pub struct Bare<'a> {
    raw: NonNull<Iasio>,
    driver: PhantomData<&'a Driver>,
}

// SAFETY: ASIO's methods may be called from any thread, and the driver is alive during `'a`.
unsafe impl Send for Bare<'_> {}
// SAFETY: as for `Send`.
unsafe impl Sync for Bare<'_> {}

/// A call with arguments as they should be.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)] // Named as in ASIO.
pub enum Call<'a> {
    Init,
    GetDriverName,
    GetDriverVersion,
    GetErrorMessage,
    Start,
    Stop,
    GetChannels,
    GetLatencies,
    GetBufferSize,
    /// In Hz.
    CanSampleRate(f64),
    GetSampleRate,
    /// In Hz.
    SetSampleRate(f64),
    /// With room for so many.
    GetClockSources(u16),
    SetClockSource(i32),
    GetSamplePosition,
    GetChannelInfo(ChannelId),
    /// For these channels, with blocks of so many frames, and callbacks that do nothing.
    CreateBuffers(&'a [ChannelId], i32),
    DisposeBuffers,
    /// With room for the largest answer where the selector needs a parameter.
    Future(FutureSelector),
    OutputReady,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The method, as ASIO names it.
    pub method: &'static str,
    /// What it returned.
    pub answer: Answer,
    /// It wrote to the memory that it was given for its answer.
    pub is_written: bool,
    /// It wrote beside that memory.
    pub is_breached: bool,
    /// The addresses of each channel's halves, after `createBuffers`.
    pub halves: Vec<[usize; 2]>,
    /// What `getDriverName` or `getErrorMessage` wrote.
    pub text: String,
}

impl Made {
    fn new(method: &'static str, answer: impl Into<Answer>, rooms: &[&Fenced]) -> Made {
        Made {
            method,
            answer: answer.into(),
            is_written: rooms.iter().any(|room| room.is_written()),
            is_breached: rooms.iter().any(|room| room.is_breached()),
            halves: Vec::new(),
            text: String::new(),
        }
    }
}

impl Driver {
    /// The driver for single calls. What they change is unknown to `self`; all that stays usable is
    /// closing it.
    pub fn bare(&self) -> Bare<'_> {
        Bare {
            raw: self.raw,
            driver: PhantomData,
        }
    }
}

/// Calls a method of the table.
macro_rules! raw {
    ($self:ident.$method:ident($($argument:expr),*)) => {{
        let (this, method) = ($self.raw.as_ptr(), $self.vtable().$method);
        // SAFETY: the driver is alive during `'a`, and every pointer is to fenced room that is at
        // least as large as ASIO's rules say, or to a static list.
        unsafe { method(this $(, $argument)*) }
    }};
}

impl Bare<'_> {
    fn vtable(&self) -> &Vtable {
        // SAFETY: the driver is alive during `'a`, and so is its table.
        unsafe { &*self.raw.as_ref().vtable }
    }

    /// Makes the call.
    pub fn call(&self, call: Call<'_>) -> Made {
        match call {
            // Null stands for no window.
            Call::Init => Made::new("init", raw!(self.init(ptr::null_mut())), &[]),
            Call::GetDriverName => text("getDriverName", NAME_BYTES, |room| {
                raw!(self.get_driver_name(room.as_mut_ptr()))
            }),
            Call::GetErrorMessage => text("getErrorMessage", ERROR_TEXT_BYTES, |room| {
                raw!(self.get_error_message(room.as_mut_ptr()))
            }),
            Call::GetDriverVersion => {
                Made::new("getDriverVersion", raw!(self.get_driver_version()), &[])
            }
            Call::Start => Made::new("start", raw!(self.start()), &[]),
            Call::Stop => Made::new("stop", raw!(self.stop()), &[]),
            Call::DisposeBuffers => Made::new("disposeBuffers", raw!(self.dispose_buffers()), &[]),
            Call::OutputReady => Made::new("outputReady", raw!(self.output_ready()), &[]),
            Call::CanSampleRate(rate_hz) => {
                Made::new("canSampleRate", raw!(self.can_sample_rate(rate_hz)), &[])
            }
            Call::SetSampleRate(rate_hz) => {
                Made::new("setSampleRate", raw!(self.set_sample_rate(rate_hz)), &[])
            }
            Call::SetClockSource(index) => {
                Made::new("setClockSource", raw!(self.set_clock_source(index)), &[])
            }
            Call::GetSampleRate => {
                let mut rate = Fenced::room(size_of::<f64>());
                let code = raw!(self.get_sample_rate(rate.as_mut_ptr()));
                Made::new("getSampleRate", code, &[&rate])
            }
            Call::GetChannels => longs("getChannels", |[inputs, outputs]| {
                raw!(self.get_channels(inputs.as_mut_ptr(), outputs.as_mut_ptr()))
            }),
            Call::GetLatencies => longs("getLatencies", |[input, output]| {
                raw!(self.get_latencies(input.as_mut_ptr(), output.as_mut_ptr()))
            }),
            Call::GetBufferSize => longs("getBufferSize", |[min, max, preferred, step]| {
                let (min, max) = (min.as_mut_ptr(), max.as_mut_ptr());
                let (preferred, step) = (preferred.as_mut_ptr(), step.as_mut_ptr());
                raw!(self.get_buffer_size(min, max, preferred, step))
            }),
            Call::GetSamplePosition => {
                let mut rooms = [size_of::<Int64>(); 2].map(Fenced::room);
                let [frames, time] = &mut rooms;
                let (frames, time) = (frames.as_mut_ptr(), time.as_mut_ptr());
                let code = raw!(self.get_sample_position(frames, time));
                Made::new("getSamplePosition", code, &rooms.each_ref())
            }
            Call::GetClockSources(count) => self.clock_sources(count),
            Call::GetChannelInfo(channel) => self.channel_info(channel),
            Call::CreateBuffers(channels, block_frames) => {
                self.create_buffers(channels, block_frames)
            }
            Call::Future(selector) => self.future(selector),
        }
    }

    fn clock_sources(&self, count: u16) -> Made {
        let mut clocks = Fenced::room(size_of::<ClockSource>() * usize::from(count));
        let mut room = Fenced::new(&i32::from(count).to_ne_bytes());
        let (list, count) = (clocks.as_mut_ptr(), room.as_mut_ptr());
        let code = raw!(self.get_clock_sources(list, count));
        Made::new("getClockSources", code, &[&clocks, &room])
    }

    fn channel_info(&self, channel: ChannelId) -> Made {
        let mut content = [0xA5; size_of::<ChannelInfo>()];
        content[..4].copy_from_slice(&long(channel.index).to_ne_bytes());
        content[4..8].copy_from_slice(&i32::from(channel.is_input).to_ne_bytes());
        let mut info = Fenced::new(&content);
        let code = raw!(self.get_channel_info(info.as_mut_ptr()));
        Made::new("getChannelInfo", code, &[&info])
    }

    fn create_buffers(&self, channels: &[ChannelId], block_frames: i32) -> Made {
        const ENTRY_BYTES: usize = size_of::<BufferInfo>();
        let mut content = vec![0; ENTRY_BYTES * channels.len()];
        for (entry, channel) in content.chunks_exact_mut(ENTRY_BYTES).zip(channels) {
            entry[..4].copy_from_slice(&i32::from(channel.is_input).to_ne_bytes());
            entry[4..8].copy_from_slice(&long(channel.index).to_ne_bytes());
        }
        let mut infos = Fenced::new(&content);
        let (list, count) = (infos.as_mut_ptr(), channels.len() as i32);
        let callbacks = &raw const IDLE;
        let code = raw!(self.create_buffers(list, count, block_frames, callbacks));
        let mut made = Made::new("createBuffers", code, &[&infos]);
        made.halves = infos
            .content()
            .chunks_exact(ENTRY_BYTES)
            .map(halves)
            .collect();
        made
    }

    fn future(&self, selector: FutureSelector) -> Made {
        const { assert!(size_of::<InternalBufferInfo>() <= size_of::<IoFormat>()) };
        let mut room = match selector.needs_parameter() {
            true => Fenced::new(&[0; size_of::<IoFormat>()]),
            false => Fenced::room(0),
        };
        let parameter = match selector.needs_parameter() {
            true => room.as_mut_ptr::<c_void>(),
            false => ptr::null_mut(),
        };
        let code = raw!(self.future(selector, parameter));
        Made::new("future", code, &[&room])
    }
}

/// A call that fills in numbers of 32 bits.
fn longs<const N: usize>(
    method: &'static str,
    call: impl FnOnce(&mut [Fenced; N]) -> crate::abi::AsioError,
) -> Made {
    let mut rooms = [size_of::<i32>(); N].map(Fenced::room);
    let code = call(&mut rooms);
    Made::new(method, code, &rooms.each_ref())
}

/// A call that fills in a text.
fn text(method: &'static str, bytes: usize, call: impl FnOnce(&mut Fenced)) -> Made {
    let mut room = Fenced::room(bytes);
    call(&mut room);
    let mut made = Made::new(method, (), &[&room]);
    made.text = read_text(&room.content());
    made
}

fn long(index: u32) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}

/// The two addresses at the end of a `BufferInfo`.
fn halves(entry: &[u8]) -> [usize; 2] {
    const BYTES: usize = size_of::<usize>();
    let at = |place: usize| {
        let bytes = entry
            .get(place..place + BYTES)
            .and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, usize::from_ne_bytes)
    };
    let first = std::mem::offset_of!(BufferInfo, buffers);
    [at(first), at(first + BYTES)]
}

/// A host that takes part and does nothing.
static IDLE: Callbacks = Callbacks {
    buffer_switch: Some(ignore_switch),
    sample_rate_did_change: Some(ignore_rate),
    asio_message: Some(answer_message),
    buffer_switch_time_info: None,
};

unsafe extern "C" fn ignore_switch(_half: i32, _direct: i32) {}

unsafe extern "C" fn ignore_rate(_rate_hz: f64) {}

unsafe extern "C" fn answer_message(
    selector: HostMessage,
    value: i32,
    _message: *mut c_void,
    _opt: *mut f64,
) -> i32 {
    match selector {
        // No second function for blocks.
        HostMessage::SUPPORTS_TIME_INFO => 0,
        selector => super::answer(selector, value),
    }
}
