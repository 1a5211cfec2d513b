//! The list of claims.

use anyhow::Result;
use serde_json::Value;

use super::judge::{self, Figure};
use super::source::{CardRun, ExampleRun, Source};

/// Something that the project promises.
pub struct Claim {
    /// Its name on the command line.
    pub id: &'static str,
    /// The promise.
    pub sentence: &'static str,
    /// What the figure has to be.
    pub target: &'static str,
    /// What measures it.
    pub source: Source,
    /// Makes a figure of what was measured.
    pub judge: fn(&Value) -> Result<Figure>,
}

const EXACT: Source = Source::Card(CardRun {
    full: &["exact", "--seconds", "3600"],
    quick: &["exact", "--seconds", "60"],
});
const CLOCK: Source = Source::Card(CardRun {
    full: &["clock", "--instants", "200000"],
    quick: &["clock", "--instants", "2000"],
});
const DRIFT: Source = Source::Card(CardRun {
    full: &["drift"],
    quick: &["drift", "--quick"],
});
const REPORTED: Source = Source::Card(CardRun {
    full: &["reported", "--cases", "2000"],
    quick: &["reported", "--cases", "60"],
});
const BITS: Source = Source::Card(CardRun {
    full: &["bits", "--seconds", "3600", "--runs", "24"],
    quick: &["bits", "--seconds", "6", "--runs", "6"],
});
const HOST: Source = Source::Card(CardRun {
    // An hour and more on two idle cores; what is done is kept, so that a run that was cut goes on.
    full: &[
        "host",
        "--cases",
        "10000",
        "--seconds",
        "600",
        "--within",
        "7700",
        "--kept",
        "target/host-never-notices.jsonl",
    ],
    quick: &["host", "--cases", "30", "--seconds", "60"],
});
const CLICK: Source = Source::Card(CardRun {
    full: &["click", "--cases", "100"],
    quick: &["click", "--cases", "2"],
});
const LATENCY: Source = Source::Card(CardRun {
    full: &["latency"],
    quick: &["latency", "--quick"],
});

const FUZZ: Source = Source::Example(ExampleRun {
    package: "ipc",
    example: "fuzz",
    full: &["--count", "10000000", "--seed", "1"],
    quick: &["--count", "200000", "--seed", "1"],
    is_timed: false,
});
const ROUTER: Source = Source::Example(ExampleRun {
    package: "router",
    example: "exact",
    full: &["--seconds", "3600"],
    quick: &["--seconds", "8"],
    is_timed: false,
});
const ROUTER_COST: Source = Source::Example(ExampleRun {
    package: "router",
    example: "cost",
    full: &["--cycles", "200000"],
    quick: &["--cycles", "20000"],
    is_timed: true,
});

