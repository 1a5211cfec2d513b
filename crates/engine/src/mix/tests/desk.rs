//! What the desk makes of what people set.

use proptest::prelude::*;

use crate::mix::{Channel, Desk, Mix, Port, Route, Strip};

fn port(name: &str, channels: u16, endpoint: Option<&str>) -> Port {
    Port {
        name: name.to_owned(),
        channels,
        endpoint: endpoint.map(str::to_owned),
    }
}

fn at(port: usize, channel: u16) -> Channel {
    Channel { port, channel }
}

fn route(from: Channel, to: Channel) -> Route {
    Route {
        from,
        to,
        strip: Strip::default(),
    }
}

fn mix(name: &str, routes: Vec<Route>) -> Mix {
    Mix {
        name: name.to_owned(),
        routes,
        ..Mix::default()
    }
}

/// Two stereo sources, three sinks: the last one is a program.
fn studio(mixes: Vec<Mix>) -> Result<Desk, String> {
    Desk::new(
        vec![
            port("Daw", 2, None),
            port("Browser", 2, Some("Speakers")),
            port("Game", 2, Some("Headset")),
        ],
        vec![
            port("Interface", 2, Some("Interface")),
            port("Headset", 2, Some("Headset")),
            port("Speakers", 2, Some("Speakers")),
            port("Recorder", 2, None),
        ],
        mixes,
    )
}

#[test]
fn factors_are_in_the_order_of_the_channels() {
    let strip = Strip {
        gain_db: -20.0,
        invert: true,
        ..Strip::default()
    };
    let desk = studio(vec![
        mix("monitor", vec![route(at(0, 1), at(1, 0))]),
        Mix {
            gain_db: -20.0,
            ..mix(
                "stream",
                vec![Route {
                    strip,
                    ..route(at(1, 0), at(3, 1))
                }],
            )
        },
    ]);
    let desk = desk.expect("it can be");
    assert_eq!(desk.channels(), (6, 8));
    let factors = desk.factors();
    let of = |from: usize, to: usize| factors[to * 6 + from];
    assert_eq!(of(1, 2), 1.0);
    assert!((of(2, 7) + 0.01).abs() < 1e-9);
    assert_eq!(factors.iter().filter(|factor| **factor != 0.0).count(), 2);
}

#[test]
fn solo_and_mute_hold_in_their_mix_alone() {
    let both = || vec![route(at(0, 0), at(0, 0)), route(at(1, 0), at(0, 0))];
    let mut desk = studio(vec![mix("monitor", both()), mix("stream", both())]).expect("it can be");
    let of = |desk: &Desk, from: usize| desk.factors()[from];
    // Factors of several mixes add.
    assert_eq!((of(&desk, 0), of(&desk, 2)), (2.0, 2.0));
    let set = |desk: &mut Desk, mute, solo| {
        let strip = Strip {
            mute,
            solo,
            ..Strip::default()
        };
        let changed = Route {
            strip,
            ..route(at(0, 0), at(0, 0))
        };
        desk.set_route(0, changed).expect("it can be");
    };
    set(&mut desk, false, true);
    assert_eq!((of(&desk, 0), of(&desk, 2)), (2.0, 1.0));
    set(&mut desk, true, true);
    assert_eq!((of(&desk, 0), of(&desk, 2)), (1.0, 1.0));
    set(&mut desk, true, false);
    assert_eq!((of(&desk, 0), of(&desk, 2)), (1.0, 2.0));
    desk.set_mix(1, 0.0, true).expect("it can be");
    assert_eq!((of(&desk, 0), of(&desk, 2)), (0.0, 1.0));
    assert!(desk.remove_route(0, at(1, 0), at(0, 0)));
    assert!(!desk.remove_route(0, at(1, 0), at(0, 0)));
    assert_eq!(of(&desk, 2), 0.0);
    assert_eq!(desk.mix("stream"), Some(1));
}

