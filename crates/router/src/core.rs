//! One cycle of everything.

use std::ops::Range;

use engine::client::{BlockTime, Client, Plane};
use engine::mix::{MixControl, MixSpec, Mixer, mixer};
use ipc::{CLIENTS_MAX, Link};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::seat::{Seat, SeatView};

/// What a core is to be. Its numbers of channels are fixed; the graph is built anew for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreSpec {
    /// The graph's rate in Hz.
    pub rate_hz: u32,
    /// Frames in a cycle.
    pub cycle_frames: u32,
    /// Channels of all devices that record.
    pub device_inputs: usize,
    /// Channels of all devices that play.
    pub device_outputs: usize,
    /// Channels that all clients together can hear.
    pub client_inputs: usize,
    /// Channels that all clients together can play.
    pub client_outputs: usize,
    /// Frames in which a gain goes over to another.
    pub ramp_frames: usize,
    /// How long all synchronous clients together are waited for in a cycle, in nanoseconds; at most
    /// a part of the cycle.
    pub wait_ns: u64,
}

/// A seat on its way to the core or back, and its channels.
struct Placed<L> {
    number: usize,
    seat: Box<Seat<L>>,
    inputs: Range<usize>,
    outputs: Range<usize>,
}

enum Order<L> {
    Come(Placed<L>),
    Go(usize),
}

/// A client that has a seat.
#[derive(Clone, Debug)]
pub struct Attached {
    /// Its number, for [`CoreControl::release`].
    pub number: usize,
    /// Its channels among the mix's sinks: what it hears.
    pub sinks: Range<usize>,
    /// Its channels among the mix's sources: what it plays.
    pub sources: Range<usize>,
    /// How it does.
    pub view: SeatView,
}

/// The end for the control thread: lets clients come and go, and controls the mix.
pub struct CoreControl<L> {
    spec: CoreSpec,
    /// Gains and meters. Sources are the devices' channels, then the clients'; sinks the same.
    pub mix: MixControl,
    orders: Producer<Order<L>>,
    returned: Consumer<Placed<L>>,
    /// The channels of each client that is attached or on its way back, what it hears and plays.
    taken: Vec<Option<(Range<usize>, Range<usize>)>>,
}

/// The core: a [`Client`] of the graph.
pub struct Core<L> {
    spec: CoreSpec,
    mixer: Mixer,
    has_begun: bool,
    seats: Vec<Option<Placed<L>>>,
    orders: Consumer<Order<L>>,
    returned: Producer<Placed<L>>,
    clock: Box<dyn Fn() -> u64 + Send>,
}

/// Makes a core and the end that controls it. `clock` tells the time of
/// [`BlockTime::now_ns`]'s clock, for the wait for synchronous clients; it is asked in the cycle.
///
/// # Errors
/// One sentence that tells what is wrong with the specification.
pub fn core<L: Link>(
    spec: &CoreSpec,
    clock: impl Fn() -> u64 + Send + 'static,
) -> Result<(CoreControl<L>, Core<L>), String> {
    let (mix, mixer) = mixer(&MixSpec {
        sources: spec.device_inputs.saturating_add(spec.client_outputs),
        sinks: spec.device_outputs.saturating_add(spec.client_inputs),
        block_frames: spec.cycle_frames as usize,
        ramp_frames: spec.ramp_frames,
        rate_hz: spec.rate_hz,
    })?;
    // Each client can come and go once before the core looks.
    let (orders_in, orders) = RingBuffer::new(2 * CLIENTS_MAX);
    let (returned, returned_out) = RingBuffer::new(CLIENTS_MAX);
    let control = CoreControl {
        spec: *spec,
        mix,
        orders: orders_in,
        returned: returned_out,
        taken: vec![None; CLIENTS_MAX],
    };
    let core = Core {
        spec: *spec,
        mixer,
        has_begun: false,
        seats: (0..CLIENTS_MAX).map(|_| None).collect(),
        orders,
        returned,
        clock: Box::new(clock),
    };
    Ok((control, core))
}

