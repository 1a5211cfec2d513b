//! A long run of calls in an order that a seed gives.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::bench::Bench;
use crate::checks::model::{MOVES, Move, State};
use crate::checks::orders::{arguments, take};
use crate::random::Random;

/// Calls on one instance.
const CALLS: u64 = 40;

pub fn shuffle(bench: &Bench<'_>) -> Result<String> {
    let seed = bench.settings.seed;
    let arguments = arguments(bench)?;
    let (budget, began) = (bench.time(15_000, 2_000), Instant::now());
    let mut random = Random::new(seed);
    let (mut runs, mut calls) = (0, 0);
    while runs == 0 || began.elapsed() < budget {
        runs += 1;
        let driver = bench.load()?;
        let mut state = State::Loaded;
        for number in 1..=CALLS {
            let step = next(&mut random, state);
            bench.step(format!(
                "calling {}, call {number} of instance {runs} with seed {seed}",
                step.name()
            ));
            if let Err(error) = take(bench, &driver, &arguments, step, &mut state) {
                bail!("call {number} of instance {runs} with seed {seed}: {error:#}");
            }
            calls += 1;
            if random.below(4) == 0 {
                std::thread::sleep(Duration::from_micros(random.below(20_000)));
            }
        }
        drop(driver);
    }
    bench.ensure_still_plays()?;
    Ok(format!(
        "{calls} calls on {runs} instances with seed {seed}"
    ))
}

/// Mostly any call, now and then the one that leads on, so that streams do run.
fn next(random: &mut Random, state: State) -> Move {
    if random.below(3) > 0 {
        return Move::nth(random.below(MOVES as u64) as usize);
    }
    match state {
        State::Loaded => Move::Init,
        State::Initialised => Move::CreateBuffers,
        State::Prepared => Move::Start,
        State::Running => Move::GetSamplePosition,
    }
}
