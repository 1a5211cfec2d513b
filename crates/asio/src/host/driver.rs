//! An open driver.

use std::ffi::{c_char, c_void};
use std::fmt;
use std::ptr::{self, NonNull};

use super::model::{ChannelInfo, ClockSource};
use super::slots::SlotLease;
use super::{Error, Result};
use crate::abi::{
    self, AsioError, FutureSelector, Iasio, Int64, InternalBufferInfo, SampleType, Vtable,
};
use crate::driver::{
    BlockSizes, ChannelCounts, ChannelId, InternalFrames, Latencies, ObjectRef, SamplePosition,
};
use crate::text::read_text;

/// No driver has more clocks than this; of one that has, the first are listed.
const MAX_CLOCKS: usize = 64;

/// A driver that was loaded. Dropping it stops it, disposes of its buffers and releases it.
///
/// Belongs to the thread that loaded it, as the drivers of the field expect.
pub struct Driver {
    pub(super) raw: NonNull<Iasio>,
    pub(super) stream: Option<SlotLease>,
    /// The reference is not to be given back: it is given back already, or a callback that has not
    /// come back may still use the driver.
    pub(super) no_release: bool,
    /// Last, so that COM is there while the driver is released.
    #[cfg(windows)]
    _apartment: Option<super::com::Apartment>,
}

impl Driver {
    /// Loads the installed driver of that class into this process, without `init`. Makes the
    /// thread a single-threaded apartment of COM, as hosts do, for as long as the driver is there;
    /// a thread that is in an apartment already stays there.
    ///
    /// # Errors
    /// [`Error::Load`].
    #[cfg(windows)]
    pub fn load(clsid: crate::Guid) -> Result<Driver> {
        let apartment = super::com::Apartment::enter();
        let raw = super::com::create(clsid).map_err(|code| Error::Load { clsid, code })?;
        Ok(Driver {
            raw,
            stream: None,
            no_release: false,
            _apartment: Some(apartment),
        })
    }

    /// A driver from a pointer, whose reference it takes over.
    ///
    /// # Safety
    /// `raw` points to a live driver with a table of methods that follow ASIO.
    pub unsafe fn from_raw(raw: NonNull<Iasio>) -> Driver {
        Driver {
            raw,
            stream: None,
            no_release: false,
            #[cfg(windows)]
            _apartment: None,
        }
    }

    /// A driver of our own, without COM.
    pub fn from_object(object: ObjectRef) -> Driver {
        // SAFETY: an `ObjectRef` is a reference to a live driver whose methods follow ASIO.
        unsafe { Driver::from_raw(object.into_raw()) }
    }

    /// The pointer, for checks that break the rules on purpose.
    pub fn as_raw(&self) -> NonNull<Iasio> {
        self.raw
    }

    pub(super) fn this(&self) -> *mut Iasio {
        self.raw.as_ptr()
    }

    pub(super) fn vtable(&self) -> &Vtable {
        // SAFETY: the driver is alive while `self` has a reference, and so is its table.
        unsafe { &*self.raw.as_ref().vtable }
    }

    /// Makes the driver ready, without a window.
    ///
    /// # Errors
    /// [`Error::Init`] with the driver's text.
    pub fn init(&mut self) -> Result<()> {
        // SAFETY: a live driver; null is what a host without a window passes.
        match unsafe { (self.vtable().init)(self.this(), ptr::null_mut()) } {
            abi::FALSE => Err(Error::Init {
                driver: self.name(),
                text: self.error_message(),
            }),
            _ => Ok(()),
        }
    }

    /// The driver's name.
    pub fn name(&self) -> String {
        self.text(self.vtable().get_driver_name)
    }

    /// The driver's version.
    pub fn version(&self) -> i32 {
        // SAFETY: a live driver.
        unsafe { (self.vtable().get_driver_version)(self.this()) }
    }

    /// What the driver says of the last error.
    pub fn error_message(&self) -> String {
        self.text(self.vtable().get_error_message)
    }

    fn text(&self, method: method_type!(fn(*mut Iasio, *mut c_char) -> ())) -> String {
        // More room than any text may take: not all drivers count right.
        let mut bytes = [0_u8; 512];
        // SAFETY: a live driver; the room is more than ASIO's rule asks for.
        unsafe { method(self.this(), bytes.as_mut_ptr().cast()) };
        read_text(&bytes)
    }

