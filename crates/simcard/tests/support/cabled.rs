//! The whole driver on a card with a cable from its DAC to its ADC, and its latencies by stream
//! position.
//!
//! A frame's place in what the host wrote, at the DAC, at the ADC and in what the host got is known,
//! so a round trip is a difference of two places. A block's time stamp is that of a wake-up. A
//! wake-up may be late, which moves the stamp and not the sound; then the most punctual one counts.

use std::sync::Arc;

use asio::abi::{HostMessage, SampleType};
use asio::driver::{ChannelId, Object};
use asio::host::{BlockIo, Driver, Events, Handler};
use engine::endpoint::{EndpointTiming, Sides};
use engine::format::SampleFormat;
use rt::Mutex;
use session::DirectDriver;
use session::product::DRIVERS;
use simcard::clock::ClockSpec;
use simcard::duration::hns_from_frames;
use simcard::recorder::{Recorder, Recording};
use simcard::spec::CardSpec;
use simcard::wake::WakeSpec;
use simcard::{Cable, EndpointId, Use, VirtualDevice, VirtualTime, Wish, World};

use super::any_block::AnyBlock;
use super::{CHANNELS, Counter, Notes, SECOND, counter, values, wrap24};

pub const CABLE_FRAMES: u32 = 37;

/// The channels of a host that plays and records.
pub const BOTH: [ChannelId; 4] = [CHANNELS[0], CHANNELS[1], input(0), input(1)];

const fn input(index: u32) -> ChannelId {
    ChannelId {
        is_input: true,
        index,
    }
}

/// What runs on what.
#[derive(Clone, Debug)]
pub struct Setting {
    pub usage: Use,
    pub rate_hz: u32,
    /// The device's period in frames; `None`: it follows the block where it can.
    pub period_frames: Option<u32>,
    pub block_frames: u32,
    pub sides: Sides,
    pub withholds_output_ready: bool,
    /// The one format of both converters in exclusive mode; `None`: what a card has.
    pub sample: Option<SampleFormat>,
    pub clock: ClockSpec,
    pub wake: WakeSpec,
    /// How long the client works in each cycle.
    pub work: WakeSpec,
    pub seed: u64,
}

impl Setting {
    /// A host that plays and records at 48 kHz with a device whose period is 10 ms.
    pub fn new(usage: Use, block_frames: u32) -> Self {
        Self {
            usage,
            rate_hz: 48_000,
            period_frames: Some(480),
            block_frames,
            sides: Sides::Both,
            withholds_output_ready: false,
            sample: None,
            clock: ClockSpec::default(),
            wake: WakeSpec::default(),
            work: WakeSpec::default(),
            seed: 1,
        }
    }

    fn card(&self) -> CardSpec {
        let mut card = CardSpec::stereo("CARD");
        card.wake = self.wake;
        card.clock = self.clock.clone();
        for side in [&mut card.render, &mut card.capture].into_iter().flatten() {
            side.mix_rate_hz = self.rate_hz;
            if let Some(sample) = self.sample {
                side.formats = vec![sample];
            }
            if let Some(period_frames) = self.period_frames {
                side.default_period_hns = hns_from_frames(period_frames, self.rate_hz);
                side.min_period_hns = side.default_period_hns.min(side.min_period_hns);
                side.engine_min_frames = period_frames;
                side.fundamental_frames = 1;
                side.packet_bytes = 1;
            }
        }
        card
    }

    pub fn wish(&self) -> Wish {
        Wish {
            period_frames: self.period_frames,
            work: self.work,
            ..Wish::new(self.usage)
        }
    }
}

/// A host that plays numbers and keeps what it hears on its first input.
pub struct Duplex {
    pub counter: Box<Counter>,
    /// Asked with each block.
    pub works_ns: Box<dyn FnMut() -> u64 + Send>,
    first_input: Option<usize>,
    heard: Arc<Mutex<Vec<i32>>>,
}