/// All of them, in the order in which they are measured.
pub const CLAIMS: &[Claim] = &[
    Claim {
        id: "simcard-exact",
        sentence: "The simulated card loses, invents and alters no frame outside declared faults: \
                   exclusive with events and with a timer, shared with several programs, \
                   low-latency, recorded over a cable, and loopback, at odd periods and formats, \
                   with clocks that are off and wake-ups that are late but in time.",
        target: "0 frames wrong in an hour of each mode, and a planted fault is noticed",
        source: EXACT,
        judge: judge::exact,
    },
    Claim {
        id: "simcard-clock",
        sentence: "Over 24 h the simulated clock is where exact arithmetic has it, for constant \
                   deviations, steps and swings.",
        target: "a relative error below 1e-9",
        source: CLOCK,
        judge: judge::clock,
    },
    Claim {
        id: "validator-finds-planted-faults",
        sentence: "The validator notices each fault that is planted in a driver, by the checks that \
                   should notice it, and reports nothing else, of the sound driver nothing at all.",
        target: "all planted faults found, 0 false alarms",
        source: Source::PlantedFaults,
        judge: judge::planted,
    },
    Claim {
        id: "added-latency",
        sentence: "The driver adds no frame to a bare client of the device where the host's block is \
                   the device's period, and at most block - gcd(block, period) frames elsewhere: in \
                   the longest time from a program's write to the output, and in the round trip over \
                   a cable, on the simulated card, exclusive with events, shared and low-latency. The \
                   bare client fills its buffer at each event; less than its latency counts as \
                   negative.",
        target: "0 frames at block = period, at most block - gcd(block, period) elsewhere",
        source: LATENCY,
        judge: judge::added_latency,
    },
    Claim {
        id: "reported-latency",
        sentence: "The latencies that the driver reports are those that it has, in every mode of the \
                   simulated card, at 44.1 to 192 kHz, with periods and blocks of 16 to 8192 frames \
                   drawn, for hosts that play, record or both, with outputReady and without, with \
                   wake-ups that are up to 0.1 ms rms late: by stream position, from a block's time \
                   stamp to the output, from the input to a block's time stamp, and from a frame's \
                   place in what was played to its place in what was heard. A late wake-up moves its \
                   block's time stamp and not the sound; the most punctual one counts.",
        target: "at most 1 frame between reported and measured",
        source: REPORTED,
        judge: judge::reported_latency,
    },
    Claim {
        id: "bit-exact",
        sentence: "What a host plays is what the DAC plays, and what the ADC hears is what the host \
                   gets, in all its bits: 16, packed 24, 24 in 32 and 32 bits and floats, exclusive \
                   with events and with a timer, and floats shared and low-latency, with blocks of 16 \
                   to 8192 frames, periods and rates that are drawn, with clocks that are off and \
                   wake-ups that are late.",
        target: "0 samples altered or lost, in an hour of each format in each mode, all blocks together",
        source: BITS,
        judge: judge::bit_exact,
    },
    Claim {
        id: "host-never-notices",
        sentence: "While cards are unplugged and come back, the default device moves, mixers change \
                   their rate, wake-ups are late and the sound service ends, in scenarios that are \
                   drawn, in every mode and with blocks of 64 to 1024 frames, the host is called in \
                   its rhythm, its positions and times go on, its sound is soon back where it should \
                   be, and in the end nothing of the stream is left. Late wake-ups of a timer-driven \
                   stream are not drawn: the timer is the driver's own.",
        target: "at most 2 periods from call to call (of the device or of the block, whichever is \
                 longer; a block longer than a period may come one period later than usual), sound \
                 within 50 ms of the device being usable, 100 ms at a new rate, no frame played \
                 twice, nothing left, in 10 000 scenarios of 10 minutes",
        source: HOST,
        judge: judge::host_never_notices,
    },
    Claim {
        id: "faults-stand-in",
        sentence: "While the devices of the simulated card are unplugged and come back, the default \
                   moves, formats change and wake-ups are late, all in real time under Wine, PortAudio's \
                   ASIO host plays its sound to the end, exclusive and shared, and no frame is heard \
                   twice. Formats change under exclusive streams only, as no frame of what is resampled \
                   is known again.",
        target: "no error of the host in 200 losses and returns, 200 moved defaults, 50 formats and 100 \
                 late wake-ups; each silence is measured",
        source: Source::StandIn,
        judge: judge::faults_stand_in,
    },
    Claim {
        id: "faults-sound-server",
        sentence: "On Wine's own WASAPI and a real sound server, PortAudio's ASIO host plays its sound to \
                   the end, shared and exclusive, while the sink is removed and comes back, the default \
                   sink is moved, and the server is killed and started again: seen in the recordings of \
                   the sinks' monitors.",
        target: "no error of the host; the sound is back, and heard to its end, within 1 s of the sink \
                 being there again, 10 times each",
        source: Source::SoundServer,
        judge: judge::faults_sound_server,
    },
    Claim {
        id: "click-free",
        sentence: "Where the sound moves to another device, because the default moved, its device is \
                   gone or the mixer runs at another rate, it rises without a click, and where the old \
                   device is still there it falls without one, in every mode: by the spectrum of a tone \
                   at -1 dBFS in windows of 21 ms, more than 700 Hz away from the tone.",
        target: "at most -60 dBFS away from the tone in any window",
        source: CLICK,
        judge: judge::click_free,
    },
    Claim {
        id: "drift",
        sentence: "The bridge between two devices follows clocks that differ and leaves alone those \
                   that agree, with wake-ups that are late by 100 µs rms: no frame is lost or \
                   repeated at ±500 and ±5000 ppm, in slow swings of ±500 ppm, at a step of 1000 \
                   ppm and in a day of a swing, no bit is altered in a day of equal clocks, and \
                   what is resampled stays clean.",
        target: "at ±500 ppm and a swing of an hour: after 5 s within 20 ppm and 32 frames of fill, \
                 after 30 s at most 2 ppm rms and within 16 frames; elsewhere 0 frames lost or \
                 repeated; equal clocks 0 frames altered; 997 Hz at -1 dBFS THD+N at most -120 dB; \
                 20 Hz to 20 kHz at 48 kHz within 0.1 dB; a low-delay filter of at most 32 frames",
        source: DRIFT,
        judge: judge::drift,
    },
    Claim {
        id: "cost",
        sentence: "Conversion of 2 and of 8 channels between a client's planes and a device's \
                   frames, every format, both ways, costs few instructions, and hardly more time \
                   than copying as many bytes where memory is what takes the time; a whole cycle of 64 \
                   frames without the host takes next to none. What is counted does not grow. As a \
                   control the rates are taken again beside a memcpy that is told to use ordinary \
                   stores: where it uses string instructions or stores past the caches, it need not \
                   read what it overwrites, which is a third of its traffic; safe Rust has no such \
                   stores, so there a conversion has to move three bytes for two of memcpy's.",
        target: "at most 2 instructions a sample in blocks of 512 frames without dither, none above \
                 the record by more than its tolerance; at least 80 % of memcpy's rate outside the \
                 caches; a stereo cycle at most 2 µs, one of 64 by 64 channels at most 30 µs, in the \
                 median",
        source: Source::Cost,
        judge: judge::cost,
    },
    Claim {
        id: "ipc-fuzz",
        sentence: "Whatever bytes a client writes into the memory that it shares with the router, and \
                   whatever it does at any time, it crashes nobody and costs no other client a frame: \
                   arbitrary words in arbitrary places, wishes of every kind, blocks done early, late, \
                   never or twice, samples that are no sound, synchronous and pipelined, beside a \
                   client that keeps to the rules and whose sound is compared frame by frame.",
        target: "10 million inputs without a crash or a frame lost or altered",
        source: FUZZ,
        judge: judge::ipc_fuzz,
    },
    Claim {
        id: "router-exact",
        sentence: "The router's core loses, repeats and alters no frame but those of a client that is \
                   late on purpose: 16 clients with 8 channels each, with blocks of 32 to 512 frames, \
                   inside the cycle and beside it, 8 sources and 4 sinks on simulated cards with 6 \
                   clocks within ±300 ppm and wake-ups that are late by 50 µs rms. What needs no \
                   resampling passes in all its bits, sound that is resampled tells each frame's \
                   place, and sums are those of 64-bit floats, rounded once, while gains change.",
        target: "0 frames lost, repeated or altered and 0 sums off in an hour, and a planted fault is \
                 noticed",
        source: ROUTER,
        judge: judge::router_exact,
    },
    Claim {
        id: "router-mix",
        sentence: "On another maker's ASIO hardware, simulated, with blocks of 64 frames, two of PortAudio's \
                   ASIO hosts play through the router at once, one inside its cycle and one beside it, and \
                   both are found, bit by bit and whole, in the sum that the hardware's DAC played in real \
                   time under Wine; so is, at its gain, what PortAudio's WASAPI plays to an endpoint \
                   meanwhile, which comes by loopback. A program that runs inside the router's cycle is \
                   heard as soon as by the hardware's driver alone, one beside it a block later, from its \
                   callback to the DAC, and the driver tells it so. Programs with sound run before all \
                   others, as on Windows.",
        target: "all frames of the hosts in ten mixes, bit-exact; the WASAPI program within 0.1 dB of its \
                 gain and at most 1440 frames (30 ms) from its loopback packet, which comes as the mixer \
                 works, 480 frames before its endpoint's DAC plays it, to the hardware's DAC; 0 frames \
                 added inside the cycle, one block beside it, measured within 16 frames",
        source: Source::RouterMix,
        judge: judge::router_mix,
    },
    Claim {
        id: "router-isolation",
        sentence: "A client of the router that is killed while it plays costs two others, one inside the \
                   cycle and one beside it, nothing: ten are started, and when all play calmly they are \
                   killed one after the other. Gaps while programs begin are told, not judged: Wine's \
                   server, through which all events go, the simulated card's too, keeps everybody waiting \
                   then. A router that is killed costs silence: both hosts play on, the driver starts \
                   another router, and they are heard again by it, under Wine on the simulated card.",
        target: "0 gaps in the others' sound in 100 kills, from the first of a round to 0.6 s after its \
                 last; after each of 20 kills of the router nothing is missing from a second on, and no \
                 frame is heard twice",
        source: Source::RouterIsolation,
        judge: judge::router_isolation,
    },
    Claim {
        id: "router-sound-server",
        sentence: "On Wine's own sound with PulseAudio a WASAPI program, which plays to one sink, and an \
                   ASIO program are mixed by the router and played to another sink: the ASIO program is \
                   found there bit by bit, and the WASAPI program, which is recorded from its sink's \
                   monitor over a bridge between clocks, at its gain and without a gap. Wine has no \
                   loopback of these endpoints, hence the monitor.",
        target: "all frames of the ASIO program, bit-exact, in ten mixes; of the WASAPI program's tone all \
                 frames but 50, within 0.1 dB, and at most -40 dBFS of anything else in any 0.1 s",
        source: Source::RouterServer,
        judge: judge::router_server,
    },
    Claim {
        id: "router-cost",
        sentence: "A cycle of the router's core with 32 clients of 2 channels each, all of them mixed \
                   to each of 64 channels, in blocks of 64 frames at 48 kHz, costs a small part of the \
                   period. The clients are done at once, so that it is the router's own work that is \
                   measured.",
        target: "at most 10 % of the period, p99",
        source: ROUTER_COST,
        judge: judge::router_cost,
    },
    Claim {
        id: "router-hop",
        sentence: "A block of 64 frames with 2 channels takes hardly longer from the router's memory to a \
                   client in another process, through its ears and hands, and back, than two bare events \
                   take between the same two processes, in turns, under Wine.",
        target: "in the median at most 25 % longer than the two events",
        source: Source::RouterHop,
        judge: judge::router_hop,
    },
    Claim {
        id: "rt-clean",
        sentence: "Between the device's signal and the hand-over the driver allocates, frees and \
                   locks nothing: shared, low-latency, exclusive with events and with a timer on the \
                   simulated card in real time, and shared and exclusive on Wine's own devices; each \
                   playing and in full duplex, at the device's rate and resampled, dithered where the \
                   device has fewer bits, and with an input on a clock of its own.",
        target: "0 allocations, frees and locks in 60 s of each, and planted ones are counted",
        source: Source::Guard,
        judge: judge::rt_clean,
    },
    Claim {
        id: "wine-latency",
        sentence: "In Wine's own shared mode at 480 frames a block takes no longer from the host's \
                   callback to the sound server's monitor than from a bare WASAPI program's event \
                   (median of the medians of interleaved runs), with PortAudio's WASAPI beside; and \
                   after a host's stall of 30 ms the driver has told it, and its latency is back to \
                   what it was within a second.",
        target: "at most 5 % above the bare program; a second after the stall within 48 frames of \
                 before, and at least one overload told",
        source: Source::Monitor,
        judge: judge::monitor,
    },
    Claim {
        id: "busy-dropouts",
        sentence: "Beside a program that keeps every processor core busy, in 450 000 cycles of 64 \
                   frames on the simulated card, exclusive with events, under Wine, the driver drops \
                   out no more often than PortAudio's WASAPI does with as many blocks of 64 frames, in \
                   runs that take turns.",
        target: "no more dropouts than PortAudio's WASAPI",
        source: Source::Busy,
        judge: judge::busy,
    },
];

/// The claim of that name.
pub fn find(id: &str) -> Option<&'static Claim> {
    CLAIMS.iter().find(|claim| claim.id == id)
}

impl Claim {
    /// What to type to measure it.
    pub fn command(&self) -> String {
        format!("cargo xtask prove {}", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_claim_has_a_name_of_its_own_and_sentences() {
        for (place, claim) in CLAIMS.iter().enumerate() {
            assert!(claim.sentence.ends_with('.'), "{}", claim.id);
            assert!(!claim.sentence.contains("  "), "{}", claim.id);
            assert!(!claim.target.is_empty() && !claim.source.commands(false).is_empty());
            let first = CLAIMS.iter().position(|other| other.id == claim.id);
            assert_eq!(first, Some(place), "{} is there twice", claim.id);
            assert!(find(claim.id).is_some());
        }
    }
}
