//! What faults do.

use crate::endpoint::User;
use crate::error::SimError;
use crate::fault::{Fault, Scheduled};
use crate::world::{EndpointId, Notice, World};

impl World {
    /// Faults to come, in any order; those of one instant strike in the order given. Replaces what
    /// was set before. What is due already strikes at once.
    ///
    /// # Errors
    /// One sentence: a name that is no card's and no endpoint's.
    pub fn set_script(&mut self, mut script: Vec<Scheduled>) -> Result<(), String> {
        for fault in &script {
            let Some(name) = &fault.target else { continue };
            if !self
                .endpoints
                .iter()
                .any(|endpoint| endpoint.is_named(name))
            {
                let known: Vec<&str> = self.endpoints.iter().map(|e| &*e.spec.name).collect();
                return Err(format!(
                    "There is no device named '{name}' for a fault to strike; there are {}.",
                    known.join(", ")
                ));
            }
        }
        script.sort_by_key(|fault| fault.at_ns);
        self.script = script.into();
        self.advance(self.now_ns);
        Ok(())
    }

    /// Lets a fault happen now.
    pub(crate) fn strike(&mut self, scheduled: &Scheduled) {
        match scheduled.fault {
            Fault::ServiceGone => {
                self.service_gone = true;
                for id in self.endpoint_ids() {
                    self.kill_streams(id, SimError::ServiceNotRunning);
                }
            }
            Fault::ServiceBack => self.service_gone = false,
            ref fault => {
                for id in self.endpoint_ids() {
                    let endpoint = &self.endpoints[id.index()];
                    if scheduled
                        .target
                        .as_ref()
                        .is_none_or(|name| endpoint.is_named(name))
                    {
                        self.strike_endpoint(id, fault);
                    }
                }
            }
        }
    }

    fn strike_endpoint(&mut self, id: EndpointId, fault: &Fault) {
        let endpoint = &mut self.endpoints[id.index()];
        match *fault {
            Fault::Lose => self.set_present(id, false),
            Fault::Back => self.set_present(id, true),
            Fault::Format(rate_hz) => {
                endpoint.mix_rate_hz = rate_hz.clamp(1, crate::clock::RATE_MAX_HZ);
                self.kill_streams(id, SimError::DeviceInvalidated);
            }
            Fault::Default => {
                let flow = endpoint.flow;
                self.defaults[flow as usize] = Some(id);
                self.notices.push(Notice::DefaultChanged(flow, Some(id)));
            }
            Fault::Late(periods) => endpoint.late_periods = periods,
            Fault::RefuseOpen(error) => endpoint.refuse_open = Some(error),
            Fault::RefuseBuffer(error) => endpoint.refuse_buffer = Some(error),
            Fault::Accept => {
                endpoint.refuse_open = None;
                endpoint.refuse_buffer = None;
            }
            Fault::Lie(format) => endpoint.lie = Some(format),
            Fault::TimestampsBad(bad) => endpoint.timestamps_bad = bad,
            Fault::ServiceGone | Fault::ServiceBack => {}
        }
    }

    fn set_present(&mut self, id: EndpointId, present: bool) {
        let endpoint = &mut self.endpoints[id.index()];
        if endpoint.present == present {
            return;
        }
        let flow = endpoint.flow;
        self.notices.push(Notice::StateChanged(id, present));
        if !present {
            self.kill_streams(id, SimError::DeviceInvalidated);
        }
        self.endpoints[id.index()].present = present;
        if self.defaults[flow as usize] == Some(id) {
            let default = present.then_some(id);
            self.notices.push(Notice::DefaultChanged(flow, default));
        }
    }

    /// The endpoint's streams are of no use from now on.
    ///
    /// Follows "Recovering from an Invalid-Device Error" on learn.microsoft.com: every call answers
    /// with the error until the client opens another stream. No event is set any more, so a client
    /// that waits finds out by its own time limit.
    fn kill_streams(&mut self, id: EndpointId, error: SimError) {
        self.sync(id);
        for stream in self.streams.values_mut().filter(|s| s.endpoint == id) {
            stream.dead.get_or_insert(error);
            stream.running = false;
            stream.signal_at = None;
            stream.signalled = None;
        }
        let now_ns = self.now_ns;
        let endpoint = &mut self.endpoints[id.index()];
        endpoint.halt();
        endpoint.user = User::Nobody;
        let rate_hz = endpoint.mix_rate_hz;
        // The rate was checked when it was set, and the clock when the card was added.
        let _ = endpoint.set_format(endpoint.spec.float_format(rate_hz), now_ns);
        endpoint.engine_frames = endpoint.spec.engine_periods(rate_hz).default_frames;
    }
}
