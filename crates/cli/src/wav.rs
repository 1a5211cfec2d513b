//! A WAV file in memory, one plane of samples for each channel.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use engine::client::Plane;
use hound::{SampleFormat, WavReader};

use crate::level::Peak;

/// The sound of a WAV file. Integers of every width are aligned to the left of 32 bits, which
/// alters none of them.
#[derive(Debug)]
pub struct Wav {
    rate_hz: u32,
    frames: usize,
    planes: Planes,
}

#[derive(Debug)]
enum Planes {
    Int32(Vec<Vec<i32>>),
    Float32(Vec<Vec<f32>>),
}

impl Wav {
    /// Reads a file to its end.
    ///
    /// # Errors
    /// It cannot be read, is no WAV file of integers up to 32 bits or of 32-bit floats, is cut off
    /// or holds no frame.
    pub fn read(path: &Path) -> Result<Wav> {
        File::open(path)
            .map_err(anyhow::Error::from)
            .and_then(|file| Self::parse(BufReader::new(file)))
            .with_context(|| format!("cannot play {}", path.display()))
    }

    fn parse(source: impl Read) -> Result<Wav> {
        let mut reader = WavReader::new(source).context("it is no WAV file that can be played")?;
        let spec = reader.spec();
        let channels = usize::from(spec.channels);
        ensure!(channels > 0, "it has no channels");
        ensure!(spec.sample_rate > 0, "it states a rate of 0 Hz");
        let bits = u32::from(spec.bits_per_sample);
        let planes = match spec.sample_format {
            SampleFormat::Int if (1..=32).contains(&bits) => {
                let aligned = reader.samples::<i32>().map(|s| s.map(|s| s << (32 - bits)));
                Planes::Int32(split(aligned, channels)?)
            }
            SampleFormat::Float if bits == 32 => {
                Planes::Float32(split(reader.samples::<f32>(), channels)?)
            }
            _ => bail!("samples of {bits} bits are not supported"),
        };
        let frames = match &planes {
            Planes::Int32(planes) => planes[0].len(),
            Planes::Float32(planes) => planes[0].len(),
        };
        ensure!(frames > 0, "it holds no sound");
        Ok(Wav {
            rate_hz: spec.sample_rate,
            frames,
            planes,
        })
    }

    /// A sound of 32-bit integers: one plane for each channel, all of one length, at least 1 of each.
    pub(crate) fn from_planes(rate_hz: u32, planes: Vec<Vec<i32>>) -> Wav {
        Wav {
            rate_hz,
            frames: planes[0].len(),
            planes: Planes::Int32(planes),
        }
    }

    /// Frames per second.
    pub fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Frames in all; at least 1.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Channels; at least 1.
    pub fn channels(&self) -> usize {
        match &self.planes {
            Planes::Int32(planes) => planes.len(),
            Planes::Float32(planes) => planes.len(),
        }
    }

    /// All samples of a channel, `None` if the file does not have it.
    pub fn plane(&self, channel: usize) -> Option<Plane<'_>> {
        match &self.planes {
            Planes::Int32(planes) => planes.get(channel).map(|plane| Plane::Int32(plane)),
            Planes::Float32(planes) => planes.get(channel).map(|plane| Plane::Float32(plane)),
        }
    }

    /// The loudest sample of any channel among `frames` frames from `start` on.
    pub fn peak(&self, start: usize, frames: usize) -> Peak {
        (0..self.channels())
            .filter_map(|channel| self.plane(channel))
            .map(|plane| Peak::of(plane.part(start, frames)))
            .fold(Peak::default(), Peak::max)
    }
}

/// Sorts interleaved samples into one plane for each channel.
fn split<T>(
    samples: impl Iterator<Item = hound::Result<T>>,
    channels: usize,
) -> Result<Vec<Vec<T>>> {
    let mut planes: Vec<Vec<T>> = (0..channels).map(|_| Vec::new()).collect();
    for (index, sample) in samples.enumerate() {
        let sample =
            sample.with_context(|| format!("it breaks off after frame {}", index / channels))?;
        planes[index % channels].push(sample);
    }
    let frames = planes.last().map_or(0, Vec::len);
    for plane in &mut planes {
        // A frame that lacks channels is no frame.
        plane.truncate(frames);
    }
    Ok(planes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hound::{WavSpec, WavWriter};
    use proptest::prelude::*;
    use std::io::Cursor;

    fn file<S: hound::Sample + Copy>(
        bits: u16,
        format: SampleFormat,
        channels: u16,
        samples: &[S],
    ) -> Vec<u8> {
        let spec = WavSpec {
            channels,
            sample_rate: 44_100,
            bits_per_sample: bits,
            sample_format: format,
        };
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut bytes, spec).expect("a valid header");
        for &sample in samples {
            writer.write_sample(sample).expect("memory takes it");
        }
        writer.finalize().expect("memory takes it");
        bytes.into_inner()
    }

    #[test]
    fn integers_of_every_width_are_left_aligned() {
        for (bits, value, aligned) in [
            (8, -3, -3 << 24),
            (16, -12_345, -12_345 << 16),
            (24, 0x7f_fffe, 0x7fff_fe00),
            (32, i32::MIN, i32::MIN),
        ] {
            let bytes = file(bits, SampleFormat::Int, 1, &[value, 0]);
            let wav = Wav::parse(bytes.as_slice()).expect("a good file");
            assert_eq!(
                wav.plane(0),
                Some(Plane::Int32(&[aligned, 0])),
                "{bits} bits"
            );
        }
    }

    #[test]
    fn channels_are_taken_apart() {
        let bytes = file(32, SampleFormat::Float, 2, &[0.5f32, -1.5, 0.25, 0.0]);
        let wav = Wav::parse(bytes.as_slice()).expect("a good file");
        assert_eq!(
            (wav.frames(), wav.channels(), wav.rate_hz()),
            (2, 2, 44_100)
        );
        assert_eq!(wav.plane(0), Some(Plane::Float32(&[0.5, 0.25])));
        assert_eq!(wav.plane(1), Some(Plane::Float32(&[-1.5, 0.0])));
        assert_eq!(wav.plane(2), None);
        assert_eq!(wav.peak(0, 1), Peak(1.5));
        assert_eq!(wav.peak(1, 100), Peak(0.25));
        assert_eq!(wav.peak(100, 1), Peak(0.0));
    }

    #[test]
    fn what_cannot_be_played_says_why() {
        let message = |bytes: &[u8]| format!("{:#}", Wav::parse(bytes).expect_err("no good file"));
        assert!(message(b"this is text").contains("no WAV file"));
        assert!(message(b"").contains("no WAV file"));
        let empty = file::<i16>(16, SampleFormat::Int, 2, &[]);
        assert!(message(&empty).contains("no sound"));
        let whole = file(16, SampleFormat::Int, 2, &[1i16, 2, 3, 4, 5, 6]);
        assert!(message(&whole[..whole.len() - 3]).contains("breaks off after frame 2"));

        let missing = Wav::read(Path::new("no/such/file.wav")).expect_err("missing");
        assert!(format!("{missing:#}").starts_with("cannot play no/such/file.wav: "));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = Wav::parse(bytes.as_slice());
        }

        #[test]
        fn no_damaged_file_panics(at in 0usize..100, byte: u8, length in 0usize..100) {
            let mut bytes = file(24, SampleFormat::Int, 2, &[1, 2, 3, 4, 5, 6, 7, 8]);
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            bytes.truncate(length);
            let _ = Wav::parse(bytes.as_slice());
        }
    }
}
