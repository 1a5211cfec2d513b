//! The checks.

use std::time::Duration;

use anyhow::Result;

use crate::bench::Bench;
use crate::checks::{
    callbacks, calls, facts, held, hosts, inside, latency, loopback, memory, misuse, orders,
    position, rates, ready, references, rounds, shuffle, sizes, stream, threads,
};
use crate::{CheckResult, Outcome};

/// A check.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The name to choose it by.
    pub id: &'static str,
    /// What it checks, in one sentence.
    pub about: &'static str,
    /// The numbers of the traps that it guards against.
    pub traps: &'static [u8],
    pub(crate) run: fn(&Bench<'_>) -> Result<String>,
}

impl Check {
    /// Its traps, as in `T30`.
    pub fn trap_names(&self) -> Vec<String> {
        self.traps
            .iter()
            .map(|number| format!("T{number}"))
            .collect()
    }

    /// The result of this check.
    pub fn result(&self, outcome: Outcome, text: String, took: Duration) -> CheckResult {
        CheckResult {
            id: self.id,
            about: self.about,
            traps: self.trap_names(),
            outcome,
            text,
            seconds: took.as_secs_f64(),
        }
    }
}

/// The check of that id.
pub fn find(id: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.id == id)
}

macro_rules! checks {
    ($($id:literal $traps:expr, $run:path, $about:literal;)*) => {
        &[$(Check { id: $id, about: $about, traps: &$traps, run: $run }),*]
    };
}

/// All checks, from what every program needs to what no program should do.
pub static CHECKS: &[Check] = checks! {
    "facts" [31, 39, 40, 46, 53], facts::facts,
        "What the driver says of itself makes sense, before and after init.";
    "life-cycle" [30, 34], stream::life_cycle,
        "A stream plays from createBuffers to Release, and nothing comes before start or after stop.";
    "halves" [44], stream::halves,
        "The halves of the double buffers come in turn, one at a time.";
    "position" [47], position::position,
        "Sample position and time go forwards by the block and agree with the sample rate.";
    "latencies" [10, 31], latency::latencies,
        "Latencies are told before, after and during a stream, and agree with the block.";
    "measured-latency" [10], loopback::measured_latency,
        "Where an output is connected to an input, sound takes as long as the latencies say.";
    "block-sizes" [39, 43], sizes::block_sizes,
        "Every block size on offer plays.";
    "odd-block-sizes" [39], sizes::odd_sizes,
        "Block sizes that are not on offer are refused or play.";
    "rates" [32, 41, 52], rates::rates,
        "Every usual sample rate plays if canSampleRate says so, and is refused by setSampleRate if not.";
    "senseless-rates" [32], rates::senseless_rates,
        "Rates that no device has are refused and change nothing.";
    "memory" [53], memory::memory,
        "Nothing is written beside names, texts, structures and lists, and no two halves overlap.";
    "call-orders" [30, 31], orders::call_orders,
        "All orders of up to five calls are answered as the table of legal calls says.";
    "before-init" [30, 31], calls::before_init,
        "Every method can be called before init, and init works afterwards.";
    "while-running" [32, 42], calls::while_running,
        "Every question is answered while a stream runs, and the stream goes on.";
    "null-pointers" [36], misuse::null_pointers,
        "Null in each pointer argument, in every state, does no harm.";
    "references" [25, 45], references::references,
        "References are counted, and interfaces are found, as COM has it.";
    "extra-release" [45], references::extra_release,
        "One Release too many, as some programs make it, does no harm.";
    "start-stop" [5, 22], rounds::start_stop,
        "The same buffers start and stop again and again.";
    "open-close" [29, 45], rounds::open_close,
        "The driver is opened and closed again and again, also without stop and disposeBuffers.";
    "two-instances" [29, 41, 42], rounds::two_instances,
        "A second instance plays or is refused with a text, and the first one goes on.";
    "other-threads" [35, 42], threads::other_threads,
        "Start, stop, disposeBuffers and Release work on other threads.";
    "crowd" [42], threads::crowd,
        "Three threads ask questions while a fourth starts and stops.";
    "from-callback" [35], inside::inside,
        "Questions, stop, disposeBuffers and the last Release come back from inside bufferSwitch.";
    "held-callback" [34, 35], held::held,
        "Start and stop return although bufferSwitch waits for them, as in programs with a lock.";
    "slow-callback" [20, 33], held::slow,
        "A bufferSwitch that takes several blocks' time does not end the stream.";
    "null-callbacks" [36, 38], callbacks::null_members,
        "Programs that leave out some of the callbacks are served.";
    "passing-callbacks" [36], callbacks::on_the_stack,
        "The program's list of callbacks is not read after createBuffers.";
    "odd-answers" [36, 37, 38], callbacks::manners,
        "Programs that give one answer to every message, and leave blocks unfilled, are served.";
    "output-ready" [33, 54], ready::output_ready,
        "Blocks come whether outputReady is called always, once, never, or by another thread.";
    "host-juce" [24, 30, 31, 37], hosts::juce,
        "The habits of JUCE: a long scan, a trial stream of 80 ms, then the real one.";
    "host-ableton" [29, 39], hosts::ableton,
        "The habits of Ableton Live: several instances for a scan, and only the preferred block.";
    "host-cubase" [5, 43], hosts::cubase,
        "The habits of Cubase: told block sizes are relied on, one set of buffers starts many times.";
    "host-pro-tools" [29, 39, 40], hosts::pro_tools,
        "The habits of Pro Tools: a quick scan, powers of two, one sample type.";
    "host-rew" [41, 42], hosts::rew,
        "The habits of REW: the rate is set on one instance, and another one plays.";
    "host-max" [31, 39], hosts::max,
        "The habits of Max: early latencies, outputs without inputs, changing blocks.";
    "random-calls" [30, 42], shuffle::shuffle,
        "Long runs of calls in a random order that the seed repeats.";
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_has_its_own_id_a_sentence_and_a_trap() {
        for (place, check) in CHECKS.iter().enumerate() {
            let first = CHECKS.iter().position(|other| other.id == check.id);
            assert_eq!(first, Some(place), "{}", check.id);
            assert!(
                check.about.ends_with('.') && check.about.len() < 110,
                "{}",
                check.id
            );
            assert!(check.traps.iter().all(|trap| (1..=56).contains(trap)));
            assert!(!check.traps.is_empty());
            let plain = |letter: char| letter.is_ascii_lowercase() || letter == '-';
            assert!(check.id.chars().all(plain));
        }
        assert!(find("facts").is_some() && find("nonsense").is_none());
    }
}
