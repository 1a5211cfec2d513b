//! Calls through a driver's table of methods, with arguments that no safe interface lets through.

use std::ffi::c_void;
use std::fmt;
use std::ptr::{null, null_mut};

use asio::abi::{
    self, AsioError, BufferInfo, Callbacks, ChannelInfo, ClockSource, FutureSelector, Guid,
    HostMessage, Iasio, Int64, SampleType, Vtable,
};
use asio::host::Driver;
use serde::{Serialize, Serializer};

/// What a number holds before a call; a call that fails must leave it so.
const UNTOUCHED: i32 = 0x5a5a_5a5a;

/// How a driver answered one call.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The method, as ASIO names it.
    pub method: &'static str,
    /// The argument that was wrong; empty if none was.
    pub argument: String,
    /// The driver's state.
    pub state: &'static str,
    /// What came back; nothing where the method returns nothing.
    #[serde(serialize_with = "code_name")]
    pub code: Option<AsioError>,
    /// The call failed and yet wrote to a result.
    pub wrote: bool,
}

fn code_name<S: Serializer>(code: &Option<AsioError>, serializer: S) -> Result<S::Ok, S::Error> {
    code.map(|code| code.to_string()).serialize(serializer)
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            method,
            argument,
            state,
            code,
            wrote,
        } = self;
        write!(f, "{method}({argument}) {state}: ")?;
        match code {
            Some(code) => write!(f, "{code}")?,
            None => write!(f, "no crash")?,
        }
        if *wrote {
            f.write_str(" but wrote a result")
        } else {
            Ok(())
        }
    }
}

/// A driver's methods, and a list of how they answered.
struct Caller<'a> {
    this: *mut Iasio,
    methods: &'a Vtable,
    state: &'static str,
    answers: Vec<Answer>,
}

impl<'a> Caller<'a> {
    fn new(driver: &'a Driver, state: &'static str) -> Self {
        let this = driver.as_raw();
        // SAFETY: the driver is alive while it is borrowed, and so is its table of methods.
        let methods = unsafe { &*this.as_ref().vtable };
        Self {
            this: this.as_ptr(),
            methods,
            state,
            answers: Vec::new(),
        }
    }

    fn note(
        &mut self,
        method: &'static str,
        argument: impl Into<String>,
        code: AsioError,
        wrote: bool,
    ) {
        let (argument, state) = (argument.into(), self.state);
        self.answers.push(Answer {
            method,
            argument,
            state,
            code: Some(code),
            wrote,
        });
    }

    fn note_survived(&mut self, method: &'static str, argument: &str) {
        let (argument, state) = (argument.to_owned(), self.state);
        self.answers.push(Answer {
            method,
            argument,
            state,
            code: None,
            wrote: false,
        });
    }

    /// Calls with `N` results of which one is null, for each of them.
    fn each_result_null<const N: usize>(
        &mut self,
        method: &'static str,
        arguments: [&str; N],
        call: impl Fn(*mut Iasio, [*mut i32; N]) -> AsioError,
    ) {
        for (missing, argument) in arguments.iter().enumerate() {
            let mut numbers = [UNTOUCHED; N];
            let mut pointers = numbers.each_mut().map(std::ptr::from_mut);
            pointers[missing] = null_mut();
            let code = call(self.this, pointers);
            let wrote = code != AsioError::OK && numbers.iter().any(|&n| n != UNTOUCHED);
            self.note(method, format!("{argument} = null"), code, wrote);
        }
    }

    fn null_texts(&mut self) {
        // SAFETY: a live driver; that it survives the null pointer is what is checked.
        unsafe { (self.methods.get_driver_name)(self.this, null_mut()) };
        self.note_survived("getDriverName", "name = null");
        // SAFETY: as above.
        unsafe { (self.methods.get_error_message)(self.this, null_mut()) };
        self.note_survived("getErrorMessage", "string = null");
    }