/// T13: the loopback of an endpoint never reaches that endpoint.
#[test]
fn a_circle_is_refused_and_named() {
    let straight = mix("monitor", vec![route(at(1, 0), at(2, 0))]);
    let error = studio(vec![straight]).expect_err("it feeds back");
    assert_eq!(
        error,
        "Sound would go round and round: \"Speakers\" to \"Speakers\"; take out one of these routes."
    );
    // By way of another endpoint, in two mixes.
    let mixes = vec![
        mix("monitor", vec![route(at(1, 0), at(1, 0))]),
        mix("stream", Vec::new()),
    ];
    let mut desk = studio(mixes).expect("one way is no circle");
    let before = desk.clone();
    let muted = Strip {
        mute: true,
        ..Strip::default()
    };
    let back = Route {
        strip: muted,
        ..route(at(2, 1), at(2, 0))
    };
    let error = desk.set_route(1, back).expect_err("it feeds back");
    assert!(
        error.contains("\"Headset\" to \"Speakers\" to \"Headset\""),
        "{error}"
    );
    assert_eq!(desk, before);
    desk.set_route(1, route(at(2, 1), at(0, 0)))
        .expect("nobody listens to the interface");
}

#[test]
fn what_cannot_be_is_told_in_a_sentence() {
    let twice = vec![route(at(0, 0), at(0, 0)), route(at(0, 0), at(0, 0))];
    let loud = Route {
        strip: Strip {
            gain_db: f64::NAN,
            ..Strip::default()
        },
        ..route(at(0, 0), at(0, 0))
    };
    let cases = [
        (vec![mix("monitor", twice)], "two routes from \"Daw\""),
        (vec![mix("monitor", vec![loud])], "a gain of NaN dB"),
        (vec![mix("", Vec::new())], "cannot be called"),
        (vec![mix("a", Vec::new()), mix("a", Vec::new())], "twice"),
        (
            vec![mix("a", vec![route(at(0, 2), at(0, 0))])],
            "channel 3 of the source \"Daw\", which has 2",
        ),
        (
            vec![mix("a", vec![route(at(0, 0), at(9, 0))])],
            "the sink number 10, but there are 4",
        ),
        (
            vec![Mix {
                gain_db: 60.0,
                ..mix("a", Vec::new())
            }],
            "a gain of 60 dB; use at most 24 dB",
        ),
    ];
    for (mixes, part) in cases {
        let error = studio(mixes).expect_err("it cannot be");
        assert!(error.contains(part) && error.ends_with('.'), "{error}");
    }
    let many = vec![port("a", 65, None)];
    let error = Desk::new(many, Vec::new(), Vec::new()).expect_err("too many");
    assert!(error.contains("65 channels"), "{error}");
    let mut desk = studio(Vec::new()).expect("it can be");
    let error = desk.set_mix(0, 0.0, false).expect_err("there is none");
    assert!(error.contains("no mix number 1"), "{error}");
}

proptest! {
    /// A desk is refused exactly where some endpoint would hear itself.
    #[test]
    fn feedback_is_refused_and_nothing_else(
        hears in prop::collection::vec(prop::option::of(0_usize..4), 4),
        plays in prop::collection::vec(prop::option::of(0_usize..4), 4),
        routes in prop::collection::hash_set((0_usize..4, 0_usize..4), 0..10),
    ) {
        let ports = |ends: &[Option<usize>]| -> Vec<Port> {
            let one = |(n, end): (usize, &Option<usize>)| Port {
                name: format!("port {n}"),
                channels: 1,
                endpoint: end.map(|end| format!("endpoint {end}")),
            };
            ends.iter().enumerate().map(one).collect()
        };
        let mut reach = [[false; 4]; 4];
        for &(from, to) in &routes {
            if let (Some(from), Some(to)) = (hears[from], plays[to]) {
                reach[from][to] = true;
            }
        }
        for over in 0..4 {
            for from in 0..4 {
                for to in 0..4 {
                    reach[from][to] |= reach[from][over] && reach[over][to];
                }
            }
        }
        let feeds_back = (0..4).any(|end| reach[end][end]);
        let list = routes.iter().map(|&(from, to)| route(at(from, 0), at(to, 0))).collect();
        let desk = Desk::new(ports(&hears), ports(&plays), vec![mix("all", list)]);
        prop_assert_eq!(desk.is_err(), feeds_back, "{:?}", desk);
    }
}
