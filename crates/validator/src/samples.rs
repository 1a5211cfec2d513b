//! Single samples in any of ASIO's types.

use asio::abi::SampleType;

/// How a type's samples lie in memory.
#[derive(Clone, Copy)]
struct Layout {
    bytes: usize,
    is_float: bool,
    is_big_endian: bool,
    /// Bits of full scale.
    bits: u32,
}

fn layout(kind: SampleType) -> Option<Layout> {
    let int = |bytes, bits, is_big_endian| Layout {
        bytes,
        is_float: false,
        is_big_endian,
        bits,
    };
    let float = |bytes, is_big_endian| Layout {
        bytes,
        is_float: true,
        is_big_endian,
        bits: 0,
    };
    Some(match kind {
        SampleType::INT16_LSB => int(2, 16, false),
        SampleType::INT24_LSB => int(3, 24, false),
        SampleType::INT32_LSB => int(4, 32, false),
        SampleType::INT32_LSB16 => int(4, 16, false),
        SampleType::INT32_LSB18 => int(4, 18, false),
        SampleType::INT32_LSB20 => int(4, 20, false),
        SampleType::INT32_LSB24 => int(4, 24, false),
        SampleType::INT16_MSB => int(2, 16, true),
        SampleType::INT24_MSB => int(3, 24, true),
        SampleType::INT32_MSB => int(4, 32, true),
        SampleType::INT32_MSB16 => int(4, 16, true),
        SampleType::INT32_MSB18 => int(4, 18, true),
        SampleType::INT32_MSB20 => int(4, 20, true),
        SampleType::INT32_MSB24 => int(4, 24, true),
        SampleType::FLOAT32_LSB => float(4, false),
        SampleType::FLOAT64_LSB => float(8, false),
        SampleType::FLOAT32_MSB => float(4, true),
        SampleType::FLOAT64_MSB => float(8, true),
        _ => return None,
    })
}

/// Whether samples of that type can be written and read here: all but DSD.
pub fn is_known(kind: SampleType) -> bool {
    layout(kind).is_some()
}

/// Writes `value`, full scale ±1.0, as the sample of that frame. Nothing happens outside of the block
/// and for types that are not known.
pub fn put(kind: SampleType, block: &mut [u8], frame: usize, value: f64) {
    let Some(layout) = layout(kind) else { return };
    let at = frame * layout.bytes;
    let Some(place) = block.get_mut(at..at + layout.bytes) else {
        return;
    };
    let number: [u8; 8] = match (layout.is_float, layout.bytes) {
        (true, 4) => u64::from((value as f32).to_bits()).to_le_bytes(),
        (true, _) => value.to_bits().to_le_bytes(),
        (false, _) => {
            let scale = (1_i64 << (layout.bits - 1)) as f64;
            ((value * scale).clamp(-scale, scale - 1.0) as i64).to_le_bytes()
        }
    };
    place.copy_from_slice(&number[..layout.bytes]);
    if layout.is_big_endian {
        place.reverse();
    }
}

/// The sample of that frame, full scale ±1.0; `None` outside of the block and for types that are not
/// known.
pub fn get(kind: SampleType, block: &[u8], frame: usize) -> Option<f64> {
    let layout = layout(kind)?;
    let at = frame * layout.bytes;
    let mut number = [0; 8];
    number[..layout.bytes].copy_from_slice(block.get(at..at + layout.bytes)?);
    if layout.is_big_endian {
        number[..layout.bytes].reverse();
    }
    let bits = u64::from_le_bytes(number);
    Some(match (layout.is_float, layout.bytes) {
        (true, 4) => f64::from(f32::from_bits(bits as u32)),
        (true, _) => f64::from_bits(bits),
        (false, _) => {
            let unused = 64 - layout.bits;
            ((bits << unused) as i64 >> unused) as f64 / (1_i64 << (layout.bits - 1)) as f64
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_put_is_got(value in -1.0..0.9999_f64, frame in 0_usize..9) {
            for kind in SampleType::ALL.iter().copied().filter(|kind| is_known(*kind)) {
                let mut block = vec![0; kind.block_bytes(9).unwrap()];
                put(kind, &mut block, frame, value);
                let got = get(kind, &block, frame).unwrap();
                prop_assert!((got - value).abs() < 1e-4, "{kind}: {value} became {got}");
                let others = (0..9).filter(|other| *other != frame);
                for other in others {
                    prop_assert_eq!(get(kind, &block, other), Some(0.0));
                }
                put(kind, &mut block, 9, 1.0);
                prop_assert_eq!(get(kind, &block, 9), None);
            }
        }
    }

    #[test]
    fn dsd_is_not_known() {
        assert!(!is_known(SampleType::DSD_INT8_LSB1));
        assert_eq!(get(SampleType(77), &[0; 8], 0), None);
    }
}
