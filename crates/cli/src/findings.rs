//! What a check-up found.

use serde::Serialize;

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Good,
    /// Works, but the user should know.
    Note,
    /// Keeps a driver from working.
    Broken,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub what: String,
    /// How it is.
    pub health: Health,
    /// What was found; for what is broken also what to do.
    pub text: String,
}

/// Everything that a check-up found, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// The things that were looked at.
    pub findings: Vec<Finding>,
}

impl Findings {
    /// Notes that `what` is as it should be.
    pub fn good(&mut self, what: impl Into<String>, text: impl Into<String>) {
        self.add(what, Health::Good, text);
    }

    /// Notes something that the user should know about `what`.
    pub fn note(&mut self, what: impl Into<String>, text: impl Into<String>) {
        self.add(what, Health::Note, text);
    }

    /// Notes that `what` does not work.
    pub fn broken(&mut self, what: impl Into<String>, text: impl Into<String>) {
        self.add(what, Health::Broken, text);
    }

    fn add(&mut self, what: impl Into<String>, health: Health, text: impl Into<String>) {
        self.findings.push(Finding {
            what: what.into(),
            health,
            text: text.into(),
        });
    }

    /// How many things are broken.
    pub fn broken_count(&self) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.health == Health::Broken)
            .count()
    }

    /// One line for each finding.
    pub fn lines(&self) -> String {
        self.findings
            .iter()
            .map(|Finding { what, health, text }| {
                let mark = match health {
                    Health::Good => "ok",
                    Health::Note => "note",
                    Health::Broken => "BROKEN",
                };
                format!("{mark:6}  {what}: {text}\n")
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_broken_counts() {
        let mut findings = Findings::default();
        findings.good("driver", "is there");
        findings.note("device", "is silent");
        assert_eq!(findings.broken_count(), 0);
        findings.broken("DLL", "is missing: run register");
        assert_eq!(findings.broken_count(), 1);
        let expected = "\
ok      driver: is there
note    device: is silent
BROKEN  DLL: is missing: run register
";
        assert_eq!(findings.lines(), expected);
    }
}
