//! What a program implements to be called by a driver.

use std::sync::Arc;

use super::BlockIo;
use crate::abi::{AsioTime, HostMessage};

/// A host's callback. Called on the driver's own thread; dropped where the buffers are disposed of.
pub trait Handler: Send + 'static {
    /// A block is due: read the inputs, fill the outputs. Real-time: no allocation, no lock. Calls
    /// do not overlap. After a panic the handler is not called again.
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>);

    /// Who is told of everything else. Asked once, before the buffers are created.
    fn events(&self) -> Arc<dyn Events> {
        Arc::new(Unheard)
    }
}

/// What a driver tells and asks beside the blocks. Called on any thread, also while
/// `buffer_switch` runs and also on its thread.
pub trait Events: Send + Sync + 'static {
    /// A message with its value; the answer is 1 for yes and 0 for no. [`answer`] is the answer of
    /// a host that does what ASIO expects.
    fn message(&self, selector: HostMessage, value: i32) -> i32 {
        answer(selector, value)
    }

    /// The rate is `rate_hz` from now on; 0 where the driver does not know.
    fn sample_rate_changed(&self, rate_hz: f64) {
        let _ = rate_hz;
    }

    /// The driver asks for a block with that half and, if it tells, that time. For programs that
    /// check drivers: called first for every block, also for one that comes before `createBuffers`
    /// returned, whose half is none, or that comes while another is under way. Real-time.
    fn switched(&self, half: i32, time: Option<&AsioTime>) {
        let _ = (half, time);
    }
}

/// Hears nothing and answers as everybody does.
struct Unheard;

impl Events for Unheard {}

/// The answer to a driver's message of a host that speaks ASIO 2, wants the time with each block
/// and takes note of resets, lost frames, new latencies and overloads.
pub fn answer(selector: HostMessage, value: i32) -> i32 {
    match selector {
        HostMessage::SELECTOR_SUPPORTED => {
            let asked = HostMessage(value);
            let known = asked == HostMessage::SELECTOR_SUPPORTED || answer(asked, 0) != 0;
            i32::from(known)
        }
        HostMessage::ENGINE_VERSION => 2,
        HostMessage::RESET_REQUEST
        | HostMessage::RESYNC_REQUEST
        | HostMessage::LATENCIES_CHANGED
        | HostMessage::SUPPORTS_TIME_INFO
        | HostMessage::OVERLOAD => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_answered_is_what_is_said_to_be_supported() {
        let supported: Vec<i32> = (-1..20)
            .filter(|number| answer(HostMessage::SELECTOR_SUPPORTED, *number) == 1)
            .collect();
        assert_eq!(supported, [1, 2, 3, 5, 6, 7, 15]);
        assert_eq!(answer(HostMessage::ENGINE_VERSION, 0), 2);
        assert_eq!(answer(HostMessage(i32::MIN), 0), 0);
    }
}
