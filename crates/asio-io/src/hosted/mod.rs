//! ASIO hardware as an endpoint: any installed driver, hosted by us.

mod about;
mod chosen;
mod device;
mod endpoint;
mod events;
mod hop;
mod owner;
mod source;
mod timing;
mod wire;

pub use device::AsioDevice;
pub use owner::{ChannelNames, MakeTicker};
pub use source::DriverSource;
#[cfg(windows)]
pub use source::Installed;
