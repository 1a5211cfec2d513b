//! Doors and seats: clients come and go.

use std::ops::Range;

use ipc::{CLIENTS_MAX, Door, Knock, Link, Refusal, RouterEnd, Terms};
use router::{CoreControl, Seat, SeatStatus, SeatView};

/// Doors that are kept open beyond those that are taken, so that nobody waits.
const SPARE_DOORS: usize = 2;

/// A client that is there.
#[derive(Clone, Debug)]
pub struct Guest {
    /// Its number while it is there.
    pub number: usize,
    /// What it calls itself.
    pub name: String,
    /// The process that it says it is.
    pub process: u32,
    /// Frames in its blocks.
    pub block_frames: u32,
    /// The core's channels that it hears, among the mix's sinks.
    pub sinks: Range<usize>,
    /// The core's channels that it plays, among the mix's sources.
    pub sources: Range<usize>,
    view: SeatView,
    /// It was asked to go.
    is_leaving: bool,
}

impl Guest {
    /// One that is at no table.
    #[cfg(test)]
    pub(crate) fn example(
        number: usize,
        name: &str,
        sources: Range<usize>,
        sinks: Range<usize>,
    ) -> Self {
        Self {
            number,
            name: name.to_owned(),
            process: 1,
            block_frames: 64,
            sinks,
            sources,
            view: SeatView::default(),
            is_leaving: false,
        }
    }

    /// How it does.
    pub fn status(&self) -> SeatStatus {
        self.view.status()
    }
}

/// What happened at the doors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HallEvent {
    /// A client was let in.
    Came(String),
    /// A client has left, or its process is gone.
    Left(String),
    /// A client was not let in, and why.
    Refused(String),
}

enum Place<L> {
    Door(Door<L>),
    /// The client of that number has it.
    Taken(usize),
}

/// All places of a router, and who has them.
pub struct Hall<L> {
    /// `None` only while a place is looked at.
    places: Vec<Option<Place<L>>>,
    make: Box<dyn FnMut(usize) -> Result<L, String>>,
    lives: Box<dyn Fn(u32) -> bool>,
    process: u32,
    terms: Terms,
    wait_ns: u64,
    guests: Vec<Guest>,
}

impl<L: Link> Hall<L> {
    /// A hall with its first doors. `make` makes the place of a number, `lives` tells whether there is
    /// such a process, `process` is this one. Clients in the cycle are waited for `wait_ns` at most.
    ///
    /// # Errors
    /// One sentence: there is no place at all.
    pub fn new(
        make: impl FnMut(usize) -> Result<L, String> + 'static,
        lives: impl Fn(u32) -> bool + 'static,
        process: u32,
        terms: Terms,
        wait_ns: u64,
    ) -> Result<Self, String> {
        let mut hall = Self {
            places: Vec::new(),
            make: Box::new(make),
            lives: Box::new(lives),
            process,
            terms,
            wait_ns,
            guests: Vec::new(),
        };
        hall.open_door()?;
        hall.keep_spare_doors();
        Ok(hall)
    }

    fn open_door(&mut self) -> Result<(), String> {
        let link = (self.make)(self.places.len())?;
        let door = Door::open(link, self.process);
        door.show(&self.terms);
        self.places.push(Some(Place::Door(door)));
        Ok(())
    }

    /// One that cannot be made is tried again the next time.
    fn keep_spare_doors(&mut self) {
        let is_door = |place: &&Option<Place<L>>| matches!(place, Some(Place::Door(_)));
        while self.places.iter().filter(is_door).count() < SPARE_DOORS
            && self.places.len() < CLIENTS_MAX
        {
            if self.open_door().is_err() {
                return;
            }
        }
    }

    /// Who is there.
    pub fn guests(&self) -> &[Guest] {
        &self.guests
    }

    /// How far it is to the device's output, and from its input, in frames.
    pub fn set_latencies(&mut self, output_frames: u32, input_frames: u32) {
        self.terms.output_latency_frames = output_frames;
        self.terms.input_latency_frames = input_frames;
        for guest in &self.guests {
            guest.view.set_device_latencies(output_frames, input_frames);
        }
        for place in self.places.iter().flatten() {
            if let Place::Door(door) = place {
                door.show(&self.terms);
            }
        }
    }

