//! Sinks that are files: each is written from when the router has its devices until it lets them go, or
//! from when it is told to start until it is told to stop.

use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};

use engine::client::Plane;
use recorder::{Feed, Recording, Settings, State, record};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::control::{EventKind, FileStatus};
use crate::plan::SinkSeat;

/// Files of one sink in one second.
const SAME_NAMES_MAX: u32 = 20;

/// What fills the files of a sink, one after the other, in the cycle.
pub struct Tape {
    feed: Option<Feed>,
    /// Feeds that are to be filled from now on.
    next: Consumer<Feed>,
    /// Those that are filled no more; freed outside the cycle.
    done: Producer<Feed>,
    /// The core's channels.
    channels: Range<usize>,
}

impl Tape {
    /// Takes a block, of which the first frame has that number. Real-time safe.
    pub(crate) fn take<'a>(
        &mut self,
        frame: u64,
        frames: usize,
        plane: impl Fn(usize) -> Option<Plane<'a>>,
    ) {
        // There is room for as many as can be on their way.
        if !self.done.is_full()
            && let Ok(next) = self.next.pop()
            && let Some(before) = self.feed.replace(next)
        {
            let _ = self.done.push(before);
        }
        let first = self.channels.start;
        if let Some(feed) = &mut self.feed {
            feed.give(frame, frames, |channel| plane(first + channel));
        }
    }
}

/// A sink that is a file, or one file after the other.
pub struct FileSink {
    name: String,
    /// The path as the configuration has it.
    wanted: PathBuf,
    settings: Settings,
    now: Option<Now>,
    next: Producer<Feed>,
    done: Consumer<Feed>,
}

/// The last file that was begun.
struct Now {
    path: PathBuf,
    recording: Recording,
    /// Its end was told.
    is_told: bool,
}

/// Something that happened to a file, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileNews {
    /// What.
    pub kind: EventKind,
    /// For people.
    pub message: String,
}

