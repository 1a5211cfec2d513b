//! `busy-dropouts`.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{Figure, grouped, integer, list, sum, word};

/// Counted side by side.
pub fn busy(data: &Value) -> Result<Figure> {
    let block_frames = integer(data, "block_frames")?;
    let rows = list(data, "players")?;
    let ours = Row::of(rows, "ours")?;
    let theirs = Row::of(rows, "port-audio")?;
    ensure!(
        ours.blocks == theirs.blocks,
        "the programs did not play equally long"
    );
    let endings = data["endings"].as_array();
    let endings = endings.context("it does not tell how runs ended")?;
    let ended = match endings.len() {
        0 => String::new(),
        count => format!("; PortAudio's fell silent for good {count} times and played once more"),
    };
    Ok(Figure {
        text: format!(
            "{} dropouts ({} frames) of the driver, with a device period of {}, and {} ({} frames) of \
             PortAudio's WASAPI, with one of {}, in {} blocks of {block_frames} frames each{ended}",
            grouped(ours.dropouts),
            grouped(ours.frames),
            ours.period_frames,
            grouped(theirs.dropouts),
            grouped(theirs.frames),
            theirs.period_frames,
            grouped(ours.blocks)
        ),
        values: json!({ "blocks": ours.blocks, "players": rows, "endings": endings }),
        holds: ours.period_frames == block_frames && ours.dropouts <= theirs.dropouts,
    })
}

struct Row {
    blocks: i64,
    /// The device's, which the program chose for these blocks.
    period_frames: i64,
    dropouts: i64,
    frames: i64,
}

impl Row {
    fn of(rows: &[Value], player: &str) -> Result<Row> {
        let is_it = |row: &&Value| word(row, "player").is_ok_and(|name| name == player);
        let row = rows.iter().find(is_it);
        let row = row.with_context(|| format!("it tells nothing of `{player}`"))?;
        let runs = list(row, "runs")?;
        let period_frames = integer(&runs[0], "period_frames")?;
        for run in runs {
            ensure!(
                integer(run, "period_frames")? == period_frames,
                "the runs of `{player}` differ in their period"
            );
        }
        Ok(Row {
            blocks: sum(runs, "blocks")?,
            period_frames,
            dropouts: sum(runs, "dropouts")?,
            frames: sum(runs, "dropout_frames")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(ours: i64, theirs: i64, period_frames: i64) -> Value {
        let row = |player: &str, dropouts: i64| {
            let run = json!({
                "blocks": 7_500, "period_frames": period_frames, "dropouts": dropouts,
                "dropout_frames": 64 * dropouts,
            });
            json!({ "player": player, "runs": [run.clone(), run] })
        };
        json!({
            "block_frames": 64, "players": [row("port-audio", theirs), row("ours", ours)],
            "endings": [],
        })
    }

    #[test]
    fn all_runs_count_and_fewer_is_better() {
        let figure = busy(&told(2, 3, 64)).unwrap();
        assert!(figure.holds);
        let begin = "4 dropouts (256 frames) of the driver, with a device period of 64, and 6 (384 \
                     frames) of PortAudio's WASAPI, with one of 64, in 15 000 blocks";
        assert!(figure.text.starts_with(begin), "{}", figure.text);
        assert!(!busy(&told(4, 3, 64)).unwrap().holds);
        assert!(busy(&told(3, 3, 64)).unwrap().holds);
    }

    #[test]
    fn longer_cycles_fall_short() {
        assert!(!busy(&told(0, 3, 480)).unwrap().holds);
        assert!(busy(&json!({ "block_frames": 64, "players": [] })).is_err());
    }
}
