//! `ipc-fuzz`.

use anyhow::Result;
use serde_json::{Value, json};

use super::{Figure, grouped, integer};

/// `ipc-fuzz`: the hostile client must have come in, been refused, been heard and been late, or
/// nothing was tried.
pub fn ipc_fuzz(data: &Value) -> Result<Figure> {
    let [inputs, attached, refused, heard, late, good, lost, wrong] = [
        "inputs",
        "attached",
        "refused",
        "hostile_blocks",
        "hostile_late",
        "good_blocks",
        "lost_frames",
        "wrong_frames",
    ]
    .map(|name| integer(data, name));
    let (inputs, good) = (inputs?, good?);
    let (lost, wrong) = (lost?, wrong?);
    let tried = [attached?, refused?, heard?, late?];
    let all_tried = tried.iter().all(|count| *count > 0);
    let untried = if all_tried { "" } else { "; not all was tried" };
    Ok(Figure {
        text: format!(
            "{} inputs, {} frames lost and {} altered of the other client; the hostile one was let \
             in {} times, refused {}, heard {} times and late {}{untried}",
            grouped(inputs),
            grouped(lost),
            grouped(wrong),
            grouped(tried[0]),
            grouped(tried[1]),
            grouped(tried[2]),
            grouped(tried[3]),
        ),
        values: json!({
            "inputs": inputs, "good_blocks": good, "lost_frames": lost, "wrong_frames": wrong,
            "attached": tried[0], "refused": tried[1], "hostile_blocks": tried[2],
            "hostile_late": tried[3],
        }),
        holds: lost == 0 && wrong == 0 && good == inputs && inputs > 0 && all_tried,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> Value {
        json!({
            "inputs": 1_000, "attached": 3, "refused": 1, "hostile_blocks": 5, "hostile_late": 7,
            "good_blocks": 1_000, "lost_frames": 0, "wrong_frames": 0,
        })
    }

    #[test]
    fn a_lost_frame_or_nothing_tried_falls_short() {
        let figure = ipc_fuzz(&data()).unwrap();
        assert!(figure.holds);
        assert!(figure.text.starts_with("1 000 inputs, 0 frames lost"));
        for (name, value) in [
            ("lost_frames", 8),
            ("wrong_frames", 1),
            ("refused", 0),
            ("good_blocks", 999),
        ] {
            let mut data = data();
            data[name] = json!(value);
            assert!(!ipc_fuzz(&data).unwrap().holds, "{name}");
        }
        assert!(ipc_fuzz(&json!({ "inputs": 1 })).is_err());
    }
}
