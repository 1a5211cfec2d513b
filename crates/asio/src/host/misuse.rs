//! Calls that no good host makes, to see what a driver makes of them.
//!
//! A driver that is not made for it may crash the process: check an unknown driver in a process of
//! its own.

use std::fmt;
use std::ptr::null_mut;

use super::Driver;
pub use super::inside::{Inside, from_callback};
pub use super::references::{references, release_elsewhere, release_too_often};
pub use super::slots::stray_callbacks;
use crate::abi::{
    AsioError, BufferInfo, Callbacks, ClockSource, FutureSelector, Guid, HResult, Int64,
};

/// What a method answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It has no result.
    Nothing,
    /// One of ASIO's codes.
    Code(AsioError),
    /// One of COM's codes.
    Com(HResult),
    /// A number that is no code.
    Number(i32),
}

impl Answer {
    /// Whether it means success. A result that is no code never does.
    pub fn is_success(self) -> bool {
        match self {
            Answer::Nothing | Answer::Number(_) => false,
            Answer::Code(code) => matches!(code, AsioError::OK | AsioError::SUCCESS),
            Answer::Com(code) => code.is_ok(),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Nothing => f.pad("nothing"),
            Answer::Code(code) => code.fmt(f),
            Answer::Com(code) => code.fmt(f),
            Answer::Number(number) => number.fmt(f),
        }
    }
}

impl From<AsioError> for Answer {
    fn from(code: AsioError) -> Answer {
        Answer::Code(code)
    }
}

impl From<HResult> for Answer {
    fn from(code: HResult) -> Answer {
        Answer::Com(code)
    }
}

impl From<i32> for Answer {
    fn from(number: i32) -> Answer {
        Answer::Number(number)
    }
}

impl From<()> for Answer {
    fn from((): ()) -> Answer {
        Answer::Nothing
    }
}

/// One call and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The method, as ASIO names it.
    pub method: &'static str,
    /// The argument that was special; empty if none was.
    pub argument: &'static str,
    /// The answer.
    pub answer: Answer,
}

/// Calls methods in turn and lists the answers: the name, the special argument, the call.
macro_rules! answers {
    ($driver:ident: $($name:literal $argument:literal $method:ident($($value:expr),*);)*) => {
        vec![$({
            // SAFETY: a live driver. The values are locals or null on purpose: to see what the
            // driver makes of that is what the caller asked for.
            let answer = unsafe { ($driver.vtable().$method)($driver.this() $(, $value)*) };
            Finding { method: $name, argument: $argument, answer: answer.into() }
        }),*]
    };
}

/// Calls every method with null in each pointer argument, one at a time, the others as they should
/// be. `init` is left out: null is allowed there.
pub fn null_pointers(driver: &mut Driver) -> Vec<Finding> {
    let mut long = [0_i32; 4];
    let long = long.as_mut_ptr();
    let (mut object, mut clock, mut number) = (null_mut(), empty_clock(), Int64::default());
    let (object, clock, number) = (&raw mut object, &raw mut clock, &raw mut number);
    let (iid, calls, mut list) = (Guid::IUNKNOWN, callbacks(), first_output());
    let empty = Callbacks {
        buffer_switch: None,
        ..calls
    };
    let (iid, calls, empty) = (&raw const iid, &raw const calls, &raw const empty);
    let list = &raw mut list;
    let mut found = answers! { driver:
        "QueryInterface" "iid" query_interface(null_mut(), object);
        "QueryInterface" "out" query_interface(iid, null_mut());
        "getDriverName" "name" get_driver_name(null_mut());
        "getErrorMessage" "string" get_error_message(null_mut());
        "getChannels" "inputs" get_channels(null_mut(), long);
        "getChannels" "outputs" get_channels(long, null_mut());
        "getLatencies" "input" get_latencies(null_mut(), long);
        "getLatencies" "output" get_latencies(long, null_mut());
        "getBufferSize" "min" get_buffer_size(null_mut(), long, long, long);
        "getBufferSize" "max" get_buffer_size(long, null_mut(), long, long);
        "getBufferSize" "preferred" get_buffer_size(long, long, null_mut(), long);
        "getBufferSize" "granularity" get_buffer_size(long, long, long, null_mut());
        "getSampleRate" "rate" get_sample_rate(null_mut());
        "getClockSources" "clocks" get_clock_sources(null_mut(), long);
        "getClockSources" "count" get_clock_sources(clock, null_mut());
        "getSamplePosition" "position" get_sample_position(null_mut(), number);
        "getSamplePosition" "time" get_sample_position(number, null_mut());
        "getChannelInfo" "info" get_channel_info(null_mut());
        "createBuffers" "infos" create_buffers(null_mut(), 1, 256, calls);
        "createBuffers" "callbacks" create_buffers(list, 1, 256, null_mut());
        "createBuffers" "bufferSwitch" create_buffers(list, 1, 256, empty);
    };
    for selector in FutureSelector::ALL
        .iter()
        .filter(|selector| selector.needs_parameter())
    {
        found.extend(answers! { driver: "future" "parameter" future(*selector, null_mut()); });
    }
    found
}

fn empty_clock() -> ClockSource {
    ClockSource {
        index: 0,
        associated_channel: 0,
        associated_group: 0,
        is_current_source: 0,
        name: [0; 32],
    }
}

fn first_output() -> BufferInfo {
    BufferInfo {
        is_input: 0,
        channel_num: 0,
        buffers: [null_mut(); 2],
    }
}

fn callbacks() -> Callbacks {
    unsafe extern "C" fn ignore(_half: i32, _direct: i32) {}
    Callbacks {
        buffer_switch: Some(ignore),
        sample_rate_did_change: None,
        asio_message: None,
        buffer_switch_time_info: None,
    }
}