impl Handler for Duplex {
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>) {
        if let Some(slot) = self.first_input {
            let words = io.input_bytes(slot).expect("an input");
            let is_float = io.sample_type(slot) == Some(SampleType::FLOAT32_LSB);
            let mut heard = self.heard.lock();
            heard.extend(words.as_chunks::<4>().0.iter().map(|word| {
                if is_float {
                    (f32::from_le_bytes(*word) * 8_388_608.0) as i32
                } else {
                    i32::from_le_bytes(*word) >> 8
                }
            }));
        }
        VirtualTime::spend((self.works_ns)());
        self.counter.buffer_switch(io);
    }

    fn events(&self) -> Arc<dyn Events> {
        self.counter.events()
    }
}

/// A running driver.
pub struct Running {
    pub time: Arc<VirtualTime>,
    pub recording: Recording,
    pub out: EndpointId,
    pub notes: Arc<Notes>,
    pub driver: Driver,
    device: Arc<VirtualDevice>,
    /// What plays where the host only records.
    player: Option<Driver>,
    heard: Arc<Mutex<Vec<i32>>>,
    setting: Setting,
}

/// What was reported and what was measured, in frames.
#[derive(Clone, Debug)]
pub struct Measured {
    pub timing: EndpointTiming,
    /// Of input and output.
    pub reported_frames: (i64, i64),
    /// From a block's time stamp to its first frame at the output: the least and the most.
    pub output_frames: Option<(i64, i64)>,
    /// From the instant at which a block's first frame was at the input to the block's time stamp.
    pub input_frames: Option<(i64, i64)>,
    /// From a frame's place in what was played to its place in what was heard, without the cable.
    pub round_trip_frames: Option<i64>,
}

/// What was reported less what was measured, in frames.
#[derive(Clone, Copy, Debug, Default)]
pub struct Apart {
    pub output_frames: i64,
    pub input_frames: i64,
    pub round_trip_frames: i64,
    /// How far apart blocks are from each other.
    pub spread_frames: i64,
}

impl Apart {
    /// The largest of them.
    pub fn most_frames(&self) -> i64 {
        let all = [
            self.output_frames,
            self.input_frames,
            self.round_trip_frames,
        ];
        all.into_iter()
            .map(i64::abs)
            .fold(self.spread_frames, i64::max)
    }
}

impl Measured {
    /// How far from true the report was. A late wake-up makes a block's way to the output shorter and
    /// its way from the input longer; `is_late`: there are such.
    pub fn apart(&self, is_late: bool) -> Apart {
        let (input, output) = self.reported_frames;
        let mut apart = Apart::default();
        for (least, most) in [self.output_frames, self.input_frames]
            .into_iter()
            .flatten()
        {
            if !is_late {
                apart.spread_frames = apart.spread_frames.max(most - least);
            }
        }
        if let Some(range) = self.output_frames {
            apart.output_frames = output - range.1;
        }
        if let Some(range) = self.input_frames {
            apart.input_frames = input - range.0;
        }
        if let Some(frames) = self.round_trip_frames {
            apart.round_trip_frames = input + output - frames;
        }
        apart
    }
}

fn told(error: impl ToString) -> String {
    error.to_string()
}

/// A machine with a card as the setting has it, its DAC and its ADC.
///
/// # Errors
/// A sentence that tells why there is no such card.
pub fn machine(
    setting: &Setting,
    recorder: impl Recorder + 'static,
) -> Result<(Arc<VirtualTime>, EndpointId, EndpointId), String> {
    let mut world = World::new(setting.seed);
    let [out, input] = world.add_card(&setting.card())?;
    let (out, input) = (out.ok_or("it plays")?, input.ok_or("it records")?);
    let cable = Cable {
        from: out,
        from_channels: vec![0, 1],
        to: input,
        to_channels: vec![0, 1],
        delay_frames: CABLE_FRAMES,
    };
    world.connect(cable).map_err(told)?;
    world.set_recorder(recorder);
    Ok((Arc::new(VirtualTime::new(world)), out, input))
}

