//! Names of what the processes of one run share.

use windows_core::HSTRING;

/// The variable that tells runs apart.
const RUN: &str = "SIMCARD_RUN";

/// The names of one run.
pub struct Names(String);

impl Names {
    /// Those of the run that the variable `SIMCARD_RUN` names, or of the run `default`.
    pub fn of_this_run() -> Self {
        let run = std::env::var(RUN).unwrap_or_default();
        let plain: String = run
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_')
            .take(60)
            .collect();
        Self(if plain.is_empty() {
            "default".into()
        } else {
            plain
        })
    }

    fn name(&self, what: &str) -> HSTRING {
        HSTRING::from(format!("Local\\simcard-{}-{what}", self.0))
    }

    /// The shared memory.
    pub fn memory(&self) -> HSTRING {
        self.name("memory")
    }

    /// The mutex that who asks holds.
    pub fn calls(&self) -> HSTRING {
        self.name("calls")
    }

    /// The event that is set with an answer.
    pub fn answered(&self) -> HSTRING {
        self.name("answered")
    }

    /// The event that ends the service.
    pub fn stop(&self) -> HSTRING {
        self.name("stop")
    }
}
