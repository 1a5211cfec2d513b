//! A folder of its own for each test.

use std::fs;
use std::path::{Path, PathBuf};

use record::{Instance, Places};

/// A folder that is removed in the end.
pub struct Folder(PathBuf);

impl Folder {
    /// An empty folder of that name.
    pub fn new(name: &str) -> Self {
        let name = format!("asio2wasapi-record-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// States and records in it.
    pub fn places(&self) -> Places {
        Places {
            state: Some(self.0.clone()),
            log: None,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An instance of a driver in this process.
#[allow(dead_code)] // Not every test needs one.
pub fn instance() -> Instance {
    Instance::here("ASIO2WASAPI Test", "1.2.3")
}
