//! All joined devices of a stream, and their places in its graph.

use std::sync::Arc;

use engine::endpoint::Sides;
use engine::graph::{Graph, GraphSpec};

use crate::devices::Layout;
use crate::keeper::Purpose;
use crate::member::{self, Member};
use crate::orders::{CurrentWaker, Joined};
use crate::stream_client::StreamClient;
use crate::stream_thread::Setup;

/// The joined devices that the host uses.
pub(crate) struct Members {
    outputs: Vec<Seat>,
    inputs: Vec<Seat>,
}

/// A joined device's place in the graph.
struct Seat {
    /// As [`HostChannel::device`](crate::devices::HostChannel::device) counts.
    device: usize,
    /// As many as the device has now; 0 while it is not there.
    channels: u16,
    /// `None` where there was no thread for it: its channels are silent.
    member: Option<Member>,
}

impl Members {
    /// Opens those that the host uses. One that does not open has silent channels until it does; it
    /// never takes the others along.
    pub(crate) fn open<C: StreamClient>(setup: &Setup<C>, stream: &CurrentWaker) -> Self {
        let mut members = Self {
            outputs: Vec::new(),
            inputs: Vec::new(),
        };
        let used = &setup.used;
        for (device, joined) in (1..).zip(&setup.wiring.joined) {
            let is_input = joined.is_input;
            if !setup.layout.is_used(device, is_input, used) {
                continue;
            }
            let side = members.side_mut(is_input);
            let member = Member::open(member::Setup {
                recorder: setup.wires.recorder(),
                device: Arc::clone(&joined.device),
                place: side.len(),
                is_input,
                purpose: Purpose {
                    sides: Sides::of(!is_input, is_input),
                    ..setup.purpose
                },
                preferences: setup.wiring.preferences.clone(),
                view: Arc::clone(&joined.view),
                commands: setup.sender.clone(),
                stream: stream.clone(),
            });
            side.push(Seat {
                device,
                channels: 0,
                member,
            });
        }
        members
    }

    fn side_mut(&mut self, is_input: bool) -> &mut Vec<Seat> {
        match is_input {
            true => &mut self.inputs,
            false => &mut self.outputs,
        }
    }

    /// Lets all run. They come into the graph when they have started.
    pub(crate) fn start<C: StreamClient>(&mut self, graph: &mut Graph<C>, spec: &GraphSpec) {
        for seat in self.outputs.iter_mut().chain(&mut self.inputs) {
            seat.channels = 0;
        }
        let places = |seats: &[Seat]| seats.len();
        graph.join(
            std::iter::repeat_with(|| None)
                .take(places(&self.outputs))
                .collect(),
            std::iter::repeat_with(|| None)
                .take(places(&self.inputs))
                .collect(),
        );
        let starting: Vec<_> = self.all().map(|member| member.start(spec)).collect();
        for starting in starting {
            starting.wait();
        }
    }

    /// Lets all run on for a graph that is so now. Does not wait.
    pub(crate) fn restart(&self, spec: &GraphSpec) {
        for member in self.all() {
            drop(member.start(spec));
        }
    }

    /// Lets all stop. Does not wait.
    pub(crate) fn stop(&self) {
        for member in self.all() {
            member.stop();
        }
    }

    fn all(&self) -> impl Iterator<Item = &Member> {
        let seats = self.outputs.iter().chain(&self.inputs);
        seats.filter_map(|seat| seat.member.as_ref())
    }

    /// Puts a device into its place in the graph, or takes it out.
    pub(crate) fn put<C: StreamClient>(&mut self, graph: &mut Graph<C>, place: usize, end: Joined) {
        let is_input = matches!(end, Joined::Input(_));
        let Some(seat) = self.side_mut(is_input).get_mut(place) else {
            return;
        };
        match end {
            Joined::Output(end) => {
                let (end, channels) = end.unzip();
                seat.channels = channels.unwrap_or(0);
                drop(graph.set_joined_output(place, end));
            }
            Joined::Input(end) => {
                let (end, channels) = end.unzip();
                seat.channels = channels.unwrap_or(0);
                drop(graph.set_joined_input(place, end));
            }
        }
    }

    /// Adds for each of the devices' channels the host's.
    pub(crate) fn add_channels(
        &self,
        list: &mut Vec<Option<u32>>,
        layout: &Layout,
        is_input: bool,
    ) {
        let seats = match is_input {
            true => &self.inputs,
            false => &self.outputs,
        };
        for seat in seats {
            list.extend(layout.host_channels(seat.device, is_input, seat.channels));
        }
    }
}