/// The files of these sinks, and what fills them: those that wait for nobody are begun. `stamp` goes into
/// their names, so that none is there already. The errors are sentences: their sinks are silent.
pub fn begin(
    seats: &[SinkSeat],
    rate_hz: u32,
    stamp: &str,
) -> (Vec<Tape>, Vec<FileSink>, Vec<String>) {
    let (mut tapes, mut files, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for seat in seats.iter().filter(|seat| seat.is_file()) {
        let (next, feeds) = RingBuffer::new(1);
        let (feeds_done, done) = RingBuffer::new(2);
        tapes.push(Tape {
            feed: None,
            next: feeds,
            done: feeds_done,
            channels: seat.channels.clone(),
        });
        let wanted = seat.port.devices.first().map_or("", |device| device.word());
        let mut file = FileSink {
            name: seat.port.name.clone(),
            wanted: wanted.into(),
            settings: Settings::new(rate_hz, seat.channels.len() as u16),
            now: None,
            next,
            done,
        };
        if !seat.port.on_demand
            && let Err(why) = file.start(0, stamp)
        {
            errors.push(why);
        }
        files.push(file);
    }
    (tapes, files, errors)
}

impl FileSink {
    /// The sink's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file's name, for people; nothing before there is one.
    pub fn file(&self) -> String {
        let path = self.now.as_ref().map(|now| now.path.display().to_string());
        path.unwrap_or_default()
    }

    fn is_written(&self) -> bool {
        self.now.as_ref().is_some_and(|now| {
            let state = now.recording.status().state;
            matches!(state, State::Waiting | State::Running)
        })
    }

    /// Begins a file with that frame of the router, or at once: 0.
    ///
    /// # Errors
    /// One sentence: one is written already, or none can be made.
    pub fn start(&mut self, frame: u64, stamp: &str) -> Result<(), String> {
        if self.is_written() {
            return Err(format!(
                "The sink \"{}\" is written to {} already; stop that first.",
                self.name,
                self.file()
            ));
        }
        while self.done.pop().is_ok() {}
        if self.next.is_full() {
            return Err("The router has no time to begin a file; try again.".to_owned());
        }
        let mut number = 1;
        let (path, (feed, recording)) = loop {
            let path = stamped(&self.wanted, stamp, number);
            match record(&path, self.settings) {
                Ok(made) => break (path, made),
                Err(error) if error.kind == ErrorKind::AlreadyExists && number < SAME_NAMES_MAX => {
                    number += 1;
                }
                Err(error) => return Err(error.message),
            }
        };
        recording.start_at(frame);
        // There is room, as was just seen.
        let _ = self.next.push(feed);
        self.now = Some(Now {
            path,
            recording,
            is_told: false,
        });
        Ok(())
    }

    /// Ends the file before that frame of the router, or at once: 0.
    ///
    /// # Errors
    /// One sentence: none is written.
    pub fn stop(&mut self, frame: u64) -> Result<(), String> {
        match &self.now {
            Some(now) if self.is_written() => {
                now.recording.stop_at(frame);
                Ok(())
            }
            _ => Err(format!(
                "The sink \"{}\" is not written to a file; start it first.",
                self.name
            )),
        }
    }

    /// That a file has ended, and how, once.
    pub fn news(&mut self) -> Option<FileNews> {
        while self.done.pop().is_ok() {}
        let now = self.now.as_mut().filter(|now| !now.is_told)?;
        let status = now.recording.status();
        let news = match status.state {
            State::Failed(error) => FileNews {
                kind: EventKind::FileFailed,
                message: error.message,
            },
            State::Ended => ended(&now.path, status.written_frames),
            _ => return None,
        };
        now.is_told = true;
        Some(news)
    }

    /// How it is.
    pub fn status(&self) -> FileStatus {
        let Some(now) = &self.now else {
            return FileStatus {
                sink: self.name.clone(),
                state: "closed".to_owned(),
                ..FileStatus::default()
            };
        };
        let status = now.recording.status();
        let state = match status.state {
            State::Waiting => "waiting",
            State::Running => "running",
            State::Ended => "ended",
            State::Failed(_) => "failed",
        };
        FileStatus {
            sink: self.name.clone(),
            file: now.path.display().to_string(),
            state: state.to_owned(),
            first_frame: status.first_frame,
            written_frames: status.written_frames,
            lost_frames: status.lost_frames,
        }
    }

    /// Ends it, and tells how that went if nobody was told before.
    pub fn finish(self) -> Option<FileNews> {
        let now = self.now.filter(|now| !now.is_told)?;
        let status = now.recording.finish();
        Some(match status.state {
            State::Failed(error) => FileNews {
                kind: EventKind::FileFailed,
                message: error.message,
            },
            _ => ended(&now.path, status.written_frames),
        })
    }
}

fn ended(path: &Path, frames: u64) -> FileNews {
    FileNews {
        kind: EventKind::FileEnded,
        message: format!("{} has {frames} frames.", path.display()),
    }
}

/// The path with a stamp, and from the second file of that name on a number, before its ending, which is
/// `.wav` where it has none.
fn stamped(path: &Path, stamp: &str, number: u32) -> PathBuf {
    let is_wav = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("wav"));
    let stem = match is_wav {
        true => path.file_stem(),
        false => path.file_name(),
    };
    let stem = stem.map_or_else(|| "Recording".into(), |stem| stem.to_string_lossy());
    path.with_file_name(match number {
        1 => format!("{stem} {stamp}.wav"),
        number => format!("{stem} {stamp} ({number}).wav"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_its_time_in_its_name() {
        let name = |path: &str, number| stamped(Path::new(path), "2026-11-28 12-40-05", number);
        let folder = Path::new("takes");
        assert_eq!(
            name("takes/Song.WAV", 1),
            folder.join("Song 2026-11-28 12-40-05.wav")
        );
        assert_eq!(
            name("takes/No. 1", 2),
            folder.join("No. 1 2026-11-28 12-40-05 (2).wav")
        );
        assert_eq!(name("", 1), Path::new("Recording 2026-11-28 12-40-05.wav"));
    }

    /// A folder of its own, and the sinks of that configuration, where `TAKE` is a path in it.
    fn sinks(name: &str, text: &str) -> (PathBuf, crate::plan::Plan) {
        let folder = std::env::temp_dir().join(format!("router-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let word = folder.join("Take").display().to_string().replace('\\', "/");
        let (config, errors) = config::read(&text.replace("TAKE", &word));
        assert_eq!(errors, []);
        (folder, crate::plan::Plan::new(&config.router))
    }

    fn wait(mut until: impl FnMut() -> bool) {
        for _ in 0..1_000 {
            if until() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("it never comes");
    }

    #[test]
    fn a_sink_that_is_a_file_holds_what_it_was_given() {
        let (folder, plan) = sinks(
            "files",
            "[router.sink.\"Take\"]\nkind = \"file\"\ndevice = \"TAKE\"\n\
             [router.sink.\"Lost\"]\nkind = \"file\"\ndevice = \"TAKE/no/such\"\n",
        );
        let (mut tapes, mut files, errors) = begin(&plan.sinks, 48_000, "now");
        assert_eq!((tapes.len(), files.len(), errors.len()), (2, 2, 1));
        assert!(errors[0].contains("make the folder first"), "{}", errors[0]);
        let samples = [0.5_f32, -0.25, 0.125];
        // The master's two channels come first.
        for tape in &mut tapes {
            tape.take(7, 3, |channel| {
                (channel == 3).then_some(Plane::Float32(&samples))
            });
        }
        assert_eq!(files[0].news(), None);
        let path = folder.join("Take now.wav").display().to_string();
        assert_eq!(files[0].file(), path);
        assert_eq!(files.pop().expect("the lost one").finish(), None);
        let told = files.remove(0).finish().expect("it has ended");
        let expected = (EventKind::FileEnded, format!("{path} has 3 frames."));
        assert_eq!((told.kind, told.message), expected);
        std::fs::remove_dir_all(&folder).expect("it is ours");
    }

    #[test]
    fn files_are_started_and_stopped_to_the_frame() {
        let (folder, plan) = sinks(
            "takes",
            "[router.sink.\"Take\"]\nkind = \"file\"\ndevice = \"TAKE\"\non_demand = true\n",
        );
        let (mut tapes, mut files, errors) = begin(&plan.sinks, 48_000, "now");
        assert!(errors.is_empty());
        let (tape, file) = (&mut tapes[0], &mut files[0]);
        assert_eq!(file.status().state, "closed");
        assert!(
            file.stop(0)
                .expect_err("none is written")
                .contains("start it first")
        );
        let samples = [0.5_f32; 100];
        let give = |tape: &mut Tape, blocks: Range<u64>| {
            for block in blocks {
                tape.take(block * 100, 100, |_| Some(Plane::Float32(&samples)));
            }
        };
        give(tape, 0..2);
        for take in 0..3 {
            let first = 250 + 1_000 * take;
            file.start(first, "now").expect("it can be made");
            assert!(
                file.start(0, "now")
                    .expect_err("one is written")
                    .contains("already")
            );
            give(tape, 10 * take + 2..10 * take + 4);
            file.stop(first + 330).expect("it is written");
            give(tape, 10 * take + 4..10 * take + 9);
            let mut news = None;
            wait(|| {
                news = file.news();
                news.is_some()
            });
            let news = news.expect("it has ended");
            assert_eq!(news.kind, EventKind::FileEnded);
            assert!(
                news.message.ends_with("has 330 frames."),
                "{}",
                news.message
            );
            assert_eq!(file.status().first_frame, Some(first));
            assert_eq!(file.news(), None);
        }
        assert!(folder.join("Take now (3).wav").exists());
        std::fs::remove_dir_all(&folder).expect("it is ours");
    }
}
