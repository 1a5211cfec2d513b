//! How the router is, as text.

use record::plain;
use router_service::control::{
    Bridge, ClientStatus, EventStatus, FileStatus, Levels, MixStatus, PortStatus, RouteStatus,
    Status,
};

/// The whole, with so many of the last events.
pub fn status_text(status: &Status, events: usize) -> String {
    let ms = |frames: u32| f64::from(frames) * 1000.0 / f64::from(status.rate_hz.max(1));
    let mut text = format!(
        "Router (process {}): {} Hz, {} frames in a cycle ({:.1} ms), {} frames to the output ({:.1} ms)\n",
        status.process,
        status.rate_hz,
        status.cycle_frames,
        ms(status.cycle_frames),
        status.output_latency_frames,
        ms(status.output_latency_frames)
    );
    for (what, ports) in [("source", &status.sources), ("sink", &status.sinks)] {
        for port in ports {
            text += &port_line(what, port);
        }
    }
    for file in &status.files {
        text += &file_line(file);
    }
    if status.clients.is_empty() {
        text += "No program is there.\n";
    }
    for client in &status.clients {
        text += &client_line(client);
    }
    for mix in &status.mixes {
        text += &mix_lines(mix);
    }
    if status.is_changed {
        text += "The mixes are not as the configuration file has them; `asio2wasapi route save` keeps them.\n";
    }
    let surplus = status.events.len().saturating_sub(events);
    for event in &status.events[surplus..] {
        text += &event_line(event);
    }
    text
}

/// What happened, and when since the router began.
pub fn event_line(event: &EventStatus) -> String {
    let seconds = event.since_ms as f64 / 1000.0;
    format!("  {seconds:9.1} s  {}\n", plain(&event.message))
}

fn file_line(file: &FileStatus) -> String {
    let what = match file.state.as_str() {
        "closed" => "no file yet".to_owned(),
        state => format!("{state}, {}, {} frames", file.file, file.written_frames),
    };
    let lost = match file.lost_frames {
        0 => String::new(),
        frames => format!(", {frames} of them lost"),
    };
    format!("file {:?}: {what}{lost}\n", file.sink)
}

fn port_line(what: &str, port: &PortStatus) -> String {
    format!(
        "{what} {:?}: {}, {}; {}{}\n",
        port.name,
        port.kind,
        port.devices.join(" or "),
        levels(&port.levels),
        port.bridge.as_ref().map_or_else(String::new, bridge_words)
    )
}

/// How a device's clock is held together with the master's.
fn bridge_words(bridge: &Bridge) -> String {
    if !bridge.is_running {
        return "; waits for sound".to_owned();
    }
    let clock = match bridge.is_exact {
        true => "its clock agrees".to_owned(),
        false => format!("its clock is {:.1} ppm apart", bridge.clocks_ppm.abs()),
    };
    let counted = |count: u64, word: &str| match count {
        0 => String::new(),
        1 => format!(", 1 {word}"),
        count => format!(", {count} {word}s"),
    };
    format!(
        "; {clock}, {:.0} frames wait of {}{}{}",
        bridge.lead_frames,
        bridge.target_frames,
        counted(bridge.underruns, "underrun"),
        counted(bridge.overruns, "overrun")
    )
}

fn client_line(client: &ClientStatus) -> String {
    let how = match (client.is_resting, client.is_pipelined) {
        (true, _) => "rests".to_owned(),
        (_, false) => "runs in the cycle, nothing added".to_owned(),
        (_, true) => format!(
            "runs beside the cycle, {} frames added",
            client.added_frames
        ),
    };
    format!(
        "program {:?} (process {}): blocks of {} frames, {how}; {} blocks in time, {} late; plays {}\n",
        client.name,
        client.process,
        client.block_frames,
        client.on_time_blocks,
        client.late_blocks,
        levels(&client.plays)
    )
}

fn mix_lines(mix: &MixStatus) -> String {
    let mute = if mix.mute { ", muted" } else { "" };
    let mut text = format!("mix {:?}: {:+.1} dB{mute}\n", mix.name, mix.gain_db);
    for route in &mix.routes {
        text += &format!("  {}\n", route_words(route));
    }
    text
}

