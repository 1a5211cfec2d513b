//! What is compared.

use serde::Serialize;

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
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The program.
    pub player: Player,
    /// Its way to the device.
    pub mode: Mode,
    /// Frames that it asks for at a time; none where the device alone decides.
    pub block_frames: Option<u32>,
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
}

impl Player {
    /// In tables.
    pub fn name(self) -> &'static str {
        match self {
            Player::Bare => "bare WASAPI",
            Player::PortAudio => "PortAudio WASAPI",
            Player::Ours => "asio2wasapi",
        }
    }
}

impl Row {
    /// In tables and messages.
    pub fn name(&self) -> String {
        let block = self.block_frames.map(|frames| format!(" {frames}"));
        let (player, mode) = (self.player.name(), self.mode.name());
        format!("{player}, {mode}{}", block.unwrap_or_default())
    }

    /// Whether `self` is the least that the device allows for what `other` does.
    pub fn is_floor_of(&self, other: &Row) -> bool {
        let same_block = self.block_frames.is_none() || self.block_frames == other.block_frames;
        self.player == Player::Bare && self.mode == other.mode && same_block
    }

    /// Whether both do the same work, by different programs.
    pub fn is_rival_of(&self, other: &Row) -> bool {
        self.mode == other.mode && self.block_frames == other.block_frames
    }
}

const fn row(player: Player, mode: Mode, block_frames: Option<u32>) -> Row {
    Row {
        player,
        mode,
        block_frames,
    }
}

/// All of them. PortAudio's ASIO takes powers of two only.
pub const ROWS: &[Row] = &[
    row(Player::Bare, Mode::Exclusive, Some(256)),
    row(Player::PortAudio, Mode::Exclusive, Some(256)),
    row(Player::Ours, Mode::Exclusive, Some(256)),
    row(Player::Bare, Mode::Exclusive, Some(512)),
    row(Player::PortAudio, Mode::Exclusive, Some(512)),
    row(Player::Ours, Mode::Exclusive, Some(512)),
    row(Player::Bare, Mode::Shared, None),
    row(Player::PortAudio, Mode::Shared, Some(256)),
    row(Player::Ours, Mode::Shared, Some(256)),
    row(Player::PortAudio, Mode::Shared, Some(512)),
    row(Player::Ours, Mode::Shared, Some(512)),
    row(Player::Bare, Mode::LowLatency, Some(128)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_one_floor() {
        for row in ROWS {
            let floors = ROWS.iter().filter(|floor| floor.is_floor_of(row)).count();
            assert_eq!(floors, 1, "{}", row.name());
        }
    }

    #[test]
    fn names_are_different() {
        let mut names: Vec<String> = ROWS.iter().map(Row::name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), ROWS.len());
    }
}