    /// Waits until somebody may be at the door, for so many nanoseconds at most.
    pub fn wait(&self, timeout_ns: u64) {
        let door = self.places.iter().flatten().find_map(|place| match place {
            Place::Door(door) => Some(door),
            Place::Taken(_) => None,
        });
        match door {
            Some(door) => drop(door.wait(timeout_ns)),
            None => std::thread::sleep(std::time::Duration::from_nanos(timeout_ns)),
        }
    }

    /// Lets in who is there and out who wants to go. `looks_closely`: it is asked whether processes
    /// live, too, which takes longer. What happened is added to `events`.
    pub fn attend(
        &mut self,
        core: &mut CoreControl<L>,
        looks_closely: bool,
        events: &mut Vec<HallEvent>,
    ) {
        self.take_back_all(core, events);
        for at in 0..self.places.len() {
            self.look_at(at, core, events);
        }
        for guest in &mut self.guests {
            if guest.is_leaving {
                continue;
            }
            let is_gone =
                guest.view.status().is_leaving || looks_closely && !(self.lives)(guest.process);
            guest.is_leaving = is_gone && core.release(guest.number);
        }
        self.keep_spare_doors();
    }

    fn look_at(&mut self, at: usize, core: &mut CoreControl<L>, events: &mut Vec<HallEvent>) {
        let door = match self.places[at].take() {
            Some(Place::Door(door)) => door,
            other => {
                self.places[at] = other;
                return;
            }
        };
        let rate_hz = self.terms.rate_hz;
        let suits = |wish: &ipc::Wish| match wish.rate_hz == rate_hz {
            true => Ok(()),
            false => Err(Refusal::Unsuited),
        };
        let place = match door.look(self.terms, suits) {
            Knock::Nobody(door) => Place::Door(door),
            Knock::Refused(door, refusal) => {
                events.push(HallEvent::Refused(refusal.to_string()));
                Place::Door(door)
            }
            Knock::Attached(end) => self.seat(end, core, events),
        };
        self.places[at] = Some(place);
    }

    fn seat(
        &mut self,
        end: RouterEnd<L>,
        core: &mut CoreControl<L>,
        events: &mut Vec<HallEvent>,
    ) -> Place<L> {
        let wish = end.wish().clone();
        let process = end.process();
        let cycle_frames = self.terms.cycle_frames as usize;
        let seat = Seat::new(end, cycle_frames, self.wait_ns);
        let view = seat.view();
        let (output, input) = (
            self.terms.output_latency_frames,
            self.terms.input_latency_frames,
        );
        view.set_device_latencies(output, input);
        match core.attach(seat) {
            Ok(attached) => {
                events.push(HallEvent::Came(wish.name.clone()));
                self.guests.push(Guest {
                    number: attached.number,
                    name: wish.name,
                    process,
                    block_frames: wish.block_frames,
                    sinks: attached.sinks,
                    sources: attached.sources,
                    view: attached.view,
                    is_leaving: false,
                });
                Place::Taken(attached.number)
            }
            Err((seat, why)) => {
                events.push(HallEvent::Refused(why));
                Place::Door(Door::after(seat.into_end()))
            }
        }
    }

    /// Takes back the places of those who have gone.
    pub fn take_back_all(&mut self, core: &mut CoreControl<L>, events: &mut Vec<HallEvent>) {
        while let Some((number, seat)) = core.returned() {
            self.take_back(number, seat.into_end(), events);
        }
    }

    fn take_back(&mut self, number: usize, end: RouterEnd<L>, events: &mut Vec<HallEvent>) {
        if let Some(at) = self.guests.iter().position(|guest| guest.number == number) {
            events.push(HallEvent::Left(self.guests.remove(at).name));
        }
        let is_its = |place: &Option<Place<L>>| matches!(place, Some(Place::Taken(taken)) if *taken == number);
        if let Some(at) = self.places.iter().position(is_its) {
            self.places[at] = Some(Place::Door(Door::after(end)));
        }
    }

    /// Asks everybody to go; [`take_back_all`](Self::take_back_all) tells who has.
    pub fn dismiss(&mut self, core: &mut CoreControl<L>) {
        for guest in &mut self.guests {
            guest.is_leaving |= core.release(guest.number);
        }
    }

    /// Closes all doors: who was there knows that the router has ended.
    pub fn close(self) {
        for place in self.places.into_iter().flatten() {
            if let Place::Door(door) = place {
                door.close();
            }
        }
    }
}
