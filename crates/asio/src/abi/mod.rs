//! ASIO 2.3 at the binary level: numbers, memory layouts and the table of methods.
//!
//! ASIO is a COM interface in all but name: a driver is an in-process COM object whose interface id
//! is its class id. Its structures are packed to 4 bytes, 64-bit numbers are two 32-bit halves with
//! the high one first, and `long` is `i32`.
//!
//! Every type here can hold anything that comes from outside: no number is a Rust enum, no pointer a
//! reference.

#[macro_use]
mod convention;
mod guid;
mod numbers;
mod structs;
#[cfg(test)]
mod table_test;
mod vtable;

pub use guid::{Guid, ParseGuidError};
pub use numbers::{
    AsioError, FALSE, FutureSelector, HostMessage, IoFormatType, SampleType, TRUE,
    TransportCommand, time_code_flags, time_info_flags,
};
pub use structs::{
    AsioTime, BufferInfo, ChannelControls, ChannelInfo, ClockSource, DriverInfo, InputMonitor,
    Int64, InternalBufferInfo, IoFormat, TimeCode, TimeInfo, TransportParameters,
};
pub use vtable::{Callbacks, HResult, Iasio, Vtable};
