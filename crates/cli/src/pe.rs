//! For which programs a DLL is: what its header says.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Where the first header tells where the second is.
const HEADER_AT: u64 = 0x3c;
const SIGNATURE: [u8; 4] = *b"PE\0\0";
const MACHINE_X86: u16 = 0x014c;
const MACHINES_64: [u16; 2] = [0x8664, 0xaa64];

/// 32 or 64: the bitness of the programs that can load this DLL.
///
/// # Errors
/// It cannot be read, is no DLL, or is for another kind of processor.
pub fn bits(dll: &Path) -> Result<u32> {
    let name = dll.display();
    let mut file = File::open(dll).with_context(|| format!("{name} cannot be read"))?;
    match machine(&mut file) {
        Some(MACHINE_X86) => Ok(32),
        Some(machine) if MACHINES_64.contains(&machine) => Ok(64),
        Some(machine) => bail!("{name} is for another kind of processor (0x{machine:04X})"),
        None => bail!("{name} is no DLL"),
    }
}

/// What the header says; `None` where there is none.
fn machine(file: &mut (impl Read + Seek)) -> Option<u16> {
    let mut at = [0; 4];
    file.seek(SeekFrom::Start(HEADER_AT)).ok()?;
    file.read_exact(&mut at).ok()?;
    let mut header = [0; 6];
    file.seek(SeekFrom::Start(u32::from_le_bytes(at).into()))
        .ok()?;
    file.read_exact(&mut header).ok()?;
    let machine = u16::from_le_bytes([header[4], header[5]]);
    header.starts_with(&SIGNATURE).then_some(machine)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn image(header_at: u32, machine: u16) -> Vec<u8> {
        let mut image = vec![0; 0x3c];
        image.extend(header_at.to_le_bytes());
        image.resize(0x80, 0);
        image.extend(SIGNATURE);
        image.extend(machine.to_le_bytes());
        image
    }

    #[test]
    fn the_header_tells_the_machine() {
        for known in [MACHINE_X86, MACHINES_64[0], MACHINES_64[1], 7] {
            assert_eq!(machine(&mut Cursor::new(image(0x80, known))), Some(known));
        }
    }

    #[test]
    fn what_is_no_image_is_told_and_crashes_nothing() {
        let whole = image(0x80, MACHINE_X86);
        for length in 0..whole.len() {
            assert_eq!(machine(&mut Cursor::new(&whole[..length])), None);
        }
        for header_at in [0, 0x7f, 0x81, u32::MAX] {
            assert_eq!(machine(&mut Cursor::new(image(header_at, 1))), None);
        }
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let told = bits(&here.join("Cargo.toml")).unwrap_err().to_string();
        assert!(told.contains("is no DLL"), "{told}");
        let told = bits(&here.join("no-such.dll")).unwrap_err().to_string();
        assert!(told.contains("cannot be read"), "{told}");
    }
}