impl<L: Link> CoreControl<L> {
    /// What the core is.
    pub fn spec(&self) -> &CoreSpec {
        &self.spec
    }

    /// Gives a client a seat, from the next cycle on. No other client and no device notices.
    ///
    /// # Errors
    /// The client, and one sentence: there is no seat, or there are not enough channels in a row.
    pub fn attach(&mut self, seat: Seat<L>) -> Result<Attached, (Box<Seat<L>>, String)> {
        let seat = Box::new(seat);
        let Some(number) = self.taken.iter().position(Option::is_none) else {
            let why = format!("There are {CLIENTS_MAX} clients already; end one of them.");
            return Err((seat, why));
        };
        let (inputs, outputs) = seat.channels();
        let taken = || self.taken.iter().flatten();
        let hears = free(inputs, self.spec.client_inputs, taken().map(|one| &one.0));
        let plays = free(outputs, self.spec.client_outputs, taken().map(|one| &one.1));
        let (Some(hears), Some(plays)) = (hears, plays) else {
            let why = format!(
                "There is no room for a client that hears {inputs} channels and plays {outputs}; \
                 end another."
            );
            return Err((seat, why));
        };
        let view = seat.view();
        let placed = Placed {
            number,
            seat,
            inputs: hears.clone(),
            outputs: plays.clone(),
        };
        if let Err(rtrb::PushError::Full(order)) = self.orders.push(Order::Come(placed)) {
            let why = "The router's cycle stands still; wait until its device is back.".to_owned();
            return match order {
                Order::Come(placed) => Err((placed.seat, why)),
                Order::Go(_) => unreachable!("what was pushed comes back"),
            };
        }
        self.taken[number] = Some((hears.clone(), plays.clone()));
        let shift = |range: Range<usize>, by: usize| range.start + by..range.end + by;
        Ok(Attached {
            number,
            sinks: shift(hears, self.spec.device_outputs),
            sources: shift(plays, self.spec.device_inputs),
            view,
        })
    }

    /// Takes a client its seat, from the next cycle on; it comes back with
    /// [`returned`](Self::returned). False if the cycle stands still; try again then.
    pub fn release(&mut self, number: usize) -> bool {
        self.orders.push(Order::Go(number)).is_ok()
    }

    /// A client whose seat was taken, with its number: its channels are free again.
    pub fn returned(&mut self) -> Option<(usize, Box<Seat<L>>)> {
        let placed = self.returned.pop().ok()?;
        if let Some(taken) = self.taken.get_mut(placed.number) {
            *taken = None;
        }
        Some((placed.number, placed.seat))
    }
}

/// The first so many numbers in a row that nobody has.
fn free<'a>(
    count: usize,
    room: usize,
    taken: impl Iterator<Item = &'a Range<usize>>,
) -> Option<Range<usize>> {
    let mut taken: Vec<&Range<usize>> = taken.filter(|range| !range.is_empty()).collect();
    taken.sort_by_key(|range| range.start);
    let mut start = 0;
    for range in taken {
        if range.start - start >= count {
            break;
        }
        start = range.end;
    }
    (room.checked_sub(start)? >= count).then(|| start..start + count)
}

impl<L: Link> Core<L> {
    /// The mix's block, as it was after the last cycle.
    pub fn mixer(&self) -> &Mixer {
        &self.mixer
    }

    fn begin(&mut self) {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.mixer.begin(self.spec.cycle_frames as usize);
        }
    }

    /// Lets clients come and go.
    fn follow_orders(&mut self) {
        while !self.returned.is_full() {
            match self.orders.pop() {
                Ok(Order::Come(placed)) => {
                    let number = placed.number;
                    let before = self.seats.get_mut(number).map(|seat| seat.replace(placed));
                    if let Some(Some(before)) = before {
                        self.give_back(before);
                    }
                }
                Ok(Order::Go(number)) => {
                    if let Some(seat) = self.seats.get_mut(number).and_then(Option::take) {
                        self.give_back(seat);
                    }
                }
                Err(_) => return,
            }
        }
    }

    fn give_back(&mut self, placed: Placed<L>) {
        // There was room; were there none, the seat would have to be freed here.
        let pushed = self.returned.push(placed);
        debug_assert!(pushed.is_ok(), "there was room");
    }
}

