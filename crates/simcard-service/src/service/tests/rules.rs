//! Who may do what, and what is refused.

use std::sync::atomic::Ordering;

use engine::format::{SampleFormat, StreamFormat};
use proptest::prelude::*;

use super::{CONFIG, MS, Rig, STEREO, exclusive, shared, write};
use crate::call::Question;
use crate::codes::{
    BUFFER_TOO_LARGE, INVALID_ARGUMENT, INVALID_SIZE, NOT_INITIALIZED, OUT_OF_ORDER,
};
use crate::config::Config;
use crate::fault_line::FaultLine;
use crate::service::{Server, System};
use crate::side::RenderSide;

#[test]
fn streams_are_their_owners_and_end_with_them() {
    let mut rig = Rig::new(CONFIG);
    let out = rig.open(0, shared(false), STEREO).unwrap();
    let foreign = rig.ask_as(2, Question::Start(out.number));
    assert_eq!(foreign.status, NOT_INITIALIZED);
    assert_eq!(rig.ask(Question::Start(99)).status, NOT_INITIALIZED);
    assert_eq!(out.terms.check(out.block), Ok(()));
    rig.fake.dead.set(1);
    rig.run(100 * MS);
    assert_eq!(out.terms.check(out.block), Err(NOT_INITIALIZED));
    assert_eq!(rig.end().streams.len(), 1);
}

#[test]
fn a_fault_reaches_the_clients_counted_from_the_first_start() {
    let mut rig = Rig::new(&format!("{CONFIG}at 50ms lose OUT\n"));
    rig.run(200 * MS);
    let out = rig.open(0, shared(false), STEREO).unwrap();
    assert_eq!(rig.ask(Question::Start(out.number)).status, 0);
    rig.run(40 * MS);
    assert_eq!(out.terms.check(out.block), Ok(()));
    rig.run(20 * MS);
    let lost = simcard::SimError::DeviceInvalidated.code();
    assert_eq!(out.terms.check(out.block), Err(lost));
    assert_eq!(rig.shared.header.notices_written.load(Ordering::Relaxed), 2);
}

#[test]
fn a_fault_from_outside_strikes_and_is_in_the_report() {
    let mut rig = Rig::new(&format!("{CONFIG}at 30ms late 2 periods on OUT\n"));
    let out = rig.open(0, shared(true), STEREO).unwrap();
    rig.start(out);
    let begun_ns = rig.fake.now_ns();
    let strike = |rig: &mut Rig, line| rig.ask(Question::Strike(FaultLine::new(line).unwrap()));
    rig.run(10 * MS);
    // The script that is under way goes on beside what comes from outside.
    assert_eq!(strike(&mut rig, "at 50ms lose OUT").status, 0);
    for (line, part) in [("explode", "is no fault"), ("lose NOWHERE", "'NOWHERE'")] {
        let refused = strike(&mut rig, line);
        assert_eq!(refused.status, INVALID_ARGUMENT);
        assert!(refused.text.contains(part), "{}", refused.text);
    }
    rig.run(40 * MS);
    assert_eq!(out.terms.check(out.block), Ok(()));
    rig.run(15 * MS);
    let lost = simcard::SimError::DeviceInvalidated.code();
    assert_eq!(out.terms.check(out.block), Err(lost));
    assert_eq!(strike(&mut rig, "format 44100 on OUT").status, 0);
    let faults = rig.end().faults;
    let told: Vec<_> = faults
        .iter()
        .map(|f| (&*f.endpoint, &*f.fault, f.real_ns - begun_ns))
        .collect();
    assert_eq!(
        told,
        [
            ("OUT", "late 2 periods", 30 * MS),
            ("OUT", "lose", 60 * MS),
            ("OUT", "format 44100", 65 * MS),
        ]
    );
    let frames = |ms: u64| (begun_ns - super::BEGIN_NS + ms * MS) * 48 / MS;
    assert_eq!(faults[1].frame, frames(60));
}

