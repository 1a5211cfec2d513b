//! All orders of calls, as many as time allows.

use std::time::Instant;

use anyhow::{Result, bail, ensure};
use asio::host::misuse::stray_callbacks;

use crate::bench::{Bench, preferred, some_channels};
use crate::checks::calls::ensure_clean;
use crate::checks::model::{Arguments, MOVES, Move, Rule, State, is_plain_success, known, worked};
use crate::random::Random;

/// Calls in an order, and which part of the time must not be over when such orders go on: a half,
/// and for the longest, all of it.
const LENGTHS: [(u32, u32); 3] = [(2, 2), (3, 2), (5, 1)];

pub fn call_orders(bench: &Bench<'_>) -> Result<String> {
    let arguments = arguments(bench)?;
    let (budget, began) = (bench.time(20_000, 3_000), Instant::now());
    let mut random = Random::new(bench.settings.seed);
    let mut taken = Vec::new();
    for (length, part) in LENGTHS {
        let orders = Orders::new(&mut random, length);
        let mut count = 0;
        while count < orders.all && began.elapsed() < budget / part {
            try_order(bench, &arguments, &orders.nth(count))?;
            count += 1;
        }
        taken.push(format!(
            "{count} of {} orders of {length} calls",
            orders.all
        ));
    }
    Ok(format!("{} were taken", taken.join(", ")))
}

/// All orders of so many calls, each once, one after the other as a seed gives it.
struct Orders {
    length: u32,
    all: u64,
    first: u64,
    /// Without a common divisor with `all`, so that every order is visited once.
    step: u64,
}

impl Orders {
    fn new(random: &mut Random, length: u32) -> Orders {
        let all = (MOVES as u64).pow(length);
        Orders {
            length,
            all,
            first: random.below(all),
            step: coprime_step(random, all),
        }
    }

    fn nth(&self, number: u64) -> Vec<Move> {
        let mut digits = (self.first + number * self.step) % self.all;
        let mut order = Vec::with_capacity(self.length as usize);
        for _ in 0..self.length {
            order.push(Move::nth((digits % MOVES as u64) as usize));
            digits /= MOVES as u64;
        }
        order
    }
}

pub fn arguments(bench: &Bench<'_>) -> Result<Arguments> {
    let driver = bench.open()?;
    Ok(Arguments {
        channels: some_channels(&driver)?,
        block_frames: preferred(&driver)? as i32,
        rate_hz: driver.sample_rate()?,
    })
}

fn coprime_step(random: &mut Random, all: u64) -> u64 {
    loop {
        let step = 1 + random.below(all - 1);
        if common_divisor(step, all) == 1 {
            return step;
        }
    }
}

fn common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

pub fn in_words(order: &[Move]) -> String {
    let names: Vec<_> = order.iter().map(|step| step.name()).collect();
    names.join(", ")
}

fn try_order(bench: &Bench<'_>, arguments: &Arguments, order: &[Move]) -> Result<()> {
    bench.step(format!("calling {}", in_words(order)));
    let strays = stray_callbacks();
    let driver = bench.load()?;
    let mut state = State::Loaded;
    for (place, step) in order.iter().enumerate() {
        if let Err(error) = take(bench, &driver, arguments, *step, &mut state) {
            bail!("after {}: {error:#}", before(&order[..place]));
        }
    }
    drop(driver);
    let late = stray_callbacks() - strays;
    ensure!(
        late == 0,
        "callbacks came after {} and release",
        in_words(order)
    );
    Ok(())
}

fn before(order: &[Move]) -> String {
    match order {
        [] => "loading".to_owned(),
        order => in_words(order),
    }
}

/// Makes one call and judges it by the table.
pub fn take(
    bench: &Bench<'_>,
    driver: &asio::host::Driver,
    arguments: &Arguments,
    step: Move,
    state: &mut State,
) -> Result<()> {
    let call = step.call(arguments);
    let made = driver.bare().call(call);
    let (method, answer) = (made.method, made.answer);
    ensure_clean(&made)?;
    let rule = step.rule(*state);
    match (rule, worked(answer)) {
        (Rule::Must, false) => bail!("{method} fails with {answer}"),
        (Rule::Never, true) => bail!("{method} succeeds and cannot have an effect"),
        _ => {}
    }
    bench.advise(known(answer), || {
        format!("{method} says {answer}, which is no code of ASIO's")
    });
    bench.advise(is_plain_success(answer, call), || {
        format!("{method} says {answer}, which is for future only")
    });
    if worked(answer) {
        let is_null = made.halves.iter().flatten().any(|half| *half == 0);
        ensure!(!is_null, "createBuffers succeeds but leaves a half null");
        *state = step.leads_to(*state);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_comes_once() {
        for length in [2, 3] {
            let orders = Orders::new(&mut Random::new(3), length);
            let mut seen: Vec<_> = (0..orders.all).map(|n| in_words(&orders.nth(n))).collect();
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), MOVES.pow(length));
        }
        let orders = Orders::new(&mut Random::new(3), 2);
        let seen: Vec<_> = (0..orders.all).map(|n| in_words(&orders.nth(n))).collect();
        assert!(seen.contains(&"start, init".to_owned()));
    }
}
