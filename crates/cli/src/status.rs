//! What driver instances do and did, as text.

use record::{Entry, Now, Opened, Session, State, duration, plain, sentence, times, utc};

/// What runs at `now_ms`, with so many of each one's last events.
pub fn running_text(states: &[State], now_ms: u64, events: usize) -> String {
    if states.is_empty() {
        return "No program uses these drivers now. `asio2wasapi status --last` tells of the last one \
                that did.\n"
            .to_owned();
    }
    let texts: Vec<String> = states
        .iter()
        .map(|state| state_text(state, now_ms, events))
        .collect();
    texts.join("\n")
}

fn state_text(state: &State, now_ms: u64, events: usize) -> String {
    let State {
        instance,
        readings,
        totals,
        ..
    } = state;
    let age = |since_ms: u64| duration(now_ms.saturating_sub(since_ms));
    let mut text = plain(&format!(
        "{} (process {}), {}, version {}, for {}",
        instance.program,
        instance.pid,
        instance.driver,
        instance.version,
        age(state.begun_ms)
    ));
    text.push('\n');
    let mut line = |what: &str, words: String| {
        text += &plain(&format!("  {what:<10}{words}"));
        text.push('\n');
    };
    let what = match state.now {
        Now::Idle => "nothing is open",
        Now::Open => "open, not started",
        Now::Running => "running",
    };
    line("state", format!("{what} since {}", age(state.now_since_ms)));
    if let Some(why) = &state.silent_because {
        line("SILENT", why.clone());
    }
    if let Some(opened) = &state.opened {
        for (what, words) in opened_lines(opened) {
            line(what, words);
        }
        let host_hz = opened.host_hz;
        line(
            "latency",
            format!(
                "{} out, {} in; {} frames are queued",
                frames(readings.output_latency_frames, host_hz),
                frames(readings.input_latency_frames, host_hz),
                readings.fill_frames
            ),
        );
        if readings.drift_ppm != 0.0 {
            line("drift", format!("{:+.1} ppm", readings.drift_ppm));
        }
    }
    line(
        "missing",
        format!(
            "{} underruns, {} overloads; the device was lost {}, sound moved {}, longest silence {}",
            readings.underruns,
            readings.overloads,
            times(totals.lost),
            times(totals.moved),
            duration(totals.longest_silence_ms)
        ),
    );
    if let Some(problem) = &state.problem {
        line("record", problem.clone());
    }
    let surplus = state.recent.len().saturating_sub(events);
    for entry in &state.recent[surplus..] {
        text += &entry_line(entry);
    }
    text
}

fn opened_lines(opened: &Opened) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    for (what, side) in [("output", &opened.output), ("input", &opened.input)] {
        if let Some(side) = side {
            let mut words = vec![side.name.clone(), format!("{} channels", side.channels)];
            words.extend((!side.format.is_empty()).then(|| side.format.clone()));
            lines.push((what, words.join(", ")));
        }
    }
    let mut words = vec![format!("{} Hz", opened.rate_hz)];
    if !opened.mode.is_empty() {
        words.insert(0, opened.mode.clone());
    }
    if opened.host_hz != opened.rate_hz {
        words.push(format!("{} Hz for the program", opened.host_hz));
    }
    words.push(format!("period {} frames", opened.period_frames));
    words.push(format!("block {} frames", opened.block_frames));
    lines.push(("mode", words.join(", ")));
    lines
}

/// A number of frames, and how long they last.
fn frames(count: u64, rate_hz: u32) -> String {
    match rate_hz {
        0 => format!("{count} frames"),
        rate_hz => {
            let ms = count as f64 * 1000.0 / f64::from(rate_hz);
            format!("{count} frames ({ms:.1} ms)")
        }
    }
}

fn entry_line(entry: &Entry) -> String {
    format!("  {}  {}\n", utc(entry.at_ms), sentence(&entry.event))
}