#[test]
fn a_reset_forgets_and_the_counters_go_on() {
    let mut rig = Rig::new(CONFIG);
    let out = rig.open(0, shared(true), STEREO).unwrap();
    let mut writer = RenderSide::new(out.terms);
    write(&mut writer, out, 960, &mut 0, rig.fake.now_ns()).unwrap();
    rig.run(MS);
    assert_eq!(out.terms.padding_frames(out.block), 960);
    assert_eq!(rig.ask(Question::Reset(out.number)).status, 0);
    assert_eq!(out.terms.padding_frames(out.block), 0);
    write(&mut writer, out, 960, &mut 0, rig.fake.now_ns()).unwrap();
    rig.start(out);
    rig.run(15 * MS);
    let report = rig.end();
    assert_eq!((report.disagreements, report.streams[0].underruns), (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a client asks for, its side answers as the model does.
    #[test]
    fn the_clients_side_answers_as_the_model(
        whole: bool,
        calls in proptest::collection::vec((0_u32..4, 0_u32..600), 1..60),
    ) {
        let mut rig = Rig::new(CONFIG);
        let format = StreamFormat { sample: SampleFormat::Int32, ..STEREO };
        let out = if whole {
            rig.open(0, exclusive(480), format).unwrap()
        } else {
            rig.open(0, shared(false), STEREO).unwrap()
        };
        let mut model = Config::parse(CONFIG).unwrap().build().unwrap();
        let endpoint = model.find("OUT").unwrap();
        let id = if whole {
            model.open(endpoint, exclusive(480), format).unwrap()
        } else {
            model.open(endpoint, shared(false), STEREO).unwrap()
        };
        let mut side = RenderSide::new(out.terms);
        for (call, frames) in calls {
            // Whole buffers often enough to get on.
            let frames = if frames > 480 { 480 } else { frames };
            let (ours, theirs) = if call < 2 {
                let ours = side.get_buffer(out.block, frames, rig.fake.now_ns()).map(|_| ());
                (ours, model.get_buffer(id, frames))
            } else {
                let ours = side.release_buffer(out.block, frames, 0, rig.fake.now_ns());
                (ours, model.release_buffer(id, simcard::Data::Silent(frames)))
            };
            prop_assert_eq!(ours, theirs.map_err(simcard::SimError::code));
        }
        rig.run(MS);
        prop_assert_eq!(rig.end().disagreements, 0);
    }

    /// Nothing that a client writes into its block does harm.
    #[test]
    fn a_hostile_client_costs_only_itself(numbers: [u64; 8]) {
        let mut rig = Rig::new(CONFIG);
        let out = rig.open(0, shared(true), STEREO).unwrap();
        rig.start(out);
        let input = rig.open(1, shared(true), STEREO).unwrap();
        rig.start(input);
        for block in [out.block, input.block] {
            block.client_frames.store(numbers[0], Ordering::Relaxed);
            block.handovers[0].end_frame.store(numbers[1], Ordering::Relaxed);
            block.handovers[0].released_ns.store(numbers[2], Ordering::Relaxed);
            // Some plausible, some not.
            let written = if numbers[6] % 2 == 0 { numbers[3] } else { numbers[3] % 5000 };
            block.handovers_written.store(written, Ordering::Relaxed);
            block.packets_read.store(numbers[4], Ordering::Relaxed);
            block.service_frames.store(numbers[5], Ordering::Relaxed);
        }
        rig.run(50 * MS);
        let _ = rig.end();
    }
}

#[test]
fn sides_refuse_what_is_out_of_order() {
    let mut rig = Rig::new(CONFIG);
    let out = rig.open(0, shared(false), STEREO).unwrap();
    let mut side = RenderSide::new(out.terms);
    let now_ns = rig.fake.now_ns();
    assert_eq!(
        side.release_buffer(out.block, 1, 0, now_ns),
        Err(OUT_OF_ORDER)
    );
    assert_eq!(
        side.get_buffer(out.block, 961, now_ns),
        Err(BUFFER_TOO_LARGE)
    );
    side.get_buffer(out.block, 960, now_ns).unwrap();
    assert_eq!(side.get_buffer(out.block, 1, now_ns), Err(OUT_OF_ORDER));
    assert_eq!(
        side.release_buffer(out.block, 961, 0, now_ns),
        Err(INVALID_SIZE)
    );
    assert!(side.is_pending());
    side.release_buffer(out.block, 960, 0, now_ns).unwrap();
    assert!(!side.is_pending());
}

#[test]
fn a_new_service_takes_over_the_memory_and_not_the_streams() {
    let mut rig = Rig::new(CONFIG);
    let out = rig.open(0, shared(false), STEREO).unwrap();
    rig.shared.call.put(&Question::Start(out.number).words(), 1);
    let Rig {
        fake,
        shared: memory,
        ..
    } = rig;
    let config = Config::parse(CONFIG).unwrap();
    let server = Server::new(&config, fake.clone(), *memory, None).unwrap();
    let mut rig = Rig {
        fake,
        shared: memory,
        server,
    };
    assert!(rig.shared.is_served());
    assert_eq!(out.terms.check(out.block), Err(NOT_INITIALIZED));
    let again = rig.open(0, shared(false), STEREO).unwrap();
    assert_eq!(again.terms.check(again.block), Ok(()));
    assert_ne!(again.terms.generation, out.terms.generation);
}
