//! What is fed is what is in the file, to the frame and to the bit, whatever the disk does.

use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use engine::client::Plane;
use engine::format::{ClientSample, SampleFormat};
use hound::WavReader;
use proptest::prelude::*;
use recorder::{Feed, Medium, Recording, Settings, State, Status, record, record_on};
use rt::guard::{CountingAllocator, counts};
use rt::{Flag, Mutex};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Longer than any machine needs; reached only when something hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A file in memory, on a disk that may be full or stand still.
#[derive(Clone, Default)]
struct Disk {
    file: Arc<Mutex<Vec<u8>>>,
    at: usize,
    /// Bytes that fit on it.
    size: Option<usize>,
    stands_still: Arc<Flag>,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        while self.stands_still.get() {
            thread::sleep(Duration::from_millis(1));
        }
        let mut file = self.file.lock();
        let room = self.size.unwrap_or(usize::MAX).saturating_sub(self.at);
        // As systems do: what fits is written, and the next call fails.
        let count = bytes.len().min(room);
        if count == 0 && !bytes.is_empty() {
            return Err(ErrorKind::StorageFull.into());
        }
        let end = self.at + count;
        if file.len() < end {
            file.resize(end, 0);
        }
        file[self.at..end].copy_from_slice(&bytes[..count]);
        self.at = end;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Disk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            SeekFrom::Start(at) => self.at = at as usize,
            _ => return Err(ErrorKind::Unsupported.into()),
        }
        Ok(self.at as u64)
    }
}

impl Medium for Disk {
    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.file.lock().truncate(bytes as usize);
        Ok(())
    }
}

impl Disk {
    fn reader(&self) -> WavReader<io::Cursor<Vec<u8>>> {
        WavReader::new(io::Cursor::new(self.file.lock().clone())).unwrap()
    }

    fn floats(&self) -> Vec<f32> {
        self.reader().into_samples().map(Result::unwrap).collect()
    }
}

fn settings(channels: u16, sample: SampleFormat) -> Settings {
    Settings {
        sample,
        ..Settings::new(48_000, channels)
    }
}

fn begin(disk: &Disk, settings: Settings) -> (Feed, Recording) {
    record_on(Box::new(disk.clone()), "take.wav", settings).unwrap()
}

/// The sample of that frame and channel: 16 bits, and never silence.
fn sample(frame: u64, channel: usize) -> i16 {
    let mixed = (frame * 31 + channel as u64 * 7 + 1).wrapping_mul(2_654_435_761);
    (mixed >> 16) as i16 | 1
}

fn plane(frame: u64, frames: usize, channel: usize) -> Vec<f32> {
    (frame..frame + frames as u64)
        .map(|frame| f32::from(sample(frame, channel)) / 32_768.0)
        .collect()
}

/// Feeds a block, as a real-time thread does.
fn give(feed: &mut Feed, frame: u64, frames: usize) {
    let planes: Vec<Vec<f32>> = (0..feed.channels())
        .map(|channel| plane(frame, frames, channel))
        .collect();
    let before = counts();
    rt::section(|| {
        feed.give(frame, frames, |channel| {
            Some(Plane::Float32(&planes[channel]))
        });
    });
    let after = counts();
    assert_eq!(
        (after.allocations, after.frees, after.locks),
        (before.allocations, before.frees, before.locks)
    );
}

