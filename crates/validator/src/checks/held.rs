//! A host that holds a lock across calls which its callback wants too, and one that is slow.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use asio::host::Offer;
use rt::{Counter, Flag};

use crate::bench::{Bench, preferred, wait_for_blocks};
use crate::watch::{Act, Manners, fill_silence};

/// How long a callback waits for the lock, so that a deadlock comes loose.
const HOLD_LIMIT: Duration = Duration::from_secs(2);

/// What the lock of such a host is like to its callback.
#[derive(Default)]
struct Lock {
    is_held: Flag,
    /// Callbacks that gave up.
    gave_up: Counter,
}

impl Lock {
    fn act(self: &Arc<Lock>) -> Act {
        let lock = Arc::clone(self);
        Box::new(move |io, _| {
            let since = Instant::now();
            while lock.is_held.get() {
                if since.elapsed() > HOLD_LIMIT {
                    lock.gave_up.add(1);
                    lock.is_held.set(false);
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            fill_silence(io);
        })
    }

    /// Makes a call with the lock held; whether it came back without the callback giving up.
    fn hold<T>(&self, call: impl FnOnce() -> T) -> (T, bool) {
        let before = self.gave_up.get();
        self.is_held.set(true);
        let result = call();
        self.is_held.set(false);
        (result, self.gave_up.get() == before)
    }
}

pub fn held(bench: &Bench<'_>) -> Result<String> {
    for _ in bench.each_round(5, 1) {
        let lock = Arc::<Lock>::default();
        let mut driver = bench.open()?;
        let frames = preferred(&driver)?;
        let seen =
            bench.prepare_with(&mut driver, frames, Offer::ALL, Manners::Good, lock.act())?;
        bench.step("starting while bufferSwitch waits for start to return");
        let (started, is_free) = lock.hold(|| driver.start());
        started?;
        bench.advise(is_free, || told("start"));
        wait_for_blocks(&seen, 3)?;
        bench.step("stopping while bufferSwitch waits for stop to return");
        let (stopped, is_free) = lock.hold(|| {
            // So that a callback is inside for sure.
            std::thread::sleep(Duration::from_millis(50));
            driver.stop()
        });
        stopped?;
        bench.advise(is_free, || told("stop"));
        bench.step("disposing of the buffers after that");
        driver.dispose_buffers()?;
        drop(driver);
    }
    bench.ensure_still_plays()?;
    Ok("start and stop came back although bufferSwitch waited for them".to_owned())
}

fn told(call: &str) -> String {
    format!("{call} waits for bufferSwitch; a program that holds a lock in both stands still")
}

pub fn slow(bench: &Bench<'_>) -> Result<String> {
    let mut driver = bench.open()?;
    let (frames, rate_hz) = (preferred(&driver)?, driver.sample_rate()?);
    let late = Duration::from_secs_f64((3.5 * f64::from(frames) / rate_hz).clamp(0.001, 1.0));
    let act: Act = Box::new(move |io, block| {
        fill_silence(io);
        if block % 8 == 7 {
            std::thread::sleep(late);
        }
    });
    bench.step("playing with a callback that is late every eighth time");
    let seen = bench.prepare_with(&mut driver, frames, Offer::ALL, Manners::Good, act)?;
    driver.start()?;
    wait_for_blocks(&seen, u64::from(bench.rounds(80, 24)))?;
    bench.step("stopping");
    driver.stop()?;
    let twice = seen.same_half.get();
    bench.advise(twice == 0, || {
        format!("{twice} blocks came in the same half as the one before, after a late one")
    });
    Ok(format!(
        "{} blocks were played, some of them late; the driver reported {} overloads",
        seen.blocks.get(),
        seen.overloads.get()
    ))
}
