//! What a child process tells its parent: lines of JSON after a mark, among whatever the driver
//! prints.

use serde::{Deserialize, Serialize};

use crate::Outcome;

/// No driver prints this at the beginning of a line by accident.
const MARK: &str = "\u{1}asio-validator ";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// What is tried next.
    Step(String),
    /// Who the driver says it is.
    Driver { name: String, version: i32 },
    /// The check is through.
    End { outcome: Outcome, text: String },
}

impl Message {
    /// As a line, without its end.
    pub fn line(&self) -> String {
        // These types always make JSON; without it the parent would take the check for crashed.
        let json = serde_json::to_string(self).unwrap_or_default();
        format!("{MARK}{json}")
    }

    /// The message in a line; `None` for anything else that was printed.
    pub fn parse(line: &str) -> Option<Message> {
        let (_, json) = line.split_once(MARK)?;
        serde_json::from_str(json.trim_end()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_among_what_a_driver_prints() {
        let messages = [
            Message::Step("starting \"x\"\nand more".into()),
            Message::Driver {
                name: "Treiber ü".into(),
                version: -1,
            },
            Message::End {
                outcome: Outcome::Failed,
                text: String::new(),
            },
        ];
        for message in messages {
            let line = message.line();
            assert!(!line.contains('\n'));
            assert_eq!(Message::parse(&line), Some(message.clone()));
            assert_eq!(
                Message::parse(&format!("no newline{line}\r")),
                Some(message)
            );
        }
        assert_eq!(Message::parse("asio-validator {}"), None);
        assert_eq!(Message::parse(&format!("{MARK}{{")), None);
    }
}