    fn null_interface(&mut self) {
        let mut object: *mut c_void = null_mut();
        // SAFETY: a live driver; that it survives the null pointers is what is checked.
        let results = unsafe {
            [
                (self.methods.query_interface)(self.this, null(), &mut object),
                (self.methods.query_interface)(self.this, &Guid::IUNKNOWN, null_mut()),
            ]
        };
        for (result, argument) in results.into_iter().zip(["iid = null", "object = null"]) {
            self.note(
                "QueryInterface",
                argument,
                AsioError(result.0),
                !object.is_null(),
            );
        }
    }

    fn null_results(&mut self) {
        let methods = *self.methods;
        // SAFETY: a live driver, here and below; results are locals or null, which it must survive.
        self.each_result_null(
            "getChannels",
            ["inputs", "outputs"],
            |this, [a, b]| unsafe { (methods.get_channels)(this, a, b) },
        );
        // SAFETY: as above.
        self.each_result_null("getLatencies", ["input", "output"], |this, [a, b]| unsafe {
            (methods.get_latencies)(this, a, b)
        });
        let sizes = ["min", "max", "preferred", "granularity"];
        // SAFETY: as above.
        self.each_result_null("getBufferSize", sizes, |this, [a, b, c, d]| unsafe {
            (methods.get_buffer_size)(this, a, b, c, d)
        });
        // SAFETY: as above.
        let code = unsafe { (methods.get_sample_rate)(self.this, null_mut()) };
        self.note("getSampleRate", "rate = null", code, false);
        // SAFETY: as above.
        let code = unsafe { (methods.get_channel_info)(self.this, null_mut()) };
        self.note("getChannelInfo", "info = null", code, false);
    }

    fn null_clocks_and_position(&mut self) {
        let methods = *self.methods;
        let (mut clock, mut count) = (empty_clock(), 1);
        // SAFETY: a live driver, here and below; results are locals or null, which it must survive.
        let code = unsafe { (methods.get_clock_sources)(self.this, null_mut(), &mut count) };
        self.note("getClockSources", "clocks = null", code, count != 1);
        // SAFETY: as above.
        let code = unsafe { (methods.get_clock_sources)(self.this, &mut clock, null_mut()) };
        self.note(
            "getClockSources",
            "count = null",
            code,
            clock.index != UNTOUCHED,
        );
        let mut number = Int64::default();
        // SAFETY: as above.
        let code = unsafe { (methods.get_sample_position)(self.this, null_mut(), &mut number) };
        self.note(
            "getSamplePosition",
            "frames = null",
            code,
            number.value() != 0,
        );
        // SAFETY: as above.
        let code = unsafe { (methods.get_sample_position)(self.this, &mut number, null_mut()) };
        self.note(
            "getSamplePosition",
            "time = null",
            code,
            number.value() != 0,
        );
    }

    fn null_buffers(&mut self) {
        let methods = *self.methods;
        let mut info = first_output();
        // SAFETY: a live driver, here and below; a list of one entry or null, callbacks that can be
        // called or null, which it must survive.
        let code =
            unsafe { (methods.create_buffers)(self.this, null_mut(), 1, 512, &IDLE_CALLBACKS) };
        self.note("createBuffers", "list = null", code, false);
        // SAFETY: as above.
        let code = unsafe { (methods.create_buffers)(self.this, &mut info, 1, 512, null()) };
        self.note(
            "createBuffers",
            "callbacks = null",
            code,
            has_buffers(&info),
        );
        // SAFETY: as above.
        let code = unsafe { (methods.create_buffers)(self.this, &mut info, 1, 512, &NO_CALLBACKS) };
        self.note(
            "createBuffers",
            "every callback = null",
            code,
            has_buffers(&info),
        );
    }

    fn null_futures(&mut self) {
        for &selector in FutureSelector::ALL
            .iter()
            .filter(|selector| selector.needs_parameter())
        {
            // SAFETY: a live driver; that it survives the null pointer is what is checked.
            let code = unsafe { (self.methods.future)(self.this, selector, null_mut()) };
            self.note(
                "future",
                format!("{selector}, parameter = null"),
                code,
                false,
            );
        }
    }
}

