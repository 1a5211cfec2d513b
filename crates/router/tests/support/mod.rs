//! Clients in virtual time: what they do and how long they take is known.

#![allow(dead_code)] // Each program uses a part.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use ipc::{
    Answered, Asked, ClientEnd, Door, HandOver, Header, HeapLink, Knock, Link, RouterEnd, Terms,
    Wish, heap_links, knock,
};
use rt::Mutex;

/// Frames after which the sound of a [`counter`] begins anew.
pub const ROUND: u64 = 1 << 20;

/// A sample that tells its frame's number.
pub fn counter(frame: u64) -> f32 {
    (frame % ROUND + 1) as f32 / (2 * ROUND) as f32
}

/// What a client makes of what it hears: channel by channel.
pub type Work = Box<dyn FnMut(&ClientEnd<HeapLink>, Asked, &mut [Vec<f32>]) + Send>;

/// A client whose time is virtual.
pub struct Client {
    end: ClientEnd<HeapLink>,
    work: Work,
    planes: Vec<Vec<f32>>,
    /// How long it takes for a block.
    pub take_ns: u64,
    /// A block that it is at, and when that is done.
    at: Option<(Asked, u64)>,
}

impl Client {
    fn turn(&mut self, now_ns: u64) {
        loop {
            if self.at.is_none() {
                let take_ns = self.take_ns;
                self.at = self.end.take().map(|asked| (asked, now_ns + take_ns));
            }
            let Some((asked, done_ns)) = self.at else {
                return;
            };
            if done_ns > now_ns {
                return;
            }
            (self.work)(&self.end, asked, &mut self.planes);
            let planes = &self.planes;
            let busy_ns = u32::try_from(self.take_ns).unwrap_or(u32::MAX);
            self.end.give(asked, busy_ns, |channel| {
                planes.get(channel).map(Vec::as_slice)
            });
            self.at = None;
        }
    }
}

/// The router's end of the way to such a client: whoever waits lets time pass for it.
pub struct Virtual {
    link: HeapLink,
    client: Arc<Mutex<Option<Client>>>,
    now_ns: Arc<AtomicU64>,
}

/// A client as the test holds it.
#[derive(Clone)]
pub struct Handle(pub Arc<Mutex<Option<Client>>>);

impl Handle {
    /// Lets it work on until then.
    pub fn turn(&self, now_ns: u64) {
        if let Some(client) = &mut *self.0.lock() {
            client.turn(now_ns);
        }
    }

    /// Its process ends at once, whatever it is at.
    pub fn kill(&self) {
        *self.0.lock() = None;
    }

    /// From its next block on it takes so long.
    pub fn take(&self, ns: u64) {
        if let Some(client) = &mut *self.0.lock() {
            client.take_ns = ns;
        }
    }
}

impl Link for Virtual {
    fn header(&self) -> &Header {
        // Time that passes while another is waited for passes for this client, too.
        self.wake();
        self.link.header()
    }

    fn samples(&self) -> &[AtomicU32] {
        self.link.samples()
    }

    fn wake(&self) {
        let now_ns = self.now_ns.load(Ordering::Relaxed);
        if let Some(client) = &mut *self.client.lock() {
            client.turn(now_ns);
        }
    }

    fn wait(&self, timeout_ns: u64) -> bool {
        let now_ns = self.now_ns.load(Ordering::Relaxed);
        let mut client = self.client.lock();
        let Some(client) = &mut *client else {
            self.now_ns.store(now_ns + timeout_ns, Ordering::Relaxed);
            return false;
        };
        let done_ns = client.at.map(|(_, done_ns)| done_ns.max(now_ns));
        match done_ns.filter(|done_ns| *done_ns <= now_ns + timeout_ns) {
            Some(done_ns) => {
                self.now_ns.store(done_ns, Ordering::Relaxed);
                client.turn(done_ns);
                true
            }
            None => {
                self.now_ns.store(now_ns + timeout_ns, Ordering::Relaxed);
                client.turn(now_ns + timeout_ns);
                false
            }
        }
    }

    fn is_alive(&self, _process: u32) -> bool {
        true
    }
}

pub fn wish(inputs: u32, outputs: u32, block_frames: u32, hand_over: HandOver) -> Wish {
    Wish {
        name: "a host".to_owned(),
        inputs,
        outputs,
        block_frames,
        rate_hz: 48_000,
        hand_over,
    }
}

/// Lets a client in. `now_ns` is everybody's clock.
pub fn attach(wish: &Wish, now_ns: &Arc<AtomicU64>, work: Work) -> (RouterEnd<Virtual>, Handle) {
    let (router, client) = heap_links();
    let shared = Arc::new(Mutex::new(None));
    let link = Virtual {
        link: router,
        client: Arc::clone(&shared),
        now_ns: Arc::clone(now_ns),
    };
    let door = Door::open(link, 1);
    let Ok(knocking) = knock(client, 7, wish) else {
        panic!("the place is free");
    };
    let terms = Terms::new(48_000, 64);
    let Knock::Attached(router) = door.look(terms, |_| Ok(())) else {
        panic!("all is as it should be");
    };
    let Ok(Answered::Attached(end)) = knocking.poll(0) else {
        panic!("it was let in");
    };
    let planes = vec![vec![0.0; wish.block_frames as usize]; wish.outputs as usize];
    *shared.lock() = Some(Client {
        end,
        work,
        planes,
        take_ns: 0,
        at: None,
    });
    (router, Handle(shared))
}

/// A client that plays what it hears: output channels are its inputs, in turn.
pub fn echo() -> Work {
    Box::new(|end, _, planes| {
        let inputs = end.wish().inputs as usize;
        for (channel, plane) in planes.iter_mut().enumerate() {
            plane.copy_from_slice(end.input(channel % inputs.max(1)));
        }
    })
}

/// A client that counts its frames, each channel from another number on.
pub fn counting() -> Work {
    Box::new(|_, asked, planes| {
        for (channel, plane) in planes.iter_mut().enumerate() {
            for (frame, sample) in (asked.frame..).zip(plane) {
                *sample = counter(frame + 1_000 * channel as u64);
            }
        }
    })
}