/// Hands a seat's sound to the mixer.
fn give<L: Link>(mixer: &mut Mixer, first: usize, placed: &Placed<L>) {
    for (channel, source) in placed.outputs.clone().enumerate() {
        mixer.source(first + source, Plane::Float32(placed.seat.output(channel)));
    }
}

/// Gives a client what it hears, and asks for a block if one is wanted.
fn ask<L: Link>(mixer: &Mixer, outputs: usize, placed: &mut Placed<L>, now_ns: u64) {
    let first = outputs + placed.inputs.start;
    let heard = |channel| Some(mixer.sink(first + channel));
    placed.seat.ask(now_ns, heard);
}

impl<L: Link> Client for Core<L> {
    fn block_frames(&self) -> u32 {
        self.spec.cycle_frames
    }

    fn hears(&self, channel: usize) -> bool {
        channel < self.spec.device_inputs
    }

    fn input(&mut self, channel: usize, samples: Plane<'_>) {
        self.begin();
        if channel < self.spec.device_inputs {
            self.mixer.source(channel, samples);
        }
    }

    fn process(&mut self, time: BlockTime) {
        self.begin();
        self.follow_orders();
        let deadline_ns = (self.clock)().saturating_add(self.spec.wait_ns);
        let (inputs, outputs) = (self.spec.device_inputs, self.spec.device_outputs);
        let (mixer, now_ns) = (&mut self.mixer, time.now_ns);
        let clock = &self.clock;
        let left_ns = || deadline_ns.saturating_sub(clock());
        for placed in self.seats.iter_mut().flatten() {
            placed.seat.gather(now_ns);
            give(mixer, inputs, placed);
        }
        for placed in self.seats.iter_mut().flatten() {
            placed
                .inputs
                .clone()
                .for_each(|channel| mixer.make(outputs + channel));
            if !placed.seat.is_late() {
                ask(mixer, outputs, placed, now_ns);
            }
        }
        // All are at it now, so that who is waited for takes nobody else's time.
        for placed in self.seats.iter_mut().flatten() {
            if placed.seat.is_late() {
                placed.seat.catch_up(now_ns, left_ns);
                ask(mixer, outputs, placed, now_ns);
            }
            placed.seat.finish(now_ns, left_ns);
            give(mixer, inputs, placed);
        }
        (0..outputs).for_each(|channel| mixer.make(channel));
        mixer.end();
        self.has_begun = false;
    }

    fn output(&self, channel: usize) -> Option<Plane<'_>> {
        let is_device = channel < self.spec.device_outputs;
        is_device.then(|| Plane::Float32(self.mixer.sink(channel)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn channels_in_a_row_are_found(sizes in prop::collection::vec((0_usize..8, any::<bool>()), 0..40)) {
            let mut taken: Vec<Range<usize>> = Vec::new();
            for (size, goes) in sizes {
                if goes && !taken.is_empty() {
                    taken.remove(size % taken.len());
                }
                let Some(found) = free(size, 24, taken.iter()) else {
                    // Nowhere are so many free.
                    let is_free = |n: usize| !taken.iter().any(|range| range.contains(&n));
                    for start in 0..=24_usize.saturating_sub(size) {
                        prop_assert!(!(start..start + size).all(|n| n < 24 && is_free(n)));
                    }
                    continue;
                };
                prop_assert!(found.len() == size && found.end <= 24);
                for range in &taken {
                    prop_assert!(found.is_empty() || range.is_empty()
                        || found.end <= range.start || range.end <= found.start);
                }
                taken.push(found);
            }
        }
    }
}
