//! The driver on the service's hardware, both in this process, in real time: whoever loads it is the
//! validator.

use asio::abi::AsioError;
use asio::driver::ChannelId;
use asio::host::{BlockIo, Driver, Handler};
use simcard_asio::local::Local;
use simcard_service::config::Config;
use validator::{Outcome, Settings, Source};

struct Loads(Local);

impl Source for Loads {
    fn load(&self) -> asio::host::Result<Driver> {
        Ok(self.0.driver())
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
        let mut driver = local.driver();
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
    let mut driver = lost.driver();
    driver.init().unwrap();
    driver
        .create_buffers(&OUTPUT, 256, Box::new(Silent))
        .unwrap();
    // The script begins with the start, which finds the hardware lost.
    let _ = driver.start();
    driver.dispose_buffers().unwrap();
    let mut again = lost.driver();
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
        let (outcome, text) = validator::here(check, &Loads(local.clone()), settings, &|_| {});
        let wanted = matches!(outcome, Outcome::Passed | Outcome::Warning);
        println!("{id}: {outcome:?}: {text}");
        assert!(wanted, "{id}: {outcome:?}: {text}");
    }
}
