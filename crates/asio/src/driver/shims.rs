//! One function for each entry of the table of methods. Each checks its pointers, asks the driver
//! across the [`border`](super::border), and writes what it was asked for only when the call
//! succeeded.
//!
//! For all of them, the safety of the pointers is the host's promise: `this` is null or came from
//! [`Object::create`](super::Object::create), and every other pointer is null or points to what ASIO says, readable and
//! writable for the length of the call. Alignment is not promised.

use std::ffi::{c_char, c_void};

use super::border::{bool_long, check_pointers, control, fixed_text, live, long};
use super::checks::invalid;
use super::core::Core;
use super::identity::{add_ref, query_interface, release};
use super::{Driver, Error, Future, HostCallbacks, InternalFrames, WindowHandle};
use crate::abi::{
    self, AsioError, BufferInfo, Callbacks, ChannelInfo, ClockSource, FutureSelector, Iasio, Int64,
    InternalBufferInfo, Vtable,
};

const NAME_BYTES: usize = 32;
const ERROR_TEXT_BYTES: usize = 124;

/// The table of methods for drivers of that type.
pub(super) fn vtable<D: Driver>() -> &'static Vtable {
    const {
        &Vtable {
            query_interface: query_interface::<D>,
            add_ref: add_ref::<D>,
            release: release::<D>,
            init: init::<D>,
            get_driver_name: get_driver_name::<D>,
            get_driver_version: get_driver_version::<D>,
            get_error_message: get_error_message::<D>,
            start: start::<D>,
            stop: stop::<D>,
            get_channels: get_channels::<D>,
            get_latencies: get_latencies::<D>,
            get_buffer_size: get_buffer_size::<D>,
            can_sample_rate: can_sample_rate::<D>,
            get_sample_rate: get_sample_rate::<D>,
            set_sample_rate: set_sample_rate::<D>,
            get_clock_sources: get_clock_sources::<D>,
            set_clock_source: set_clock_source::<D>,
            get_sample_position: get_sample_position::<D>,
            get_channel_info: get_channel_info::<D>,
            create_buffers: create_buffers::<D>,
            dispose_buffers: dispose_buffers::<D>,
            control_panel: control_panel::<D>,
            future: future::<D>,
            output_ready: output_ready::<D>,
        }
    }
}

method_fn! {
    fn init<D: Driver>(this: *mut Iasio, window: *mut c_void) -> i32 {
        let code = control::<D>(this, |core| core.init(WindowHandle(window)));
        bool_long(code == AsioError::OK)
    }
}

method_fn! {
    fn get_driver_name<D: Driver>(this: *mut Iasio, name: *mut c_char) -> () {
        control::<D>(this, |core| {
            check_pointers([name.is_null()])?;
            let text = fixed_text::<NAME_BYTES>(&core.name);
            // SAFETY: not null, so room for 32 bytes by ASIO's rule for names.
            unsafe { name.cast::<[u8; NAME_BYTES]>().write_unaligned(text) };
            Ok(())
        });
    }
}

method_fn! {
    fn get_driver_version<D: Driver>(this: *mut Iasio) -> i32 {
        let mut version = 0;
        control::<D>(this, |core| {
            version = core.version;
            Ok(())
        });
        version
    }
}

method_fn! {
    fn get_error_message<D: Driver>(this: *mut Iasio, text: *mut c_char) -> () {
        if text.is_null() {
            // No error to keep: it would replace the one that the host is asking for.
            return;
        }
        control::<D>(this, |core| {
            let message = fixed_text::<ERROR_TEXT_BYTES>(&core.error_text());
            // SAFETY: not null, so room for 124 bytes by ASIO's rule for messages.
            unsafe { text.cast::<[u8; ERROR_TEXT_BYTES]>().write_unaligned(message) };
            Ok(())
        });
    }
}

method_fn! {
    fn start<D: Driver>(this: *mut Iasio) -> AsioError {
        control::<D>(this, Core::start)
    }
}

method_fn! {
    fn stop<D: Driver>(this: *mut Iasio) -> AsioError {
        control::<D>(this, Core::stop)
    }
}

