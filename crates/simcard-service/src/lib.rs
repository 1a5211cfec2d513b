//! The simulated sound card in real time, under Wine: the service that runs it, and the way to it for
//! the DLLs through which programs play and record. For tests; no part of it goes to users.
//!
//! `simcard-service.exe` owns the card, a [`simcard::World`], and runs it in real time ([`service`]). It
//! writes down what each converter played and delivered. What is asked for all the time is answered
//! from memory that it shares with its clients ([`layout`], [`side`]), the rare calls by the service
//! ([`call`]). The clients are the DLLs `simcard_wasapi.dll`, the stand-in for the system's sound
//! devices, and `simcard_asio.dll`, the ASIO driver of a piece of hardware.
//!
//! The model is in the crate `simcard` and nowhere else.
//!
//! # How to use it
//!
//! With `SIMCARD_RUN` set to the same name for all that belong together (the name is `default` without
//! it):
//!
//! ```text
//! simcard-service --config card.txt --truth FOLDER --report report.json &     prints `ready`
//! ...                                                                         programs play and record
//! simcard-service --fault "late 3 periods on OUT"
//! simcard-service --stop
//! ```
//!
//! Faults ([`simcard::fault`]) strike while programs play: from the description, at times that count
//! from the first start of a stream, or by `--fault` from outside, at once or `at` a time from then.
//!
//! The card's description is that of [`config`]; without one there is a stereo card, `OUT` and `IN`
//! joined by a cable. The service stops at `--stop` or after `--seconds N`, closes all streams and
//! writes the report, a [`service::Report`] as JSON: for each stream its underruns and overruns, and for
//! each hand-over when it was made and in which of the device's frames it was heard, so that latency is
//! known to the frame; for each converter the raw files in the folder and the number of their first
//! frame; what was lost; which faults struck, and in which of the device's frames; and how often and how
//! long the service itself was late.
//!
//! A service that wakes up later than `stall` allows stops the card's time for so long. Real-time
//! priority for service and clients takes away most of these stalls.

pub mod call;
pub mod codes;
pub mod config;
pub mod dma;
pub mod fault_line;
pub mod hardware;
pub mod layout;
pub mod notice;
pub mod service;
pub mod side;
#[cfg(windows)]
pub mod system;
