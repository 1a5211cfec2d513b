//! Short cycles beside a program that keeps every processor core busy, on the simulated card.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::bench::delay::RATE_HZ;
use crate::bench::measure::measure_on;
use crate::bench::outcome::Taken;
use crate::bench::rows::{Mode, Player, Row};
use crate::paths::{DEFAULT_TARGET, Paths};
use crate::rig::Rig;
use crate::rig::places::Backend;
use crate::{build, interrupt, progress};

const BLOCK_FRAMES: u32 = 64;
/// As the usual card, but with shorter periods.
const CARD: &str = "card Simulated Card\n render OUT\n min-period 1ms\n";

/// So often PortAudio's own way to the device may fall silent for good in the middle: it does when the
/// machine is busy enough. That is told, and it plays once more.
const ENDINGS_MAX: usize = 5;

/// The programs in turns, each so often and for so many seconds.
///
/// # Errors
/// A build fails, or a program.
pub fn measure(paths: &Paths, (repeats, seconds): (usize, usize)) -> Result<Value> {
    build::rig_programs(paths)?;
    let driver = build::product(paths, DEFAULT_TARGET, true)?.join("asio2wasapi.dll");
    let card = build::card(paths)?;
    let mut rig = Rig::start(paths)?;
    let wine = rig.wine(Backend::Card)?;
    wine.register(&card.join("simcard_wasapi.dll"), true)?;
    wine.register(&driver, true)?;
    let mut rows = [Player::PortAudio, Player::Ours].map(|player| (row(player), Vec::new()));
    let mut endings = Vec::new();
    for repeat in 1..=repeats {
        for (row, runs) in &mut rows {
            let what = format!("{repeat}/{repeats}: {}, beside a busy program", row.name());
            let mut run = || {
                progress::step(&what, || {
                    measure_on(&mut rig, &card, Some(CARD), row, seconds, true)
                })
            };
            let taken = loop {
                let taken = run();
                interrupt::check()?;
                match taken {
                    Err(error) if row.player == Player::PortAudio => {
                        endings.push(error.to_string())
                    }
                    taken => break taken?,
                }
                ensure!(
                    endings.len() <= ENDINGS_MAX,
                    "PortAudio's WASAPI ends too often: {}",
                    endings.join("; ")
                );
            };
            runs.push(told(&taken, seconds));
        }
    }
    let rows = rows.map(|(row, runs)| json!({ "player": row.player, "runs": runs }));
    Ok(json!({ "block_frames": BLOCK_FRAMES, "players": rows, "endings": endings }))
}

fn row(player: Player) -> Row {
    let mode = Mode::Exclusive;
    Row {
        player,
        mode: Some(mode),
        block_frames: Some(BLOCK_FRAMES),
        driver: (player == Player::Ours).then(|| mode.driver().to_owned()),
        records: false,
    }
}

fn told(taken: &Taken, seconds: usize) -> Value {
    json!({
        "blocks": seconds * RATE_HZ as usize / BLOCK_FRAMES as usize,
        "period_frames": taken.period_frames,
        "dropouts": taken.dropouts.count,
        "dropout_frames": taken.dropouts.frames,
        "stalls": taken.stalls,
    })
}