    pub(super) fn check(&self, call: &'static str, code: AsioError) -> Result<()> {
        match code {
            AsioError::OK | AsioError::SUCCESS => Ok(()),
            code => {
                let text = self.error_message();
                Err(Error::Call {
                    driver: self.name(),
                    call,
                    code,
                    text,
                })
            }
        }
    }

    pub(super) fn broken(&self, rule: &'static str) -> Error {
        Error::Broken {
            driver: self.name(),
            rule,
        }
    }

    fn count(&self, value: i32) -> Result<u32> {
        u32::try_from(value).map_err(|_| self.broken("a count is not below 0"))
    }

    /// How many channels there are.
    ///
    /// # Errors
    /// What the driver says, here and in all that follow.
    pub fn channels(&self) -> Result<ChannelCounts> {
        let (mut inputs, mut outputs) = (0, 0);
        // SAFETY: a live driver and locals.
        let code =
            unsafe { (self.vtable().get_channels)(self.this(), &raw mut inputs, &raw mut outputs) };
        self.check("getChannels", code)?;
        Ok(ChannelCounts {
            inputs: self.count(inputs)?,
            outputs: self.count(outputs)?,
        })
    }

    /// The latencies, of the stream if there is one.
    ///
    /// # Errors
    /// What the driver says.
    pub fn latencies(&self) -> Result<Latencies> {
        let (mut input, mut output) = (0, 0);
        // SAFETY: a live driver and locals.
        let code =
            unsafe { (self.vtable().get_latencies)(self.this(), &raw mut input, &raw mut output) };
        self.check("getLatencies", code)?;
        let (input_frames, output_frames) = (self.count(input)?, self.count(output)?);
        Ok(Latencies {
            input_frames,
            output_frames,
        })
    }

    /// Which blocks there are to choose from.
    ///
    /// # Errors
    /// What the driver says.
    pub fn block_sizes(&self) -> Result<BlockSizes> {
        let (mut min, mut max, mut preferred, mut granularity) = (0, 0, 0, 0);
        // SAFETY: a live driver and locals.
        let code = unsafe {
            (self.vtable().get_buffer_size)(
                self.this(),
                &raw mut min,
                &raw mut max,
                &raw mut preferred,
                &raw mut granularity,
            )
        };
        self.check("getBufferSize", code)?;
        Ok(BlockSizes {
            min_frames: self.count(min)?,
            max_frames: self.count(max)?,
            preferred_frames: self.count(preferred)?,
            granularity,
        })
    }

    /// Whether the driver can run at that rate in Hz.
    ///
    /// # Errors
    /// The driver cannot; its text may tell which rates would do.
    pub fn can_sample_rate(&self, rate_hz: f64) -> Result<()> {
        // SAFETY: a live driver.
        let code = unsafe { (self.vtable().can_sample_rate)(self.this(), rate_hz) };
        self.check("canSampleRate", code)
    }

    /// The rate in Hz.
    ///
    /// # Errors
    /// What the driver says.
    pub fn sample_rate(&self) -> Result<f64> {
        let mut rate_hz = 0.0;
        // SAFETY: a live driver and a local.
        let code = unsafe { (self.vtable().get_sample_rate)(self.this(), &raw mut rate_hz) };
        self.check("getSampleRate", code)?;
        Ok(rate_hz)
    }

    /// Sets the rate in Hz.
    ///
    /// # Errors
    /// What the driver says.
    pub fn set_sample_rate(&mut self, rate_hz: f64) -> Result<()> {
        // SAFETY: a live driver.
        let code = unsafe { (self.vtable().set_sample_rate)(self.this(), rate_hz) };
        self.check("setSampleRate", code)
    }

    /// The clocks to choose from.
    ///
    /// # Errors
    /// What the driver says.
    pub fn clock_sources(&self) -> Result<Vec<ClockSource>> {
        let empty = abi::ClockSource {
            index: 0,
            associated_channel: 0,
            associated_group: 0,
            is_current_source: 0,
            name: [0; 32],
        };
        let mut clocks = [empty; MAX_CLOCKS];
        let mut count = MAX_CLOCKS as i32;
        // SAFETY: a live driver and locals, `count` of them.
        let code = unsafe {
            (self.vtable().get_clock_sources)(self.this(), clocks.as_mut_ptr(), &raw mut count)
        };
        self.check("getClockSources", code)?;
        let count = self.count(count)? as usize;
        let listed = clocks.iter().take(count).map(|clock| ClockSource {
            index: clock.index,
            name: read_text(&clock.name),
            is_current: clock.is_current_source != abi::FALSE,
        });
        Ok(listed.collect())
    }

