//! A device that is open only while it is wanted: a microphone is nobody's business as long as nobody
//! hears it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use engine::endpoint::{
    Chosen, Cycle, Device, DeviceInfo, Endpoint, EndpointError, EndpointTiming, FaultKind, Label,
    Lost, MeasuredLatency, OpenRequest, Reopener, StreamFault, Wake, Waker,
};
use engine::format::StreamFormat;
use rt::{Flag, Mutex};

/// Says whether a device is wanted. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct Demand {
    is_wanted: Arc<Flag>,
    /// Ends the pauses of those who look for the device.
    bells: Arc<Mutex<Vec<SyncSender<()>>>>,
}

impl Demand {
    /// Whether it is wanted.
    pub fn is_wanted(&self) -> bool {
        self.is_wanted.get()
    }

    /// From now on it is wanted, or not. True where that is news.
    pub fn set(&self, is_wanted: bool) -> bool {
        if self.is_wanted.get() == is_wanted {
            return false;
        }
        self.is_wanted.set(is_wanted);
        // One that is full rings anyway, and one without a listener is taken out.
        self.bells.lock().retain(|bell| {
            !matches!(
                bell.try_send(()),
                Err(std::sync::mpsc::TrySendError::Disconnected(()))
            )
        });
        true
    }

    fn bell(&self) -> (SyncSender<()>, Receiver<()>) {
        let (ring, bell) = sync_channel(1);
        self.bells.lock().push(ring.clone());
        (ring, bell)
    }
}

/// A device that opens and stays open only while it is wanted. It can be described at any time.
pub struct OnDemand {
    device: Arc<dyn Device>,
    demand: Demand,
}

impl OnDemand {
    /// That device, while `demand` wants it.
    pub fn new(device: Arc<dyn Device>, demand: Demand) -> Self {
        Self { device, demand }
    }

    fn check(&self) -> Result<(), EndpointError> {
        check(&self.demand)
    }
}

fn check(demand: &Demand) -> Result<(), EndpointError> {
    if demand.is_wanted() {
        return Ok(());
    }
    let message = "The device is closed, as nobody hears it.";
    Err(EndpointError::new(FaultKind::NotFound, message))
}

impl Device for OnDemand {
    fn describe(&self) -> Result<DeviceInfo, EndpointError> {
        self.device.describe()
    }

    fn check_rate(&self, rate_hz: u32) -> Result<(), EndpointError> {
        self.check()?;
        self.device.check_rate(rate_hz)
    }

    fn open(&self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        self.check()?;
        let endpoint = self.device.open(request)?;
        Ok(Demanded::boxed(endpoint, &self.demand))
    }

    fn remarks(&self) -> Vec<String> {
        self.device.remarks()
    }

    fn reopener(&self) -> Box<dyn Reopener> {
        let (ring, bell) = self.demand.bell();
        let inner = self.device.reopener();
        let waker = Arc::new(Both {
            ring,
            inner: inner.waker(),
        });
        Box::new(Search {
            inner,
            bell,
            waker,
            demand: self.demand.clone(),
        })
    }

    fn idle(&self, like: &Lost) -> Box<dyn Endpoint> {
        self.device.idle(like)
    }
}

/// Looks for the device while it is wanted.
struct Search {
    inner: Box<dyn Reopener>,
    bell: Receiver<()>,
    waker: Arc<Both>,
    demand: Demand,
}

struct Both {
    ring: SyncSender<()>,
    inner: Arc<dyn Waker>,
}

impl Waker for Both {
    fn wake(&self) {
        // One that is full rings anyway.
        let _ = self.ring.try_send(());
        self.inner.wake();
    }
}

impl Reopener for Search {
    fn open(&mut self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        check(&self.demand)?;
        let endpoint = self.inner.open(request)?;
        Ok(Demanded::boxed(endpoint, &self.demand))
    }

    fn chosen(&mut self) -> Chosen {
        self.inner.chosen()
    }

    fn pause(&mut self, limit_ns: u64) -> bool {
        if self.demand.is_wanted() {
            return self.inner.pause(limit_ns);
        }
        let rang = self.bell.recv_timeout(Duration::from_nanos(limit_ns));
        rang.is_ok()
    }

    fn waker(&self) -> Arc<dyn Waker> {
        Arc::clone(&self.waker) as Arc<dyn Waker>
    }
}

/// An endpoint that is lost as soon as it is not wanted any more.
struct Demanded {
    inner: Box<dyn Endpoint>,
    demand: Demand,
}

impl Demanded {
    fn boxed(inner: Box<dyn Endpoint>, demand: &Demand) -> Box<dyn Endpoint> {
        Box::new(Self {
            inner,
            demand: demand.clone(),
        })
    }
}

impl Endpoint for Demanded {
    fn output_format(&self) -> Option<StreamFormat> {
        self.inner.output_format()
    }

    fn input_format(&self) -> Option<StreamFormat> {
        self.inner.input_format()
    }

    fn timing(&self) -> EndpointTiming {
        self.inner.timing()
    }

    fn measured(&self) -> MeasuredLatency {
        self.inner.measured()
    }

