//! The driver on the service's hardware, both in this process, in real time: whoever loads it is the
//! validator.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use asio::abi::AsioError;
use asio::driver::{ChannelId, Object};
use asio::host::{BlockIo, Driver, Handler};
use simcard_asio::link::{Link, Signal};
use simcard_asio::{CLSID, HardwareDriver};
use simcard_service::call::{Answer, Question};
use simcard_service::config::Config;
use simcard_service::layout::{Block, Shared};
use simcard_service::service::{Event, Process, Server, System};
use validator::{Outcome, Settings, Source};

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

fn now_ns() -> u64 {
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
struct Local {
    shared: &'static Shared,
    calls: Arc<rt::Mutex<()>>,
}

impl Local {
    fn start(config: &'static str) -> Local {
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

impl Source for Local {
    fn load(&self) -> asio::host::Result<Driver> {
        let driver = HardwareDriver::new(Arc::new(self.clone()));
        Ok(Driver::from_object(Object::create(CLSID, driver)))
    }
}

struct Silent;

impl Handler for Silent {
    fn buffer_switch(&mut self, _io: &mut BlockIo<'_>) {}
}

const OUTPUT: [ChannelId; 1] = [ChannelId {
    is_input: false,
    index: 0,
}];

#[test]
fn a_second_program_is_told_that_the_hardware_is_taken() {
    let local = Local::start(Config::DEFAULT);
    let open = || {
        let mut driver = local.load().unwrap();
        driver.init().unwrap();
        driver
    };
    let (mut first, mut second) = (open(), open());
    let block = first.block_sizes().unwrap().preferred_frames;
    first
        .create_buffers(&OUTPUT, block, Box::new(Silent))
        .unwrap();
    let refused = second
        .create_buffers(&OUTPUT, block, Box::new(Silent))
        .unwrap_err()
        .to_string();
    assert!(refused.contains("serves one at a time"), "{refused}");
    assert!(
        refused.contains(&AsioError::NOT_PRESENT.to_string()),
        "{refused}"
    );
    first.dispose_buffers().unwrap();
    second
        .create_buffers(&OUTPUT, block, Box::new(Silent))
        .unwrap();
}

#[test]
fn lost_hardware_is_told_in_a_sentence_that_fits_into_the_hosts_text() {
    let lost = Local::start("hardware Box\n render O\n capture I\nat 0s lose Box\n");
    let mut driver = lost.load().unwrap();
    driver.init().unwrap();
    driver
        .create_buffers(&OUTPUT, 256, Box::new(Silent))
        .unwrap();
    // The script begins with the start, which finds the hardware lost.
    let _ = driver.start();
    driver.dispose_buffers().unwrap();
    let mut again = lost.load().unwrap();
    let refused = again.init().unwrap_err().to_string();
    assert!(
        refused.contains("is unplugged; plug it in (AUDCLNT_E_DEVICE_INVALIDATED)."),
        "{refused}"
    );
}

/// The checks that need one instance and little time; all of them run in Wine.
#[test]
fn the_validator_is_content() {
    const IDS: [&str; 9] = [
        "facts",
        "life-cycle",
        "latencies",
        "measured-latency",
        "block-sizes",
        "odd-block-sizes",
        "rates",
        "references",
        "from-callback",
    ];
    let local = Local::start(
        "stall 3ms\nhardware Box\n blocks 1024 512\n render O\n capture I\ncable O 1 2 -> I 1 2 delay 77\n",
    );
    for id in IDS {
        let check = validator::find(id).unwrap();
        let settings = Settings {
            quick: true,
            ..Settings::new(1)
        };
        let (outcome, text) = validator::here(check, &local, settings, &|_| {});
        let wanted = matches!(outcome, Outcome::Passed | Outcome::Warning);
        println!("{id}: {outcome:?}: {text}");
        assert!(wanted, "{id}: {outcome:?}: {text}");
    }
}
