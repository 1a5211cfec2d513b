//! Volumes and the session of a stream: what clients ask for is kept and told again, and alters
//! nothing, so that what is played stays exact.

#![allow(unsafe_code, non_snake_case)]

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rt::Mutex;
use windows_core::{BOOL, GUID, HRESULT, PCWSTR, PWSTR, implement};

use super::border::{method, put, task_text};
use super::streams::OpenStream;
use crate::abi::{
    IAudioSessionControl_Impl, IAudioSessionControl2, IAudioSessionControl2_Impl,
    IAudioStreamVolume, IAudioStreamVolume_Impl, ISimpleAudioVolume, ISimpleAudioVolume_Impl,
};
use simcard_service::codes::{INVALID_ARGUMENT, NOT_IMPLEMENTED, NULL_POINTER};
use simcard_service::system::process_id;

/// `AudioSessionStateInactive`; active is the next.
const INACTIVE: i32 = 0;
const S_FALSE: HRESULT = HRESULT(1);

/// The session of one stream.
#[implement(ISimpleAudioVolume, IAudioStreamVolume, IAudioSessionControl2)]
pub(super) struct Session {
    stream: Arc<OpenStream>,
    levels: Mutex<Levels>,
}

struct Levels {
    master: f32,
    muted: bool,
    channels: Vec<f32>,
}

impl Session {
    pub(super) fn new(stream: Arc<OpenStream>) -> Self {
        let channels = vec![1.0; stream.format.channels.into()];
        Self {
            stream,
            levels: Mutex::new(Levels {
                master: 1.0,
                muted: false,
                channels,
            }),
        }
    }
}

fn level(value: f32) -> Result<f32, i32> {
    if (0.0..=1.0).contains(&value) {
        Ok(value)
    } else {
        Err(INVALID_ARGUMENT)
    }
}

impl ISimpleAudioVolume_Impl for Session_Impl {
    unsafe fn SetMasterVolume(&self, value: f32, _context: *const GUID) -> HRESULT {
        method(|| {
            self.levels.lock().master = level(value)?;
            Ok(())
        })
    }

    unsafe fn GetMasterVolume(&self, value: *mut f32) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(value, self.levels.lock().master) })
    }

    unsafe fn SetMute(&self, mute: BOOL, _context: *const GUID) -> HRESULT {
        method(|| {
            self.levels.lock().muted = mute.as_bool();
            Ok(())
        })
    }

    unsafe fn GetMute(&self, mute: *mut BOOL) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(mute, self.levels.lock().muted.into()) })
    }
}

impl IAudioStreamVolume_Impl for Session_Impl {
    unsafe fn GetChannelCount(&self, count: *mut u32) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(count, self.stream.format.channels.into()) })
    }

    unsafe fn SetChannelVolume(&self, channel: u32, value: f32) -> HRESULT {
        method(|| {
            let mut levels = self.levels.lock();
            let old = levels
                .channels
                .get_mut(channel as usize)
                .ok_or(INVALID_ARGUMENT)?;
            *old = level(value)?;
            Ok(())
        })
    }

    unsafe fn GetChannelVolume(&self, channel: u32, value: *mut f32) -> HRESULT {
        method(|| {
            let levels = self.levels.lock();
            let now = levels
                .channels
                .get(channel as usize)
                .ok_or(INVALID_ARGUMENT)?;
            // SAFETY: the pointer is the client's.
            unsafe { put(value, *now) }
        })
    }

    unsafe fn SetAllVolumes(&self, count: u32, values: *const f32) -> HRESULT {
        method(|| {
            if values.is_null() {
                return Err(NULL_POINTER);
            }
            let mut levels = self.levels.lock();
            if count as usize != levels.channels.len() {
                return Err(INVALID_ARGUMENT);
            }
            for (index, old) in levels.channels.iter_mut().enumerate() {
                // SAFETY: the client's array has `count` numbers, which `index` is below.
                *old = level(unsafe { values.add(index).read_unaligned() })?;
            }
            Ok(())
        })
    }

    unsafe fn GetAllVolumes(&self, count: u32, values: *mut f32) -> HRESULT {
        method(|| {
            let levels = self.levels.lock();
            if count as usize != levels.channels.len() {
                return Err(INVALID_ARGUMENT);
            }
            if values.is_null() {
                return Err(NULL_POINTER);
            }
            for (index, value) in levels.channels.iter().enumerate() {
                // SAFETY: the client's array has `count` numbers, which `index` is below.
                unsafe { put(values.add(index), *value)? };
            }
            Ok(())
        })
    }
}

impl IAudioSessionControl_Impl for Session_Impl {
    unsafe fn GetState(&self, state: *mut i32) -> HRESULT {
        let running = self.stream.block().running.load(Ordering::Acquire);
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(state, INACTIVE + i32::from(running != 0)) })
    }

    unsafe fn GetDisplayName(&self, name: *mut PWSTR) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(name, task_text("")?) })
    }

    unsafe fn SetDisplayName(&self, _name: PCWSTR, _context: *const GUID) -> HRESULT {
        HRESULT(0)
    }

    unsafe fn GetIconPath(&self, path: *mut PWSTR) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(path, task_text("")?) })
    }

    unsafe fn SetIconPath(&self, _path: PCWSTR, _context: *const GUID) -> HRESULT {
        HRESULT(0)
    }

    unsafe fn GetGroupingParam(&self, group: *mut GUID) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(group, GUID::zeroed()) })
    }

    unsafe fn SetGroupingParam(&self, _group: *const GUID, _context: *const GUID) -> HRESULT {
        HRESULT(0)
    }

    unsafe fn RegisterAudioSessionNotification(&self, _client: *mut c_void) -> HRESULT {
        HRESULT(NOT_IMPLEMENTED)
    }

    unsafe fn UnregisterAudioSessionNotification(&self, _client: *mut c_void) -> HRESULT {
        HRESULT(NOT_IMPLEMENTED)
    }
}

impl IAudioSessionControl2_Impl for Session_Impl {
    unsafe fn GetSessionIdentifier(&self, id: *mut PWSTR) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(id, task_text("simcard")?) })
    }

    unsafe fn GetSessionInstanceIdentifier(&self, id: *mut PWSTR) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(id, task_text(&format!("simcard-{}", process_id()))?) })
    }

    unsafe fn GetProcessId(&self, process: *mut u32) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(process, process_id()) })
    }

    unsafe fn IsSystemSoundsSession(&self) -> HRESULT {
        S_FALSE
    }

    unsafe fn SetDuckingPreference(&self, _opt_out: BOOL) -> HRESULT {
        HRESULT(0)
    }
}
