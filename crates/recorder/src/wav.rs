//! A WAV file while it grows: RIFF up to 4 GiB, RF64 beyond (EBU Tech 3306).
//!
//! The header has room for the lengths of both from the beginning, so that nothing is ever moved.

use std::io::{Result, SeekFrom};

use engine::format::{SampleFormat, StreamFormat};

use crate::Medium;

/// Bytes of the chunk that RF64 keeps its lengths in, its head included.
const LENGTHS_BYTES: usize = 8 + 28;
/// The tail that all subformats have in common.
const SUBFORMAT_TAIL: [u8; 14] = [
    0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71,
];
const TAG_PCM: u16 = 1;
const TAG_FLOAT: u16 = 3;
const TAG_EXTENSIBLE: u16 = 0xFFFE;

/// A file that grows.
pub(crate) struct WavFile {
    medium: Box<dyn Medium>,
    format: StreamFormat,
    header_bytes: u64,
    /// Bytes of samples that are written.
    data_bytes: u64,
    /// Bytes of samples that the header tells of.
    told_bytes: u64,
}

impl WavFile {
    /// Begins a file: a valid one without a frame.
    pub(crate) fn begin(mut medium: Box<dyn Medium>, format: StreamFormat) -> Result<Self> {
        let header = header(&format, 0, 0);
        medium.seek(SeekFrom::Start(0))?;
        medium.write_all(&header)?;
        medium.flush()?;
        Ok(Self {
            medium,
            format,
            header_bytes: header.len() as u64,
            data_bytes: 0,
            told_bytes: 0,
        })
    }

    /// Whole frames that are written.
    pub(crate) fn frames(&self) -> u64 {
        self.data_bytes / self.format.frame_bytes() as u64
    }

