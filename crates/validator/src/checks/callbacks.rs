//! Hosts with half of the callbacks, with a passing list of them, or with bad manners.

use anyhow::{Context, Result, ensure};
use asio::host::{Driver, Offer};

use crate::bench::{Bench, preferred, wait_for_blocks};
use crate::watch::{Act, Manners, silence};

/// What hosts leave out, and whether a driver may refuse such a host.
const OFFERS: [(&str, Offer, bool); 6] = [
    (
        "no bufferSwitchTimeInfo",
        Offer {
            timed_switch: false,
            ..Offer::ALL
        },
        false,
    ),
    (
        "no asioMessage",
        Offer {
            messages: false,
            ..Offer::ALL
        },
        false,
    ),
    (
        "no sampleRateDidChange",
        Offer {
            rate_change: false,
            ..Offer::ALL
        },
        false,
    ),
    (
        "nothing but bufferSwitch",
        Offer {
            timed_switch: false,
            rate_change: false,
            messages: false,
            ..Offer::ALL
        },
        false,
    ),
    (
        "no bufferSwitch, only bufferSwitchTimeInfo",
        Offer {
            plain_switch: false,
            ..Offer::ALL
        },
        true,
    ),
    (
        "no function for blocks at all",
        Offer {
            plain_switch: false,
            timed_switch: false,
            ..Offer::ALL
        },
        true,
    ),
];

pub fn null_members(bench: &Bench<'_>) -> Result<String> {
    let mut refused = 0;
    for (what, offer, may_refuse) in OFFERS {
        bench.step(format!("playing for a host with {what}"));
        let mut driver = bench.open()?;
        let result = play(bench, &mut driver, offer, Manners::Good, silence());
        let can_play = offer.plain_switch || offer.timed_switch;
        match result {
            Ok(()) => ensure!(can_play, "a host with {what} gets buffers"),
            Err(_) if may_refuse => refused += 1,
            Err(error) => return Err(error).context(format!("for a host with {what}")),
        }
    }
    bench.ensure_still_plays()?;
    let kinds = OFFERS.len();
    Ok(format!(
        "{kinds} kinds of hosts with null callbacks, {refused} of them refused"
    ))
}

/// With no function for blocks there is nothing to wait for.
fn play(
    bench: &Bench<'_>,
    driver: &mut Driver,
    offer: Offer,
    manners: Manners,
    act: Act,
) -> Result<()> {
    let frames = preferred(driver)?;
    let seen = bench.prepare_with(driver, frames, offer, manners, act)?;
    driver.start()?;
    if offer.plain_switch || offer.timed_switch {
        wait_for_blocks(&seen, u64::from(bench.rounds(8, 4)))?;
    }
    driver.stop()?;
    driver.dispose_buffers()?;
    Ok(())
}

pub fn on_the_stack(bench: &Bench<'_>) -> Result<String> {
    let passing = Offer {
        lasting: false,
        ..Offer::ALL
    };
    bench
        .without_strays(|| {
            bench.step("playing for a host whose list of callbacks is overwritten");
            let mut driver = bench.open()?;
            play(bench, &mut driver, passing, Manners::Good, silence())
        })
        .context("the host's list of callbacks was overwritten after createBuffers")?;
    Ok("the list of callbacks was not read again after createBuffers".to_owned())
}

pub fn manners(bench: &Bench<'_>) -> Result<String> {
    // Leaves the outputs as they are, as a host that is muted does.
    let idle: fn() -> Act = || Box::new(|_, _| {});
    for number in [0, 1, -1, 0x7FFF_FFFF] {
        bench.step(format!(
            "playing for a host that answers {number} to every message"
        ));
        let mut driver = bench.open()?;
        let manners = Manners::Always(number);
        let result = play(bench, &mut driver, Offer::ALL, manners, idle());
        result.with_context(|| format!("for a host that answers {number} to every message"))?;
    }
    Ok(
        "hosts were served whatever they answered, and whether they filled blocks or not"
            .to_owned(),
    )
}
