//! On Windows, or under Wine.

use super::*;
use crate::{Answered, Collected, Door, HandOver, Knock, Terms, Wish, knock};

fn wish() -> Wish {
    Wish {
        name: "a host".to_owned(),
        inputs: 1,
        outputs: 1,
        block_frames: 64,
        rate_hz: 48_000,
        hand_over: HandOver::Auto,
    }
}

fn name() -> String {
    format!("asio2wasapi-test-{}", process_id())
}

#[test]
fn blocks_go_through_named_memory_and_events() {
    const TERMS: Terms = Terms::new(48_000, 64);
    let name = name();
    assert!(WindowsLink::open(&name, 0).is_none(), "nobody made it");
    let router = WindowsLink::make(&name, 0).expect("made");
    assert!(router.is_alive(process_id()));
    let door = Door::open(router, process_id());
    let link = WindowsLink::open(&name, 0).expect("it is there");
    let Ok(knocking) = knock(link, process_id(), &wish()) else {
        panic!("the place is free");
    };
    let Knock::Attached(mut router) = door.look(TERMS, |_| Ok(())) else {
        panic!("all is as it should be");
    };
    let Ok(Answered::Attached(mut client)) = knocking.poll(0) else {
        panic!("it was let in");
    };
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut blocks = 0;
            while blocks < 200 {
                client.wait(1_000_000_000);
                if let Some(block) = client.take() {
                    let heard = client.input(0).to_vec();
                    client.give(block, 0, |_| Some(&heard));
                    blocks += 1;
                }
            }
        });
        for block in 0..200 {
            let sound = [block as f32 / 256.0; 64];
            assert!(router.ask(block * 64, 0, |_| Some(&sound[..])));
            assert_eq!(router.collect(20_000_000_000), Collected::OnTime);
            assert_eq!(router.output(0), Some(&sound[..]));
        }
    });
}

#[test]
fn places_and_names_are_checked() {
    assert!(WindowsLink::make("a b", 0).is_err());
    assert!(WindowsLink::make("", 0).is_err());
    assert!(WindowsLink::make(&name(), CLIENTS_MAX).is_err());
    assert!(WindowsLink::open("a\\b", 0).is_none());
    assert!(!is_alive(0xFFFF_FFF0));
}

#[test]
fn a_wait_of_less_than_a_millisecond_ends() {
    let name = format!("{}-wait", name());
    let link = WindowsLink::make(&name, 1).expect("made");
    assert!(!link.wait(300_000));
    let other = WindowsLink::open(&name, 1).expect("it is there");
    other.wake();
    other.wake();
    assert!(link.wait(300_000) && !link.wait(0), "two count once");
}

#[test]
fn words_go_through_a_pipe() {
    use std::io::{BufRead, BufReader, Write};

    let name = format!("{}-words", name());
    assert!(connect(&name).is_err(), "nobody made it");
    let mut pipe = ControlPipe::make(&name).expect("made");
    let router = std::thread::spawn(move || {
        for _ in 0..3 {
            let file = pipe.accept().expect("somebody comes");
            let mut line = String::new();
            BufReader::new(&file).read_line(&mut line).expect("read");
            (&file)
                .write_all(line.to_uppercase().as_bytes())
                .expect("written");
        }
    });
    for words in ["one\n", "two\n", "three\n"] {
        let file = connect(&name).expect("it is there");
        (&file).write_all(words.as_bytes()).expect("written");
        let mut line = String::new();
        BufReader::new(&file).read_line(&mut line).expect("read");
        assert_eq!(line, words.to_uppercase());
    }
    router.join().expect("it ended");
}