/// Starts our driver on that device, with that host.
///
/// # Errors
/// A sentence of the driver's.
pub fn start(
    device: &Arc<VirtualDevice>,
    channels: &[ChannelId],
    block_frames: u32,
    host: Box<dyn Handler>,
) -> Result<Driver, String> {
    let product = &DRIVERS[0];
    let logic = AnyBlock(DirectDriver::new(product.name, Arc::clone(device) as _));
    let mut driver = Driver::from_object(Object::create(product.clsid, logic));
    driver.init().map_err(told)?;
    let created = driver.create_buffers(channels, block_frames, host);
    created.map_err(told)?;
    driver.start().map_err(told)?;
    Ok(driver)
}

/// Plays numbers on that device. `works_ns` says how long the host works for each block.
///
/// # Errors
/// A sentence of the driver's.
pub fn begin(
    setting: &Setting,
    works_ns: impl FnMut() -> u64 + Send + 'static,
) -> Result<Running, String> {
    let recording = Recording::default();
    let (time, out, input) = machine(setting, recording.clone())?;
    let sides = |out, input, wish| {
        let time = Arc::clone(&time);
        Arc::new(VirtualDevice::with_sides(time, out, input, wish))
    };
    let plays = setting.sides.has_output();
    let player = (!plays).then(|| {
        let device = sides(Some(out), None, Wish::new(Use::Shared));
        start(&device, &CHANNELS, 480, counter().0)
    });
    let player = player.transpose()?;
    let heard = Arc::<Mutex<Vec<i32>>>::default();
    let (mut playing, notes) = counter();
    playing.withholds_output_ready = setting.withholds_output_ready;
    let (channels, first_input) = match setting.sides {
        Sides::Output => (&CHANNELS[..], None),
        Sides::Input => (&BOTH[2..], Some(0)),
        Sides::Both => (&BOTH[..], Some(2)),
    };
    let host = Box::new(Duplex {
        counter: playing,
        works_ns: Box::new(works_ns),
        first_input,
        heard: Arc::clone(&heard),
    });
    let device = sides(plays.then_some(out), Some(input), setting.wish());
    let driver = start(&device, channels, setting.block_frames, host)?;
    Ok(Running {
        time,
        recording,
        out,
        notes,
        driver,
        device,
        player,
        heard,
        setting: setting.clone(),
    })
}

impl Running {
    /// Lets time go on.
    ///
    /// # Errors
    /// Somebody is stuck.
    pub fn run_until(&self, ns: u64) -> Result<(), String> {
        self.time.run_until(ns).map_err(told)
    }

    pub fn timing(&self) -> Option<EndpointTiming> {
        self.device.opened().map(|(_, timing)| timing)
    }

    /// What the driver says of input and output now, in frames.
    ///
    /// # Errors
    /// A sentence of the driver's.
    pub fn reported_frames(&self) -> Result<(i64, i64), String> {
        let latencies = self.driver.latencies().map_err(told)?;
        let frames = [latencies.input_frames, latencies.output_frames].map(i64::from);
        Ok((frames[0], frames[1]))
    }

    /// What was heard so far.
    pub fn heard(&self) -> Vec<i32> {
        self.heard.lock().clone()
    }

    pub fn overloads(&self) -> usize {
        self.notes.heard(HostMessage::OVERLOAD)
    }

