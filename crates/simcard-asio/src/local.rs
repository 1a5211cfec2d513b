//! The service, the hardware and its driver in one process, in real time, on any system.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use asio::driver::Object;
use asio::host::Driver;
use simcard_service::call::{Answer, Question};
use simcard_service::config::Config;
use simcard_service::layout::{Block, Shared};
use simcard_service::service::{Event, Process, Server, System};

use crate::link::{Link, Signal};
use crate::{CLSID, HardwareDriver};

/// An event of this process.
#[derive(Default)]
struct Bell {
    #[expect(
        clippy::disallowed_types,
        reason = "a condition variable wants this one"
    )]
    set: std::sync::Mutex<bool>,
    rung: Condvar,
    handle: u64,
}

impl Bell {
    fn ring(&self) {
        *self.set.lock().unwrap() = true;
        self.rung.notify_one();
    }
}

impl Signal for Bell {
    fn handle(&self) -> u64 {
        self.handle
    }

    fn wait(&self, timeout_ms: u32) -> bool {
        let limit = Duration::from_millis(timeout_ms.into());
        let guard = self.set.lock().unwrap();
        let (mut set, _) = self
            .rung
            .wait_timeout_while(guard, limit, |set| !*set)
            .unwrap();
        std::mem::take(&mut *set)
    }

    fn set(&self) {
        self.ring();
    }
}

static BELLS: rt::Mutex<BTreeMap<u64, Arc<Bell>>> = rt::Mutex::new(BTreeMap::new());

struct Rung(Arc<Bell>);

impl Event for Rung {
    fn set(&self) {
        self.0.ring();
    }
}

struct Alive;

impl Process for Alive {
    fn is_alive(&self) -> bool {
        true
    }
}

struct Here;

/// The clock of this process, in nanoseconds.
pub fn now_ns() -> u64 {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    BEGAN.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

impl System for Here {
    fn now_ns(&self) -> u64 {
        now_ns()
    }

    fn event(&self, _process: u32, handle: u64) -> Result<Box<dyn Event>, i32> {
        let bell = BELLS.lock().get(&handle).cloned();
        Ok(Box::new(Rung(bell.ok_or(-1)?)))
    }

    fn process_id(&self) -> u32 {
        1
    }

    fn process(&self, _process: u32) -> Box<dyn Process> {
        Box::new(Alive)
    }

    fn answered(&self) {}
}

/// A service on a thread of its own, until the process ends.
#[derive(Clone)]
pub struct Local {
    shared: &'static Shared,
    calls: Arc<rt::Mutex<()>>,
}

impl Local {
    /// Starts one for hardware of that description.
    ///
    /// # Panics
    /// When the description makes no sense.
    pub fn start(config: &'static str) -> Local {
        let shared: &'static Shared = Box::leak(Shared::private());
        thread::spawn(move || {
            let config = Config::parse(config).unwrap();
            let mut server = Server::new(&config, Here, shared, None).unwrap();
            loop {
                let next_ns = server.pass();
                let pause_ns = next_ns.saturating_sub(now_ns()).min(200_000);
                thread::sleep(Duration::from_nanos(pause_ns));
            }
        });
        while !shared.is_served() {
            thread::yield_now();
        }
        Local {
            shared,
            calls: Arc::default(),
        }
    }
}

impl Local {
    /// A driver of that hardware, not yet made ready.
    pub fn driver(&self) -> Driver {
        let driver = HardwareDriver::new(Arc::new(self.clone()));
        Driver::from_object(Object::create(CLSID, driver))
    }
}

impl Link for Local {
    fn ask(&self, question: Question) -> Result<Answer, i32> {
        let _one_at_a_time = self.calls.lock();
        let number = self.shared.call.put(&question.words(), 1);
        loop {
            match self.shared.call.take(number) {
                Some(answer) if answer.status < 0 => return Err(answer.status),
                Some(answer) => return Ok(answer),
                None => thread::sleep(Duration::from_micros(50)),
            }
        }
    }

    fn block(&self) -> Result<&'static Block, i32> {
        Ok(&self.shared.hardware)
    }

    fn event(&self) -> Result<Arc<dyn Signal>, i32> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let bell = Arc::new(Bell {
            handle: NEXT.fetch_add(1, Ordering::Relaxed),
            ..Bell::default()
        });
        BELLS.lock().insert(bell.handle, Arc::clone(&bell));
        Ok(bell)
    }

    fn now_ns(&self) -> u64 {
        now_ns()
    }
}