fn wait(recording: &Recording, is_so: impl Fn(&Status) -> bool) -> Status {
    let since = Instant::now();
    loop {
        let status = recording.status();
        if is_so(&status) {
            return status;
        }
        assert!(since.elapsed() < PATIENCE, "{status:?}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// What the file should hold of these frames.
fn wanted(frames: std::ops::Range<u64>, channels: usize) -> Vec<i16> {
    frames
        .flat_map(|frame| (0..channels).map(move |channel| sample(frame, channel)))
        .collect()
}

/// The file's samples as the 16-bit values that they were made of.
fn recorded(disk: &Disk) -> Vec<i16> {
    let mut reader = disk.reader();
    let spec = reader.spec();
    match spec.sample_format {
        hound::SampleFormat::Float => reader
            .samples::<f32>()
            .map(|value| {
                let value = value.unwrap() * 32_768.0;
                assert_eq!(value.fract(), 0.0);
                value as i16
            })
            .collect(),
        hound::SampleFormat::Int => reader
            .samples::<i32>()
            .map(|value| {
                let whole = value.unwrap() << (32 - u32::from(spec.bits_per_sample));
                assert_eq!(whole & 0xFFFF, 0);
                (whole >> 16) as i16
            })
            .collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_file_holds_the_frames_that_were_asked_for(
        channels in 1_u16..6,
        kind in 0..SampleFormat::PREFERENCE.len(),
        first in 0_u64..5_000,
        blocks in prop::collection::vec(1_usize..3_000, 1..12),
        start in 0_u64..4_000,
        length in 1_u64..20_000,
    ) {
        let disk = Disk::default();
        let sample = SampleFormat::PREFERENCE[kind];
        let (mut feed, recording) = begin(&disk, settings(channels, sample));
        let start = first + start;
        recording.start_at(start);
        recording.stop_at(start + length);
        let mut frame = first;
        for frames in blocks {
            give(&mut feed, frame, frames);
            frame += frames as u64;
        }
        let end = frame.min(start + length);
        let status = recording.finish();
        prop_assert_eq!(&status.state, &State::Ended);
        prop_assert_eq!(status.lost_frames, 0);
        let range = start.min(end)..end;
        prop_assert_eq!(status.written_frames, range.end - range.start);
        let spec = disk.reader().spec();
        prop_assert_eq!((spec.channels, spec.sample_rate), (channels, 48_000));
        prop_assert_eq!(recorded(&disk), wanted(range.clone(), channels.into()));
        prop_assert_eq!(status.first_frame, (!range.is_empty()).then_some(start));
        prop_assert_eq!(disk.file.lock().len() % 2, 0);
    }

    #[test]
    fn a_full_disk_leaves_a_whole_file_of_what_fitted(
        size in 100_usize..40_000,
        channels in 1_u16..4,
        kind in 0..SampleFormat::PREFERENCE.len(),
    ) {
        let disk = Disk {
            size: Some(size),
            ..Disk::default()
        };
        let settings = settings(channels, SampleFormat::PREFERENCE[kind]);
        let (mut feed, recording) = match record_on(Box::new(disk.clone()), "take.wav", settings) {
            Ok(ends) => ends,
            Err(error) => {
                prop_assert!(size < 130);
                prop_assert_eq!(error.kind, ErrorKind::StorageFull);
                return Ok(());
            }
        };
        recording.start_at(0);
        for block in 0..20 {
            give(&mut feed, block * 1_000, 1_000);
        }
        let status = wait(&recording, |status| !matches!(status.state, State::Running | State::Waiting));
        let State::Failed(error) = status.state else {
            return Err(TestCaseError::fail("more was written than fits"));
        };
        prop_assert_eq!(error.kind, ErrorKind::StorageFull);
        prop_assert!(error.message.starts_with("The recording take.wav ended after 0:00:00."));
        prop_assert!(error.message.contains("the disk is full"));
        // The real-time thread goes on and notices nothing.
        give(&mut feed, 20_000, 1_000);
        prop_assert_eq!(
            recorded(&disk),
            wanted(0..status.written_frames, channels.into())
        );
        let left = size - disk.file.lock().len();
        prop_assert!(left <= settings.sample.bytes() * usize::from(channels) + 1, "{left} bytes are left");
    }
}

#[test]
fn a_disk_that_stands_still_costs_silence_in_its_place() {
    let disk = Disk::default();
    let mut few = settings(2, SampleFormat::Float32);
    few.patience_ms = 1;
    let (mut feed, recording) = begin(&disk, few);
    recording.start_at(0);
    give(&mut feed, 0, 500);
    wait(&recording, |status| status.written_frames == 500);
    disk.stands_still.set(true);
    let mut frame = 500;
    for _ in 0..40 {
        give(&mut feed, frame, 1_000);
        frame += 1_000;
        thread::sleep(Duration::from_millis(1));
    }
    disk.stands_still.set(false);
    wait(&recording, |status| status.written_frames > 4_000);
    give(&mut feed, frame, 1_000);
    frame += 1_000;
    let status = recording.finish();
    assert_eq!(status.state, State::Ended);
    assert_eq!(status.written_frames, frame, "nothing is out of its place");
    assert!((30_000..40_000).contains(&status.lost_frames), "{status:?}");
    let mut silent = 0;
    for (place, values) in disk.floats().chunks_exact(2).enumerate() {
        let frame = place as u64;
        if values == [0.0, 0.0] {
            silent += 1;
        } else {
            let wanted = [0, 1].map(|channel| f32::from(sample(frame, channel)) / 32_768.0);
            assert_eq!(values, wanted, "frame {frame}");
        }
    }
    assert_eq!(silent, status.lost_frames);
}

#[test]
fn frames_that_the_graph_left_out_are_silent() {
    let disk = Disk::default();
    let (mut feed, recording) = begin(&disk, settings(1, SampleFormat::Int16));
    recording.start_at(0);
    give(&mut feed, 100, 10);
    give(&mut feed, 150, 10);
    // What was there before is not taken twice.
    give(&mut feed, 155, 10);
    let status = recording.finish();
    assert_eq!((status.first_frame, status.lost_frames), (Some(100), 40));
    let mut frames = wanted(100..110, 1);
    frames.extend([0; 40]);
    frames.extend(wanted(150..165, 1));
    assert_eq!(recorded(&disk), frames);
}

#[test]
fn planes_that_are_too_short_are_silent_at_their_end() {
    let disk = Disk::default();
    let (mut feed, recording) = begin(&disk, settings(2, SampleFormat::Float32));
    recording.start_at(0);
    feed.give(0, 3, |channel| match channel {
        0 => Some(Plane::Float32(&[0.5, 0.25])),
        // Not what was agreed on.
        _ => Some(Plane::Int32(&[1, 2, 3])),
    });
    drop(feed);
    assert_eq!(
        wait(&recording, |status| status.state == State::Ended).written_frames,
        3
    );
    assert_eq!(disk.floats(), [0.5, 0.0, 0.25, 0.0, 0.0, 0.0]);
}

#[test]
fn integers_of_32_bits_pass_whole() {
    let disk = Disk::default();
    let mut whole = settings(1, SampleFormat::Int32);
    whole.plane = ClientSample::Int32;
    let (mut feed, recording) = begin(&disk, whole);
    recording.start_at(0);
    let samples = [i32::MIN, -1, 0, 1, 0x1234_5679, i32::MAX];
    feed.give(0, 6, |_| Some(Plane::Int32(&samples)));
    assert_eq!(recording.finish().state, State::Ended);
    let values: Vec<i32> = disk.reader().into_samples().map(Result::unwrap).collect();
    assert_eq!(values, samples);
}

#[test]
fn a_file_whose_program_died_is_valid() {
    let disk = Disk::default();
    let (mut feed, recording) = begin(&disk, settings(2, SampleFormat::Float32));
    recording.start_at(0);
    give(&mut feed, 0, 10_000);
    // The header is made true once in a second.
    let since = Instant::now();
    while disk.reader().duration() == 0 {
        assert!(since.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(recorded(&disk), wanted(0..10_000, 2));
    assert_eq!(recording.status().state, State::Running);
}

#[test]
fn a_file_is_never_overwritten() {
    let folder = std::env::temp_dir().join(format!("recorder-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path: PathBuf = folder.join("take.wav");
    let settings = settings(1, SampleFormat::Int24);
    let (mut feed, recording) = record(&path, settings).unwrap();
    recording.start_at(0);
    give(&mut feed, 0, 333);
    assert_eq!(recording.finish().state, State::Ended);
    let refused = record(&path, settings).err().unwrap();
    assert_eq!(refused.kind, ErrorKind::AlreadyExists);
    assert!(refused.message.contains("is not overwritten"), "{refused}");
    let mut reader = WavReader::open(&path).unwrap();
    let values: Vec<i32> = reader.samples().map(Result::unwrap).collect();
    let wanted: Vec<i32> = wanted(0..333, 1)
        .iter()
        .map(|value| i32::from(*value) << 8)
        .collect();
    assert_eq!(values, wanted);
    let nowhere = record(&folder.join("no").join("take.wav"), settings)
        .err()
        .unwrap();
    assert_eq!(nowhere.kind, ErrorKind::NotFound);
    let none = record(
        &folder.join("none.wav"),
        Settings {
            channels: 0,
            ..settings
        },
    );
    assert_eq!(none.err().unwrap().kind, ErrorKind::InvalidInput);
    assert!(!folder.join("none.wav").exists());
    std::fs::remove_dir_all(&folder).unwrap();
}

/// On a real disk: the variable names a folder on one with a few megabytes at most.
#[test]
#[ignore = "needs a small disk, named by RECORDER_SMALL_DISK"]
fn a_real_disk_that_is_full_leaves_a_whole_file() {
    let Some(folder) = std::env::var_os("RECORDER_SMALL_DISK").map(PathBuf::from) else {
        panic!("RECORDER_SMALL_DISK names no folder");
    };
    let path = folder.join("full.wav");
    let (mut feed, recording) = record(&path, settings(2, SampleFormat::Float32)).unwrap();
    recording.start_at(0);
    let mut frame = 0;
    let since = Instant::now();
    while recording.status().state != State::Ended && since.elapsed() < PATIENCE {
        if matches!(recording.status().state, State::Failed(_)) {
            break;
        }
        give(&mut feed, frame, 480);
        frame += 480;
        thread::sleep(Duration::from_millis(1));
    }
    let status = recording.finish();
    println!("{status:?}");
    let State::Failed(error) = status.state else {
        panic!("the disk is too large");
    };
    assert_eq!(error.kind, ErrorKind::StorageFull);
    let mut reader = WavReader::open(&path).unwrap();
    assert_eq!(u64::from(reader.duration()), status.written_frames);
    let values: Vec<f32> = reader.samples().map(Result::unwrap).collect();
    for (place, values) in values.chunks_exact(2).enumerate() {
        let wanted = [0, 1].map(|channel| f32::from(sample(place as u64, channel)) / 32_768.0);
        assert_eq!(values, wanted);
    }
    std::fs::remove_file(&path).unwrap();
}
