//! Both ends together, as they are meant to be used.

use std::sync::atomic::Ordering;
use std::thread;

use ipc::{
    Answered, ClientEnd, Collected, Door, HandOver, HeapLink, Knock, Link, Refusal, RouterEnd,
    Standing, Terms, Wish, heap_links, knock, offered,
};

const TERMS: Terms = Terms::new(48_000, 64);
const SECOND: u64 = 1_000_000_000;

fn wish() -> Wish {
    Wish {
        name: "Studio One".to_owned(),
        inputs: 2,
        outputs: 3,
        block_frames: 64,
        rate_hz: 48_000,
        hand_over: HandOver::Auto,
    }
}

/// Lets a client in.
fn attach(wish: &Wish) -> (RouterEnd<HeapLink>, ClientEnd<HeapLink>) {
    let (router, client) = heap_links();
    let door = Door::open(router, 1);
    let Ok(knocking) = knock(client, 7, wish) else {
        panic!("the place is free");
    };
    let Knock::Attached(router) = door.look(TERMS, |_| Ok(())) else {
        panic!("all is as it should be");
    };
    let Ok(Answered::Attached(client)) = knocking.poll(0) else {
        panic!("it was let in");
    };
    assert_eq!(router.wish(), wish);
    assert_eq!(client.terms(), Some(TERMS));
    (router, client)
}

/// What is heard on a channel in a block, and what is played.
fn sound(frame: u64, channel: usize) -> Vec<f32> {
    let sample = |n: u64| ((frame + n) * 8 + channel as u64) as f32 / 16_777_216.0;
    (0..64).map(sample).collect()
}

/// The client plays what it hears, channel 1 twice.
fn work(client: &mut ClientEnd<HeapLink>) -> Option<u64> {
    let asked = client.take()?;
    let heard = [client.input(0).to_vec(), client.input(1).to_vec()];
    client.give(asked, 5, |channel| {
        heard.get(channel.min(1)).map(Vec::as_slice)
    });
    Some(asked.frame)
}

fn ask(router: &mut RouterEnd<HeapLink>, frame: u64) -> bool {
    let heard = [sound(frame, 0), sound(frame, 1)];
    router.ask(frame, frame * 1_000, |channel| {
        heard.get(channel).map(Vec::as_slice)
    })
}

fn assert_played(router: &RouterEnd<HeapLink>, frame: u64) {
    for channel in 0..3 {
        let expected = sound(frame, channel.min(1));
        assert_eq!(router.output(channel), Some(expected.as_slice()));
    }
    assert_eq!(router.output(3), None);
}

#[test]
fn a_synchronous_client_is_heard_in_the_block_that_it_heard() {
    let (mut router, mut client) = attach(&wish());
    for block in 0..100 {
        assert!(ask(&mut router, block * 64));
        assert_eq!(work(&mut client), Some(block * 64));
        assert_eq!(router.collect(0), Collected::OnTime);
        assert_played(&router, block * 64);
        assert_eq!(work(&mut client), None, "a block is asked for once");
    }
    assert_eq!((router.counts().on_time, router.counts().late), (100, 0));
    assert_eq!(router.busy_ns(), 5);
}

#[test]
fn a_pipelined_client_is_heard_exactly_one_block_later() {
    let (mut router, mut client) = attach(&wish());
    router.tell_added(64);
    assert_eq!(client.added_frames(), 64);
    assert!(ask(&mut router, 0));
    for block in 1..100 {
        assert!(work(&mut client).is_some());
        assert_eq!(router.collect(0), Collected::OnTime);
        assert_played(&router, (block - 1) * 64);
        assert!(ask(&mut router, block * 64));
    }
}

#[test]
fn two_threads_hand_every_block_over() {
    let (mut router, mut client) = attach(&wish());
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut blocks = 0;
            while blocks < 2_000 {
                client.wait(SECOND);
                blocks += u64::from(work(&mut client).is_some());
            }
        });
        for block in 0..2_000 {
            assert!(ask(&mut router, block * 64));
            // However long it takes on a busy machine.
            assert_eq!(router.collect(10 * SECOND), Collected::OnTime);
            assert_played(&router, block * 64);
        }
    });
    assert_eq!(router.counts().on_time, 2_000);
}

#[test]
fn a_late_client_is_silent_and_comes_back() {
    let (mut router, mut client) = attach(&wish());
    assert!(ask(&mut router, 0));
    let asked = client.take().expect("it was asked for");
    assert_eq!(router.collect(0), Collected::Late);
    assert_eq!(router.output(0), None);
    for block in 1..5 {
        assert!(!ask(&mut router, block * 64), "it is at the first still");
        assert_eq!(router.collect(0), Collected::Behind);
        assert_eq!(client.take(), None);
    }
    client.give(asked, 0, |_| None);
    assert!(ask(&mut router, 320));
    assert_eq!(work(&mut client), Some(320));
    assert_eq!(router.collect(0), Collected::OnTime);
    assert_played(&router, 320);
    let counts = router.counts();
    assert_eq!((counts.asked, counts.on_time, counts.late), (2, 1, 5));
    assert_eq!(client.late_blocks(), 5);
}

#[test]
fn a_client_that_rests_keeps_its_place_and_is_not_late() {
    let (mut router, mut client) = attach(&wish());
    assert!(ask(&mut router, 0), "it was not told in time");
    client.rest();
    assert_eq!(router.collect(0), Collected::Resting);
    for block in 1..5 {
        assert!(!ask(&mut router, block * 64));
        assert_eq!(router.collect(0), Collected::Resting);
    }
    assert!(!router.is_gone());
    client.go_on();
    assert!(ask(&mut router, 320));
    assert_eq!(work(&mut client), Some(320));
    assert_eq!(router.collect(0), Collected::OnTime);
    assert_played(&router, 320);
    assert_eq!(router.counts().late, 0);
}

