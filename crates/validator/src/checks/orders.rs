//! All orders of calls, as many as time allows.

use std::time::Instant;

use anyhow::{Result, bail, ensure};
use asio::host::misuse::stray_callbacks;

use crate::bench::{Bench, preferred, some_channels};
use crate::checks::calls::ensure_clean;
use crate::checks::model::{Arguments, MOVES, Move, Rule, State, is_plain_success, known, worked};
use crate::random::Random;

/// Calls in an order.
const LENGTH: u32 = 5;
/// All orders of so many calls come first, whatever the time.
const SHORT: u32 = 3;

pub fn call_orders(bench: &Bench<'_>) -> Result<String> {
    let arguments = arguments(bench)?;
    let budget = bench.time(20_000, 3_000);
    let began = Instant::now();
    let short = (MOVES as u64).pow(SHORT);
    let all = (MOVES as u64).pow(LENGTH);
    for number in 0..short {
        try_order(bench, &arguments, &order(number, SHORT))?;
    }
    // A step without a common divisor visits every order once, in an order that says nothing.
    let mut random = Random::new(bench.settings.seed);
    let (first, step) = (random.below(all), coprime_step(&mut random, all));
    let mut tried = 0;
    while tried < all && began.elapsed() < budget {
        let number = (first + tried * step) % all;
        try_order(bench, &arguments, &order(number, LENGTH))?;
        tried += 1;
    }
    Ok(format!(
        "all {short} orders of {SHORT} calls and {tried} of {all} orders of {LENGTH} were taken"
    ))
}

pub fn arguments(bench: &Bench<'_>) -> Result<Arguments> {
    let driver = bench.open()?;
    Ok(Arguments {
        channels: some_channels(&driver)?,
        block_frames: preferred(&driver)? as i32,
        rate_hz: driver.sample_rate()?,
    })
}

/// The order with that number, its digits being the calls.
fn order(mut number: u64, length: u32) -> Vec<Move> {
    let mut order = Vec::with_capacity(length as usize);
    for _ in 0..length {
        order.push(Move::nth((number % MOVES as u64) as usize));
        number /= MOVES as u64;
    }
    order
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
        let all = (MOVES as u64).pow(2);
        let mut random = Random::new(3);
        let step = coprime_step(&mut random, all);
        let mut seen: Vec<_> = (0..all)
            .map(|n| in_words(&order((n * step) % all, 2)))
            .collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len() as u64, all);
        assert!(seen.contains(&"start, init".to_owned()));
    }
}
