//! Control calls from other threads than the one that loaded the driver.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use asio::host::{Bare, Call, misuse};

use crate::bench::{Bench, wait_for_blocks};
use crate::checks::calls::ensure_clean;

/// Makes a call on a thread of its own.
fn elsewhere(bench: &Bench<'_>, bare: Bare<'_>, call: Call<'_>) -> Result<()> {
    bench.step(format!("calling {call:?} on another thread"));
    let made = thread::scope(|scope| scope.spawn(|| bare.call(call)).join());
    let Ok(made) = made else {
        anyhow::bail!("a thread of the check panicked")
    };
    ensure_clean(&made)?;
    ensure!(
        made.answer.is_success(),
        "{} on another thread fails with {}",
        made.method,
        made.answer
    );
    Ok(())
}

pub fn other_threads(bench: &Bench<'_>) -> Result<String> {
    let mut rounds = 0;
    for round in bench.each_round(10, 3) {
        rounds = round;
        bench.without_strays(|| {
            let mut driver = bench.open()?;
            let seen = bench.prepare_preferred(&mut driver)?;
            for _ in 0..2 {
                elsewhere(bench, driver.bare(), Call::Start)?;
                wait_for_blocks(&seen, 2)?;
                elsewhere(bench, driver.bare(), Call::Stop)?;
            }
            if round % 2 == 0 {
                elsewhere(bench, driver.bare(), Call::DisposeBuffers)?;
            }
            bench.step("releasing on another thread");
            misuse::release_elsewhere(driver);
            Ok(())
        })?;
    }
    Ok(format!(
        "{rounds} streams were started, stopped and released on other threads"
    ))
}

/// What programs ask all the time from wherever they are.
const QUESTIONS: [Call<'static>; 7] = [
    Call::GetSamplePosition,
    Call::GetLatencies,
    Call::GetSampleRate,
    Call::CanSampleRate(48_000.0),
    Call::GetBufferSize,
    Call::OutputReady,
    Call::GetErrorMessage,
];

pub fn crowd(bench: &Bench<'_>) -> Result<String> {
    let mut driver = bench.open()?;
    bench.prepare_preferred(&mut driver)?;
    let bare = driver.bare();
    let (done, rounds) = (AtomicBool::new(false), bench.rounds(30, 8));
    bench.step("starting and stopping while three threads ask questions");
    let asked = thread::scope(|scope| -> Result<u64> {
        let done = &done;
        let askers: Vec<_> = (0..3)
            .map(|first| scope.spawn(move || ask_until(bare, done, first)))
            .collect();
        let result = start_and_stop(bare, rounds);
        done.store(true, Ordering::Relaxed);
        let mut asked = 0;
        for asker in askers {
            match asker.join() {
                Ok(count) => asked += count?,
                Err(_) => anyhow::bail!("a thread of the check panicked"),
            }
        }
        result.map(|()| asked)
    })?;
    bench.step("closing after that");
    drop(driver);
    bench.ensure_still_plays()?;
    Ok(format!(
        "{asked} questions of three threads were answered during {rounds} starts and stops"
    ))
}

fn start_and_stop(bare: Bare<'_>, rounds: u32) -> Result<()> {
    for _ in 0..rounds {
        for call in [Call::Start, Call::Stop] {
            let made = bare.call(call);
            ensure!(
                made.answer.is_success(),
                "{} fails with {} while other threads ask questions",
                made.method,
                made.answer
            );
            thread::sleep(Duration::from_millis(15));
        }
    }
    Ok(())
}

fn ask_until(bare: Bare<'_>, done: &AtomicBool, first: usize) -> Result<u64> {
    let mut asked = 0;
    let mut questions = QUESTIONS.iter().cycle().skip(first);
    while !done.load(Ordering::Relaxed) {
        if let Some(call) = questions.next() {
            ensure_clean(&bare.call(*call))?;
            asked += 1;
        }
        thread::sleep(Duration::from_micros(300));
    }
    Ok(asked)
}