#[test]
fn what_is_offered_is_seen_before_anybody_knocks() {
    let (router, client) = heap_links();
    assert_eq!(offered(&client), None, "nobody is there");
    let terms = Terms {
        output_latency_frames: 480,
        ..TERMS
    };
    let door = Door::open(router, 1);
    assert_eq!(offered(&client), None, "it is no graph yet");
    door.show(&terms);
    assert_eq!(offered(&client), Some(terms));
    door.close();
    assert_eq!(offered(&client), None);
}

#[test]
fn a_wait_can_be_interrupted() {
    let (_router, client) = attach(&wish());
    let interrupter = client.interrupter();
    thread::spawn(move || interrupter.interrupt());
    assert!(client.wait(10 * SECOND));
}

#[test]
fn what_is_no_sound_is_silent_and_counted() {
    let (mut router, mut client) = attach(&wish());
    assert!(ask(&mut router, 0));
    let asked = client.take().expect("it was asked for");
    let bad = [f32::NAN, f32::INFINITY, -300.0, 256.0, -1.0];
    client.give(asked, 0, |channel| (channel == 1).then_some(&bad[..]));
    assert_eq!(router.collect(0), Collected::OnTime);
    assert_eq!(router.output(0), Some(&[0.0; 64][..]));
    let heard = router.output(1).expect("it is on time");
    assert_eq!(heard[..6], [0.0, 0.0, 0.0, 256.0, -1.0, 0.0]);
    assert_eq!(router.counts().damaged_samples, 3);
}

#[test]
fn what_cannot_be_is_refused_with_a_reason() {
    let cases = [
        (
            Wish {
                inputs: 65,
                ..wish()
            },
            Refusal::Channels,
        ),
        (
            Wish {
                outputs: u32::MAX,
                ..wish()
            },
            Refusal::Channels,
        ),
        (
            Wish {
                inputs: 0,
                outputs: 0,
                ..wish()
            },
            Refusal::Channels,
        ),
        (
            Wish {
                block_frames: 0,
                ..wish()
            },
            Refusal::Block,
        ),
        (
            Wish {
                block_frames: 8_193,
                ..wish()
            },
            Refusal::Block,
        ),
        (
            Wish {
                rate_hz: 0,
                ..wish()
            },
            Refusal::Rate,
        ),
        (
            Wish {
                name: "n".repeat(65),
                ..wish()
            },
            Refusal::Name,
        ),
        (
            Wish {
                name: "\n".to_owned(),
                ..wish()
            },
            Refusal::Name,
        ),
    ];
    for (wish, reason) in cases {
        let (router, client) = heap_links();
        let _door = Door::open(router, 1);
        let Err((_, told)) = knock(client, 7, &wish) else {
            panic!("{wish:?}");
        };
        assert_eq!(told, Some(reason));
        assert!(reason.to_string().ends_with('.'));
    }
    // What only the router knows.
    let (router, client) = heap_links();
    let door = Door::open(router, 1);
    let Ok(knocking) = knock(client, 7, &wish()) else {
        panic!("the place is free");
    };
    let Knock::Refused(door, _) = door.look(TERMS, |_| Err(Refusal::Unsuited)) else {
        panic!("it does not suit");
    };
    let Err((_, reason)) = knocking.poll(0) else {
        panic!("it was refused");
    };
    assert_eq!(reason, Refusal::Unsuited);
    assert!(matches!(door.look(TERMS, |_| Ok(())), Knock::Nobody(_)));
}

#[test]
fn nobody_comes_where_somebody_is_or_no_router() {
    let (router, client) = heap_links();
    let Err((client, None)) = knock(client, 7, &wish()) else {
        panic!("no router is there");
    };
    let door = Door::open(router, 1);
    client.header().client.process.store(6, Ordering::Relaxed);
    let Err((client, None)) = knock(client, 7, &wish()) else {
        panic!("another one is there");
    };
    client.header().client.process.store(0, Ordering::Relaxed);
    client.header().router.version.store(9, Ordering::Relaxed);
    let Err((client, Some(Refusal::Version))) = knock(client, 7, &wish()) else {
        panic!("another version");
    };
    door.close();
    assert!(knock(client, 7, &wish()).is_err());
}

#[test]
fn a_place_is_free_again_when_its_client_is_gone_and_not_before() {
    let (router, client) = attach(&wish());
    assert!(!router.is_gone());
    // Let go: the client may write still, so the place is not given to another.
    let door = Door::after(router);
    assert_eq!(client.standing(), Standing::Released);
    let Knock::Nobody(door) = door.look(TERMS, |_| Ok(())) else {
        panic!("it was let go");
    };
    client.leave();
    assert!(matches!(door.look(TERMS, |_| Ok(())), Knock::Nobody(_)));

    // A client that was killed says nothing.
    let (link, client) = heap_links();
    let door = Door::open(link, 1);
    let Ok(knocking) = knock(client, 7, &wish()) else {
        panic!("the place is free");
    };
    let Knock::Attached(router) = door.look(TERMS, |_| Ok(())) else {
        panic!("all is as it should be");
    };
    let Ok(Answered::Attached(mut client)) = knocking.poll(0) else {
        panic!("it was let in");
    };
    assert_eq!(client.standing(), Standing::Attached);
    let link = router.into_link();
    link.set_alive(false);
    assert_eq!(client.standing(), Standing::Gone);
    let door = Door::open(link, 1);
    assert_eq!(client.take(), None, "its time is over");
    let Knock::Nobody(_door) = door.look(TERMS, |_| Ok(())) else {
        panic!("nobody is there");
    };
}
