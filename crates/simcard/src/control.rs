//! What `IAudioClient` and `IAudioClock` answer for an open stream.

use crate::duration::hns_from_frames;
use crate::endpoint::{Endpoint, User};
use crate::error::{Result, SimError};
use crate::spec::Flow;
use crate::stream::{Kind, Stream, StreamStats};
use crate::world::{EndpointId, StreamId, World};

impl World {
    /// The stream has an event from now on (`IAudioClient::SetEventHandle`).
    pub fn set_event(&mut self, id: StreamId) -> Result<()> {
        let stream = self.live(id)?;
        if !stream.wants_event {
            return Err(SimError::EventHandleNotExpected);
        }
        stream.has_event = true;
        Ok(())
    }

    /// When the stream's event was set since the last call, if it was; the event is unset by this.
    pub fn take_signal(&mut self, id: StreamId) -> Option<u64> {
        self.streams.get_mut(&id)?.signalled.take()
    }

    /// When the device next wants something of the stream: at a playing stream with events, when it turns
    /// to the other buffer.
    pub fn next_tick_ns(&self, id: StreamId) -> Option<u64> {
        let stream = self.streams.get(&id)?;
        self.endpoints[stream.endpoint.index()].tick_at_ns
    }

    /// Frames in the stream's buffer (`IAudioClient::GetBufferSize`).
    pub fn buffer_frames(&self, id: StreamId) -> Result<u32> {
        self.checked(id).map(|stream| stream.buffer_frames)
    }

    /// Frames between two events.
    pub fn period_frames(&self, id: StreamId) -> Result<u32> {
        let stream = self.checked(id)?;
        Ok(self.period_of(stream))
    }

    /// Frames that are queued for the device, or for the client
    /// (`IAudioClient::GetCurrentPadding`).
    pub fn padding_frames(&mut self, id: StreamId) -> Result<u32> {
        let endpoint = self.live(id)?.endpoint;
        self.sync(endpoint);
        self.checked(id).map(Stream::padding_frames)
    }

    /// The longest way of a frame, in units of 100 ns (`IAudioClient::GetStreamLatency`): from the
    /// earliest instant at which a client that is woken on time may write it to the analogue output,
    /// or from the analogue input to the latest instant at which such a client is given it.
    pub fn latency_hns(&self, id: StreamId) -> Result<u64> {
        let stream = self.checked(id)?;
        let endpoint = &self.endpoints[stream.endpoint.index()];
        let frames = queued_frames(stream, self.period_of(stream))
            + way_frames(stream, self.period_of(stream), endpoint);
        Ok(hns_from_frames(frames, endpoint.clock.rate_hz()))
    }

    /// Frames from the stream's buffer to the analogue output, when the client is woken on time:
    /// what is left of [`latency_hns`](Self::latency_hns) when nothing is queued.
    pub fn way_frames(&self, id: StreamId) -> Result<u32> {
        let stream = self.checked(id)?;
        let endpoint = &self.endpoints[stream.endpoint.index()];
        Ok(way_frames(stream, self.period_of(stream), endpoint))
    }

    /// Where the stream is: frames since the start of which the last is at the analogue output (or
    /// was at the input), and the instant, now (`IAudioClock::GetPosition`).
    ///
    /// Follows "IAudioClock::GetPosition method (audioclient.h)" on learn.microsoft.com. The page
    /// does not say what happens in an underrun: here the device goes on counting, as its clock does.
    pub fn position(&self, id: StreamId) -> Result<(u64, u64)> {
        let stream = self.checked(id)?;
        let endpoint = &self.endpoints[stream.endpoint.index()];
        Ok((position(stream, endpoint, self.now_ns), self.now_ns))
    }

    /// What the stream has suffered, also of a stream that is dead.
    pub fn stats(&self, id: StreamId) -> Result<StreamStats> {
        let stream = self.streams.get(&id).ok_or(SimError::NotInitialized)?;
        Ok(stream.stats)
    }

    /// Starts the stream (`IAudioClient::Start`).
    ///
    /// # Errors
    /// [`SimError::NotStopped`], [`SimError::EventHandleNotSet`], and what makes a stream useless.
    pub fn start(&mut self, id: StreamId) -> Result<()> {
        let stream = self.live(id)?;
        if stream.running {
            return Err(SimError::NotStopped);
        }
        if stream.wants_event && !stream.has_event {
            return Err(SimError::EventHandleNotSet);
        }
        stream.running = true;
        stream.start_frame = None;
        let (endpoint_id, period_frames, kind) =
            (stream.endpoint, stream.period_frames, stream.kind);
        self.sync(endpoint_id);
        let now_ns = self.now_ns;
        let runs = kind.is_exclusive() || self.mixer_runs(endpoint_id);
        let endpoint = &mut self.endpoints[endpoint_id.index()];
        endpoint.slow = None;
        if runs && !endpoint.active {
            let first_frame = endpoint.clock.frame_from(now_ns);
            let period_frames = match endpoint.user {
                User::Mixer => endpoint.engine_frames,
                _ => period_frames,
            };
            endpoint.active = true;
            endpoint.next_frame = first_frame;
            if endpoint.flow == Flow::Capture {
                endpoint.period_end = first_frame + u64::from(period_frames);
            } else if endpoint.user == User::Mixer {
                endpoint.next_frame += u64::from(period_frames);
            }
        }
        endpoint.ticking = runs && (endpoint.flow == Flow::Capture || kind != Kind::ExclusiveTimer);
        endpoint.plan_tick();
        if kind == Kind::ExclusiveTimer
            && let Some(stream) = self.streams.get_mut(&id)
            && stream.renders
        {
            stream.start_frame = Some(self.endpoints[endpoint_id.index()].next_frame);
        }
        Ok(())
    }

