//! Answers to the rare calls.

use std::sync::atomic::Ordering;

use engine::format::StreamFormat;
use simcard::fault::Scheduled;
use simcard::{EndpointId, Mode, SimError, StreamId, Support};

use super::hardware::NO_HARDWARE;
use super::open_stream::OpenStream;
use super::{Server, System};
use crate::call::{Answer, Question, format_words};
use crate::codes::{BUFFER_SIZE_ERROR, INVALID_ARGUMENT, NOT_INITIALIZED, OUT_OF_MEMORY};
use crate::fault_line::FaultLine;
use crate::layout::{Ring, STREAMS_MAX, WORDS};

type Reply = Result<Answer, i32>;

impl<S: System> Server<'_, S> {
    /// Answers one question of a process.
    pub(super) fn reply(&mut self, question: Question, process: u32) -> Answer {
        let answered = match question {
            Question::Strike(line) => return self.strike(line),
            Question::Device(device) => self.describe(device),
            Question::Default(flow) => match self.world.default_endpoint(flow) {
                Some(id) => Ok(Answer::good(&[id.index() as u64])),
                None => Err(SimError::NotFound.code()),
            },
            Question::MixFormat(device) => self.mix_format(device),
            Question::Users(device) => self.users(device),
            Question::Supports {
                device,
                exclusive,
                format,
            } => self.supports(device, exclusive, &format),
            Question::Periods { device, format } => self.periods(device, &format),
            Question::CurrentPeriod(device) => self.current_period(device),
            Question::Open {
                device,
                mode,
                format,
            } => self.open(device, mode, format, process),
            Question::SetEvent { stream, handle } => self.set_event(stream, process, handle),
            Question::Start(stream) => self.start(stream, process),
            Question::Stop(stream) => self.stop(stream, process),
            Question::Reset(stream) => self.reset(stream, process),
            Question::Close(stream) => self.owned(stream, process).map(|(index, _)| {
                self.close(index);
                Answer::good(&[])
            }),
            about_hardware => self.about_hardware(about_hardware, process),
        };
        answered.unwrap_or_else(Answer::refused)
    }

    fn device(&self, device: u32) -> Result<EndpointId, i32> {
        let id = self.world.endpoint_ids().nth(device as usize);
        id.filter(|id| self.is_device(*id))
            .ok_or(SimError::NotFound.code())
    }

    fn describe(&self, device: u32) -> Reply {
        let id = self.device(device)?;
        let about = || {
            let spec = self.world.spec(id)?;
            let (default_hns, min_hns) = self.world.device_period_hns(id)?;
            let mut answer = Answer::good(&[
                self.world.flow(id)? as u64,
                self.world.is_present(id)?.into(),
                spec.channels.into(),
                spec.channel_mask.into(),
                default_hns,
                min_hns,
                self.world.renumbered(id)?.into(),
            ]);
            let card = self.card_names.get(id.index()).map_or("", String::as_str);
            answer.text = format!("{}\t{card}", spec.name);
            Ok(answer)
        };
        about().map_err(SimError::code)
    }

    fn users(&self, device: u32) -> Reply {
        let id = self.device(device)?;
        let on_it = |stream: &&OpenStream| stream.running && stream.endpoint == id;
        let streams = self.streams.iter().flatten().filter(on_it);
        let mut processes: Vec<u64> = streams.map(|stream| stream.process.into()).collect();
        processes.sort_unstable();
        processes.dedup();
        processes.truncate(WORDS - 1);
        processes.insert(0, processes.len() as u64);
        Ok(Answer::good(&processes))
    }

    fn mix_format(&self, device: u32) -> Reply {
        let format = self
            .world
            .mix_format(self.device(device)?)
            .map_err(SimError::code)?;
        Ok(Answer::good(&format_words(&format)))
    }

    fn supports(&self, device: u32, exclusive: bool, format: &StreamFormat) -> Reply {
        let id = self.device(device)?;
        let support = self.world.is_format_supported(id, exclusive, format);
        match support.map_err(SimError::code)? {
            Support::Yes => Ok(Answer::good(&[1])),
            Support::Closest(closest) => {
                let [sample, channels, rate, mask] = format_words(&closest);
                Ok(Answer::good(&[0, sample, channels, rate, mask]))
            }
        }
    }

    fn periods(&self, device: u32, format: &StreamFormat) -> Reply {
        let id = self.device(device)?;
        let periods = self
            .world
            .engine_periods(id, format)
            .map_err(SimError::code)?;
        let words = [
            periods.default_frames,
            periods.fundamental_frames,
            periods.min_frames,
            periods.max_frames,
        ];
        Ok(Answer::good(&words.map(u64::from)))
    }

    fn current_period(&self, device: u32) -> Reply {
        let id = self.device(device)?;
        let frames = self
            .world
            .current_engine_period(id)
            .map_err(SimError::code)?;
        let mut format = self.world.mix_format(id).map_err(SimError::code)?;
        if let Ok(clock) = self.world.clock(id) {
            format.rate_hz = clock.rate_hz();
        }
        let [sample, channels, rate, mask] = format_words(&format);
        Ok(Answer::good(&[frames.into(), sample, channels, rate, mask]))
    }

    fn open(&mut self, device: u32, mode: Mode, format: StreamFormat, process: u32) -> Reply {
        let endpoint = self.device(device)?;
        let free = self.streams.iter().position(Option::is_none);
        let index = free.ok_or(OUT_OF_MEMORY)?;
        let id = match self.world.open(endpoint, mode, format) {
            Ok(id) => id,
            Err(SimError::BufferSizeNotAligned { aligned_frames }) => {
                let code = SimError::BufferSizeNotAligned { aligned_frames }.code();
                return Ok(Answer {
                    status: code,
                    ..Answer::good(&[aligned_frames.into()])
                });
            }
            Err(error) => return Err(error.code()),
        };
        let opened = self.enter(index, id, (endpoint, mode, format), process);
        if opened.is_err() {
            self.world.close(id);
        }
        opened
    }

    fn enter(
        &mut self,
        index: usize,
        id: StreamId,
        what: (EndpointId, Mode, StreamFormat),
        process: u32,
    ) -> Reply {
        let buffer_frames = self.world.buffer_frames(id).map_err(SimError::code)?;
        if u64::from(buffer_frames) > Ring::capacity_frames(what.2.frame_bytes()) {
            return Err(BUFFER_SIZE_ERROR);
        }
        let period_frames = self.world.period_frames(id).map_err(SimError::code)?;
        let latency_hns = self.world.latency_hns(id).map_err(SimError::code)?;
        let owner = self.system.process(process);
        let stream = OpenStream::new(&self.world, id, what, (process, owner));
        let stream = stream.map_err(SimError::code)?;
        let renders = stream.renders;
        self.streams[index] = Some(stream);
        let block = &self.shared.streams[index];
        block.clear();
        let generation = block
            .generation
            .fetch_add(1, Ordering::AcqRel)
            .wrapping_add(1);
        Ok(Answer::good(&[
            index as u64,
            generation.into(),
            buffer_frames.into(),
            period_frames.into(),
            latency_hns,
            renders.into(),
        ]))
    }

    /// A stream of that process: its place and its number in the model.
    fn owned(&self, stream: u32, process: u32) -> Result<(usize, StreamId), i32> {
        let index = stream as usize;
        let known = self
            .streams
            .get(index.min(STREAMS_MAX))
            .and_then(Option::as_ref);
        let owned = known.filter(|stream| stream.process == process);
        owned
            .map(|stream| (index, stream.id))
            .ok_or(NOT_INITIALIZED)
    }

    fn set_event(&mut self, stream: u32, process: u32, handle: u64) -> Reply {
        let (index, id) = self.owned(stream, process)?;
        let event = self.system.event(process, handle)?;
        self.world.set_event(id).map_err(SimError::code)?;
        if let Some(stream) = &mut self.streams[index] {
            stream.set_event(event);
        }
        Ok(Answer::good(&[]))
    }

    fn start(&mut self, stream: u32, process: u32) -> Reply {
        let (index, id) = self.owned(stream, process)?;
        self.world.start(id).map_err(SimError::code)?;
        self.note_running(index, true);
        self.begin_script();
        Ok(Answer::good(&[]))
    }

    /// With the first start the script begins.
    fn begin_script(&mut self) {
        if let Some(script) = self.script.take() {
            // The names were checked when the machine was built.
            let _ = self.add_faults(script);
        }
    }

    /// Faults whose times count from now.
    fn add_faults(&mut self, mut faults: Vec<Scheduled>) -> Result<(), String> {
        let now_ns = self.world.now_ns();
        for fault in &mut faults {
            fault.at_ns = fault.at_ns.saturating_add(now_ns);
        }
        let mut added = Ok(());
        self.watched(now_ns, |world| added = world.add_faults(faults));
        added
    }

    fn strike(&mut self, line: FaultLine) -> Answer {
        let struck = line.read().and_then(|fault| self.add_faults(vec![fault]));
        match struck {
            Ok(()) => Answer::good(&[]),
            Err(why) => Answer {
                text: why,
                ..Answer::refused(INVALID_ARGUMENT)
            },
        }
    }

    fn note_running(&mut self, index: usize, running: bool) {
        let shared = &self.shared.streams[index].running;
        shared.store(running.into(), Ordering::Release);
        if let Some(stream) = &mut self.streams[index] {
            stream.running = running;
        }
    }

    fn stop(&mut self, stream: u32, process: u32) -> Reply {
        let (index, id) = self.owned(stream, process)?;
        let ran = self.world.stop(id).map_err(SimError::code)?;
        self.note_running(index, false);
        Ok(Answer::good(&[ran.into()]))
    }

    fn reset(&mut self, stream: u32, process: u32) -> Reply {
        let (index, id) = self.owned(stream, process)?;
        self.world.reset(id).map_err(SimError::code)?;
        if let Some(stream) = &mut self.streams[index] {
            stream.forget_queue(&self.shared.streams[index]);
        }
        Ok(Answer::good(&[]))
    }

    /// Answers a question about the hardware with a driver of its own.
    fn about_hardware(&mut self, question: Question, process: u32) -> Reply {
        let hardware = self.hardware.as_mut().ok_or(NO_HARDWARE)?;
        let (world, block) = (&mut self.world, &self.shared.hardware);
        match question {
            Question::Hardware => hardware.describe(world),
            Question::HardwareRates => hardware.rates(),
            Question::SetHardwareRate(rate_hz) => hardware.set_rate(rate_hz),
            Question::OpenHardware(block_frames) => {
                let owner = self.system.process(process);
                hardware.open(world, block, block_frames, (process, owner))
            }
            Question::SetHardwareEvent { generation, handle } => {
                let event = self.system.event(process, handle)?;
                hardware.set_event(generation, process, event)
            }
            Question::StartHardware(generation) => {
                let started = hardware.start(world, block, (generation, process));
                if started.is_ok() {
                    self.begin_script();
                }
                started
            }
            Question::StopHardware(generation) => {
                hardware.stop(world, block, (generation, process))
            }
            Question::CloseHardware(generation) => {
                hardware.close_for(generation, process)?;
                self.close_hardware();
                Ok(Answer::good(&[]))
            }
            _ => Err(INVALID_ARGUMENT),
        }
    }
}
