//! Which calls a driver must take in which state.

use asio::abi::{AsioError, FutureSelector};
use asio::driver::ChannelId;
use asio::host::Call;
use asio::host::misuse::Answer;

/// Where a driver stands, by what it answered so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Loaded,
    Initialised,
    Prepared,
    Running,
}

/// What a call may say in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Success: any program relies on it.
    Must,
    /// Success would be one without effect.
    Never,
    /// Drivers differ.
    May,
}

/// The calls that make orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    Init,
    CreateBuffers,
    Start,
    Stop,
    DisposeBuffers,
    GetLatencies,
    GetSamplePosition,
    SetSampleRate,
    OutputReady,
}

use Rule::{May, Must, Never};

/// The table of legal calls: loaded, initialised, prepared, running.
const LEGAL: [(Move, [Rule; 4]); 9] = [
    (Move::Init, [Must, May, May, May]),
    (Move::CreateBuffers, [Never, Must, May, May]),
    (Move::Start, [Never, Never, Must, May]),
    (Move::Stop, [May, May, May, Must]),
    (Move::DisposeBuffers, [May, May, Must, Must]),
    (Move::GetLatencies, [May, May, Must, Must]),
    (Move::GetSamplePosition, [May, May, May, May]),
    (Move::SetSampleRate, [May, Must, May, May]),
    (Move::OutputReady, [May, May, May, May]),
];

/// How many moves there are.
pub const MOVES: usize = LEGAL.len();

/// What calls are made with.
#[derive(Clone, Debug)]
pub struct Arguments {
    pub channels: Vec<ChannelId>,
    pub block_frames: i32,
    pub rate_hz: f64,
}

impl Move {
    pub fn nth(index: usize) -> Move {
        LEGAL[index % MOVES].0
    }

    pub fn rule(self, state: State) -> Rule {
        let row = LEGAL.iter().find(|(known, _)| *known == self);
        row.map_or(May, |(_, rules)| rules[state as usize])
    }

    pub fn call(self, arguments: &Arguments) -> Call<'_> {
        match self {
            Move::Init => Call::Init,
            Move::CreateBuffers => Call::CreateBuffers(&arguments.channels, arguments.block_frames),
            Move::Start => Call::Start,
            Move::Stop => Call::Stop,
            Move::DisposeBuffers => Call::DisposeBuffers,
            Move::GetLatencies => Call::GetLatencies,
            Move::GetSamplePosition => Call::GetSamplePosition,
            Move::SetSampleRate => Call::SetSampleRate(arguments.rate_hz),
            Move::OutputReady => Call::OutputReady,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Move::Init => "init",
            Move::CreateBuffers => "createBuffers",
            Move::Start => "start",
            Move::Stop => "stop",
            Move::DisposeBuffers => "disposeBuffers",
            Move::GetLatencies => "getLatencies",
            Move::GetSamplePosition => "getSamplePosition",
            Move::SetSampleRate => "setSampleRate",
            Move::OutputReady => "outputReady",
        }
    }

    /// Where a success of this call leads.
    pub fn leads_to(self, state: State) -> State {
        match (self, state) {
            (Move::Init, State::Loaded) => State::Initialised,
            (Move::CreateBuffers, State::Initialised) => State::Prepared,
            (Move::Start, State::Prepared) => State::Running,
            (Move::Stop, State::Running) => State::Prepared,
            (Move::DisposeBuffers, State::Prepared | State::Running) => State::Initialised,
            (_, same) => same,
        }
    }
}

/// Whether a call worked. `init` returns a truth, all others a code.
pub fn worked(answer: Answer) -> bool {
    match answer {
        Answer::Number(truth) => truth != 0,
        answer => answer.is_success(),
    }
}

/// Whether the answer is one that ASIO knows.
pub fn known(answer: Answer) -> bool {
    match answer {
        Answer::Code(code) => code.name().is_some(),
        Answer::Nothing | Answer::Number(_) | Answer::Com(_) => true,
    }
}

/// "Yes" where a call means "done" confuses programs that test for 0 only.
pub fn is_plain_success(answer: Answer, call: Call<'_>) -> bool {
    match call {
        Call::Future(FutureSelector { .. }) => true,
        _ => answer != Answer::Code(AsioError::SUCCESS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_work_leads_on() {
        let mut state = State::Loaded;
        for step in [
            Move::Init,
            Move::CreateBuffers,
            Move::Start,
            Move::Stop,
            Move::DisposeBuffers,
        ] {
            assert_eq!(step.rule(state), Must, "{step:?}");
            state = step.leads_to(state);
        }
        assert_eq!(state, State::Initialised);
        assert_eq!(Move::Start.rule(state), Never);
        assert_eq!(Move::Start.leads_to(state), State::Initialised);
    }

    #[test]
    fn numbers_that_asio_has_not_are_told() {
        assert!(known(Answer::Code(AsioError::NO_CLOCK)));
        assert!(!known(Answer::Code(AsioError(-1))));
        assert!(worked(Answer::Number(1)) && !worked(Answer::Number(0)));
    }
}
