//! What a device takes in exclusive mode, asked once and remembered.

use std::collections::HashMap;

use engine::format::{SampleFormat, StreamFormat};

use crate::candidates::{COMMON_RATES_HZ, Candidate, Layout, forms};
use crate::client::AudioClient;
use crate::hresult::Hr;
use crate::hresult::codes::UNSUPPORTED_FORMAT;

/// What devices answered so far. A device that is playing exclusively may not answer again.
#[derive(Default)]
pub(crate) struct Memory {
    devices: HashMap<String, Known>,
}

struct Known {
    /// The mixer's layout and rate when the answers were given: another one is another device.
    mix: (Layout, u32),
    answers: HashMap<(Layout, u32, SampleFormat), bool>,
}

impl Memory {
    /// What is known of the device `id` with that mix format.
    pub(crate) fn of(&mut self, id: &str, layout: Layout, rate_hz: u32) -> Answers<'_> {
        let mix = (layout, rate_hz);
        let known = self
            .devices
            .entry(id.to_owned())
            .and_modify(|known| {
                if known.mix != mix {
                    *known = Known {
                        mix,
                        answers: HashMap::new(),
                    };
                }
            })
            .or_insert_with(|| Known {
                mix,
                answers: HashMap::new(),
            });
        Answers(known)
    }
}

/// The answers of one device.
pub(crate) struct Answers<'a>(&'a mut Known);

impl Answers<'_> {
    /// The first of `formats` that the device takes at that rate, in the order in which
    /// [`open`](crate::open) tries them; else the code of the last refusal.
    pub(crate) fn first(
        &mut self,
        client: &AudioClient,
        rate_hz: u32,
        formats: &[SampleFormat],
    ) -> Hr<StreamFormat> {
        let mut last = UNSUPPORTED_FORMAT;
        for layout in Layout::to_try(self.0.mix.0) {
            for &sample in formats {
                match self.may_take(client, layout, rate_hz, sample) {
                    Ok(format) => return Ok(format),
                    Err(UNSUPPORTED_FORMAT) => {}
                    Err(code) => last = code,
                }
            }
        }
        Err(last)
    }

    /// Every one of `formats` that the device takes at that rate.
    pub(crate) fn all(
        &mut self,
        client: &AudioClient,
        rate_hz: u32,
        formats: &[SampleFormat],
    ) -> Vec<StreamFormat> {
        let mut taken = Vec::new();
        for &sample in formats {
            let mut layouts = Layout::to_try(self.0.mix.0);
            taken.extend(
                layouts.find_map(|layout| self.takes(client, layout, rate_hz, sample).ok()),
            );
        }
        taken
    }

    /// The common rates at which the device takes one of `formats`, in Hz.
    pub(crate) fn rates(&mut self, client: &AudioClient, formats: &[SampleFormat]) -> Vec<u32> {
        let taken = |&rate_hz: &u32| self.first(client, rate_hz, formats).is_ok();
        COMMON_RATES_HZ.into_iter().filter(taken).collect()
    }

    /// As `takes`, but trusts no refusal of 24 valid bits where the device takes all 32.
    fn may_take(
        &mut self,
        client: &AudioClient,
        layout: Layout,
        rate_hz: u32,
        sample: SampleFormat,
    ) -> Hr<StreamFormat> {
        match self.takes(client, layout, rate_hz, sample) {
            Err(UNSUPPORTED_FORMAT) if sample == SampleFormat::Int24In32 => {
                let whole = self.takes(client, layout, rate_hz, SampleFormat::Int32)?;
                Ok(StreamFormat { sample, ..whole })
            }
            answer => answer,
        }
    }

    fn takes(
        &mut self,
        client: &AudioClient,
        layout: Layout,
        rate_hz: u32,
        sample: SampleFormat,
    ) -> Hr<StreamFormat> {
        let forms = forms(sample, layout, rate_hz);
        let format = forms.first().ok_or(UNSUPPORTED_FORMAT)?.format;
        let key = (layout, rate_hz, sample);
        let taken = match self.0.answers.get(&key) {
            Some(&taken) => taken,
            None => {
                let taken = ask(client, forms.iter().map(|form| form.wave.as_bytes()))?;
                self.0.answers.insert(key, taken);
                taken
            }
        };
        if taken {
            Ok(format)
        } else {
            Err(UNSUPPORTED_FORMAT)
        }
    }
}

/// Whether it is worth telling the device this format. Some systems refuse 24 valid bits out of 32
/// when asked, and take them when told; so for that format, being taken with all bits will do.
pub(crate) fn worth_trying(client: &AudioClient, candidate: &Candidate) -> Hr<()> {
    match (
        client.takes_exclusively(candidate.wave.as_bytes()),
        &candidate.whole,
    ) {
        (Err(UNSUPPORTED_FORMAT), Some(whole)) => client.takes_exclusively(whole.as_bytes()),
        (answer, _) => answer,
    }
}

/// Whether the device takes one of the forms. An error is no answer.
fn ask<'a>(client: &AudioClient, forms: impl Iterator<Item = &'a [u8]>) -> Hr<bool> {
    let mut refusal = None;
    for form in forms {
        match client.takes_exclusively(form) {
            Ok(()) => return Ok(true),
            Err(UNSUPPORTED_FORMAT) => {}
            Err(code) => refusal = Some(code),
        }
    }
    refusal.map_or(Ok(false), Err)
}
