//! Sound devices, as a table and as JSON.

use engine::format::{SampleFormat, StreamFormat};
use serde::Serialize;

use crate::table::table;

/// A device as a script gets it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeviceEntry {
    /// "render" or "capture".
    pub direction: &'static str,
    /// The system chooses it when nobody chooses another.
    pub default: bool,
    /// The name for people.
    pub name: String,
    /// The system's id.
    pub id: String,
    /// What kind of device it is.
    pub kind: &'static str,
    /// "active", "disabled" or "unplugged".
    pub state: &'static str,
    /// What an active device tells of itself.
    #[serde(flatten)]
    pub formats: Option<DeviceFormats>,
    /// Why there are no formats.
    pub problem: Option<String>,
}

/// Formats and periods of a device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeviceFormats {
    /// What the system mixes in; nothing if this project does not know the format.
    pub mix: Option<Format>,
    /// Period of shared streams, in frames at the mix rate.
    pub period_default_frames: u32,
    /// The same in milliseconds.
    pub period_default_ms: f64,
    /// Shortest period of exclusive streams, in frames at the mix rate.
    pub period_min_frames: u32,
    /// The same in milliseconds.
    pub period_min_ms: f64,
    /// What exclusive streams can have.
    pub exclusive: Vec<Format>,
}

/// The format of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Format {
    /// Layout of a sample.
    #[serde(serialize_with = "sample_name")]
    pub sample: SampleFormat,
    /// Channels.
    pub channels: u16,
    /// Rate in Hz.
    pub rate_hz: u32,
}

fn sample_name<S: serde::Serializer>(
    sample: &SampleFormat,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(sample.name())
}

impl From<StreamFormat> for Format {
    fn from(
        StreamFormat {
            sample,
            channels,
            rate_hz,
            ..
        }: StreamFormat,
    ) -> Self {
        Format {
            sample,
            channels,
            rate_hz,
        }
    }
}

/// The devices as a table; `*` marks the defaults.
pub fn device_table(devices: &[DeviceEntry]) -> String {
    if devices.is_empty() {
        return "There is no sound device.\n".to_owned();
    }
    let headings = [
        "",
        "DIRECTION",
        "NAME",
        "MIX FORMAT",
        "PERIOD (SHORTEST)",
        "EXCLUSIVE",
        "ID",
    ];
    let rows: Vec<_> = devices.iter().map(row).collect();
    table(headings, &rows)
}

fn row(device: &DeviceEntry) -> [String; 7] {
    let [mix, periods, exclusive] = match (&device.formats, &device.problem) {
        (Some(formats), _) => [
            formats.mix.map_or("unknown".to_owned(), |mix| {
                format!("{} {}ch {} Hz", mix.sample, mix.channels, mix.rate_hz)
            }),
            format!(
                "{} = {:.1} ms ({} = {:.1} ms)",
                formats.period_default_frames,
                formats.period_default_ms,
                formats.period_min_frames,
                formats.period_min_ms
            ),
            exclusive_summary(&formats.exclusive),
        ],
        (None, Some(_)) if device.state == "active" => {
            ["?".to_owned(), "?".to_owned(), "?".to_owned()]
        }
        (None, _) => [device.state.to_owned(), String::new(), String::new()],
    };
    [
        if device.default { "*" } else { "" }.to_owned(),
        device.direction.to_owned(),
        device.name.clone(),
        mix,
        periods,
        exclusive,
        device.id.clone(),
    ]
}

/// Which sample formats at which rates, in kHz; formats with the same rates are one group.
pub fn exclusive_summary(formats: &[Format]) -> String {
    let mut groups: Vec<(Vec<&str>, Vec<u32>)> = Vec::new();
    for sample in SampleFormat::PREFERENCE {
        let of_sample = formats.iter().filter(|format| format.sample == sample);
        let mut rates_hz: Vec<u32> = of_sample.map(|format| format.rate_hz).collect();
        rates_hz.sort_unstable();
        rates_hz.dedup();
        match groups.iter_mut().find(|(_, rates)| *rates == rates_hz) {
            _ if rates_hz.is_empty() => {}
            Some((names, _)) => names.push(sample.name()),
            None => groups.push((vec![sample.name()], rates_hz)),
        }
    }
    if groups.is_empty() {
        return "none".to_owned();
    }
    let texts: Vec<String> = groups
        .iter()
        .map(|(names, rates_hz)| {
            let rates: Vec<String> = rates_hz
                .iter()
                .map(|&rate_hz| (f64::from(rate_hz) / 1000.0).to_string())
                .collect();
            format!("{} at {} kHz", names.join(" "), rates.join(" "))
        })
        .collect();
    texts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(sample: SampleFormat, rate_hz: u32) -> Format {
        Format {
            sample,
            channels: 2,
            rate_hz,
        }
    }

    fn speakers() -> DeviceEntry {
        DeviceEntry {
            direction: "render",
            default: true,
            name: "Speakers".to_owned(),
            id: "{id}".to_owned(),
            kind: "speakers",
            state: "active",
            formats: Some(DeviceFormats {
                mix: Some(format(SampleFormat::Float32, 48_000)),
                period_default_frames: 480,
                period_default_ms: 10.0,
                period_min_frames: 144,
                period_min_ms: 3.0,
                exclusive: vec![format(SampleFormat::Int16, 48_000)],
            }),
            problem: None,
        }
    }

    #[test]
    fn formats_with_the_same_rates_are_grouped() {
        use SampleFormat::{Float32, Int16, Int24};
        let formats = [
            (Int16, 48_000),
            (Int16, 44_100),
            (Int24, 44_100),
            (Int24, 48_000),
            (Float32, 96_000),
        ]
        .map(|(sample, rate_hz)| format(sample, rate_hz));
        let expected = "int24 int16 at 44.1 48 kHz; float32 at 96 kHz";
        assert_eq!(exclusive_summary(&formats), expected);
        assert_eq!(exclusive_summary(&[]), "none");
    }

    #[test]
    fn the_table_marks_the_default() {
        let text = device_table(&[speakers()]);
        let line = text.lines().nth(1).expect("one device");
        assert!(line.starts_with("*"), "{text}");
        for part in [
            "float32 2ch 48000 Hz",
            "480 = 10.0 ms (144 = 3.0 ms)",
            "int16 at 48 kHz",
        ] {
            assert!(line.contains(part), "{text}");
        }
        assert_eq!(device_table(&[]), "There is no sound device.\n");
    }

    #[test]
    fn a_device_that_is_away_says_so() {
        let away = DeviceEntry {
            formats: None,
            state: "unplugged",
            ..speakers()
        };
        assert!(device_table(&[away]).contains("unplugged"));
    }

    #[test]
    fn json_has_plain_names_and_numbers() {
        let value = serde_json::to_value(speakers()).expect("JSON");
        assert_eq!(value["mix"]["sample"], "float32");
        assert_eq!(value["period_min_frames"], 144);
        assert_eq!(value["problem"], serde_json::Value::Null);
    }
}
