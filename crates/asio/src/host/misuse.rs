//! Calls that no good host makes, to see what a driver makes of them.
//!
//! A driver that is not made for it may crash the process: check an unknown driver in a process of
//! its own.

use std::fmt;
use std::ptr::null_mut;

use super::Driver;
pub use super::inside::{Inside, from_callback};
use crate::abi::{
    AsioError, BufferInfo, Callbacks, ChannelInfo, ClockSource, FutureSelector, Guid, HResult,
    Int64, SampleType,
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
}

impl Answer {
    /// Whether it means success. A method without a result never does.
    pub fn is_success(self) -> bool {
        match self {
            Answer::Nothing => false,
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

/// Calls a method and notes the answer.
macro_rules! note {
    ($driver:ident, $findings:ident, $name:literal, $argument:literal,
        $method:ident $(, $value:expr)* $(,)?) => {{
        // SAFETY: a live driver. The values are locals or null on purpose: to see what the driver
        // makes of that is what the caller asked for.
        let answer = unsafe { ($driver.vtable().$method)($driver.this() $(, $value)*) };
        $findings.push(Finding { method: $name, argument: $argument, answer: answer.into() });
    }};
}

/// Calls every method with null in each pointer argument, one at a time, the others as they should
/// be. `init` is left out: null is allowed there.
pub fn null_pointers(driver: &mut Driver) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut long = [0_i32; 4];
    let long = long.as_mut_ptr();
    let mut out = null_mut();
    let iid = Guid::IUNKNOWN;
    note!(
        driver,
        found,
        "QueryInterface",
        "iid",
        query_interface,
        null_mut(),
        &raw mut out
    );
    note!(
        driver,
        found,
        "QueryInterface",
        "out",
        query_interface,
        &raw const iid,
        null_mut()
    );
    note!(
        driver,
        found,
        "getDriverName",
        "name",
        get_driver_name,
        null_mut()
    );
    note!(
        driver,
        found,
        "getErrorMessage",
        "string",
        get_error_message,
        null_mut()
    );
    note!(
        driver,
        found,
        "getChannels",
        "inputs",
        get_channels,
        null_mut(),
        long
    );
    note!(
        driver,
        found,
        "getChannels",
        "outputs",
        get_channels,
        long,
        null_mut()
    );
    note!(
        driver,
        found,
        "getLatencies",
        "input",
        get_latencies,
        null_mut(),
        long
    );
    note!(
        driver,
        found,
        "getLatencies",
        "output",
        get_latencies,
        long,
        null_mut()
    );
    note!(
        driver,
        found,
        "getBufferSize",
        "min",
        get_buffer_size,
        null_mut(),
        long,
        long,
        long
    );
    note!(
        driver,
        found,
        "getBufferSize",
        "max",
        get_buffer_size,
        long,
        null_mut(),
        long,
        long
    );
    note!(
        driver,
        found,
        "getBufferSize",
        "preferred",
        get_buffer_size,
        long,
        long,
        null_mut(),
        long
    );
    note!(
        driver,
        found,
        "getBufferSize",
        "granularity",
        get_buffer_size,
        long,
        long,
        long,
        null_mut()
    );
    note!(
        driver,
        found,
        "getSampleRate",
        "rate",
        get_sample_rate,
        null_mut()
    );
    let mut clock = empty_clock();
    let mut count = 1;
    note!(
        driver,
        found,
        "getClockSources",
        "clocks",
        get_clock_sources,
        null_mut(),
        &raw mut count
    );
    note!(
        driver,
        found,
        "getClockSources",
        "count",
        get_clock_sources,
        &raw mut clock,
        null_mut()
    );
    let mut number = Int64::default();
    let number = &raw mut number;
    note!(
        driver,
        found,
        "getSamplePosition",
        "position",
        get_sample_position,
        null_mut(),
        number
    );
    note!(
        driver,
        found,
        "getSamplePosition",
        "time",
        get_sample_position,
        number,
        null_mut()
    );
    note!(
        driver,
        found,
        "getChannelInfo",
        "info",
        get_channel_info,
        null_mut()
    );
    let calls = callbacks();
    let mut info = first_output();
    let info = &raw mut info;
    note!(
        driver,
        found,
        "createBuffers",
        "infos",
        create_buffers,
        null_mut(),
        1,
        256,
        &raw const calls
    );
    note!(
        driver,
        found,
        "createBuffers",
        "callbacks",
        create_buffers,
        info,
        1,
        256,
        null_mut()
    );
    let empty = Callbacks {
        buffer_switch: None,
        ..calls
    };
    note!(
        driver,
        found,
        "createBuffers",
        "bufferSwitch",
        create_buffers,
        info,
        1,
        256,
        &raw const empty
    );
    for selector in FutureSelector::ALL
        .iter()
        .filter(|selector| selector.needs_parameter())
    {
        note!(
            driver,
            found,
            "future",
            "parameter",
            future,
            *selector,
            null_mut()
        );
    }
    found
}

/// Calls every method but `init` with good arguments: meant for a driver before `init`. What it
/// starts in spite of that, it ends.
pub fn before_init(driver: &mut Driver) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut long = [0_i32; 4];
    let long = long.as_mut_ptr();
    let mut text = [0_u8; 512];
    let text = text.as_mut_ptr();
    note!(
        driver,
        found,
        "getDriverName",
        "",
        get_driver_name,
        text.cast()
    );
    note!(
        driver,
        found,
        "getErrorMessage",
        "",
        get_error_message,
        text.cast()
    );
    note!(driver, found, "getChannels", "", get_channels, long, long);
    note!(driver, found, "getLatencies", "", get_latencies, long, long);
    note!(
        driver,
        found,
        "getBufferSize",
        "",
        get_buffer_size,
        long,
        long,
        long,
        long
    );
    note!(
        driver,
        found,
        "canSampleRate",
        "",
        can_sample_rate,
        48_000.0
    );
    let mut rate_hz = 0.0;
    note!(
        driver,
        found,
        "getSampleRate",
        "",
        get_sample_rate,
        &raw mut rate_hz
    );
    note!(
        driver,
        found,
        "setSampleRate",
        "",
        set_sample_rate,
        48_000.0
    );
    let mut clock = empty_clock();
    let mut count = 1;
    let count = &raw mut count;
    note!(
        driver,
        found,
        "getClockSources",
        "",
        get_clock_sources,
        &raw mut clock,
        count
    );
    note!(driver, found, "setClockSource", "", set_clock_source, 0);
    let (mut position, mut time) = (Int64::default(), Int64::default());
    let (position, time) = (&raw mut position, &raw mut time);
    note!(
        driver,
        found,
        "getSamplePosition",
        "",
        get_sample_position,
        position,
        time
    );
    let mut channel = empty_channel();
    note!(
        driver,
        found,
        "getChannelInfo",
        "",
        get_channel_info,
        &raw mut channel
    );
    let calls = callbacks();
    let mut info = first_output();
    let (info, calls) = (&raw mut info, &raw const calls);
    note!(
        driver,
        found,
        "createBuffers",
        "",
        create_buffers,
        info,
        1,
        256,
        calls
    );
    note!(driver, found, "start", "", start);
    note!(driver, found, "outputReady", "", output_ready);
    note!(driver, found, "controlPanel", "", control_panel);
    let selector = FutureSelector::CAN_TIME_INFO;
    note!(driver, found, "future", "", future, selector, null_mut());
    note!(driver, found, "stop", "", stop);
    note!(driver, found, "disposeBuffers", "", dispose_buffers);
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

fn empty_channel() -> ChannelInfo {
    ChannelInfo {
        channel: 0,
        is_input: 0,
        is_active: 0,
        channel_group: 0,
        sample_type: SampleType(0),
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
