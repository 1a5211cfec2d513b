use super::*;

/// The same data with one place changed.
fn with(data: &Value, pointer: &str, value: Value) -> Value {
    let mut changed = data.clone();
    *changed.pointer_mut(pointer).expect("there is such a place") = value;
    changed
}

/// Holds; with the place changed it falls short, and says so.
fn falls_short(judge: fn(&Value) -> Result<Figure>, good: &Value, pointer: &str, value: Value) {
    assert!(judge(good).unwrap().holds);
    let bad = judge(&with(good, pointer, value)).unwrap();
    assert!(!bad.holds, "{pointer}: {}", bad.text);
}

fn is_unclear(judge: fn(&Value) -> Result<Figure>, good: &Value, pointer: &str) {
    assert!(judge(good).is_ok());
    assert!(
        judge(&with(good, pointer, Value::Null)).is_err(),
        "{pointer}"
    );
}

#[test]
fn digits_come_in_threes() {
    let texts = [0, 7, 999, 1_000, 1_234_567, -12_345].map(grouped);
    assert_eq!(texts, ["0", "7", "999", "1 000", "1 234 567", "-12 345"]);
}

#[test]
fn one_frame_is_enough_to_fall_short() {
    let mode = json!({
        "mode": "shared", "frames_checked": 1_000, "frames_wrong": 0, "frames_astray": 0,
    });
    let good = json!({
        "seconds_of_a_mode": 3_600, "modes": [mode, mode],
        "with_a_planted_fault": { "frames_wrong": 9, "frames_astray": 9 },
    });
    let figure = exact(&good).unwrap();
    let text = "0 of 2 000 frames wrong, 0 lost or too many, in 2 modes of 3 600 s each";
    assert_eq!(figure.text, text);
    falls_short(exact, &good, "/modes/1/frames_wrong", json!(1));
    falls_short(exact, &good, "/modes/0/frames_astray", json!(1));
    falls_short(exact, &good, "/modes/0/frames_checked", json!(0));
    falls_short(exact, &good, "/with_a_planted_fault/frames_wrong", json!(0));
    is_unclear(exact, &good, "/modes/0/frames_wrong");
    assert!(
        exact(&with(&good, "/modes", json!([]))).is_err(),
        "no mode at all"
    );
}

#[test]
fn a_clock_falls_short_at_its_limit() {
    let kind = json!({ "worst_relative": 1e-11, "worst_ns": 1.0, "counts_differing": 0 });
    let good = json!({ "hours": 24, "kinds": [kind, kind] });
    assert!(
        clock(&good)
            .unwrap()
            .text
            .contains("1.0e-11 (1.0 ns) within 24 h")
    );
    falls_short(clock, &good, "/kinds/1/worst_relative", json!(1e-9));
    falls_short(clock, &good, "/kinds/0/counts_differing", json!(1));
    is_unclear(clock, &good, "/kinds/0/worst_relative");
}

#[test]
fn a_missed_fault_and_a_false_alarm_are_named() {
    let good = json!({ "drivers": [
        { "driver": "Fixture sound", "checks": 30, "expected": {}, "noticed": {} },
        { "driver": "Fixture a", "checks": 30,
          "expected": { "halves": "failed" }, "noticed": { "halves": "failed" } },
    ]});
    let figure = planted(&good).unwrap();
    assert_eq!(
        figure.text,
        "1 of 1 planted faults found, 0 false alarms in 60 checks"
    );
    falls_short(
        planted,
        &good,
        "/drivers/0/noticed",
        json!({ "rates": "warning" }),
    );
    falls_short(planted, &good, "/drivers/1/noticed", json!({}));
    falls_short(
        planted,
        &good,
        "/drivers/1/noticed/halves",
        json!("warning"),
    );
    let alarm = with(&good, "/drivers/0/noticed", json!({ "rates": "warning" }));
    assert!(
        planted(&alarm)
            .unwrap()
            .text
            .ends_with("; Fixture sound: rates: \"warning\"")
    );
    let missed = with(&good, "/drivers/1/noticed", json!({}));
    assert!(
        planted(&missed)
            .unwrap()
            .text
            .ends_with("; Fixture a: halves")
    );
    is_unclear(planted, &good, "/drivers/1/noticed");
}

fn latencies() -> Value {
    let row = |usage: &str, block: i64, added: Value, trip: Value, bound: i64| {
        json!({
            "use": usage, "block_frames": block, "period_frames": 480, "added_frames": added,
            "added_round_trip_frames": trip, "bound_frames": bound,
        })
    };
    json!({ "rows": [
        row("exclusive", 480, json!(0), json!(0), 0),
        row("shared", 480, json!(-480), json!(0), 0),
        row("shared", 64, json!(32), json!(32), 32),
        row("exclusive-timer", 64, Value::Null, Value::Null, 32),
    ]})
}

