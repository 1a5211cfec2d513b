//! A host that counts: it plays 1, 2, 3 … on the first channel.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use asio::abi::HostMessage;
use asio::driver::{ChannelId, Object, SamplePosition};
use asio::host::{BlockIo, Driver, Events, Handler, answer};
use session::product::DRIVERS;
use session::{DirectDriver, Preferences};

use super::{Bench, FakeDevice, Faults, PERIOD_FRAMES, device};

pub const LEFT: ChannelId = ChannelId {
    is_input: false,
    index: 0,
};
pub const RIGHT: ChannelId = ChannelId {
    is_input: false,
    index: 1,
};

/// What the host was told beside the blocks.
#[derive(Default)]
pub struct Heard(rt::Mutex<Vec<HostMessage>>);

impl Heard {
    pub fn has(&self, message: HostMessage) -> bool {
        self.0.lock().contains(&message)
    }

    /// Waits until the driver has said that.
    pub fn wait_for(&self, message: HostMessage) {
        let begun = std::time::Instant::now();
        while !self.has(message) {
            assert!(begun.elapsed().as_secs() < 20, "never heard {message:?}");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }
}

impl Events for Heard {
    fn message(&self, selector: HostMessage, value: i32) -> i32 {
        self.0.lock().push(selector);
        answer(selector, value)
    }
}

/// The host's callback.
pub struct Counter {
    next: i32,
    heard: Arc<Heard>,
    /// The position and time of each block.
    pub positions: Option<Sender<SamplePosition>>,
    /// The callback tells that it has begun and waits until it may go on.
    pub gate: Option<(Sender<()>, Receiver<()>)>,
    pub withholds_output_ready: bool,
}

impl Handler for Counter {
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>) {
        if let Some((begun, go_on)) = &self.gate {
            let _ = begun.send(());
            let _ = go_on.recv();
        }
        if let (Some(positions), Some(time)) = (&self.positions, io.time()) {
            let _ = positions.send(time.position);
        }
        for sample in io.output_i32(0).unwrap_or_default() {
            *sample = self.next;
            self.next += 1;
        }
        if self.withholds_output_ready {
            io.withhold_output_ready();
        }
    }

    fn events(&self) -> Arc<dyn Events> {
        Arc::clone(&self.heard) as Arc<dyn Events>
    }
}

/// A callback, and what it will have heard.
pub fn counter() -> (Box<Counter>, Arc<Heard>) {
    let heard = Arc::<Heard>::default();
    let counter = Counter {
        next: 1,
        heard: Arc::clone(&heard),
        positions: None,
        gate: None,
        withholds_output_ready: false,
    };
    (Box::new(counter), heard)
}

/// Our driver on a device with those faults, driven by our host through the ASIO vtable; not
/// initialised yet.
pub fn driver_on(faults: Faults) -> (Driver, Bench) {
    let (device, bench) = device(faults);
    (driver_of(device), bench)
}

fn driver_of(device: Arc<FakeDevice>) -> Driver {
    driver_with(device, Preferences::default())
}

/// Our driver on that device, as the user wants it; not initialised yet.
pub fn driver_with(device: Arc<FakeDevice>, preferences: Preferences) -> Driver {
    let product = &DRIVERS[0];
    let driver = DirectDriver::with_preferences(product.name, device, preferences);
    Driver::from_object(Object::create(product.clsid, driver))
}

/// As [`driver_on`] without faults, initialised.
pub fn ready_driver() -> (Driver, Bench) {
    let (mut driver, bench) = driver_on(Faults::default());
    driver.init().expect("the device is there");
    (driver, bench)
}

/// A host that counts on the left channel, in blocks of the device's period, plays on that driver.
pub fn plays(driver: &mut Driver) -> Arc<Heard> {
    let (handler, heard) = counter();
    driver
        .create_buffers(&[LEFT], PERIOD_FRAMES, handler)
        .expect("created");
    driver.start().expect("started");
    heard
}

/// A channel whose receiver a test reads.
pub fn positions_of(counter: &mut Counter) -> Receiver<SamplePosition> {
    let (sender, receiver) = channel();
    counter.positions = Some(sender);
    receiver
}
