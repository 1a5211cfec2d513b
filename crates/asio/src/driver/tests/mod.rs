//! The object as a host sees it: through the raw table of methods.

mod callbacks;
mod calls;
mod dll;
mod faults;
mod life;
mod values;

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use super::ObjectRef;
use crate::abi::{AsioError, BufferInfo, Callbacks, HostMessage, Iasio, Vtable};
use crate::mock::{MockDriver, Probe};

/// An object with a mock driver inside, called as a C++ host would.
struct Raw {
    object: ObjectRef,
    probe: Arc<Probe>,
}

impl Raw {
    fn new() -> Raw {
        let probe = Arc::new(Probe::default());
        Raw {
            object: MockDriver::object(&probe, false),
            probe,
        }
    }

    fn initialised() -> Raw {
        let raw = Raw::new();
        assert_eq!(raw.init(), 1);
        raw
    }

    fn prepared() -> Raw {
        let raw = Raw::initialised();
        assert_eq!(raw.create(&mut outputs(2), 64), AsioError::OK);
        raw
    }

    fn this(&self) -> *mut Iasio {
        self.object.as_raw().as_ptr()
    }

    fn vtable(&self) -> &'static Vtable {
        // SAFETY: an object's table is static, and the object's memory stays.
        unsafe { &*self.object.as_raw().as_ref().vtable }
    }

    fn init(&self) -> i32 {
        // SAFETY: a live object; any window will do.
        unsafe { (self.vtable().init)(self.this(), ptr::null_mut()) }
    }

    fn create(&self, infos: &mut [BufferInfo], block_frames: i32) -> AsioError {
        let callbacks = CALLBACKS;
        let count = i32::try_from(infos.len()).unwrap();
        // SAFETY: a live object and arguments that outlive the call.
        unsafe {
            (self.vtable().create_buffers)(
                self.this(),
                infos.as_mut_ptr(),
                count,
                block_frames,
                &raw const callbacks,
            )
        }
    }

    fn error_text(&self) -> String {
        let mut text = [0xAA_u8; 124];
        // SAFETY: a live object and room for 124 bytes.
        unsafe { (self.vtable().get_error_message)(self.this(), text.as_mut_ptr().cast()) };
        crate::text::read_text(&text)
    }
}

/// Calls a method of a `Raw` by its name with the arguments behind `this`.
macro_rules! call {
    ($raw:expr, $method:ident $(, $argument:expr)* $(,)?) => {{
        let raw: &super::Raw = &$raw;
        // SAFETY: a live object; the arguments are locals of the test or null.
        unsafe { (raw.vtable().$method)(raw.this() $(, $argument)*) }
    }};
}
use call;

fn outputs(count: i32) -> Vec<BufferInfo> {
    (0..count).map(|index| buffer_info(false, index)).collect()
}

fn buffer_info(is_input: bool, channel: i32) -> BufferInfo {
    BufferInfo {
        is_input: is_input.into(),
        channel_num: channel,
        buffers: [ptr::null_mut(); 2],
    }
}

const CALLBACKS: Callbacks = Callbacks {
    buffer_switch: Some(ignore_switch),
    sample_rate_did_change: None,
    asio_message: Some(answer_message),
    buffer_switch_time_info: None,
};

unsafe extern "C" fn ignore_switch(_half: i32, _direct: i32) {}

unsafe extern "C" fn answer_message(
    _selector: HostMessage,
    _value: i32,
    _message: *mut c_void,
    _opt: *mut f64,
) -> i32 {
    0
}