    /// Stops, and compares every frame that was played and heard: none may be lost or altered.
    ///
    /// # Errors
    /// A sentence that tells what was not as it must be.
    pub fn finish(mut self) -> Result<Measured, String> {
        let reported_frames = self.reported_frames()?;
        self.driver.stop().map_err(told)?;
        if let Some(player) = &mut self.player {
            player.stop().map_err(told)?;
        }
        let timing = self.timing().ok_or("nothing was opened")?;
        let incidents = self.recording.incidents();
        if let Some(first) = incidents.first() {
            return Err(format!("{} incidents; first {first:?}", incidents.len()));
        }
        let first = self.first_frame()?;
        let blocks = self.notes.blocks.lock().clone();
        let places: Vec<(i64, i64)> = self.time.with(|world| {
            let clock = world.clock(self.out).expect("it is there");
            // Times are whole nanoseconds, rounded down: the frame begins within the next.
            let place = |&(ns, value): &(u64, i64)| (clock.frames_at(ns + 1) as i64, value - 1);
            blocks.iter().map(place).collect()
        });
        let range = |frames: &mut dyn Iterator<Item = i64>| {
            let (mut least, mut most) = (i64::MAX, i64::MIN);
            for frames in frames {
                (least, most) = (least.min(frames), most.max(frames));
            }
            (least <= most)
                .then_some((least, most))
                .ok_or_else(|| "the host was not called".to_owned())
        };
        let mut measured = Measured {
            timing,
            reported_frames,
            output_frames: None,
            input_frames: None,
            round_trip_frames: None,
        };
        if self.setting.sides.has_output() {
            let mut frames = places.iter().map(|(at, n)| first + n - at);
            measured.output_frames = Some(range(&mut frames)?);
        }
        if self.setting.sides.has_input() {
            let trip = round_trip(&self.heard())?;
            // Where the first frame that was heard of all was at the input.
            let heard_first = first - trip + i64::from(CABLE_FRAMES);
            let mut frames = places.iter().map(|(at, n)| at - (heard_first + n));
            measured.input_frames = Some(range(&mut frames)?);
            let own = self.setting.sides.has_output();
            measured.round_trip_frames = own.then_some(trip - i64::from(CABLE_FRAMES));
        }
        Ok(measured)
    }

    /// The number of the first frame that was written, at the DAC's output, if all was played.
    fn first_frame(&self) -> Result<i64, String> {
        let tracks = self.recording.played(self.out);
        let [track] = &tracks[..] else {
            return Err(format!("{} pieces were played", tracks.len()));
        };
        let played = values(track);
        let silence = played.iter().take_while(|frame| frame[0] == 0).count();
        for (n, frame) in (1_i64..).zip(&played[silence..]) {
            if frame[..] != [wrap24(n), wrap24(-n)] {
                return Err(format!("frame {n} of what was written was not played"));
            }
        }
        if silence == played.len() {
            return Err("nothing was played".to_owned());
        }
        Ok(track.first_frame as i64 + silence as i64)
    }
}

/// Frames from a frame's place in what was played to its place in what was heard, if all that was
/// heard is what was played, without a gap.
///
/// # Errors
/// A sentence that tells the first frame that is wrong.
pub fn round_trip(heard: &[i32]) -> Result<i64, String> {
    let silence = heard.iter().take_while(|sample| **sample == 0).count();
    let first = i64::from(*heard.get(silence).ok_or("nothing was heard")?);
    for (n, sample) in (first..).zip(&heard[silence..]) {
        if *sample != wrap24(n) {
            return Err(format!("{sample} was heard where {} was played", wrap24(n)));
        }
    }
    Ok(silence as i64 + 1 - first)
}

/// Long enough for every pattern of blocks and periods, and, where wake-ups are late, for one that is
/// not, by a frame at most.
pub fn span_ns(setting: &Setting) -> u64 {
    let blocks = if setting.wake == WakeSpec::default() {
        40
    } else {
        400
    };
    let frames = blocks * u64::from(setting.block_frames.max(setting.period_frames.unwrap_or(0)));
    SECOND / 2 + frames * SECOND / u64::from(setting.rate_hz)
}

/// Measures a setting.
///
/// # Errors
/// A sentence that tells what was not as it must be.
pub fn measure(setting: &Setting) -> Result<Measured, String> {
    let running = begin(setting, || 0)?;
    running.run_until(span_ns(setting))?;
    running.finish()
}