    /// Adds samples. After an error some of them may have been added.
    pub(crate) fn add(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            match self.medium.write(bytes) {
                Ok(0) => return Err(std::io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    let count = count.min(bytes.len());
                    self.data_bytes += count as u64;
                    bytes = &bytes[count..];
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Makes the header tell what is there.
    pub(crate) fn tell(&mut self) -> Result<()> {
        if self.told_bytes == self.data_bytes {
            return Ok(());
        }
        self.medium.flush()?;
        self.write_header(0)?;
        let end = self.header_bytes + self.data_bytes;
        self.medium.seek(SeekFrom::Start(end))?;
        Ok(())
    }

    fn write_header(&mut self, pad_bytes: u64) -> Result<()> {
        let header = header(&self.format, self.data_bytes, pad_bytes);
        self.medium.seek(SeekFrom::Start(0))?;
        self.medium.write_all(&header)?;
        self.medium.flush()?;
        self.told_bytes = self.data_bytes;
        Ok(())
    }

    /// Makes a whole file of what is there. Needs no room on the disk, but for one byte that may be
    /// missing.
    pub(crate) fn finish(&mut self) -> Result<()> {
        let frame_bytes = self.format.frame_bytes() as u64;
        self.data_bytes -= self.data_bytes % frame_bytes;
        let end = self.header_bytes + self.data_bytes;
        self.medium.cut(end)?;
        // Chunks have an even length.
        let mut pad_bytes = 0;
        if self.data_bytes % 2 == 1 {
            self.medium.seek(SeekFrom::Start(end))?;
            pad_bytes = u64::from(self.medium.write_all(&[0]).is_ok());
        }
        self.write_header(pad_bytes)
    }
}

/// The header of a file with so many bytes of samples.
fn header(format: &StreamFormat, data_bytes: u64, pad_bytes: u64) -> Vec<u8> {
    let frames = data_bytes / format.frame_bytes() as u64;
    let mut body = Vec::with_capacity(128);
    put_format(&mut body, format);
    if format.sample == SampleFormat::Float32 {
        put_head(&mut body, b"fact", 4);
        body.extend(or_all_ones(frames).to_le_bytes());
    }
    let riff_bytes = (4 + LENGTHS_BYTES + body.len() + 8) as u64 + data_bytes + pad_bytes;
    let is_large = riff_bytes > u64::from(u32::MAX) - 1;
    let mut header = Vec::with_capacity(192);
    if is_large {
        put_head(&mut header, b"RF64", u32::MAX);
        header.extend(b"WAVE");
        put_head(&mut header, b"ds64", 28);
        for length in [riff_bytes, data_bytes, frames] {
            header.extend(length.to_le_bytes());
        }
        header.extend(0_u32.to_le_bytes());
    } else {
        put_head(&mut header, b"RIFF", riff_bytes as u32);
        header.extend(b"WAVE");
        put_head(&mut header, b"JUNK", 28);
        header.extend([0; 28]);
    }
    header.extend(body);
    let told_bytes = if is_large {
        u32::MAX
    } else {
        data_bytes as u32
    };
    put_head(&mut header, b"data", told_bytes);
    header
}

fn put_head(out: &mut Vec<u8>, name: &[u8; 4], bytes: u32) {
    out.extend(name);
    out.extend(bytes.to_le_bytes());
}

fn put_format(out: &mut Vec<u8>, format: &StreamFormat) {
    let is_float = format.sample == SampleFormat::Float32;
    let tag = if is_float { TAG_FLOAT } else { TAG_PCM };
    let bits = 8 * format.sample.bytes() as u16;
    let is_plain = format.channels <= 2 && format.sample == SampleFormat::Int16;
    put_head(out, b"fmt ", if is_plain { 16 } else { 40 });
    out.extend(if is_plain { tag } else { TAG_EXTENSIBLE }.to_le_bytes());
    out.extend(format.channels.to_le_bytes());
    out.extend(format.rate_hz.to_le_bytes());
    let second_bytes = u64::from(format.rate_hz) * format.frame_bytes() as u64;
    out.extend(or_all_ones(second_bytes).to_le_bytes());
    out.extend((format.frame_bytes() as u16).to_le_bytes());
    out.extend(bits.to_le_bytes());
    if !is_plain {
        out.extend(22_u16.to_le_bytes());
        out.extend(bits.to_le_bytes());
        out.extend(format.channel_mask.to_le_bytes());
        out.extend(tag.to_le_bytes());
        out.extend(SUBFORMAT_TAIL);
    }
}

fn or_all_ones(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Seek, Write};
    use std::sync::Arc;

    use rt::Mutex;

    /// Keeps the first bytes, and counts the others.
    #[derive(Clone, Default)]
    struct Head {
        kept: Arc<Mutex<Vec<u8>>>,
        at: u64,
        end: u64,
    }

    impl Write for Head {
        fn write(&mut self, bytes: &[u8]) -> Result<usize> {
            let mut kept = self.kept.lock();
            for (place, byte) in (self.at..200).zip(bytes) {
                let place = place as usize;
                if kept.len() <= place {
                    kept.resize(place + 1, 0);
                }
                kept[place] = *byte;
            }
            self.at += bytes.len() as u64;
            self.end = self.end.max(self.at);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }

    impl Seek for Head {
        fn seek(&mut self, to: SeekFrom) -> Result<u64> {
            match to {
                SeekFrom::Start(at) => self.at = at,
                SeekFrom::Current(by) => self.at = self.at.saturating_add_signed(by),
                SeekFrom::End(by) => self.at = self.end.saturating_add_signed(by),
            }
            Ok(self.at)
        }
    }

    impl Medium for Head {
        fn cut(&mut self, bytes: u64) -> Result<()> {
            self.end = bytes;
            Ok(())
        }
    }

    fn format(sample: SampleFormat, channels: u16) -> StreamFormat {
        StreamFormat {
            sample,
            channels,
            rate_hz: 192_000,
            channel_mask: 0,
        }
    }

    fn u64_at(bytes: &[u8], at: usize) -> u64 {
        u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
    }

    fn u32_at(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    #[test]
    fn a_file_beyond_4_gib_becomes_rf64_in_place() {
        let head = Head::default();
        let format = format(SampleFormat::Float32, 2);
        let mut file = WavFile::begin(Box::new(head.clone()), format).unwrap();
        let header_bytes = file.header_bytes;
        let block = vec![0; 1 << 20];
        let mut was_large = false;
        for block_number in 1..=4_200_u64 {
            file.add(&block).unwrap();
            file.tell().unwrap();
            let kept = head.kept.lock().clone();
            let data_bytes = block_number << 20;
            let riff_bytes = header_bytes - 8 + data_bytes;
            let is_large = &kept[..4] == b"RF64";
            assert_eq!(is_large, riff_bytes >= u64::from(u32::MAX));
            assert!(is_large || !was_large);
            was_large = is_large;
            if is_large {
                assert_eq!(u32_at(&kept, 4), u32::MAX);
                assert_eq!(&kept[12..16], b"ds64");
                assert_eq!(u32_at(&kept, 16), 28);
                assert_eq!(u64_at(&kept, 20), riff_bytes);
                assert_eq!(u64_at(&kept, 28), data_bytes);
                assert_eq!(u64_at(&kept, 36), data_bytes / 8);
                assert_eq!(u32_at(&kept, 44), 0);
            } else {
                assert_eq!(&kept[..4], b"RIFF");
                assert_eq!(u64::from(u32_at(&kept, 4)), riff_bytes);
                assert_eq!(&kept[12..16], b"JUNK");
            }
            let data_at = header_bytes as usize - 8;
            assert_eq!(&kept[data_at..data_at + 4], b"data");
            let told = u32_at(&kept, data_at + 4);
            assert_eq!(
                told,
                if is_large {
                    u32::MAX
                } else {
                    data_bytes as u32
                }
            );
        }
        assert!(was_large);
        file.finish().unwrap();
        assert_eq!(file.frames(), 4_200 << 17);
    }

    #[test]
    fn the_header_is_as_long_as_it_will_ever_be() {
        for sample in SampleFormat::PREFERENCE {
            for channels in [1, 2, 3, 1_024] {
                let format = format(sample, channels);
                let lengths = [0, 1_000_000, u64::from(u32::MAX), u64::MAX / 2]
                    .map(|bytes| header(&format, bytes, 0).len());
                assert!(lengths.iter().all(|length| *length == lengths[0]));
            }
        }
    }
}
