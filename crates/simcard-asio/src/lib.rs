//! The ASIO driver of a piece of simulated hardware, as interfaces of the old kind have it: a few block
//! sizes, inputs and outputs, a clock of its own, and one program at a time. For tests; no part of it
//! goes to users.
//!
//! The hardware is in the service of the crate `simcard-service`, which knows each frame that it plays
//! and records. This DLL hands the hardware's memory to the host as its double buffers, so nothing is
//! copied on the way, and calls `bufferSwitch` at each boundary: when a half is played and when it was
//! recorded, [`simcard_service::dma`] tells. `getLatencies` returns a block and the converter's own
//! frames for each way, and that is the truth to the frame.
//!
//! - `outputReady` is of no use to it (`ASE_NotPresent`), as with hardware that plays from the host's
//!   buffers.
//! - A host that comes too late is told `kAsioOverload`. One that missed more than two blocks goes on
//!   with the newest, and its position jumps.
//! - A second program gets `ASE_NotPresent` from `createBuffers`.
//! - The sample rate is the hardware's: one program sets it for all, unless another one plays.
//! - Lost hardware ends the blocks, and the host gets `kAsioResetRequest`.
//!
//! # How to use it
//!
//! `regsvr32 /s Z:\path\to\simcard_asio.dll` in a Wine prefix puts *Simcard Hardware* into the list of
//! drivers, `/u` takes it away. The service of the same `SIMCARD_RUN` must run.

mod driver;
#[cfg(windows)]
mod exports;
pub mod link;
pub mod local;
mod run;
mod stream;

use asio::Guid;

pub use driver::HardwareDriver;
pub use run::HardwareLive;
pub use stream::HardwareStream;

/// The name in the list of drivers.
pub const NAME: &str = "Simcard Hardware";
/// The class.
pub const CLSID: Guid = Guid::from_u128(0x3f6d_9a10_52c4_4b8e_a7e1_60d2_94fb_1c35);
