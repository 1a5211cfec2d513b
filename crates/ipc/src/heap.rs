//! Both ends in one process: for tests, and for sound that is made where the router is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use crate::layout::Header;
use crate::limits::SAMPLES;
use crate::link::{Interrupter, Link};

/// The memory of two [`HeapLink`]s, as anybody sees it who shares it.
#[derive(Clone)]
pub struct HeapMemory(Arc<Memory>);

impl HeapMemory {
    /// The beginning.
    pub fn header(&self) -> &Header {
        &self.0.header
    }

    /// The samples.
    pub fn samples(&self) -> &[AtomicU32] {
        &self.0.samples
    }
}

struct Memory {
    header: Header,
    samples: Vec<AtomicU32>,
    /// What [`Link::is_alive`] says.
    lives: AtomicBool,
}

/// One end of a link inside a process.
pub struct HeapLink {
    memory: Arc<Memory>,
    wakes: SyncSender<()>,
    woken: Receiver<()>,
    /// The other end's way to wake this one.
    wakes_self: SyncSender<()>,
}

/// The router's and the client's end of a link inside this process.
pub fn heap_links() -> (HeapLink, HeapLink) {
    let memory = Arc::new(Memory {
        header: Header::zeroed(),
        samples: (0..SAMPLES).map(|_| AtomicU32::new(0)).collect(),
        lives: AtomicBool::new(true),
    });
    // An event is set or not: one message says all.
    let (to_client, from_router) = sync_channel(1);
    let (to_router, from_client) = sync_channel(1);
    let router = HeapLink {
        memory: Arc::clone(&memory),
        wakes: to_client.clone(),
        woken: from_client,
        wakes_self: to_router.clone(),
    };
    let client = HeapLink {
        memory,
        wakes: to_router,
        woken: from_router,
        wakes_self: to_client,
    };
    (router, client)
}

impl HeapLink {
    /// The memory, for whoever else writes there.
    pub fn memory(&self) -> HeapMemory {
        HeapMemory(Arc::clone(&self.memory))
    }

    /// What [`Link::is_alive`] says of the other end from now on.
    pub fn set_alive(&self, lives: bool) {
        self.memory.lives.store(lives, Ordering::Release);
    }
}

impl Link for HeapLink {
    fn header(&self) -> &Header {
        &self.memory.header
    }

    fn samples(&self) -> &[AtomicU32] {
        &self.memory.samples
    }

    fn wake(&self) {
        // Full: it is set already. Gone: nobody is woken.
        let _ = self.wakes.try_send(());
    }

    fn wait(&self, timeout_ns: u64) -> bool {
        if timeout_ns == 0 {
            return self.woken.try_recv().is_ok();
        }
        self.woken
            .recv_timeout(Duration::from_nanos(timeout_ns))
            .is_ok()
    }

    fn interrupter(&self) -> Interrupter {
        let wakes = self.wakes_self.clone();
        Interrupter::new(move || {
            let _ = wakes.try_send(());
        })
    }

    fn is_alive(&self, _process: u32) -> bool {
        self.memory.lives.load(Ordering::Acquire)
    }
}