/// Calls every method with null in each pointer argument in turn, but for `init`, whose window may
/// be null.
pub fn null_pointers(driver: &Driver, state: &'static str) -> Vec<Answer> {
    let mut caller = Caller::new(driver, state);
    caller.null_texts();
    caller.null_interface();
    caller.null_results();
    caller.null_clocks_and_position();
    caller.null_buffers();
    caller.null_futures();
    caller.answers
}

/// Calls every method of a loaded driver that returns a code, with good arguments; not `init`.
pub fn every_method(driver: &Driver) -> Vec<Answer> {
    let mut caller = Caller::new(driver, "loaded");
    let (this, methods) = (caller.this, *caller.methods);
    let (mut a, mut b, mut c, mut d, mut rate_hz) = (0, 0, 0, 0, 0.0);
    let (mut clock, mut frames, mut time) = (empty_clock(), Int64::default(), Int64::default());
    let (mut channel, mut info, mut count) = (empty_channel(), first_output(), 1);
    // SAFETY: a live driver and locals; callbacks that can be called.
    let codes = unsafe {
        [
            ("start", (methods.start)(this)),
            ("stop", (methods.stop)(this)),
            ("getChannels", (methods.get_channels)(this, &mut a, &mut b)),
            (
                "getLatencies",
                (methods.get_latencies)(this, &mut a, &mut b),
            ),
            (
                "getBufferSize",
                (methods.get_buffer_size)(this, &mut a, &mut b, &mut c, &mut d),
            ),
            ("canSampleRate", (methods.can_sample_rate)(this, 48_000.0)),
            (
                "getSampleRate",
                (methods.get_sample_rate)(this, &mut rate_hz),
            ),
            ("setSampleRate", (methods.set_sample_rate)(this, 48_000.0)),
            (
                "getClockSources",
                (methods.get_clock_sources)(this, &mut clock, &mut count),
            ),
            ("setClockSource", (methods.set_clock_source)(this, 0)),
            (
                "getSamplePosition",
                (methods.get_sample_position)(this, &mut frames, &mut time),
            ),
            (
                "getChannelInfo",
                (methods.get_channel_info)(this, &mut channel),
            ),
            (
                "createBuffers",
                (methods.create_buffers)(this, &mut info, 1, 512, &IDLE_CALLBACKS),
            ),
            ("disposeBuffers", (methods.dispose_buffers)(this)),
            ("controlPanel", (methods.control_panel)(this)),
            ("outputReady", (methods.output_ready)(this)),
            (
                "future",
                (methods.future)(this, FutureSelector::CAN_TIME_INFO, null_mut()),
            ),
        ]
    };
    for (method, code) in codes {
        caller.note(method, "", code, false);
    }
    caller.answers
}

/// Callbacks of a host that is never called.
static IDLE_CALLBACKS: Callbacks = Callbacks {
    buffer_switch: Some(idle_switch),
    sample_rate_did_change: Some(idle_rate),
    asio_message: Some(idle_message),
    buffer_switch_time_info: None,
};

static NO_CALLBACKS: Callbacks = Callbacks {
    buffer_switch: None,
    sample_rate_did_change: None,
    asio_message: None,
    buffer_switch_time_info: None,
};

unsafe extern "C" fn idle_switch(_half: i32, _direct: i32) {}

unsafe extern "C" fn idle_rate(_rate_hz: f64) {}

unsafe extern "C" fn idle_message(_: HostMessage, _: i32, _: *mut c_void, _: *mut f64) -> i32 {
    0
}

fn has_buffers(info: &BufferInfo) -> bool {
    { info.buffers }.iter().any(|half| !half.is_null())
}

fn first_output() -> BufferInfo {
    BufferInfo {
        is_input: abi::FALSE,
        channel_num: 0,
        buffers: [null_mut(); 2],
    }
}

fn empty_channel() -> ChannelInfo {
    ChannelInfo {
        channel: 0,
        is_input: abi::FALSE,
        is_active: 0,
        channel_group: 0,
        sample_type: SampleType(0),
        name: [0; 32],
    }
}

fn empty_clock() -> ClockSource {
    ClockSource {
        index: UNTOUCHED,
        associated_channel: 0,
        associated_group: 0,
        is_current_source: 0,
        name: [0; 32],
    }
}
