//! Where a recording is written to.

use std::fs::File;
use std::io::{Result, Seek, Write};

/// What a recording is written to: a file, or what stands for one in tests.
pub trait Medium: Write + Seek + Send + 'static {
    /// Cuts off what lies behind the first `bytes` bytes.
    ///
    /// # Errors
    /// The system's.
    fn cut(&mut self, bytes: u64) -> Result<()>;
}

impl Medium for File {
    fn cut(&mut self, bytes: u64) -> Result<()> {
        self.set_len(bytes)
    }
}
