//! Stands in for the system's sound devices, under Wine: whatever uses WASAPI plays to the simulated
//! card and records from it, and every frame is known. For tests; no part of it goes to users.
//!
//! - `simcard_wasapi.dll` takes the place of the system's `MMDeviceEnumerator` in a Wine prefix of its
//!   own. Each program loads it; what WASAPI documents is answered from the memory that it shares with
//!   the service of the crate `simcard-service`, the rare calls by the service.
//! - `wasapi-client.exe` is a bare WASAPI program (`client`): the floor of every comparison, and the
//!   check that the stand-in, or any other system, answers as documented.
//!
//! The DLL checks a client's buffers itself, as a call to another process would take too long, and the
//! service lets the model check them once more and counts where it disagrees.
//!
//! # How to use it
//!
//! A Wine prefix of its own is needed, without a sound server. In it, once:
//!
//! ```text
//! regsvr32 /s Z:\path\to\simcard_wasapi.dll        (and /u to undo it; real Windows is refused)
//! ```
//!
//! Then, while the service runs:
//!
//! ```text
//! asio2wasapi devices
//! pa-host --library PORTAUDIO.dll play --host-api wasapi-exclusive --device OUT ...
//! wasapi-client play --how exclusive --format int32 --input tune.raw
//! wasapi-client record --how loopback --seconds 3 --output heard.raw
//! wasapi-client duplex --how exclusive --format int32 --input tune.raw --output back.raw
//! wasapi-client check
//! ```
//!
//! # What to know
//!
//! - Programs may use the sound devices without being asked to: Wine's older interfaces open and close
//!   streams while PortAudio looks for devices. Such streams are in the report, too, without blocks.
//! - Wine's own `winmm` does not bear to hear that there is no default device. A test that loses one
//!   gives the machine a second, which then is the default.
//! - A recording client that is late loses sound only after two buffers: one is in the shared memory, one
//!   in the model.
//! - Positions (`IAudioClock`) and the padding of an exclusive stream without events move on every
//!   millisecond.
//! - There is no sample rate converter behind `AUDCLNT_STREAMFLAGS_AUTOCONVERTPCM`.
//! - Volumes are kept and alter nothing.

#[cfg(windows)]
pub mod abi;
#[cfg(windows)]
pub mod client;
#[cfg(windows)]
mod com;
pub mod ids;
#[cfg(windows)]
pub mod system;
pub mod wave;
