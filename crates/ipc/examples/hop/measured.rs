//! The two processes.

use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use ipc::windows::{WindowsLink, process_id};
use ipc::{Answered, Collected, Door, HandOver, Knock, Link, RouterEnd, Terms, Wish, knock};
use serde_json::{Value, json};

const RATE_HZ: u32 = 48_000;
const FRAMES: u32 = 64;
const CHANNELS: usize = 2;
/// The places of the bare events and of the client.
const BALL: usize = 0;
const CLIENT: usize = 1;
/// Rounds of one kind before the other's turn.
const TURN: usize = 50;
/// From one round to the next at least: as from one wake-up of a device to the next.
const PAUSE: Duration = Duration::from_millis(1);
/// What takes longer than this is not there.
const PATIENCE_NS: u64 = 1_000_000_000;
const TRIES: usize = 20;

/// So many rounds of each kind, in turns.
///
/// # Errors
/// One sentence: the other process does not answer.
pub fn measure(rounds: usize) -> Result<Value, String> {
    let router = format!("hop-{}", process_id());
    let ball = WindowsLink::make(&router, BALL)?;
    let door = Door::open(WindowsLink::make(&router, CLIENT)?, process_id());
    let mut other = start(&router)?;
    let outcome = let_in(door).and_then(|mut end| rally(&ball, &mut end, rounds));
    // It may have ended by itself.
    let _ = other.kill();
    let _ = other.wait();
    outcome
}

fn start(router: &str) -> Result<Child, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let started = Command::new(own).args(["--serve", router]).spawn();
    started.map_err(|error| format!("The other process cannot be started: {error}"))
}

fn let_in(mut door: Door<WindowsLink>) -> Result<RouterEnd<WindowsLink>, String> {
    let terms = Terms::new(RATE_HZ, FRAMES);
    for _ in 0..TRIES {
        door.wait(PATIENCE_NS);
        door = match door.look(terms, |_| Ok(())) {
            Knock::Attached(end) => return Ok(end),
            Knock::Nobody(door) | Knock::Refused(door, _) => door,
        };
    }
    Err("The other process never comes in.".to_owned())
}

fn rally(
    ball: &WindowsLink,
    end: &mut RouterEnd<WindowsLink>,
    rounds: usize,
) -> Result<Value, String> {
    let (mut bare, mut blocks) = (Vec::new(), Vec::new());
    while blocks.len() < rounds.max(TURN) {
        for _ in 0..TURN {
            thread::sleep(PAUSE);
            bare.push(ping(ball)?);
        }
        for _ in 0..TURN {
            thread::sleep(PAUSE);
            let number = blocks.len() as u64;
            blocks.push(hop(end, number)?);
        }
    }
    Ok(json!({
        "rounds": blocks.len(), "frames": FRAMES, "ping_pong_us": times(bare),
        "hop_us": times(blocks),
    }))
}

/// An event there and an event back.
fn ping(ball: &WindowsLink) -> Result<u64, String> {
    let begun = Instant::now();
    ball.wake();
    match ball.wait(PATIENCE_NS) {
        true => Ok(begun.elapsed().as_nanos() as u64),
        false => Err("The other process does not answer an event.".to_owned()),
    }
}

/// A block there and the same block back.
fn hop(end: &mut RouterEnd<WindowsLink>, number: u64) -> Result<u64, String> {
    // Another each time, and within full scale.
    let block = [(number % 1_000) as f32 / 1_000.0; FRAMES as usize];
    let begun = Instant::now();
    let asked = end.ask(number * u64::from(FRAMES), 0, |_| Some(&block));
    let came = end.collect(PATIENCE_NS);
    let took = begun.elapsed();
    let is_back = (0..CHANNELS).all(|channel| end.output(channel) == Some(&block[..]));
    match asked && came == Collected::OnTime && is_back {
        true => Ok(took.as_nanos() as u64),
        false => Err(format!("Block {number} does not come back.")),
    }
}

fn times(mut all_ns: Vec<u64>) -> Value {
    all_ns.sort_unstable();
    let at = |part: f64| {
        let place = (all_ns.len() as f64 * part) as usize;
        all_ns[place.min(all_ns.len() - 1)] as f64 / 1_000.0
    };
    json!({ "median": at(0.5), "p90": at(0.9), "p99": at(0.99) })
}

/// Answers events and blocks until the other process is gone.
///
/// # Errors
/// One sentence: there is no such router.
pub fn serve(router: &str) -> Result<(), String> {
    let missing = || format!("There is no router {router}.");
    let ball = WindowsLink::open(router, BALL).ok_or_else(missing)?;
    let link = WindowsLink::open(router, CLIENT).ok_or_else(missing)?;
    let wish = Wish {
        name: "hop".to_owned(),
        inputs: CHANNELS as u32,
        outputs: CHANNELS as u32,
        block_frames: FRAMES,
        rate_hz: RATE_HZ,
        hand_over: HandOver::Synchronous,
    };
    let mut knocking = knock(link, process_id(), &wish).map_err(|_| missing())?;
    let mut client = loop {
        match knocking.poll(PATIENCE_NS).map_err(|_| missing())? {
            Answered::Attached(client) => break client,
            Answered::NotYet(still) => knocking = still,
        }
    };
    thread::spawn(move || {
        loop {
            if ball.wait(PATIENCE_NS) {
                ball.wake();
            }
        }
    });
    let mut block = vec![[0.0; FRAMES as usize]; CHANNELS];
    // The process is killed when all is measured; this is for a parent that was killed itself.
    while client.standing() == ipc::Standing::Attached {
        for _ in 0..1_000 {
            if !client.wait(PATIENCE_NS) {
                break;
            }
            let Some(asked) = client.take() else { continue };
            for (channel, samples) in block.iter_mut().enumerate() {
                samples.copy_from_slice(client.input(channel));
            }
            client.give(asked, 0, |channel| block.get(channel).map(|all| &all[..]));
        }
    }
    Ok(())
}