    /// Chooses the clock with that number.
    ///
    /// # Errors
    /// What the driver says.
    pub fn set_clock_source(&mut self, index: i32) -> Result<()> {
        // SAFETY: a live driver.
        let code = unsafe { (self.vtable().set_clock_source)(self.this(), index) };
        self.check("setClockSource", code)
    }

    /// Where the stream is.
    ///
    /// # Errors
    /// `ASE_SPNotAdvancing` while it stands, and what else the driver says.
    pub fn sample_position(&self) -> Result<SamplePosition> {
        let (mut frames, mut time) = (Int64::default(), Int64::default());
        // SAFETY: a live driver and locals.
        let code = unsafe {
            (self.vtable().get_sample_position)(self.this(), &raw mut frames, &raw mut time)
        };
        self.check("getSamplePosition", code)?;
        Ok(SamplePosition {
            frames: frames.value(),
            system_ns: time.value(),
        })
    }

    /// What a channel is.
    ///
    /// # Errors
    /// What the driver says.
    pub fn channel_info(&self, channel: ChannelId) -> Result<ChannelInfo> {
        let mut info = abi::ChannelInfo {
            channel: i32::try_from(channel.index).unwrap_or(i32::MAX),
            is_input: channel.is_input.into(),
            is_active: 0,
            channel_group: 0,
            sample_type: SampleType(0),
            name: [0; 32],
        };
        // SAFETY: a live driver and a local.
        let code = unsafe { (self.vtable().get_channel_info)(self.this(), &raw mut info) };
        self.check("getChannelInfo", code)?;
        Ok(ChannelInfo {
            sample_type: info.sample_type,
            name: read_text(&info.name),
            is_active: info.is_active != abi::FALSE,
            group: info.channel_group,
        })
    }

    /// Starts the stream.
    ///
    /// # Errors
    /// What the driver says.
    pub fn start(&mut self) -> Result<()> {
        // SAFETY: a live driver.
        let code = unsafe { (self.vtable().start)(self.this()) };
        self.check("start", code)
    }

    /// Stops the stream.
    ///
    /// # Errors
    /// What the driver says.
    pub fn stop(&mut self) -> Result<()> {
        // SAFETY: a live driver.
        let code = unsafe { (self.vtable().stop)(self.this()) };
        self.check("stop", code)
    }

    /// Tells the driver that the outputs are filled; whether it makes use of that. The callbacks
    /// do it by themselves.
    pub fn output_ready(&self) -> bool {
        // SAFETY: a live driver.
        unsafe { (self.vtable().output_ready)(self.this()) == AsioError::OK }
    }

    /// Asks a question without a parameter; `true` for yes. `false` too for a selector that needs a
    /// parameter, which is not asked.
    pub fn future(&self, selector: FutureSelector) -> bool {
        !selector.needs_parameter() && self.call_future(selector, ptr::null_mut())
    }

    /// Frames that the driver buffers beside the double buffer, if it tells.
    pub fn internal_frames(&self) -> Option<InternalFrames> {
        let mut info = InternalBufferInfo::default();
        let selector = FutureSelector::GET_INTERNAL_BUFFER_SAMPLES;
        if !self.call_future(selector, (&raw mut info).cast()) {
            return None;
        }
        Some(InternalFrames {
            input_frames: u32::try_from(info.input_samples).ok()?,
            output_frames: u32::try_from(info.output_samples).ok()?,
        })
    }

    fn call_future(&self, selector: FutureSelector, parameter: *mut c_void) -> bool {
        // SAFETY: a live driver; the callers pass what the selector asks for.
        let code = unsafe { (self.vtable().future)(self.this(), selector, parameter) };
        code == AsioError::SUCCESS
    }

    /// Opens the driver's settings.
    ///
    /// # Errors
    /// What the driver says.
    pub fn control_panel(&mut self) -> Result<()> {
        // SAFETY: a live driver.
        let code = unsafe { (self.vtable().control_panel)(self.this()) };
        self.check("controlPanel", code)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if self.stream.is_some() {
            // What does not stop or dispose of itself is released all the same.
            let _ = self.stop();
            let _ = self.dispose_buffers();
        }
        if self.no_release {
            return;
        }
        // SAFETY: a live driver, and the reference that `self` has.
        unsafe { (self.vtable().release)(self.this()) };
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}