#[test]
fn added_frames_are_judged_by_their_bound() {
    let good = latencies();
    let text = "playback -480 to 0 frames at block = period (2 cases), 1 cases elsewhere; round trip \
                0 frames at block = period (2 cases), 1 cases elsewhere";
    assert_eq!(added_latency(&good).unwrap().text, text);
    for name in ["added_frames", "added_round_trip_frames"] {
        let at = |row: u32| format!("/rows/{row}/{name}");
        falls_short(added_latency, &good, &at(0), json!(1));
        falls_short(added_latency, &good, &at(2), json!(33));
    }
    is_unclear(added_latency, &good, "/rows/0/bound_frames");
    let over = with(&good, "/rows/2/added_frames", json!(40));
    let over = added_latency(&over).unwrap();
    let part = "over their bound: 1, by up to 8 frames (shared, block 64, period 480: 40)";
    assert!(over.text.contains(part), "{}", over.text);
    assert_eq!(over.values["lost"], json!(["playback elsewhere"]));
    let over = with(&good, "/rows/0/added_round_trip_frames", json!(1));
    let lost = &added_latency(&over).unwrap().values["lost"];
    assert_eq!(*lost, json!(["round trip at block = period"]));
}

#[test]
fn a_report_that_is_off_by_two_frames_falls_short_either_way() {
    let row = json!({
        "setting": "Shared", "is_late": true, "output_apart_frames": 0, "input_apart_frames": -1,
        "round_trip_apart_frames": 1, "spread_frames": 0,
    });
    let good = json!({ "rows": [row, row] });
    let text = "between reported and measured at most 0 frames for the output, 1 for the input, 1 for \
                the round trip, in 2 settings, 2 of them with late wake-ups";
    assert_eq!(reported_latency(&good).unwrap().text, text);
    for name in ["output_apart", "input_apart", "round_trip_apart"] {
        for frames in [2, -2] {
            let place = format!("/rows/1/{name}_frames");
            falls_short(reported_latency, &good, &place, json!(frames));
        }
    }
    falls_short(reported_latency, &good, "/rows/0/spread_frames", json!(2));
    is_unclear(reported_latency, &good, "/rows/1/input_apart_frames");
    is_unclear(reported_latency, &good, "/rows/1/is_late");
}

#[test]
fn one_altered_frame_is_not_exact() {
    let row = json!({
        "way": "Shared float32", "seconds": 3_600, "frames_played": 1_000, "frames_heard": 900,
        "frames_wrong": 0, "frames_astray": 0, "blocks": [16, 441],
    });
    let good = json!({ "seconds_of_a_row": 3_600, "rows": [row, row] });
    let text = "0 frames wrong and 0 lost of 2 000 played and 1 800 recorded: 2 formats and modes of \
                3 600 s each, 2 sizes of blocks";
    assert_eq!(bit_exact(&good).unwrap().text, text);
    falls_short(bit_exact, &good, "/rows/0/frames_wrong", json!(1));
    falls_short(bit_exact, &good, "/rows/1/frames_astray", json!(1));
    falls_short(bit_exact, &good, "/rows/1/frames_heard", json!(0));
    assert!(bit_exact(&with(&good, "/rows/0/seconds", json!(3_599))).is_err());
    is_unclear(bit_exact, &good, "/rows/0/frames_wrong");
}

#[test]
fn a_cycle_is_clean_only_if_the_guard_is_awake() {
    let case = |mode: &str, round: &str| {
        json!({
            "mode": mode, "round": round,
            "clean": { "sections": 6_000, "allocations": 0, "frees": 0, "locks": 0 },
            "with_allocations": { "sections": 100, "allocations": 100, "frees": 100, "locks": 0 },
            "with_locks": { "sections": 100, "allocations": 0, "frees": 0, "locks": 100 },
        })
    };
    let cases = [
        case("A", "playing"),
        case("A", "duplex"),
        case("B", "playing"),
    ];
    let good = json!({ "seconds": 60, "cases": cases });
    assert_eq!(
        rt_clean(&good).unwrap().text,
        "0 allocations, 0 frees, 0 locks in 18 000 cycles of 3 cases of 60 s (A, B); planted ones counted \
         in each"
    );
    falls_short(rt_clean, &good, "/cases/1/clean/frees", json!(1));
    falls_short(rt_clean, &good, "/cases/1/clean/sections", json!(0));
    falls_short(rt_clean, &good, "/cases/0/with_locks/locks", json!(0));
    is_unclear(rt_clean, &good, "/cases/0/clean/locks");
    let bad = rt_clean(&with(&good, "/cases/1/clean/locks", json!(3))).unwrap();
    assert!(
        bad.text
            .ends_with("; A, duplex: 0, 0, 3 in 6 000 cycles, planted ones counted"),
        "{}",
        bad.text
    );
    let native = rt_clean(&json!({ "native_test_passed": true })).unwrap();
    assert!(
        native.holds && native.text.contains("no Wine"),
        "{}",
        native.text
    );
    assert!(
        !rt_clean(&json!({ "native_test_passed": false }))
            .unwrap()
            .holds
    );
}

