//! Sinks that are files: each is written from when the router has its devices until it lets them go.

use std::ops::Range;
use std::path::{Path, PathBuf};

use engine::client::Plane;
use recorder::{Feed, Recording, Settings, State, Status, record};

use crate::plan::SinkSeat;

/// What fills a file, in the cycle.
pub struct Tape {
    feed: Feed,
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
        let first = self.channels.start;
        self.feed
            .give(frame, frames, |channel| plane(first + channel));
    }
}

/// A file that is written.
pub struct FileSink {
    path: PathBuf,
    recording: Recording,
    has_failed: bool,
}

/// Begins the files of these sinks. `stamp` goes into their names, so that none is there already. The
/// errors are sentences: their sinks are silent.
pub fn begin(
    seats: &[SinkSeat],
    rate_hz: u32,
    stamp: &str,
) -> (Vec<Tape>, Vec<FileSink>, Vec<String>) {
    let (mut tapes, mut files, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for seat in seats.iter().filter(|seat| seat.is_file()) {
        let wanted = seat.port.devices.first().map_or("", |device| device.word());
        let path = stamped(Path::new(wanted), stamp);
        let settings = Settings::new(rate_hz, seat.channels.len() as u16);
        match record(&path, settings) {
            Ok((feed, recording)) => {
                recording.start_at(0);
                let channels = seat.channels.clone();
                tapes.push(Tape { feed, channels });
                files.push(FileSink {
                    path,
                    recording,
                    has_failed: false,
                });
            }
            Err(error) => errors.push(error.message),
        }
    }
    (tapes, files, errors)
}

impl FileSink {
    /// The file's name, for people.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Why it is not written any more, once.
    pub fn news(&mut self) -> Option<String> {
        if self.has_failed {
            return None;
        }
        match self.recording.status().state {
            State::Failed(error) => {
                self.has_failed = true;
                Some(error.message)
            }
            _ => None,
        }
    }

    /// Ends it, and tells how it went.
    pub fn finish(self) -> Status {
        self.recording.finish()
    }
}

/// The path with a stamp before its ending, which is `.wav` where it has none.
fn stamped(path: &Path, stamp: &str) -> PathBuf {
    let is_wav = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("wav"));
    let stem = match is_wav {
        true => path.file_stem(),
        false => path.file_name(),
    };
    let stem = stem.map_or_else(|| "Recording".into(), |stem| stem.to_string_lossy());
    path.with_file_name(format!("{stem} {stamp}.wav"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_its_time_in_its_name() {
        let name = |path: &str| stamped(Path::new(path), "2026-11-28 12-40-05");
        let folder = Path::new("takes");
        assert_eq!(
            name("takes/Song.WAV"),
            folder.join("Song 2026-11-28 12-40-05.wav")
        );
        assert_eq!(
            name("takes/No. 1"),
            folder.join("No. 1 2026-11-28 12-40-05.wav")
        );
        assert_eq!(name(""), Path::new("Recording 2026-11-28 12-40-05.wav"));
    }

    #[test]
    fn a_sink_that_is_a_file_holds_what_it_was_given() {
        let folder = std::env::temp_dir().join(format!("router-files-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let word = folder.join("Take").display().to_string().replace('\\', "/");
        let (config, errors) = config::read(&format!(
            "[router.sink.\"Take\"]\nkind = \"file\"\ndevice = \"{word}\"\n\
             [router.sink.\"Lost\"]\nkind = \"file\"\ndevice = \"{word}/no/such\"\n"
        ));
        assert_eq!(errors, []);
        let plan = crate::plan::Plan::new(&config.router);
        let (mut tapes, mut files, errors) = begin(&plan.sinks, 48_000, "now");
        assert_eq!((tapes.len(), files.len(), errors.len()), (1, 1, 1));
        assert!(errors[0].contains("make the folder first"), "{}", errors[0]);
        let samples = [0.5_f32, -0.25, 0.125];
        // The master's two channels come first.
        tapes[0].take(7, 3, |channel| {
            (channel == 3).then_some(Plane::Float32(&samples))
        });
        assert_eq!(files[0].news(), None);
        let file = files.remove(0);
        assert_eq!(
            file.name(),
            folder.join("Take now.wav").display().to_string()
        );
        let status = file.finish();
        assert_eq!((status.state, status.written_frames), (State::Ended, 3));
        std::fs::remove_dir_all(&folder).expect("it is ours");
    }
}
