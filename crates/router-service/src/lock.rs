//! One router for each user.

use std::fs::{File, OpenOptions, TryLockError, create_dir_all};
use std::path::Path;
use std::time::{Duration, Instant};

/// What the router is called in the record.
pub const NAME: &str = "Router";

const PAUSE: Duration = Duration::from_millis(20);

/// Held by the one router that runs; gone with its process, however that ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the one of that name, in the folder for states, waiting for the one before to end for so long at
    /// most.
    ///
    /// # Errors
    /// One sentence: another router has it, or what the system said.
    pub fn take(state: &Path, name: &str, patience: Duration) -> Result<Lock, String> {
        let path = state.join(format!("{name}.lock"));
        let failed = |error: std::io::Error| {
            format!(
                "The router's lock {} cannot be made: {error}.",
                path.display()
            )
        };
        create_dir_all(state).map_err(failed)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        let end = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < end => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {
                    return Err(
                        "A router of this user runs already; end it before another is started."
                            .to_owned(),
                    );
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_at_a_time() {
        let folder = std::env::temp_dir().join(format!("router-lock-{}", std::process::id()));
        let first = Lock::take(&folder, "router", Duration::ZERO).expect("nobody has it");
        let error =
            Lock::take(&folder, "router", Duration::from_millis(30)).expect_err("it is taken");
        assert!(
            error.starts_with("A router of this user runs already"),
            "{error}"
        );
        drop(first);
        Lock::take(&folder, "router", Duration::ZERO).expect("it is free");
        let other = Lock::take(&folder, "other", Duration::ZERO);
        other.expect("another router is no hindrance");
        let _ = std::fs::remove_dir_all(&folder);
    }
}
