//! What is compared.

use serde::Serialize;

use super::installed::Driver;

/// How the device is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Alone, with events.
    Exclusive,
    /// Through the mixer.
    Shared,
    /// Through the mixer at a shorter period.
    LowLatency,
}

/// Which program plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Player {
    /// A program that fills WASAPI's buffer in the event's handler: the floor.
    Bare,
    /// PortAudio's own WASAPI.
    PortAudio,
    /// PortAudio's ASIO on our driver.
    Ours,
    /// PortAudio's ASIO on a driver of somebody else.
    Other,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The program.
    pub player: Player,
    /// Its way to the device; none where only the card can tell.
    pub mode: Option<Mode>,
    /// Frames that it asks for at a time; none where the device alone decides.
    pub block_frames: Option<u32>,
    /// The ASIO driver's name; none for programs that use WASAPI.
    pub driver: Option<String>,
    /// Whether it can record, too.
    pub records: bool,
}

impl Mode {
    /// In tables.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Exclusive => "exclusive",
            Mode::Shared => "shared",
            Mode::LowLatency => "low-latency",
        }
    }

    /// Of the card's own word for a stream's way.
    pub fn of_stream(word: &str) -> Option<Mode> {
        match word {
            "exclusive-event" | "exclusive-timer" => Some(Mode::Exclusive),
            "shared" => Some(Mode::Shared),
            "low-latency" => Some(Mode::LowLatency),
            _ => None,
        }
    }

    /// Our driver for it.
    pub fn driver(self) -> &'static str {
        match self {
            Mode::Exclusive => "ASIO2WASAPI Exclusive",
            Mode::Shared => "ASIO2WASAPI Shared",
            Mode::LowLatency => "ASIO2WASAPI Low Latency",
        }
    }
}

impl Row {
    /// In tables and messages.
    pub fn name(&self) -> String {
        let player = match self.player {
            Player::Bare => "bare WASAPI",
            Player::PortAudio => "PortAudio WASAPI",
            Player::Ours => "asio2wasapi",
            Player::Other => self.driver.as_deref().unwrap_or_default(),
        };
        let mode = self.mode.map(Mode::name).into_iter().map(str::to_owned);
        let block = self.block_frames.map(|frames| frames.to_string());
        let how: Vec<String> = mode.chain(block).collect();
        format!("{player}, {}", how.join(" "))
    }

    /// Whether `self` is the least that the device allows for what `other` does in that mode.
    pub fn is_floor_of(&self, other: &Row, mode: Mode) -> bool {
        let same_block = self.block_frames.is_none() || self.block_frames == other.block_frames;
        self.player == Player::Bare && self.mode == Some(mode) && same_block
    }

    /// Whether both do the same work, by different programs.
    pub fn is_rival_of(&self, other: &Row) -> bool {
        self.mode == other.mode && self.block_frames == other.block_frames
    }
}

/// Ours are left out where their driver is not installed. PortAudio's ASIO takes powers of two only.
const ROWS: &[(Player, Mode, Option<u32>)] = &[
    (Player::Bare, Mode::Exclusive, Some(256)),
    (Player::PortAudio, Mode::Exclusive, Some(256)),
    (Player::Ours, Mode::Exclusive, Some(256)),
    (Player::Bare, Mode::Exclusive, Some(512)),
    (Player::PortAudio, Mode::Exclusive, Some(512)),
    (Player::Ours, Mode::Exclusive, Some(512)),
    (Player::Bare, Mode::Shared, None),
    (Player::PortAudio, Mode::Shared, Some(256)),
    (Player::Ours, Mode::Shared, Some(256)),
    (Player::PortAudio, Mode::Shared, Some(512)),
    (Player::Ours, Mode::Shared, Some(512)),
    (Player::Bare, Mode::LowLatency, Some(128)),
    (Player::Ours, Mode::LowLatency, Some(128)),
];
/// The blocks of a driver of somebody else.
const BLOCKS: [u32; 2] = [256, 512];

/// All rows for the drivers that are installed, and those of somebody else that were asked for.
///
/// # Errors
/// One sentence: a driver that was asked for is not installed.
pub fn all(installed: &[Driver], others: &[String]) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for &(player, mode, block_frames) in ROWS {
        let row = Row {
            player,
            mode: Some(mode),
            block_frames,
            driver: None,
            records: true,
        };
        if player != Player::Ours {
            rows.push(row);
        } else if let Some(driver) = installed.iter().find(|found| found.name == mode.driver()) {
            rows.push(Row {
                driver: Some(driver.name.clone()),
                records: driver.records(),
                ..row
            });
        }
    }
    for name in others {
        let driver = installed.iter().find(|found| found.name == *name);
        let driver = driver.ok_or_else(|| unknown(name, installed))?;
        rows.extend(BLOCKS.map(|block| Row {
            player: Player::Other,
            mode: None,
            block_frames: Some(block),
            driver: Some(name.clone()),
            records: driver.records(),
        }));
    }
    Ok(rows)
}

fn unknown(name: &str, installed: &[Driver]) -> String {
    let names: Vec<&str> = installed.iter().map(|found| found.name.as_str()).collect();
    format!(
        "there is no ASIO driver \"{name}\" on the simulated card's machine; there are: {}. Let \
         --driver-dll register its DLL",
        names.join(", ")
    )
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Rows as they are with our first two drivers, which cannot record.
    pub fn usual() -> Vec<Row> {
        all(
            &installed(&[("ASIO2WASAPI Exclusive", 0), ("ASIO2WASAPI Shared", 0)]),
            &[],
        )
        .unwrap()
    }

    fn installed(drivers: &[(&str, u32)]) -> Vec<Driver> {
        let driver = |&(name, input_channels): &(&str, u32)| Driver {
            name: name.to_owned(),
            input_channels,
            output_channels: 2,
        };
        drivers.iter().map(driver).collect()
    }

    #[test]
    fn every_row_has_one_floor() {
        let rows = usual();
        for row in &rows {
            let mode = row.mode.unwrap();
            let floors = rows.iter().filter(|floor| floor.is_floor_of(row, mode));
            assert_eq!(floors.count(), 1, "{}", row.name());
        }
    }

    #[test]
    fn names_are_different() {
        let mut names: Vec<String> = usual().iter().map(Row::name).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(names.contains(&"asio2wasapi, exclusive 256".to_owned()));
        assert!(names.contains(&"bare WASAPI, shared".to_owned()));
    }

    #[test]
    fn rows_follow_what_is_installed() {
        let found = installed(&[("ASIO2WASAPI Low Latency", 2), ("Old | Driver", 0)]);
        let rows = all(&found, &["Old | Driver".to_owned()]).unwrap();
        let ours: Vec<&Row> = rows.iter().filter(|r| r.player == Player::Ours).collect();
        assert_eq!(ours.len(), 1);
        assert!(ours[0].records);
        assert_eq!(ours[0].name(), "asio2wasapi, low-latency 128");
        let other = rows.last().unwrap();
        assert_eq!(other.name(), "Old | Driver, 512");
        assert!(!other.records);
        let error = all(&found, &["Another".to_owned()]).unwrap_err();
        assert!(
            error.contains("\"Another\"") && error.contains("Old | Driver"),
            "{error}"
        );
    }

    #[test]
    fn the_cards_words_are_known() {
        assert_eq!(Mode::of_stream("exclusive-timer"), Some(Mode::Exclusive));
        assert_eq!(Mode::of_stream("loopback"), None);
    }
}