method_fn! {
    fn get_channels<D: Driver>(
        this: *mut Iasio,
        inputs: *mut i32,
        outputs: *mut i32,
    ) -> AsioError {
        control::<D>(this, |core| {
            check_pointers([inputs.is_null(), outputs.is_null()])?;
            let counts = core.channel_counts()?;
            // SAFETY: not null, so writable by the promise at the top.
            unsafe {
                inputs.write_unaligned(long(counts.inputs));
                outputs.write_unaligned(long(counts.outputs));
            }
            Ok(())
        })
    }
}

method_fn! {
    fn get_latencies<D: Driver>(
        this: *mut Iasio,
        input: *mut i32,
        output: *mut i32,
    ) -> AsioError {
        control::<D>(this, |core| {
            check_pointers([input.is_null(), output.is_null()])?;
            let latencies = core.latencies()?;
            // SAFETY: not null, so writable by the promise at the top.
            unsafe {
                input.write_unaligned(long(latencies.input_frames));
                output.write_unaligned(long(latencies.output_frames));
            }
            Ok(())
        })
    }
}

method_fn! {
    fn get_buffer_size<D: Driver>(
        this: *mut Iasio,
        min: *mut i32,
        max: *mut i32,
        preferred: *mut i32,
        granularity: *mut i32,
    ) -> AsioError {
        control::<D>(this, |core| {
            check_pointers([
                min.is_null(),
                max.is_null(),
                preferred.is_null(),
                granularity.is_null(),
            ])?;
            let sizes = core.block_sizes()?;
            // SAFETY: not null, so writable by the promise at the top.
            unsafe {
                min.write_unaligned(long(sizes.min_frames));
                max.write_unaligned(long(sizes.max_frames));
                preferred.write_unaligned(long(sizes.preferred_frames));
                granularity.write_unaligned(sizes.granularity);
            }
            Ok(())
        })
    }
}

method_fn! {
    fn can_sample_rate<D: Driver>(this: *mut Iasio, rate_hz: f64) -> AsioError {
        control::<D>(this, |core| core.can_sample_rate(rate_hz))
    }
}

method_fn! {
    fn get_sample_rate<D: Driver>(this: *mut Iasio, rate_hz: *mut f64) -> AsioError {
        control::<D>(this, |core| {
            check_pointers([rate_hz.is_null()])?;
            let rate = core.sample_rate()?;
            // SAFETY: not null, so writable by the promise at the top.
            unsafe { rate_hz.write_unaligned(rate) };
            Ok(())
        })
    }
}

method_fn! {
    fn set_sample_rate<D: Driver>(this: *mut Iasio, rate_hz: f64) -> AsioError {
        control::<D>(this, |core| core.set_sample_rate(rate_hz))
    }
}

method_fn! {
    fn get_clock_sources<D: Driver>(
        this: *mut Iasio,
        clocks: *mut ClockSource,
        count: *mut i32,
    ) -> AsioError {
        control::<D>(this, |core| {
            check_pointers([clocks.is_null(), count.is_null()])?;
            core.check_clock_source(0)?;
            // SAFETY: not null, so readable by the promise at the top.
            if unsafe { count.read_unaligned() } < 1 {
                return Err(invalid("The program left no room for a clock source."));
            }
            let source = ClockSource {
                index: 0,
                associated_channel: -1,
                associated_group: -1,
                is_current_source: abi::TRUE,
                name: fixed_text("Internal"),
            };
            // SAFETY: not null, and the host has room for at least one.
            unsafe {
                clocks.write_unaligned(source);
                count.write_unaligned(1);
            }
            Ok(())
        })
    }
}

method_fn! {
    fn set_clock_source<D: Driver>(this: *mut Iasio, index: i32) -> AsioError {
        control::<D>(this, |core| core.check_clock_source(index))
    }
}

method_fn! {
    fn get_sample_position<D: Driver>(
        this: *mut Iasio,
        position: *mut Int64,
        time: *mut Int64,
    ) -> AsioError {
        live::<D>(this, |core| {
            if position.is_null() || time.is_null() {
                return AsioError::INVALID_PARAMETER;
            }
            match core.sample_position() {
                Ok(Some(now)) => {
                    // SAFETY: not null, so writable by the promise at the top.
                    unsafe {
                        position.write_unaligned(Int64::new(now.frames));
                        time.write_unaligned(Int64::new(now.system_ns));
                    }
                    AsioError::OK
                }
                Ok(None) => AsioError::SP_NOT_ADVANCING,
                Err(code) => code,
            }
        })
    }
}