/// A record with so many of its last events.
pub fn record_text(session: &Session, events: usize) -> String {
    let mut text = session_title(session);
    text.push('\n');
    let left_out = session.entries.len().saturating_sub(events) as u64;
    let not_shown = left_out.saturating_add(session.trimmed);
    if not_shown > 0 {
        text += &format!("  {not_shown} earlier events are not shown");
        if session.trimmed > 0 {
            text += &format!(
                "; {} of them are no longer kept, but counted",
                session.trimmed
            );
        }
        text.push('\n');
    }
    for entry in &session.entries[left_out as usize..] {
        text += &entry_line(entry);
    }
    let totals = &session.totals;
    text += &format!(
        "  In all: {} underruns, {} overloads; the device was lost {}, longest silence {}\n",
        totals.underruns,
        totals.overloads,
        times(totals.lost),
        duration(totals.longest_silence_ms)
    );
    if session.unreadable > 0 {
        text += &format!(
            "  {} lines of the record cannot be read\n",
            session.unreadable
        );
    }
    text
}

/// Whose session it was, and when.
pub fn session_title(session: &Session) -> String {
    let whose = session.instance().map_or_else(
        || "an unknown program".to_owned(),
        |instance| plain(&format!("{} with {}", instance.program, instance.driver)),
    );
    let end = match (session.is_running, session.totals.ended) {
        (true, _) => "still running",
        (false, true) => "ended",
        (false, false) => "ended without a word",
    };
    format!(
        "{whose}, {} UTC, {}, {end}",
        utc(session.begun_ms()),
        duration(session.length_ms())
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::{Event, Instance, Readings, Side, Totals};

    fn state() -> State {
        State {
            instance: Instance {
                program: "daw.exe".into(),
                pid: 7,
                driver: "ASIO2WASAPI Shared".into(),
                version: "0.1.0".into(),
            },
            begun_ms: 1000,
            now: Now::Running,
            now_since_ms: 61_000,
            opened: Some(Opened {
                output: Some(Side {
                    name: "Speakers".into(),
                    channels: 2,
                    format: "float32".into(),
                    ..Side::default()
                }),
                mode: "shared".into(),
                rate_hz: 48_000,
                host_hz: 44_100,
                period_frames: 480,
                block_frames: 441,
                ..Opened::default()
            }),
            readings: Readings {
                output_latency_frames: 882,
                underruns: 2,
                drift_ppm: -3.25,
                ..Readings::default()
            },
            totals: Totals {
                lost: 1,
                longest_silence_ms: 1250,
                ..Totals::default()
            },
            recent: [0, 1000]
                .map(|since_ms| Entry {
                    at_ms: since_ms,
                    since_ms,
                    event: Event::Started,
                })
                .to_vec(),
            ..State::default()
        }
    }

    #[test]
    fn an_instance_is_told_in_a_few_lines() {
        let expected = "\
daw.exe (process 7), ASIO2WASAPI Shared, version 0.1.0, for 2 min 0 s
  state     running since 1 min 0 s
  output    Speakers, 2 channels, float32
  mode      shared, 48000 Hz, 44100 Hz for the program, period 480 frames, block 441 frames
  latency   882 frames (20.0 ms) out, 0 frames (0.0 ms) in; 0 frames are queued
  drift     -3.2 ppm
  missing   2 underruns, 0 overloads; the device was lost once, sound moved 0 times, longest silence 1.2 s
  1970-01-01 00:00:01.000  The program started the stream.
";
        assert_eq!(running_text(&[state()], 121_000, 1), expected);
    }

    #[test]
    fn silence_and_a_broken_record_are_told() {
        let state = State {
            silent_because: Some("the device is gone (E_X)".into()),
            problem: Some("the disk is full".into()),
            ..state()
        };
        let text = running_text(&[state], 0, 0);
        assert!(
            text.contains("  SILENT    the device is gone (E_X)\n"),
            "{text}"
        );
        assert!(text.contains("  record    the disk is full\n"), "{text}");
    }

    #[test]
    fn nothing_that_runs_is_told_clearly() {
        assert!(running_text(&[], 0, 5).starts_with("No program uses these drivers now."));
    }

    #[test]
    fn what_a_record_no_longer_holds_is_told() {
        let session = Session {
            entries: state().recent,
            trimmed: 7,
            ..Session::default()
        };
        let text = record_text(&session, 1);
        assert!(text.starts_with("an unknown program, 1970-01-01"), "{text}");
        let expected =
            "  8 earlier events are not shown; 7 of them are no longer kept, but counted\n";
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("ended without a word"));
    }
}
