//! Faults on demand, and the text form of a script of them.

use std::fmt;

use engine::format::SampleFormat;

use crate::clock::TIME_MAX_NS;
use crate::error::SimError;

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The device is unplugged.
    Lose,
    /// It is there again.
    Back,
    /// The device is plugged in elsewhere: it comes back at once, under another id.
    Renumber,
    /// Somebody sets the mixer to another rate, in Hz.
    Format(u32),
    /// The endpoint becomes the default of its direction.
    Default,
    /// The next wake-up comes so many periods late.
    Late(u32),
    /// From now on, until a stream of the endpoint is started, wake-ups are a period and so many
    /// nanoseconds apart.
    Slow(u64),
    /// The sound service ends; streams and questions get no answer but that.
    ServiceGone,
    /// The service is there again. Old streams stay dead.
    ServiceBack,
    /// Every new stream is refused with that error.
    RefuseOpen(SimError),
    /// Every request for a buffer is refused with that error.
    RefuseBuffer(SimError),
    /// Nothing is refused any more.
    Accept,
    /// `IsFormatSupported` says yes to that format, and opening with it fails.
    Lie(SampleFormat),
    /// Whether recorded packets are marked as having an uncertain time.
    TimestampsBad(bool),
}

impl fmt::Display for Fault {
    /// As a script has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Lose => f.write_str("lose"),
            Fault::Back => f.write_str("back"),
            Fault::Renumber => f.write_str("renumber"),
            Fault::Format(rate_hz) => write!(f, "format {rate_hz}"),
            Fault::Default => f.write_str("default"),
            Fault::Late(periods) => write!(f, "late {periods} periods"),
            Fault::Slow(more_ns) => write!(f, "slow {more_ns}ns"),
            Fault::ServiceGone => f.write_str("service gone"),
            Fault::ServiceBack => f.write_str("service back"),
            Fault::RefuseOpen(error) => write!(f, "refuse open 0x{:08X}", error.code()),
            Fault::RefuseBuffer(error) => write!(f, "refuse buffer 0x{:08X}", error.code()),
            Fault::Accept => f.write_str("accept"),
            Fault::Lie(format) => write!(f, "lie {}", format.name()),
            Fault::TimestampsBad(true) => f.write_str("timestamps bad"),
            Fault::TimestampsBad(false) => f.write_str("timestamps good"),
        }
    }
}

/// A fault at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheduled {
    /// When, in nanoseconds of reference time.
    pub at_ns: u64,
    /// What.
    pub fault: Fault,
    /// The name of the card or endpoint that it happens to; all of them without one.
    pub target: Option<String>,
}

/// The forms of a line, for people.
pub const FORMS: &str = "lose, back, renumber, format RATE, default, late N periods, slow TIME, \
                         service gone, service back, refuse open CODE, refuse buffer CODE, accept, \
                         lie FORMAT, timestamps bad, timestamps good";

/// Reads a script: one fault in a line, as in `at 2.5s late 3 periods on OUT`.
///
/// Times are `at` and a number with `s`, `ms`, `us` or `ns`. The fault is one of [`FORMS`]; `CODE` is
/// a name or a number as in `0x88890018`. `on NAME` at the end names the card or endpoint, and after
/// `lose`, `back` and `default` the name may stand alone. Empty lines and what follows `#` are left
/// out.
///
/// # Errors
/// One sentence with the line's number, the word that is wrong and what would do.
pub fn parse_script(text: &str) -> Result<Vec<Scheduled>, String> {
    let mut script = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if !line.is_empty() {
            let fault = parse_line(line).map_err(|why| format!("Line {number}: {why}"))?;
            script.push(fault);
        }
    }
    Ok(script)
}

/// Reads one line of a script.
///
/// # Errors
/// As [`parse_script`].
pub fn parse_line(line: &str) -> Result<Scheduled, String> {
    let mut words = line.split_whitespace();
    let at = words.next().filter(|word| *word == "at");
    let at_ns = at.and(words.next()).and_then(parse_time).ok_or_else(|| {
        format!("'{line}' does not begin with a time; write, for instance, 'at 2.5s lose'.")
    })?;
    let words: Vec<&str> = words.collect();
    let (words, on) = match words.iter().position(|word| *word == "on") {
        Some(at) => (&words[..at], Some(words[at + 1..].join(" "))),
        None => (&words[..], None),
    };
    let unknown = || format!("'{line}' is no fault; use one of {FORMS}, with 'on NAME' after it.");
    let (fault, target) = parse_fault(words, on).ok_or_else(unknown)?;
    if target.as_ref().is_some_and(String::is_empty) {
        return Err(unknown());
    }
    Ok(Scheduled {
        at_ns,
        fault,
        target,
    })
}

