//! Whatever is in the memory, and whatever comes after what: nobody crashes, and what nobody has
//! damaged is whole.

use std::sync::atomic::{AtomicU32, Ordering};

use ipc::{
    Answered, ClientEnd, Collected, Door, HandOver, HeapLink, HeapMemory, Knock, LOUDEST, Link,
    MAGIC, RouterEnd, Terms, Wish, heap_links, knock,
};
use proptest::prelude::*;

const TERMS: Terms = Terms::new(48_000, 8);
const FRAMES: usize = 8;

fn wish() -> Wish {
    Wish {
        name: "α".to_owned(),
        inputs: 1,
        outputs: 2,
        block_frames: FRAMES as u32,
        rate_hz: 48_000,
        hand_over: HandOver::Pipelined,
    }
}

/// A word of the header: the first [`WORDS_OF_CLIENT`] are those that a client writes.
fn word(memory: &HeapMemory, number: usize) -> &AtomicU32 {
    let (router, client) = (&memory.header().router, &memory.header().client);
    let words = [
        &client.process,
        &client.magic,
        &client.version,
        &client.state,
        &client.request,
        &client.inputs,
        &client.outputs,
        &client.block_frames,
        &client.rate_hz,
        &client.hand_over,
        &client.name_bytes,
        &client.done,
        &client.busy_ns,
        &client.name[0],
        &client.name[15],
        &router.magic,
        &router.version,
        &router.bytes,
        &router.state,
        &router.process,
        &router.generation,
        &router.answered,
        &router.answer,
        &router.rate_hz,
        &router.cycle_frames,
        &router.added_frames,
        &router.asked,
    ];
    words[number % words.len()]
}
const WORDS_OF_CLIENT: usize = 15;

/// Numbers that are near to what they should be, and any others.
fn value() -> impl Strategy<Value = u32> {
    prop_oneof![0_u32..4, 60_u32..70, any::<u32>(), Just(MAGIC)]
}

#[derive(Clone, Debug)]
enum Step {
    Ask,
    Collect,
    Take,
    Give,
    Word(usize, u32),
    Sample(usize, u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Ask),
        3 => Just(Step::Collect),
        3 => Just(Step::Take),
        3 => Just(Step::Give),
    ]
}

fn wild_step() -> impl Strategy<Value = Step> {
    let word = (0_usize..27, value()).prop_map(|(word, value)| Step::Word(word, value));
    // In both halves, both ways, and beyond what is in use.
    let place = (0_usize..4, 0_usize..64).prop_map(|(part, at)| part * 64 * 8_192 + at);
    let sample = (place, any::<u32>()).prop_map(|(at, value)| Step::Sample(at, value));
    prop_oneof![4 => step(), 2 => word, 2 => sample]
}

fn attach(memory: &mut Option<HeapMemory>) -> (RouterEnd<HeapLink>, ClientEnd<HeapLink>) {
    let (router, client) = heap_links();
    *memory = Some(router.memory());
    let door = Door::open(router, 1);
    let Ok(knocking) = knock(client, 7, &wish()) else {
        panic!("the place is free");
    };
    let Knock::Attached(router) = door.look(TERMS, |_| Ok(())) else {
        panic!("all is as it should be");
    };
    let Ok(Answered::Attached(client)) = knocking.poll(0) else {
        panic!("it was let in");
    };
    (router, client)
}

