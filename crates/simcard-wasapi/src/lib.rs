//! The simulated sound card in real time, under Wine: whatever uses WASAPI plays to it and records
//! from it, and every frame is known. For tests; no part of it goes to users.
//!
//! Three things work together:
//!
//! - `simcard-service.exe` owns the card, a [`simcard::World`], and runs it in real time ([`service`]).
//!   It writes down what each converter played and delivered.
//! - `simcard_wasapi.dll` takes the place of the system's `MMDeviceEnumerator` in a Wine prefix of its
//!   own. Each program loads it; what WASAPI documents is answered from shared memory ([`layout`],
//!   [`side`]), the rare calls by the service ([`call`]).
//! - `wasapi-client.exe` is a bare WASAPI program (`client`): the floor of every comparison, and the
//!   check that the stand-in, or any other system, answers as documented.
//!
//! The model is in the crate `simcard` and nowhere else. What is added here: the DLL checks a client's
//! buffers itself, as a call to another process would take too long, and the service lets the model
//! check them once more and counts where it disagrees.
//!
//! # How to use it
//!
//! A Wine prefix of its own is needed, without a sound server. In it, once:
//!
//! ```text
//! regsvr32 /s Z:\path\to\simcard_wasapi.dll        (and /u to undo it; real Windows is refused)
//! ```
//!
//! Then, with `SIMCARD_RUN` set to the same name for all that belong together (the name is `default`
//! without it):
//!
//! ```text
//! simcard-service --config card.txt --truth FOLDER --report report.json &     prints `ready`
//! asio2wasapi devices
//! pa-host --library PORTAUDIO.dll play --host-api wasapi-exclusive --device OUT ...
//! wasapi-client play --how exclusive --format int32 --input tune.raw
//! wasapi-client record --how loopback --seconds 3 --output heard.raw
//! wasapi-client check
//! simcard-service --stop
//! ```
//!
//! The card's description is that of [`config`]; without one there is a stereo card, `OUT` and `IN`
//! joined by a cable. The service stops at `--stop` or after `--seconds N`, closes all streams and
//! writes the report, a [`service::Report`] as JSON: for each stream its underruns and overruns, and for
//! each hand-over when it was made and in which of the device's frames it was heard, so that latency is
//! known to the frame; for each converter the raw files in the folder and the number of their first
//! frame; what was lost; and how often and how long the service itself was late.
//!
//! # What to know
//!
//! - A service that wakes up later than `stall` allows stops the card's time for so long. Real-time
//!   priority for service and clients takes away most of these stalls.
//! - Programs may use the sound devices without being asked to: Wine's older interfaces open and close
//!   streams while PortAudio looks for devices. Such streams are in the report, too, without blocks.
//! - Wine's own `winmm` does not bear to hear that there is no default device. A test that loses one
//!   gives the machine a second and makes that the default first.
//! - A recording client that is late loses sound only after two buffers: one is in the shared memory, one
//!   in the model.
//! - Positions (`IAudioClock`) and the padding of an exclusive stream without events move on every
//!   millisecond.
//! - There is no sample rate converter behind `AUDCLNT_STREAMFLAGS_AUTOCONVERTPCM`.
//! - Volumes are kept and alter nothing.

#[cfg(windows)]
pub mod abi;
pub mod call;
#[cfg(windows)]
pub mod client;
pub mod codes;
#[cfg(windows)]
mod com;
pub mod config;
pub mod ids;
pub mod layout;
pub mod service;
pub mod side;
#[cfg(windows)]
pub mod system;
pub mod wave;