    /// Stops the stream and keeps what is queued (`IAudioClient::Stop`). Whether it ran.
    pub fn stop(&mut self, id: StreamId) -> Result<bool> {
        let stream = self.live(id)?;
        let was_running = stream.running;
        let endpoint_id = stream.endpoint;
        if was_running {
            self.sync(endpoint_id);
            self.halt_stream(id);
        }
        Ok(was_running)
    }

    /// The stream runs no more; its endpoint neither, if nothing else needs it.
    fn halt_stream(&mut self, id: StreamId) {
        let now_ns = self.now_ns;
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        let endpoint = &mut self.endpoints[stream.endpoint.index()];
        stream.base_position = position(stream, endpoint, now_ns);
        stream.start_frame = None;
        stream.running = false;
        stream.signal_at = None;
        stream.signalled = None;
        let (endpoint_id, exclusive) = (stream.endpoint, stream.kind.is_exclusive());
        if !exclusive && self.mixer_runs(endpoint_id) {
            return;
        }
        let endpoint = &mut self.endpoints[endpoint_id.index()];
        endpoint.ticking = false;
        // What the mixer has given to a DAC is played; everything else stands still.
        if exclusive || endpoint.flow == Flow::Capture {
            endpoint.active = false;
        }
        if endpoint.flow == Flow::Capture {
            endpoint.queue.clear();
        }
        endpoint.plan_tick();
    }

    /// Forgets what is queued and begins to count anew (`IAudioClient::Reset`).
    ///
    /// # Errors
    /// [`SimError::NotStopped`]; [`SimError::BufferOperationPending`].
    pub fn reset(&mut self, id: StreamId) -> Result<()> {
        let stream = self.live(id)?;
        if stream.running {
            return Err(SimError::NotStopped);
        }
        if stream.reserved.is_some() || stream.reading {
            return Err(SimError::BufferOperationPending);
        }
        stream.flush();
        let (endpoint, exclusive) = (stream.endpoint, stream.kind.is_exclusive());
        if exclusive {
            self.endpoints[endpoint.index()].queue.clear();
        }
        Ok(())
    }

    /// Closes the stream, whatever its state (`Release`). Closing what is closed does nothing.
    pub fn close(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get(&id) else {
            return;
        };
        let endpoint_id = stream.endpoint;
        if stream.running {
            self.sync(endpoint_id);
            self.halt_stream(id);
        }
        let dead = self.streams.remove(&id).is_some_and(|s| s.dead.is_some());
        if !dead {
            self.free_endpoint(endpoint_id);
        }
    }

    /// Gives back to the endpoint what the streams that are gone have changed.
    fn free_endpoint(&mut self, id: EndpointId) {
        let (mut any, mut low_latency) = (false, false);
        for stream in self.streams_on(id).filter(|stream| stream.dead.is_none()) {
            any = true;
            low_latency |= stream.kind == Kind::LowLatency;
        }
        let endpoint = &mut self.endpoints[id.index()];
        let exclusive = !matches!(endpoint.user, User::Mixer | User::Nobody);
        if !any {
            endpoint.user = User::Nobody;
        }
        if exclusive {
            endpoint.halt();
        }
        if !low_latency {
            let periods = endpoint.spec.engine_periods(endpoint.clock.rate_hz());
            endpoint.engine_frames = periods.default_frames;
            endpoint.plan_tick();
        }
    }

    /// A stream that is open and alive.
    pub(crate) fn live(&mut self, id: StreamId) -> Result<&mut Stream> {
        let stream = self.streams.get_mut(&id).ok_or(SimError::NotInitialized)?;
        stream.alive()?;
        Ok(stream)
    }

    fn checked(&self, id: StreamId) -> Result<&Stream> {
        let stream = self.streams.get(&id).ok_or(SimError::NotInitialized)?;
        stream.alive()?;
        Ok(stream)
    }

    fn period_of(&self, stream: &Stream) -> u32 {
        if stream.kind.is_exclusive() {
            stream.period_frames
        } else {
            self.endpoints[stream.endpoint.index()].engine_frames
        }
    }
}

/// Frames ahead of what a client writes that keeps its buffer full.
fn queued_frames(stream: &Stream, period_frames: u32) -> u32 {
    if !stream.renders {
        return 0;
    }
    match stream.kind {
        // While one buffer is filled, the other plays.
        Kind::ExclusiveEvent => period_frames,
        _ => stream.buffer_frames.saturating_sub(period_frames),
    }
}

fn way_frames(stream: &Stream, period_frames: u32, endpoint: &Endpoint) -> u32 {
    let mixer_frames = match (stream.kind.is_exclusive(), stream.renders) {
        // Until the mixer takes what was written, and until the device plays what was mixed.
        (false, true) => 2 * period_frames,
        // Recorded frames wait for the end of their period.
        (_, false) => period_frames,
        (true, true) => 0,
    };
    mixer_frames + endpoint.spec.latency_frames
}

fn position(stream: &Stream, endpoint: &Endpoint, now_ns: u64) -> u64 {
    let latency_frames = u64::from(endpoint.spec.latency_frames);
    let ended = endpoint.clock.frames_at(now_ns);
    let since_start = stream.start_frame.map_or(0, |start| {
        if stream.renders {
            ended.saturating_sub(start + latency_frames)
        } else {
            ended.saturating_sub(start)
        }
    });
    stream.base_position + since_start
}
