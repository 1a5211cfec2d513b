//! The way to a tap of programs: the system makes it beside, and calls back.

#![allow(unsafe_code)]

use std::sync::Arc;

use windows_core::{HRESULT, IUnknown, Interface, Ref, implement};

use crate::bindings::{
    AUDIOCLIENT_ACTIVATION_PARAMS, AUDIOCLIENT_ACTIVATION_PARAMS_0,
    AUDIOCLIENT_ACTIVATION_TYPE_PROCESS_LOOPBACK, AUDIOCLIENT_PROCESS_LOOPBACK_PARAMS,
    ActivateAudioInterfaceAsync, BLOB, IActivateAudioInterfaceAsyncOperation,
    IActivateAudioInterfaceCompletionHandler, IActivateAudioInterfaceCompletionHandler_Impl,
    IAudioClient, PROCESS_LOOPBACK_MODE_EXCLUDE_TARGET_PROCESS_TREE,
    PROCESS_LOOPBACK_MODE_INCLUDE_TARGET_PROCESS_TREE, PROPVARIANT,
    VIRTUAL_AUDIO_DEVICE_PROCESS_LOOPBACK, VT_BLOB,
};
use crate::client::AudioClient;
use crate::com::{done, hr};
use crate::hresult::Hr;
use crate::hresult::codes::E_FAIL;
use crate::sync::{Event, Signal, wait_first};

/// How long the system may take, in milliseconds.
const PATIENCE_MS: u32 = 5_000;

/// Whose sound is heard: that process and those that it started, or all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) process: u32,
    pub(crate) is_excluded: bool,
}

/// What the system reads while it works: kept by the handler, which the system keeps.
struct Parameters {
    /// Points into `params`.
    variant: PROPVARIANT,
    params: Box<AUDIOCLIENT_ACTIVATION_PARAMS>,
}

impl Parameters {
    fn new(target: Target) -> Self {
        let mode = match target.is_excluded {
            true => PROCESS_LOOPBACK_MODE_EXCLUDE_TARGET_PROCESS_TREE,
            false => PROCESS_LOOPBACK_MODE_INCLUDE_TARGET_PROCESS_TREE,
        };
        let mut params = Box::new(AUDIOCLIENT_ACTIVATION_PARAMS {
            ActivationType: AUDIOCLIENT_ACTIVATION_TYPE_PROCESS_LOOPBACK,
            Anonymous: AUDIOCLIENT_ACTIVATION_PARAMS_0 {
                ProcessLoopbackParams: AUDIOCLIENT_PROCESS_LOOPBACK_PARAMS {
                    TargetProcessId: target.process,
                    ProcessLoopbackMode: mode,
                },
            },
        });
        let mut variant = PROPVARIANT::default();
        // SAFETY: writing to fields of a union whose tag is set here; nothing of it owns anything.
        unsafe {
            let head = &mut *variant.Anonymous.Anonymous;
            head.vt = VT_BLOB as u16;
            head.Anonymous.blob = BLOB {
                cbSize: size_of::<AUDIOCLIENT_ACTIVATION_PARAMS>() as u32,
                pBlobData: (&raw mut *params).cast(),
            };
        }
        Self { variant, params }
    }
}

/// Is called on a thread of the system's, and tells.
#[implement(IActivateAudioInterfaceCompletionHandler)]
struct Handler {
    done: Arc<Event>,
    /// The system may read them until it has called.
    parameters: Parameters,
}

impl IActivateAudioInterfaceCompletionHandler_Impl for Handler_Impl {
    fn ActivateCompleted(
        &self,
        _operation: Ref<'_, IActivateAudioInterfaceAsyncOperation>,
    ) -> windows_core::Result<()> {
        self.done.set();
        Ok(())
    }
}

/// A client that hears the target; opens nothing yet. On a thread of the multithreaded apartment.
pub(crate) fn activate(target: Target) -> Hr<AudioClient> {
    let done_event = Arc::new(Event::new()?);
    let handler = windows_core::ComObject::new(Handler {
        done: Arc::clone(&done_event),
        parameters: Parameters::new(target),
    });
    debug_assert_eq!(handler.parameters.params.ActivationType, 1);
    let callback: IActivateAudioInterfaceCompletionHandler = handler.to_interface();
    let mut operation = std::ptr::null_mut();
    // SAFETY: the path is zero-terminated; the parameters live as long as the handler, of which the
    // system has a reference until it has called; `operation` lives through the call.
    let code = unsafe {
        ActivateAudioInterfaceAsync(
            VIRTUAL_AUDIO_DEVICE_PROCESS_LOOPBACK,
            &IAudioClient::IID,
            &handler.parameters.variant,
            callback.as_raw(),
            &mut operation,
        )
    };
    done(code.0)?;
    if operation.is_null() {
        return Err(E_FAIL);
    }
    // SAFETY: the call succeeded, so this is a reference of ours.
    let operation = unsafe { IActivateAudioInterfaceAsyncOperation::from_raw(operation) };
    if wait_first(&[&*done_event], PATIENCE_MS) != Signal::Of(0) {
        // A system that counts its references badly finds the parameters still.
        std::mem::forget(callback);
        return Err(E_FAIL);
    }
    let (mut result, mut object) = (HRESULT(0), None::<IUnknown>);
    // SAFETY: both live through the call.
    let code = unsafe { operation.GetActivateResult(&mut result, &mut object) };
    done(code.0)?;
    done(result.0)?;
    let object = object.ok_or(E_FAIL)?;
    Ok(AudioClient::of(hr(object.cast())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t12_the_parameters_are_as_the_system_reads_them() {
        for is_excluded in [false, true] {
            let parameters = Parameters::new(Target {
                process: 0x1234_5678,
                is_excluded,
            });
            // SAFETY: the variant says that it is a blob, and its memory is there.
            unsafe {
                let head = &parameters.variant.Anonymous.Anonymous;
                assert_eq!(head.vt, 65);
                let blob = head.Anonymous.blob;
                assert_eq!(blob.cbSize, 12);
                let words = blob.pBlobData.cast::<[u32; 3]>().read_unaligned();
                assert_eq!(words, [1, 0x1234_5678, u32::from(is_excluded)]);
            }
        }
    }

    #[test]
    fn t12_the_handler_may_be_called_from_any_apartment() {
        let done_event = Arc::new(Event::new().unwrap());
        let handler: IActivateAudioInterfaceCompletionHandler = Handler {
            done: Arc::clone(&done_event),
            parameters: Parameters::new(Target {
                process: 1,
                is_excluded: false,
            }),
        }
        .into();
        // The id of `IAgileObject`, by which an object says so.
        let agile = windows_core::GUID::from_u128(0x94ea2b94_e9cc_49e0_c0ff_ee64ca8f5b90);
        let mut object = std::ptr::null_mut();
        // SAFETY: locals; the reference is given back at once.
        unsafe {
            let unknown: IUnknown = handler.cast().unwrap();
            assert!(unknown.query(&agile, &mut object).is_ok());
            drop(IUnknown::from_raw(object));
        }
        drop(handler);
        assert_eq!(Arc::strong_count(&done_event), 1);
    }
}