/// Runs the steps. What is heard is told with the number of the block that it belongs to.
fn run(steps: &[Step], mut check: impl FnMut(Collected, &RouterEnd<HeapLink>, u64)) {
    let mut memory = None;
    let (mut router, mut client) = attach(&mut memory);
    let memory = memory.expect("it was made");
    let (mut block, mut newest, mut taken) = (0_u64, 0_u64, None);
    for step in steps {
        match *step {
            Step::Ask => {
                let heard = [block as f32; FRAMES];
                if router.ask(block, 0, |_| Some(&heard[..])) {
                    newest = block;
                }
                block += 1;
            }
            Step::Collect => {
                let came = router.collect(0);
                check(came, &router, newest);
            }
            Step::Take => taken = client.take().or(taken),
            Step::Give => {
                if let Some(asked) = taken.take() {
                    let played = [client.input(0)[0] + 0.5; FRAMES];
                    client.give(asked, 0, |channel| (channel == 0).then_some(&played[..]));
                }
            }
            Step::Word(number, value) => word(&memory, number).store(value, Ordering::Relaxed),
            Step::Sample(at, value) => {
                if let Some(sample) = memory.samples().get(at) {
                    sample.store(value, Ordering::Relaxed);
                }
            }
        }
    }
    assert!(router.counts().on_time + router.counts().late <= steps.len() as u64);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Two ends that keep to the rules, in any order: a block that is there on time is the one that
    /// was asked for last, whole.
    #[test]
    fn blocks_are_whole_in_any_order(steps in prop::collection::vec(step(), 0..400)) {
        run(&steps, |came, router, block| {
            if came == Collected::OnTime {
                assert_eq!(router.output(0), Some(&[block as f32 + 0.5; FRAMES][..]));
                assert_eq!(router.output(1), Some(&[0.0; FRAMES][..]));
            } else {
                assert_eq!(router.output(0), None);
            }
        });
    }

    /// Either side damages anything, at any time.
    #[test]
    fn whatever_is_written_is_silence_or_sound(steps in prop::collection::vec(wild_step(), 0..400)) {
        run(&steps, |came, router, _| {
            for channel in 0..4 {
                let heard = router.output(channel);
                assert_eq!(heard.is_some(), came == Collected::OnTime && channel < 2);
                let heard = heard.unwrap_or_default();
                assert!(heard.iter().all(|sample| sample.abs() <= LOUDEST));
            }
        });
    }

    /// A door with anything at all behind it.
    #[test]
    fn a_door_opens_to_good_wishes_only(words in prop::collection::vec((0_usize..15, value()), 0..60)) {
        let (router, client) = heap_links();
        let memory = client.memory();
        let mut door = Door::open(router, 1);
        let Ok(_knocking) = knock(client, 7, &wish()) else {
            panic!("the place is free");
        };
        for (number, value) in words {
            word(&memory, number % WORDS_OF_CLIENT).store(value, Ordering::Relaxed);
            door = match door.look(TERMS, |_| Ok(())) {
                Knock::Nobody(door) | Knock::Refused(door, _) => door,
                Knock::Attached(mut end) => {
                    prop_assert_eq!(end.wish().check(), Ok(()));
                    end.ask(0, 0, |_| None);
                    end.collect(0);
                    Door::after(end)
                }
            };
        }
    }

    /// What is wanted arrives as it was meant.
    #[test]
    fn wishes_arrive(
        name in "\\PC{1,16}",
        inputs in 0_u32..=64,
        outputs in 1_u32..=64,
        block_frames in 1_u32..=8_192,
        rate_hz in 8_000_u32..=768_000,
    ) {
        let wish = Wish { name, inputs, outputs, block_frames, rate_hz, hand_over: HandOver::Auto };
        prop_assume!(wish.check().is_ok());
        let (router, client) = heap_links();
        let door = Door::open(router, 1);
        prop_assert!(knock(client, 7, &wish).is_ok());
        match door.look(TERMS, |_| Ok(())) {
            Knock::Attached(end) => prop_assert_eq!(end.wish(), &wish),
            _ => prop_assert!(false, "it was not let in"),
        }
    }
}

#[test]
fn memory_that_is_too_short_is_silent() {
    struct Short(HeapLink);
    impl Link for Short {
        fn header(&self) -> &ipc::Header {
            self.0.header()
        }
        fn samples(&self) -> &[AtomicU32] {
            &self.0.samples()[..100]
        }
        fn wake(&self) {}
        fn wait(&self, _timeout_ns: u64) -> bool {
            true
        }
        fn is_alive(&self, _process: u32) -> bool {
            true
        }
    }
    let (router, client) = heap_links();
    let door = Door::open(Short(router), 1);
    let Ok(knocking) = knock(client, 7, &wish()) else {
        panic!("the place is free");
    };
    let Knock::Attached(mut router) = door.look(TERMS, |_| Ok(())) else {
        panic!("all is as it should be");
    };
    let Ok(Answered::Attached(mut client)) = knocking.poll(0) else {
        panic!("it was let in");
    };
    assert!(router.ask(0, 0, |_| Some(&[1.0; FRAMES][..])));
    let asked = client.take().expect("it was asked for");
    client.give(asked, 0, |_| Some(&[1.0; FRAMES][..]));
    assert_eq!(router.collect(u64::MAX), Collected::OnTime);
    assert_eq!(router.output(0), Some(&[0.0; FRAMES][..]));
}