fn parse_fault(words: &[&str], on: Option<String>) -> Option<(Fault, Option<String>)> {
    let fault = match words {
        ["lose"] => Fault::Lose,
        ["back"] => Fault::Back,
        ["renumber"] => Fault::Renumber,
        ["default"] => Fault::Default,
        ["lose" | "back" | "default", name @ ..] if on.is_none() => {
            return parse_fault(&words[..1], Some(name.join(" ")));
        }
        ["format", rate] => Fault::Format(rate.parse().ok()?),
        ["late", count, "period" | "periods"] => Fault::Late(count.parse().ok()?),
        ["slow", more] => Fault::Slow(parse_time(more)?),
        ["service", "gone"] => Fault::ServiceGone,
        ["service", "back"] => Fault::ServiceBack,
        ["refuse", "open", code] => Fault::RefuseOpen(SimError::parse(code)?),
        ["refuse", "buffer", code] => Fault::RefuseBuffer(SimError::parse(code)?),
        ["accept"] => Fault::Accept,
        ["lie", format] => Fault::Lie(SampleFormat::from_name(format)?),
        ["timestamps", "bad"] => Fault::TimestampsBad(true),
        ["timestamps", "good"] => Fault::TimestampsBad(false),
        _ => return None,
    };
    Some((fault, on))
}

/// A time such as `2.5s` in nanoseconds.
fn parse_time(text: &str) -> Option<u64> {
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let scale = match &text[split..] {
        "s" => 1e9,
        "ms" => 1e6,
        "us" => 1e3,
        "ns" => 1.0,
        _ => return None,
    };
    let ns = (text[..split].parse::<f64>().ok()? * scale).round();
    (0.0..=TIME_MAX_NS as f64)
        .contains(&ns)
        .then_some(ns as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let script = "
            # a bad day
            at 2.5s lose OUT
            at 2600ms back           # again
            at 2700ms renumber on IN
            at 3s format 44100 on OUT
            at 3s default Desk Speakers
            at 3.5s late 3 periods
            at 3.6s slow 2.5ms on OUT
            at 4s service gone
            at 5s service back
            at 6s refuse open AUDCLNT_E_DEVICE_IN_USE
            at 6s refuse buffer 0x88890018 on IN
            at 6s accept
            at 7s lie int24
            at 8us timestamps bad on IN
            at 9ns timestamps good";
        let script = parse_script(script).expect("a sound script");
        let faults: Vec<_> = script.iter().map(|s| (s.at_ns, s.fault.clone())).collect();
        let in_use = SimError::DeviceInUse;
        let odd = SimError::Code(0x8889_0018_u32 as i32);
        let expected = [
            (2_500_000_000, Fault::Lose),
            (2_600_000_000, Fault::Back),
            (2_700_000_000, Fault::Renumber),
            (3_000_000_000, Fault::Format(44_100)),
            (3_000_000_000, Fault::Default),
            (3_500_000_000, Fault::Late(3)),
            (3_600_000_000, Fault::Slow(2_500_000)),
            (4_000_000_000, Fault::ServiceGone),
            (5_000_000_000, Fault::ServiceBack),
            (6_000_000_000, Fault::RefuseOpen(in_use)),
            (6_000_000_000, Fault::RefuseBuffer(odd)),
            (6_000_000_000, Fault::Accept),
            (7_000_000_000, Fault::Lie(SampleFormat::Int24)),
            (8_000, Fault::TimestampsBad(true)),
            (9, Fault::TimestampsBad(false)),
        ];
        assert_eq!(faults, expected);
        let targets: Vec<_> = script.iter().map(|s| s.target.as_deref()).collect();
        assert_eq!(
            targets[..5],
            [
                Some("OUT"),
                None,
                Some("IN"),
                Some("OUT"),
                Some("Desk Speakers")
            ]
        );
        assert_eq!((targets[5], targets[10]), (None, Some("IN")));
    }

    #[test]
    fn a_fault_is_written_as_it_is_read() {
        for text in [
            "lose",
            "back",
            "renumber",
            "format 44100",
            "default",
            "late 3 periods",
            "slow 2500000ns",
            "service gone",
            "service back",
            "refuse open 0x8889000A",
            "refuse buffer 0x88890018",
            "accept",
            "lie int24",
            "timestamps bad",
            "timestamps good",
        ] {
            let read = parse_line(&format!("at 1s {text}")).expect(text);
            assert_eq!(read.fault.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_fault_says_what_would_be() {
        for (line, part) in [
            ("lose OUT", "does not begin with a time"),
            ("at 2 lose", "does not begin with a time"),
            ("at -1s lose", "does not begin with a time"),
            ("at 1e30s lose", "does not begin with a time"),
            ("at 1s explode", "use one of lose, back"),
            ("at 1s lie int20", "use one of"),
            ("at 1s late many periods", "use one of"),
            ("at 1s lose OUT on IN", "use one of"),
            ("at 1s lose on", "use one of"),
            ("at 1s refuse open NONSENSE", "use one of"),
        ] {
            let error = parse_line(line).expect_err(line);
            assert!(error.contains(part), "{line}: {error}");
        }
        let error = parse_script("\nat 1s lose\nbang").expect_err("no fault");
        assert!(error.starts_with("Line 3: 'bang'"), "{error}");
    }
}