    fn fault(&mut self) -> Option<StreamFault> {
        self.inner.fault()
    }

    fn has_fallen_behind(&self) -> bool {
        self.inner.has_fallen_behind()
    }

    fn chosen(&self) -> Chosen {
        self.inner.chosen()
    }

    fn label(&self) -> Label {
        // Its end is nothing to tell of: nobody hears it.
        match self.demand.is_wanted() {
            true => self.inner.label(),
            false => Label::default(),
        }
    }

    fn waker(&self) -> Arc<dyn Waker> {
        self.inner.waker()
    }

    fn start(&mut self, keep_frames: u32) -> Result<(), EndpointError> {
        self.inner.start(keep_frames)
    }

    fn stop(&mut self) {
        self.inner.stop();
    }

    fn wait(&mut self) -> Wake {
        // Seen within a period, as the device wakes us as often.
        if !self.demand.is_wanted() {
            return Wake::Lost(StreamFault {
                kind: FaultKind::Lost,
                code: 0,
            });
        }
        self.inner.wait()
    }

    fn cycle(&mut self, work: &mut dyn Cycle) -> Result<(), StreamFault> {
        self.inner.cycle(work)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use engine::endpoint::Sides;
    use engine::idle::{Idle, Ticker};

    use super::*;

    /// A device that opens whenever it is asked to.
    struct Ready;

    struct Clock(Instant);

    impl Ticker for Clock {
        fn now_ns(&self) -> u64 {
            self.0.elapsed().as_nanos() as u64
        }

        fn wait_until(&mut self, at_ns: u64) -> bool {
            std::thread::sleep(Duration::from_nanos(at_ns.saturating_sub(self.now_ns())));
            true
        }

        fn waker(&self) -> Arc<dyn Waker> {
            Arc::new(Nobody)
        }

        fn set_running(&mut self, _is_running: bool) {}
    }

    struct Nobody;

    impl Waker for Nobody {
        fn wake(&self) {}
    }

    struct Again;

    impl Reopener for Again {
        fn open(&mut self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
            Ready.open(request)
        }

        fn chosen(&mut self) -> Chosen {
            Chosen::default()
        }

        fn pause(&mut self, _limit_ns: u64) -> bool {
            true
        }

        fn waker(&self) -> Arc<dyn Waker> {
            Arc::new(Nobody)
        }
    }

    impl Device for Ready {
        fn describe(&self) -> Result<DeviceInfo, EndpointError> {
            Err(EndpointError::new(FaultKind::NotFound, "Not said."))
        }

        fn check_rate(&self, _rate_hz: u32) -> Result<(), EndpointError> {
            Ok(())
        }

        fn open(&self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
            let timing = EndpointTiming {
                period_frames: 48,
                buffer_frames: 96,
                intake: engine::endpoint::Intake::Whole,
                queued_frames: 0,
                device_frames: 0,
                input_period_frames: 48,
                input_device_frames: 0,
                is_one_clock: true,
            };
            let lost = Lost {
                output: None,
                input: Some(StreamFormat {
                    sample: engine::format::SampleFormat::Float32,
                    channels: 2,
                    rate_hz: request.rate_hz,
                    channel_mask: 3,
                }),
                timing,
                was_due: false,
            };
            Ok(self.idle(&lost))
        }

        fn reopener(&self) -> Box<dyn Reopener> {
            Box::new(Again)
        }

        fn idle(&self, like: &Lost) -> Box<dyn Endpoint> {
            Box::new(Idle::new(like, Box::new(Clock(Instant::now()))))
        }
    }

    const REQUEST: OpenRequest = OpenRequest {
        rate_hz: 48_000,
        block_frames: 48,
        sides: Sides::Input,
    };

    #[test]
    fn it_opens_when_it_is_wanted_and_is_lost_when_it_is_not() {
        let demand = Demand::default();
        let device = OnDemand::new(Arc::new(Ready), demand.clone());
        assert!(device.open(REQUEST).is_err() && device.check_rate(48_000).is_err());
        let mut search = device.reopener();
        assert!(search.open(REQUEST).is_err());

        assert!(demand.set(true) && !demand.set(true));
        let mut endpoint = search.open(REQUEST).expect("it is wanted");
        endpoint.start(0).expect("it starts");
        assert!(!matches!(endpoint.wait(), Wake::Lost(_)));
        assert!(demand.set(false));
        assert!(matches!(endpoint.wait(), Wake::Lost(_)));
        endpoint.stop();
    }

    #[test]
    fn who_looks_for_it_is_told_at_once() {
        let demand = Demand::default();
        let device = OnDemand::new(Arc::new(Ready), demand.clone());
        let mut search = device.reopener();
        let begun = Instant::now();
        let looks = std::thread::spawn(move || search.pause(10_000_000_000));
        std::thread::sleep(Duration::from_millis(20));
        demand.set(true);
        looks.join().expect("it ends");
        assert!(begun.elapsed() < Duration::from_secs(5));

        demand.set(false);
        let mut search = device.reopener();
        search.waker().wake();
        let begun = Instant::now();
        search.pause(10_000_000_000);
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}