#[test]
fn a_bridge_falls_short_at_each_of_its_limits() {
    let row = |kind: &str| {
        json!({
            "kind": kind, "frames": 1_000, "seconds": 60, "jumps": 0, "underruns": 0,
            "overruns": 0, "altered": 7, "fill_early_frames": 32.0, "ppm_early": 20.0,
            "fill_late_frames": 16.0, "ppm_late_rms": 2.0,
        })
    };
    let filter = |name: &str, reach: i64| {
        json!({
            "filter": name, "reach_frames": reach, "thd_n_db": -120.0,
            "response_20_hz_to_20_khz_db": 0.1,
        })
    };
    let mut good = json!({
        "rows": [row("followed"), row("survived"), row("exact")],
        "filters": [filter("best", 48), filter("low delay", 32)],
    });
    good["rows"][2]["altered"] = json!(0);
    assert!(
        drift(&good)
            .unwrap()
            .text
            .contains("in 3 000 frames of 3 cases")
    );
    for (place, value) in [
        ("/rows/0/fill_early_frames", json!(32.1)),
        ("/rows/0/ppm_early", json!(20.1)),
        ("/rows/0/fill_late_frames", json!(16.1)),
        ("/rows/0/ppm_late_rms", json!(2.1)),
        ("/rows/0/kind", json!("survived")),
        ("/rows/1/jumps", json!(1)),
        ("/rows/1/underruns", json!(1)),
        ("/rows/1/overruns", json!(1)),
        ("/rows/1/frames", json!(0)),
        ("/rows/2/altered", json!(1)),
        ("/rows/2/kind", json!("survived")),
        ("/filters/0/thd_n_db", json!(-119.0)),
        ("/filters/0/response_20_hz_to_20_khz_db", json!(0.2)),
        ("/filters/1/reach_frames", json!(33)),
    ] {
        falls_short(drift, &good, place, value);
    }
    is_unclear(drift, &good, "/rows/1/jumps");
    is_unclear(drift, &good, "/filters/1/filter");
}

#[test]
fn cost_falls_short_at_each_of_its_limits() {
    let rate = json!({
        "way": "read", "client": "int32", "format": "int16", "channels": 8,
        "of_memcpy_percent": 91.0,
    });
    let cycle = |outputs, ns| json!({ "outputs": outputs, "median_ns": ns });
    let good = json!({
        "instructions": { "a": 1.9, "b dither": 4.1 },
        "kept": { "tolerance_percent": 3, "instructions_per_sample": { "a": 1.9, "b dither": 4.0 } },
        "rates": [rate, rate], "cycles": [cycle(2, 90), cycle(64, 5_100)],
    });
    let mut controlled = with(&good, "/rates/0/of_memcpy_percent", json!(70.0));
    controlled["rates_beside_ordinary_stores"] = good["rates"].clone();
    let text = cost(&controlled).unwrap().text;
    assert!(
        text.contains("at 70 %, and beside a memcpy with ordinary stores 2, the median one at 91 %, the least at 91 %; a"),
        "{text}"
    );
    assert!(
        !cost(&controlled).unwrap().holds,
        "the control decides nothing"
    );
    let figure = cost(&good).unwrap();
    let text = "1 of 1 conversions within 2 instructions a sample, at most 1.90; with dither at most \
                4.10; 2 of 2 at 80 % of memcpy's rate or more, the median one at 91 %, the least \
                (read int32 int16 8) at 91 %; a stereo cycle of 64 frames 0.09 µs, one of 64 by 64 \
                channels 5.1 µs";
    assert_eq!(figure.text, text);
    falls_short(cost, &good, "/instructions", Value::Null);
    falls_short(cost, &good, "/instructions/a", json!(2.01));
    falls_short(cost, &good, "/instructions/b dither", json!(4.2));
    falls_short(cost, &good, "/kept/instructions_per_sample/a", json!(1.8));
    falls_short(cost, &good, "/rates/1/of_memcpy_percent", json!(79.9));
    falls_short(cost, &good, "/cycles/0/median_ns", json!(2_001));
    falls_short(cost, &good, "/cycles/1/median_ns", json!(30_001));
    is_unclear(cost, &good, "/instructions/a");
    is_unclear(cost, &good, "/kept/instructions_per_sample/a");
    is_unclear(cost, &good, "/rates/0/of_memcpy_percent");
    is_unclear(cost, &good, "/cycles/0/outputs");
    let stereo_only = with(&good, "/cycles", json!([cycle(2, 90)]));
    assert!(cost(&stereo_only).is_err());
}
