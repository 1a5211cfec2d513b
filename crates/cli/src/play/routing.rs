//! Which channel of a file each output of a driver plays.

use anyhow::{Result, ensure};

/// For each output that is used, from the first on, the channel of the file. One channel goes to
/// two outputs where there are two; more channels go one to one.
///
/// # Errors
/// The driver has fewer outputs than the file has channels.
pub fn outputs(file_channels: usize, driver_outputs: usize) -> Result<Vec<usize>> {
    ensure!(
        file_channels <= driver_outputs,
        "the file has {file_channels} channels, but the driver has only {driver_outputs} outputs"
    );
    Ok(match file_channels {
        1 => vec![0; driver_outputs.min(2)],
        _ => (0..file_channels).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mono_goes_to_both_sides() {
        assert_eq!(outputs(1, 1).expect("fits"), [0]);
        assert_eq!(outputs(1, 2).expect("fits"), [0, 0]);
        assert_eq!(outputs(1, 8).expect("fits"), [0, 0]);
    }

    #[test]
    fn more_channels_go_one_to_one() {
        assert_eq!(outputs(2, 8).expect("fits"), [0, 1]);
        assert_eq!(outputs(6, 6).expect("fits"), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = outputs(6, 2).expect_err("too many").to_string();
        assert!(refused.contains("6 channels") && refused.contains("2 outputs"));
        assert!(outputs(1, 0).is_err());
    }
}
