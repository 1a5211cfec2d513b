//! From text to model.

pub(crate) use routing::ROUTER;
use std::ops::Range;

use toml_edit::{Document, Item, Key, TableLike, TomlError};

use crate::error::{Error, Place};
use crate::model::{Config, Profile};
use crate::name::{check_name, same_name};
use crate::nearest::nearest;

mod routing;
mod side;
mod value;

/// The table that holds the profiles.
pub(crate) const PROFILES: &str = "profile";

/// The key that asks for a log.
const LOG: &str = "log";

/// More profiles are no list that anybody reads.
const PROFILES_MAX: usize = 64;
/// More errors are not told: every text is read in a short time.
const ERRORS_MAX: usize = 100;

/// Longer keys and messages are cut: they quote what the file has.
const LETTERS_MAX: usize = 300;

/// What may be written in a profile, each with an example of its value.
pub(crate) const KEYS: [(&str, &str); 11] = [
    ("mode", "\"shared\""),
    ("block_frames", "480"),
    ("safety_frames", "0"),
    ("rate_hz", "48000"),
    ("sample_type", "\"auto\""),
    ("formats", "[\"int24\", \"int16\"]"),
    ("resampling", "\"best\""),
    ("dither", "true"),
    ("hand_over", "\"auto\""),
    ("output", "\"default\""),
    ("input", "[\"Microphone\", \"default\"]"),
];

/// What a text says, and the first hundred things that are wrong with it, in the text's order.
///
/// Whatever is wrong is left at its default and the rest is taken; a text that is no TOML says
/// nothing at all, and the built-in profiles hold. Whoever must have a text without a fault looks
/// whether there are errors.
pub fn read(text: &str) -> (Config, Vec<Error>) {
    let mut reader = Reader {
        text,
        errors: Vec::new(),
        faults: 0,
    };
    let mut config = Config::default();
    match Document::parse(text) {
        Ok(document) => reader.file(document.as_table(), &mut config),
        Err(error) => reader.errors.push(syntax(text, &error)),
    }
    reader.errors.sort_by_key(|error| {
        error
            .place
            .map_or((0, 0), |place| (place.line, place.column))
    });
    (config, reader.errors)
}

/// What the TOML parser says, as one sentence.
pub(crate) fn syntax(text: &str, error: &TomlError) -> Error {
    let said = error.message().replace(['\r', '\n'], " ");
    Error {
        place: error.span().map(|span| Place::of(text, span.start)),
        key: String::new(),
        message: format!(
            "this is no TOML: {said}; mend this line, nothing in the file counts until then"
        ),
    }
}

/// A key as one would write it after those above it.
pub(crate) fn path_of(above: &str, key: &str) -> String {
    let key = Key::new(key);
    let shown = key.display_repr();
    if above.is_empty() {
        shown.into_owned()
    } else {
        format!("{above}.{shown}")
    }
}

struct Reader<'a> {
    text: &'a str,
    errors: Vec<Error>,
    /// With those that are not told.
    faults: usize,
}

/// A value in the text: what it is, where, and under which key.
struct Spot<'a> {
    item: &'a Item,
    /// The key with those above it.
    path: String,
    /// A line that would be right.
    example: String,
}

impl Spot<'_> {
    /// Tables have no place of their own where they were put together from several.
    fn span(&self) -> Option<Range<usize>> {
        self.item.span()
    }
}