method_fn! {
    fn get_channel_info<D: Driver>(this: *mut Iasio, info: *mut ChannelInfo) -> AsioError {
        control::<D>(this, |core| {
            check_pointers([info.is_null()])?;
            // SAFETY: not null, so readable by the promise at the top; any bytes make a value.
            let asked = unsafe { info.read_unaligned() };
            let channel = core.channel_info(asked.is_input != abi::FALSE, asked.channel)?;
            let answer = ChannelInfo {
                is_active: bool_long(channel.is_active),
                channel_group: channel.group,
                sample_type: channel.sample_type.to_abi(),
                name: fixed_text(&channel.name),
                ..asked
            };
            // SAFETY: as for reading.
            unsafe { info.write_unaligned(answer) };
            Ok(())
        })
    }
}

method_fn! {
    fn create_buffers<D: Driver>(
        this: *mut Iasio,
        infos: *mut BufferInfo,
        count: i32,
        block_frames: i32,
        callbacks: *const Callbacks,
    ) -> AsioError {
        control::<D>(this, |core| {
            check_pointers([infos.is_null(), callbacks.is_null()])?;
            // SAFETY: not null, so readable by the promise at the top. ASIO's rule is that the
            // functions stay callable until `disposeBuffers`.
            let host = unsafe { HostCallbacks::from_raw(callbacks) };
            let Some(mut host) = host else {
                return Err(invalid("The program passed no function to switch buffers."));
            };
            if core.can_prepare() {
                // Outside of the lock: the host may do anything in there.
                host.negotiate();
            }
            let channel = |slot: usize| {
                // SAFETY: asked only for slots below `count`, which the host has filled in.
                let info = unsafe { infos.add(slot).read_unaligned() };
                (info.is_input != abi::FALSE, info.channel_num)
            };
            let buffers = core.create_buffers(count, channel, block_frames, host)?;
            for slot in 0..buffers.channels().len() {
                let halves = [0, 1].map(|half| {
                    buffers.pointer(slot, half).expect("each channel has two halves")
                });
                // SAFETY: there are as many entries as channels.
                unsafe { (&raw mut (*infos.add(slot)).buffers).write_unaligned(halves) };
            }
            Ok(())
        })
    }
}

method_fn! {
    fn dispose_buffers<D: Driver>(this: *mut Iasio) -> AsioError {
        control::<D>(this, Core::dispose_buffers)
    }
}

method_fn! {
    fn control_panel<D: Driver>(this: *mut Iasio) -> AsioError {
        control::<D>(this, Core::control_panel)
    }
}

method_fn! {
    fn future<D: Driver>(
        this: *mut Iasio,
        selector: FutureSelector,
        parameter: *mut c_void,
    ) -> AsioError {
        let code = control::<D>(this, |core| {
            check_pointers([selector.needs_parameter() && parameter.is_null()])?;
            let yes = match selector {
                FutureSelector::CAN_TIME_INFO => core.future(Future::CanTimeInfo)?,
                FutureSelector::CAN_REPORT_OVERLOAD => core.future(Future::CanReportOverload)?,
                FutureSelector::GET_INTERNAL_BUFFER_SAMPLES => {
                    let mut frames = InternalFrames::default();
                    let yes = core.future(Future::InternalBufferFrames(&mut frames))?;
                    if yes {
                        let info = InternalBufferInfo {
                            input_samples: long(frames.input_frames),
                            output_samples: long(frames.output_frames),
                        };
                        // SAFETY: not null, and of this type by the selector's rule.
                        unsafe { parameter.cast::<InternalBufferInfo>().write_unaligned(info) };
                    }
                    yes
                }
                known if known.name().is_some() => false,
                unknown => {
                    return Err(invalid(format!("There is no request number {}.", unknown.0)));
                }
            };
            match yes {
                true => Ok(()),
                false => Err(Error::new(
                    AsioError::NOT_PRESENT,
                    format!("The driver cannot do {selector}."),
                )),
            }
        });
        // Hosts take 0 for "no" here: yes has a number of its own.
        if code == AsioError::OK { AsioError::SUCCESS } else { code }
    }
}

method_fn! {
    fn output_ready<D: Driver>(this: *mut Iasio) -> AsioError {
        live::<D>(this, |core| match core.output_ready() {
            Ok(true) => AsioError::OK,
            Ok(false) => AsioError::NOT_PRESENT,
            Err(code) => code,
        })
    }
}
