//! `event-witness`: tells when the system kept programs waiting that wake each other by events.
//!
//! Every millisecond a thread wakes another and is woken by it. Where that takes long, or where the
//! thread itself is woken late, a line tells: when, on the performance counter, for how long the ball
//! was away, and how late the thread was, in nanoseconds. It runs until it is ended.

#[cfg(windows)]
fn main() -> std::io::Result<()> {
    use std::io::Write;
    use std::time::Duration;

    use hosts::ball::Wall;
    use hosts::clock::Clock;

    const PAUSE: Duration = Duration::from_millis(1);
    /// What is shorter is told by nobody.
    const TOLD_NS: u64 = 1_000_000;

    let (clock, wall) = (Clock::new(), Wall::start()?);
    let mut out = std::io::stdout().lock();
    writeln!(out, "ready")?;
    out.flush()?;
    loop {
        let asleep_ns = clock.now_ns();
        std::thread::sleep(PAUSE);
        let begun_ns = clock.now_ns();
        wall.throw();
        let away_ns = clock.now_ns().saturating_sub(begun_ns);
        let slept_ns = begun_ns.saturating_sub(asleep_ns);
        let late_ns = slept_ns.saturating_sub(PAUSE.as_nanos() as u64);
        if away_ns.max(late_ns) >= TOLD_NS {
            writeln!(out, "{begun_ns} {away_ns} {late_ns}")?;
            out.flush()?;
        }
    }
}

#[cfg(not(windows))]
fn main() {
    eprintln!("event-witness watches Windows' events; there are none here.");
    std::process::exit(2);
}
