//! What the driver is made to do while it counts: every mode, in rounds. In a round all modes run at
//! once, each on devices of its own.

use crate::rig::places::Backend;

/// A way to use a device, and where it can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// The mode as the configuration has it.
    pub mode: &'static str,
    /// Where.
    pub backend: Backend,
    /// What the card's report calls it; none: what plays is not the card.
    pub seen_as: Option<&'static str>,
}

/// On the card, which has every mode, and on Wine's own devices, as far as they have them.
pub const WAYS: [Way; 6] = [
    Way::on_card("shared", "shared"),
    Way::on_card("low-latency", "low-latency"),
    Way::on_card("exclusive", "exclusive-event"),
    Way::on_card("exclusive-timer", "exclusive-timer"),
    Way::on_wine("shared", Backend::Pulse),
    Way::on_wine("exclusive-timer", Backend::Alsa),
];

/// What all of them do at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// In words.
    pub name: &'static str,
    /// They record, too.
    pub records: bool,
    /// What is recorded comes from another card, whose clock is another.
    pub two_clocks: bool,
    /// The host's rate is none of the device's.
    pub resampled: bool,
    /// Exclusive streams have a format that not every sample fits into.
    pub dithered: bool,
}

const PLAYING: Round = Round {
    name: "playing",
    records: false,
    two_clocks: false,
    resampled: false,
    dithered: false,
};

/// All of them.
pub const ROUNDS: [Round; 5] = [
    PLAYING,
    Round {
        name: "full duplex",
        records: true,
        ..PLAYING
    },
    Round {
        name: "playing, resampled and dithered",
        resampled: true,
        dithered: true,
        ..PLAYING
    },
    Round {
        name: "full duplex, resampled and dithered",
        records: true,
        resampled: true,
        dithered: true,
        ..PLAYING
    },
    Round {
        name: "full duplex between two clocks, dithered",
        records: true,
        two_clocks: true,
        dithered: true,
        ..PLAYING
    },
];

/// A rate that neither the card nor the sound server's mixer has, in Hz.
const ODD_HZ: u32 = 44_100;
/// The card's only rate, in Hz.
const CARD_HZ: u32 = 48_000;

impl Way {
    const fn on_card(mode: &'static str, seen_as: &'static str) -> Way {
        Way {
            mode,
            backend: Backend::Card,
            seen_as: Some(seen_as),
        }
    }

    const fn on_wine(mode: &'static str, backend: Backend) -> Way {
        Way {
            mode,
            backend,
            seen_as: None,
        }
    }

    /// The driver's name.
    pub fn driver(&self) -> String {
        format!("Guarded {}", self.mode)
    }

    /// The name of the DAC on the card.
    pub fn dac(&self) -> String {
        format!("{} OUT", self.mode)
    }

    /// The name of the ADC on the card that is recorded from in a round.
    pub fn adc(&self, round: &Round) -> String {
        let end = if round.two_clocks { "FAR" } else { "IN" };
        format!("{} {end}", self.mode)
    }

    /// Whether Wine's own devices can do what the round wants. The sound server's are all on one clock,
    /// and take any rate exclusively.
    pub fn takes_part_in(&self, round: &Round) -> bool {
        self.seen_as.is_some() || !(round.two_clocks || round.resampled && self.is_exclusive())
    }

    fn is_exclusive(&self) -> bool {
        self.mode.starts_with("exclusive")
    }

    /// The profile of the driver in a round.
    fn profile(&self, round: &Round) -> String {
        let on_card = self.seen_as.is_some();
        let device = |name: String| if on_card { name } else { "default".to_owned() };
        let input = match round.records {
            true => device(self.adc(round)),
            false => "none".to_owned(),
        };
        let mut text = format!(
            "[profile.\"{}\"]\nmode = \"{}\"\noutput = \"{}\"\ninput = \"{input}\"\n",
            self.driver(),
            self.mode,
            device(self.dac()),
        );
        if round.resampled {
            text.push_str(&format!("rate_hz = {ODD_HZ}\n"));
        }
        if round.dithered {
            text.push_str("formats = [\"int16\"]\ndither = true\n");
        }
        text
    }
}

/// The configuration of a round, for the drivers of one backend.
pub fn configuration(round: &Round, backend: Backend) -> String {
    let ways = WAYS.iter().filter(|way| way.backend == backend);
    ways.map(|way| way.profile(round)).collect()
}

/// The card's description: for each mode a card with a cable, and an ADC on a clock that is fast.
pub fn cards() -> String {
    let ways = WAYS.iter().filter(|way| way.seen_as.is_some());
    let cards = ways.map(|Way { mode, .. }| {
        format!(
            "card {mode}\n render {mode} OUT\n  rates {CARD_HZ}\n capture {mode} IN\n  rates {CARD_HZ}\n\
             card far {mode}\n clock ppm 150\n capture {mode} FAR\n  rates {CARD_HZ}\n\
             cable {mode} OUT 1 2 -> {mode} IN 1 2\ncable {mode} OUT 1 2 -> {mode} FAR 1 2\n"
        )
    });
    cards.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_of_the_card_takes_part_in_every_round() {
        let on_card = WAYS.iter().filter(|way| way.seen_as.is_some());
        assert_eq!(on_card.clone().count(), 4);
        for round in &ROUNDS {
            assert!(on_card.clone().all(|way| way.takes_part_in(round)));
        }
        let cases = WAYS
            .iter()
            .flat_map(|way| ROUNDS.iter().filter(|round| way.takes_part_in(round)));
        assert_eq!(cases.count(), 26);
    }

    #[test]
    fn a_round_is_in_the_configuration() {
        let text = configuration(&ROUNDS[3], Backend::Card);
        assert_eq!(text.matches("[profile.").count(), 4);
        assert_eq!(text.matches("rate_hz = 44100").count(), 4);
        assert!(text.contains("input = \"exclusive-timer IN\""), "{text}");
        assert!(configuration(&ROUNDS[0], Backend::Pulse).contains("output = \"default\""));
        assert!(configuration(&ROUNDS[4], Backend::Card).contains("\"shared FAR\""));
    }
}