fn route_words(route: &RouteStatus) -> String {
    let channels: Vec<String> = route
        .channels
        .iter()
        .map(|(from, to)| format!("{from}:{to}"))
        .collect();
    let mut words = format!(
        "{:?} to {:?}, channels {}, {:+.1} dB",
        route.from,
        route.to,
        channels.join(" "),
        route.gain_db
    );
    for (is_on, word) in [
        (route.mute, ", muted"),
        (route.solo, ", solo"),
        (route.invert, ", turned over"),
    ] {
        if is_on {
            words += word;
        }
    }
    words
}

/// Peaks in dB.
fn levels(levels: &[Levels]) -> String {
    let shown: Vec<String> = levels
        .iter()
        .map(|level| match level.peak > 0.0 {
            true => format!("{:.0}", 20.0 * level.peak.log10()),
            false => "silent".to_owned(),
        })
        .collect();
    match shown.as_slice() {
        [] => "nothing".to_owned(),
        shown if shown.iter().all(|level| level == "silent") => "silent".to_owned(),
        shown => format!("{} dB", shown.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use router_service::control::EventKind;

    #[test]
    fn the_router_is_told_in_a_few_lines() {
        let level = |peak| Levels { peak, rms: 0.0 };
        let status = Status {
            process: 7,
            rate_hz: 48_000,
            cycle_frames: 480,
            output_latency_frames: 960,
            sinks: vec![PortStatus {
                name: "Output".to_owned(),
                kind: "device".to_owned(),
                devices: vec!["default".to_owned()],
                levels: vec![level(1.0), level(0.1)],
                bridge: None,
            }],
            sources: vec![PortStatus {
                name: "Browser".to_owned(),
                kind: "loopback".to_owned(),
                devices: vec!["Cable".to_owned()],
                levels: vec![level(0.0)],
                bridge: Some(Bridge {
                    is_running: true,
                    lead_frames: 207.7,
                    target_frames: 208,
                    clocks_ppm: -12.34,
                    underruns: 2,
                    overruns: 1,
                    ..Bridge::default()
                }),
            }],
            clients: vec![ClientStatus {
                name: "daw.exe".to_owned(),
                process: 9,
                block_frames: 256,
                is_pipelined: true,
                added_frames: 256,
                on_time_blocks: 3,
                late_blocks: 1,
                plays: vec![level(0.0)],
                ..ClientStatus::default()
            }],
            mixes: vec![MixStatus {
                name: "live".to_owned(),
                gain_db: -3.0,
                routes: vec![RouteStatus {
                    from: "daw".to_owned(),
                    to: "Output".to_owned(),
                    channels: vec![(1, 2)],
                    gain_db: 0.0,
                    mute: true,
                    ..RouteStatus::default()
                }],
                ..MixStatus::default()
            }],
            files: vec![FileStatus {
                sink: "Take".to_owned(),
                file: "Take 1.wav".to_owned(),
                state: "running".to_owned(),
                written_frames: 480,
                ..FileStatus::default()
            }],
            events: vec![EventStatus {
                number: 1,
                since_ms: 1500,
                kind: EventKind::ClientCame,
                message: "The client came.".to_owned(),
            }],
            ..Status::default()
        };
        let expected = "\
Router (process 7): 48000 Hz, 480 frames in a cycle (10.0 ms), 960 frames to the output (20.0 ms)
source \"Browser\": loopback, Cable; silent; its clock is 12.3 ppm apart, 208 frames wait of 208, 2 underruns, 1 overrun
sink \"Output\": device, default; 0 -20 dB
file \"Take\": running, Take 1.wav, 480 frames
program \"daw.exe\" (process 9): blocks of 256 frames, runs beside the cycle, 256 frames added; 3 blocks in time, 1 late; plays silent
mix \"live\": -3.0 dB
  \"daw\" to \"Output\", channels 1:2, +0.0 dB, muted
        1.5 s  The client came.
";
        assert_eq!(status_text(&status, 5), expected);
    }
}
