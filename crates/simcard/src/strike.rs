//! What faults do.

use crate::endpoint::{Slow, User};
use crate::error::SimError;
use crate::fault::{Fault, Scheduled};
use crate::recorder::Struck;
use crate::spec::Flow;
use crate::world::{EndpointId, Notice, World};

impl World {
    /// Faults to come, in any order; those of one instant strike in the order given. Replaces what
    /// was set before. What is due already strikes at once.
    ///
    /// # Errors
    /// One sentence: a name that is no card's and no endpoint's.
    pub fn set_script(&mut self, script: Vec<Scheduled>) -> Result<(), String> {
        self.check_script(&script)?;
        self.script.clear();
        self.add_faults(script)
    }

    /// More faults to come, after those of the same instant that were set before. What is due
    /// already strikes at once.
    ///
    /// # Errors
    /// As [`set_script`](Self::set_script).
    pub fn add_faults(&mut self, faults: Vec<Scheduled>) -> Result<(), String> {
        self.check_script(&faults)?;
        self.script.extend(faults);
        self.script
            .make_contiguous()
            .sort_by_key(|fault| fault.at_ns);
        self.advance(self.now_ns);
        Ok(())
    }

    /// Whether every fault of the script has something to strike.
    ///
    /// # Errors
    /// As [`set_script`](Self::set_script).
    pub fn check_script(&self, script: &[Scheduled]) -> Result<(), String> {
        for name in script.iter().filter_map(|fault| fault.target.as_ref()) {
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
        Ok(())
    }

    /// Lets a fault happen now.
    pub(crate) fn strike(&mut self, scheduled: &Scheduled) {
        self.strikes += 1;
        let of_service = match scheduled.fault {
            Fault::ServiceGone => Some(true),
            Fault::ServiceBack => Some(false),
            _ => None,
        };
        self.service_gone = of_service.unwrap_or(self.service_gone);
        // The service is there for every device, whatever name the script has.
        let target = scheduled.target.as_ref().filter(|_| of_service.is_none());
        for id in self.endpoint_ids() {
            let endpoint = &self.endpoints[id.index()];
            if target.is_none_or(|name| endpoint.is_named(name)) {
                self.tell_struck(id, &scheduled.fault);
                self.strike_endpoint(id, &scheduled.fault);
            }
        }
    }

    fn tell_struck(&mut self, id: EndpointId, fault: &Fault) {
        if let Some(recorder) = &mut self.recorder {
            recorder.struck(&Struck {
                endpoint: id,
                fault,
                time_ns: self.now_ns,
                frame: self.endpoints[id.index()].clock.frames_at(self.now_ns),
            });
        }
    }

    fn strike_endpoint(&mut self, id: EndpointId, fault: &Fault) {
        let endpoint = &mut self.endpoints[id.index()];
        match *fault {
            Fault::Lose => self.set_present(id, false),
            Fault::Back => self.set_present(id, true),
            Fault::Renumber => {
                let was_present = endpoint.present;
                self.set_present(id, false);
                self.endpoints[id.index()].renumbered += 1;
                self.set_present(id, was_present);
            }
            Fault::Format(rate_hz) => {
                endpoint.mix_rate_hz = rate_hz.clamp(1, crate::clock::RATE_MAX_HZ);
                self.tell(id, Notice::FormatChanged(id));
                self.kill_streams(id, SimError::DeviceInvalidated);
            }
            Fault::Default => {
                let flow = endpoint.flow;
                self.with_default_told(flow, |world| world.defaults[flow as usize] = Some(id));
            }
            Fault::Late(periods) => endpoint.late_periods = periods,
            Fault::Slow(more_ns) => endpoint.slow = Some(Slow::new(more_ns)),
            Fault::RefuseOpen(error) => endpoint.refuse_open = Some(error),
            Fault::RefuseBuffer(error) => endpoint.refuse_buffer = Some(error),
            Fault::Accept => {
                endpoint.refuse_open = None;
                endpoint.refuse_buffer = None;
            }
            Fault::Lie(format) => endpoint.lie = Some(format),
            Fault::TimestampsBad(bad) => endpoint.timestamps_bad = bad,
            Fault::ServiceGone => self.kill_streams(id, SimError::ServiceNotRunning),
            Fault::ServiceBack => {}
        }
    }

    fn set_present(&mut self, id: EndpointId, present: bool) {
        let endpoint = &mut self.endpoints[id.index()];
        if endpoint.present == present {
            return;
        }
        let flow = endpoint.flow;
        self.tell(id, Notice::StateChanged(id, present));
        if !present {
            self.kill_streams(id, SimError::DeviceInvalidated);
        }
        self.with_default_told(flow, |world| {
            world.endpoints[id.index()].present = present;
        });
    }

    /// Tells what has happened to one of the system's devices.
    fn tell(&mut self, id: EndpointId, notice: Notice) {
        if self.endpoints[id.index()].listed {
            self.notices.push(notice);
        }
    }

    /// Does something, and tells if the direction's default is another after it.
    fn with_default_told(&mut self, flow: Flow, work: impl FnOnce(&mut Self)) {
        let before = self.default_endpoint(flow);
        work(self);
        let after = self.default_endpoint(flow);
        if after != before {
            self.notices.push(Notice::DefaultChanged(flow, after));
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
