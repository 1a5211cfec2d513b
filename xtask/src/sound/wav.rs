//! WAV files.

use std::path::Path;

use anyhow::{Context, Result, bail};
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use super::Sound;

/// What our rig and driver play.
const RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=384_000;
const CHANNELS_MAX: u16 = 8;

/// Reads a file with 8, 16, 24 or 32 bits or 32-bit float. The flag: its samples are float.
///
/// # Errors
/// One sentence that names the file: it is missing, unreadable, no WAV, empty, or of a kind that
/// is not played.
pub fn read(path: &Path) -> Result<(Sound, bool)> {
    let shown = path.display();
    let file = std::fs::File::open(path).with_context(|| format!("cannot open {shown}"))?;
    if file.metadata().is_ok_and(|data| data.is_dir()) {
        bail!("{shown} is a folder; name a WAV file");
    }
    let mut reader = WavReader::new(std::io::BufReader::new(file))
        .with_context(|| format!("{shown} is not a WAV file that can be read"))?;
    let spec = reader.spec();
    if !RATES_HZ.contains(&spec.sample_rate) {
        bail!(
            "{shown} has {} Hz; 8000 to 384000 can be played",
            spec.sample_rate
        );
    }
    if spec.channels == 0 || spec.channels > CHANNELS_MAX {
        bail!(
            "{shown} has {} channels; 1 to {CHANNELS_MAX} can be played",
            spec.channels
        );
    }
    let (samples, bits) = match (spec.sample_format, spec.bits_per_sample) {
        (SampleFormat::Float, 32) => (
            reader.samples::<f32>().map(|s| s.map(from_float)).collect(),
            24,
        ),
        (SampleFormat::Int, bits @ (8 | 16 | 24 | 32)) => {
            let shift = 32 - u32::from(bits);
            let samples = reader
                .samples::<i32>()
                .map(|sample| sample.map(|s| s << shift));
            (
                samples.collect::<hound::Result<Vec<i32>>>(),
                u32::from(bits),
            )
        }
        (kind, bits) => bail!(
            "{shown} has {bits}-bit {kind:?} samples; 8, 16, 24 and 32 bits and 32-bit float \
             can be played"
        ),
    };
    let samples = samples.with_context(|| format!("{shown} is damaged or cut off"))?;
    if samples.is_empty() {
        bail!("{shown} holds no sound");
    }
    let sound = Sound {
        rate_hz: spec.sample_rate,
        channels: spec.channels,
        bits,
        samples,
    };
    Ok((sound, spec.sample_format == SampleFormat::Float))
}

/// A float sample to the top of 32 bits; what is beyond full scale is cut.
pub fn from_float(sample: f32) -> i32 {
    // A cast saturates, and turns what is not a number into 0.
    (f64::from(sample) * 2_147_483_648.0).round() as i32
}

/// Writes with the sound's own depth (8 bits as 16).
pub fn write(path: &Path, sound: &Sound) -> Result<()> {
    let bits = sound.bits.max(16);
    let spec = WavSpec {
        channels: sound.channels,
        sample_rate: sound.rate_hz,
        bits_per_sample: bits as u16,
        sample_format: SampleFormat::Int,
    };
    let failed = || format!("cannot write {}", path.display());
    let mut writer = WavWriter::create(path, spec).with_context(failed)?;
    for sample in &sound.samples {
        writer
            .write_sample(sample >> (32 - bits))
            .with_context(failed)?;
    }
    writer.finalize().with_context(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("xtask-{}-{name}", std::process::id()))
    }

    #[test]
    fn what_is_written_is_read_back() {
        for bits in [16, 24, 32] {
            let path = temporary(&format!("{bits}.wav"));
            let low = 1 << (32 - bits);
            let samples = vec![0, low, -low, i32::MIN, i32::MAX & !(low - 1), 5 * low];
            let sound = Sound {
                rate_hz: 44_100,
                channels: 2,
                bits,
                samples,
            };
            write(&path, &sound).unwrap();
            assert_eq!(read(&path).unwrap(), (sound, false));
            std::fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn what_is_no_wav_is_named() {
        let path = temporary("none.wav");
        let missing = format!("{:#}", read(&path).unwrap_err());
        assert!(
            missing.contains("cannot open") && missing.contains("none.wav"),
            "{missing}"
        );
        std::fs::write(&path, b"RIFF....WAVEgarbage").unwrap();
        let garbage = format!("{:#}", read(&path).unwrap_err());
        assert!(garbage.contains("is not a WAV file"), "{garbage}");
        std::fs::remove_file(&path).unwrap();
        let folder = format!("{:#}", read(&std::env::temp_dir()).unwrap_err());
        assert!(folder.contains("is a folder"), "{folder}");
    }

    #[test]
    fn a_file_that_is_cut_off_is_refused() {
        let path = temporary("cut.wav");
        let sound = Sound {
            rate_hz: 48_000,
            channels: 2,
            bits: 16,
            samples: vec![1 << 16; 4000],
        };
        write(&path, &sound).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let message = format!("{:#}", read(&path).unwrap_err());
        assert!(message.contains("damaged or cut off"), "{message}");
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn floats_beyond_full_scale_are_cut() {
        assert_eq!(from_float(2.0), i32::MAX);
        assert_eq!(from_float(-2.0), i32::MIN);
        assert_eq!(from_float(f32::NAN), 0);
        assert_eq!(from_float(0.5), 1 << 30);
    }
}
