//! Where the driver comes from.

use asio::host::{Driver, Result};

/// Gives out fresh instances of the driver that is checked.
pub trait Source {
    /// A new instance, without `init`.
    ///
    /// # Errors
    /// It cannot be loaded.
    fn load(&self) -> Result<Driver>;
}

/// An installed driver.
#[cfg(windows)]
#[derive(Clone, Copy, Debug)]
pub struct Installed {
    /// Its class.
    pub clsid: asio::Guid,
}

#[cfg(windows)]
impl Source for Installed {
    fn load(&self) -> Result<Driver> {
        Driver::load(self.clsid)
    }
}
