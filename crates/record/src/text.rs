//! Events as sentences.

use crate::event::{Code, Event, Fault, Instance, Opened, Side, Why};

/// What happened, in one sentence. What came from elsewhere is harmless on a terminal.
pub fn sentence(event: &Event) -> String {
    plain(&match event {
        Event::Begun(Instance {
            program,
            pid,
            driver,
            version,
        }) => format!("{program} (process {pid}) began to use {driver}, version {version}."),
        Event::Opened(opened) => format!("Opened {}.", described(opened)),
        Event::Refused { message, .. } => format!("Did not open: {message}"),
        Event::Started => "The program started the stream.".to_owned(),
        Event::Stopped => "The program stopped the stream.".to_owned(),
        Event::Closed => "The program closed the stream.".to_owned(),
        Event::Lost { fault, code } => {
            let what = lost(*fault);
            match code {
                Code { number: 0, .. } => format!("{what}; the program hears silence."),
                Code { number, name } => {
                    format!("{what} ({name}, 0x{number:08X}); the program hears silence.")
                }
            }
        }
        Event::LookedFor { attempts, message } => {
            format!("Looked for the device {}: {message}", times(*attempts))
        }
        Event::Back(opened) => format!("The sound is back on {}.", described(opened)),
        Event::Moved { from, to, why } => {
            let because = match why {
                Why::DefaultMoved => "it is the system's default now",
                Why::BetterOneCame => "it is the one that the profile prefers now",
                Why::OldOneGone => "the other is gone",
                Why::ConfigurationChanged => "the configuration says so",
                Why::Other => "it is the one to use now",
            };
            format!("Moved from {from} to {}: {because}.", described(to))
        }
        Event::JoinedLost { name } => {
            format!("The joined device \"{name}\" was lost; its channels are silent.")
        }
        Event::JoinedBack { name } => format!("The joined device \"{name}\" is there."),
        Event::LatencyChanged {
            output_frames,
            input_frames,
        } => format!(
            "The latency is {output_frames} frames for what is played and {input_frames} for what \
             is recorded."
        ),
        Event::ResetRequested { message } => format!("Asked the program to begin anew: {message}"),
        Event::Placeholder { message } => format!("There is no device yet: {message}"),
        Event::ConfigurationChanged { faults } if faults.is_empty() => {
            "The configuration has changed.".to_owned()
        }
        Event::ConfigurationChanged { faults } => {
            format!(
                "The configuration has changed and has faults: {}",
                faults.join("; ")
            )
        }
        Event::Note { message } => message.clone(),
        Event::Missing {
            underruns,
            overloads,
        } => missing(*underruns, *overloads),
        Event::Dropped { count } => {
            format!("Events came too fast; {count} of them were not recorded.")
        }
        Event::Ended => "The program no longer uses the driver.".to_owned(),
        Event::Unknown => "Something that this version does not know.".to_owned(),
    })
}

fn missing(underruns: u64, overloads: u64) -> String {
    let dry = format!("the device ran dry {}", times(underruns));
    let slow = format!("the program was too slow {}", times(overloads));
    match (underruns, overloads) {
        (_, 0) => format!("Sound was missing: {dry}."),
        (0, _) => format!("Sound was missing: {slow}."),
        _ => format!("Sound was missing: {dry}, {slow}."),
    }
}

fn lost(fault: Fault) -> &'static str {
    match fault {
        Fault::ServiceGone => "The system's sound service is gone",
        Fault::InUse => "Another program took the device",
        Fault::Silent => "The device gave no sign of life any more",
        Fault::NotFound | Fault::Lost => "The device was lost",
        Fault::Unsupported | Fault::Failed => "The device failed",
    }
}

fn described(opened: &Opened) -> String {
    let Opened {
        mode,
        rate_hz,
        host_hz,
        period_frames,
        block_frames,
        ..
    } = opened;
    let format = |side: &Side| (!side.format.is_empty()).then(|| side.format.clone());
    let side = opened.output.as_ref().or(opened.input.as_ref());
    let mut parts = vec![opened.names()];
    parts.extend((!mode.is_empty()).then(|| mode.clone()));
    parts.push(format!("{rate_hz} Hz"));
    if host_hz != rate_hz && *host_hz != 0 {
        parts.push(format!("resampled from {host_hz} Hz"));
    }
    parts.push(format!(
        "period {period_frames}, block {block_frames} frames"
    ));
    parts.extend(side.and_then(format));
    parts.join(", ")
}

/// How often, as in "once" or "3 times".
pub fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

/// A length of time, to the figure that matters.
pub fn duration(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        60_000..3_600_000 => format!("{} min {} s", ms / 60_000, ms / 1000 % 60),
        _ => format!("{} h {} min", ms / 3_600_000, ms / 60_000 % 60),
    }
}

/// The text without anything that a terminal would take for a command, on one line.
pub fn plain(text: &str) -> String {
    let is_harmless = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    };
    text.chars()
        .map(|c| if is_harmless(c) { c } else { ' ' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_told_with_its_code() {
        let event = Event::Lost {
            fault: Fault::Lost,
            code: Code {
                number: 0x8889_0004_u32 as i32,
                name: "AUDCLNT_E_DEVICE_INVALIDATED".into(),
            },
        };
        assert_eq!(
            sentence(&event),
            "The device was lost (AUDCLNT_E_DEVICE_INVALIDATED, 0x88890004); the program hears \
             silence."
        );
    }

    #[test]
    fn nothing_commands_a_terminal() {
        let message = "a\u{1b}[2Jb\nc\u{9b}d\u{202E}e".to_owned();
        assert_eq!(sentence(&Event::Note { message }), "a [2Jb c d e");
    }

    #[test]
    fn durations_have_the_figures_that_matter() {
        for (ms, expected) in [
            (7, "7 ms"),
            (1250, "1.2 s"),
            (61_000, "1 min 1 s"),
            (3_660_000, "1 h 1 min"),
        ] {
            assert_eq!(duration(ms), expected);
        }
    }
}