impl Reader<'_> {
    fn fault(&mut self, span: Option<Range<usize>>, path: &str, message: impl Into<String>) {
        self.faults += 1;
        if self.faults > ERRORS_MAX {
            return;
        }
        self.errors.push(Error {
            place: span.map(|span| Place::of(self.text, span.start)),
            key: clipped(path.to_owned()),
            message: clipped(message.into()),
        });
    }

    fn file(&mut self, top: &dyn TableLike, config: &mut Config) {
        self.check_keys(top, "", &[LOG, PROFILES, ROUTER]);
        if let Some(router) = top.get(ROUTER) {
            self.router(router, &mut config.router);
        }
        if let Some(item) = top.get(LOG) {
            config.log = self.path(&Spot {
                item,
                path: LOG.to_owned(),
                example: "log = 'C:\\Users\\me\\asio2wasapi.log'".to_owned(),
            });
        }
        let Some(profiles) = top.get(PROFILES) else {
            return;
        };
        let Some(profiles) = profiles.as_table_like() else {
            let message = "this is not how profiles are written; begin each with a line like \
                           [profile.\"Studio\"]";
            return self.fault(profiles.span(), PROFILES, message);
        };
        let mut names: Vec<&str> = Vec::new();
        for (name, item) in profiles.iter() {
            let path = path_of(PROFILES, name);
            let span = profiles.key(name).and_then(Key::span);
            if names.len() == PROFILES_MAX {
                let message =
                    format!("there are more than {PROFILES_MAX} profiles; leave some out");
                return self.fault(span, &path, message);
            }
            if let Err(message) = check_name(name) {
                self.fault(span, &path, message);
            } else if let Some(other) = names.iter().find(|other| same_name(other, name)) {
                let message = format!(
                    "there is a profile {other:?} already, and case does not count; choose \
                     another name"
                );
                self.fault(span, &path, message);
            } else {
                names.push(name);
                self.profile(name, &path, item, config);
            }
        }
    }

    fn profile(&mut self, name: &str, path: &str, item: &Item, config: &mut Config) {
        let Some(table) = item.as_table_like() else {
            let message = format!("this is no profile; begin it with the line [{path}]");
            return self.fault(item.span(), path, message);
        };
        let mut profile = Profile::new(name);
        self.check_keys(table, path, &KEYS.map(|(key, _)| key));
        for (key, example) in KEYS {
            if let Some(item) = table.get(key) {
                let spot = Spot {
                    item,
                    path: path_of(path, key),
                    example: format!("{key} = {example}"),
                };
                self.setting(key, &spot, &mut profile);
            }
        }
        match config
            .profiles
            .iter_mut()
            .find(|known| same_name(&known.name, name))
        {
            Some(built_in) => *built_in = profile,
            None => config.profiles.push(profile),
        }
    }

    fn setting(&mut self, key: &str, spot: &Spot<'_>, profile: &mut Profile) {
        match key {
            "mode" => self.named(spot, &mut profile.mode),
            "block_frames" => {
                if let Some(frames) = self.number(spot, 16..=8192) {
                    profile.block_frames = Some(frames);
                }
            }
            "safety_frames" => {
                if let Some(frames) = self.number(spot, 0..=8192) {
                    profile.safety_frames = frames;
                }
            }
            "rate_hz" => {
                if let Some(rate_hz) = self.number(spot, 8000..=768_000) {
                    profile.rate_hz = Some(rate_hz);
                }
            }
            "sample_type" => self.named(spot, &mut profile.sample_type),
            "formats" => self.formats(spot, &mut profile.formats),
            "resampling" => self.named(spot, &mut profile.resampling),
            "dither" => self.flag(spot, &mut profile.dither),
            "hand_over" => self.named(spot, &mut profile.hand_over),
            "output" => self.side(spot, &mut profile.output),
            _ => self.side(spot, &mut profile.input),
        }
    }

    /// Reports each key that is none of `known`.
    fn check_keys(&mut self, table: &dyn TableLike, above: &str, known: &[&str]) {
        for (key, item) in table.iter().filter(|(key, _)| !known.contains(key)) {
            let span = table.key(key).and_then(Key::span).or_else(|| item.span());
            let message = match nearest(key, known.iter().copied()) {
                Some(meant) => format!("there is no such key; did you mean `{meant}`?"),
                None => format!("there is no such key; use {}", one_of(known, '`')),
            };
            self.fault(span, &path_of(above, key), message);
        }
    }
}

/// The text, or as much of it as somebody would read.
fn clipped(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LETTERS_MAX) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// The words as one reads them: `a`, `b` or `c`.
fn one_of(words: &[&str], quote: char) -> String {
    let quoted: Vec<String> = words
        .iter()
        .map(|word| format!("{quote}{word}{quote}"))
        .collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod routing_tests;
#[cfg(test)]
mod tests;
