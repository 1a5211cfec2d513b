//! Edits of the text that keep its comments, its order and what it does not know.

use std::ops::Range;

use toml_edit::{DocumentMut, Item, TableLike, Value};

use crate::error::Error;
use crate::model::Profile;
use crate::name::{check_name, same_name};
use crate::nearest::nearest;
use crate::read::{KEYS, PROFILES, ROUTER, path_of, read, syntax};
use crate::routing::Routing;
use crate::show::{chosen_text, routes_text};

/// The text of a configuration file that is being edited.
///
/// Every edit either is done whole or changes nothing, and none brings in a fault that was not there
/// before. A text that has faults can be edited, so that they can be mended.
#[derive(Clone, Debug)]
pub struct Document {
    text: String,
}

impl Document {
    /// The document with that text.
    ///
    /// # Errors
    /// The text is no TOML; it can be mended only by hand.
    pub fn parse(text: &str) -> Result<Self, Error> {
        toml_edit::Document::parse(text).map_err(|error| syntax(text, &error))?;
        Ok(Self {
            text: text.to_owned(),
        })
    }

    /// The text as it is now.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Adds a profile. Everything but its name is as in `like`, or as in a new one.
    ///
    /// # Errors
    /// The name cannot be used or is taken.
    pub fn add(&mut self, name: &str, like: Option<&Profile>) -> Result<(), Error> {
        check_name(name).map_err(|message| fault(PROFILES, message))?;
        if let Some(known) = read(&self.text).0.profile(name) {
            let message = format!(
                "there is a profile {:?} already; change it, or choose another name",
                known.name
            );
            return Err(fault(PROFILES, message));
        }
        let mut profile = like.cloned().unwrap_or_else(|| Profile::new(name));
        profile.name = name.to_owned();
        let text = with_section(&self.text, &chosen_text(&profile));
        self.replace(text)
    }

    /// Sets what `key` is in the profile of that name. `value` is TOML; where that is none, or not
    /// what the key takes, it stands for a text without quotes.
    ///
    /// # Errors
    /// There is no such profile or key, or it cannot have that value.
    pub fn set(&mut self, name: &str, key: &str, value: &str) -> Result<(), Error> {
        self.check_key(name, key)?;
        let value = value.trim();
        // The ids of devices begin like a table.
        let is_bare = value.starts_with("{0.") || !value.starts_with(['[', '{', '"', '\'']);
        match value.parse::<Value>() {
            Ok(parsed) => {
                let done = self.set_value(name, key, parsed);
                match done {
                    // A device may be called 808.
                    Err(refused) if is_bare => {
                        self.set_value(name, key, value.into()).map_err(|_| refused)
                    }
                    done => done,
                }
            }
            Err(_) if is_bare => self.set_value(name, key, value.into()),
            Err(error) => {
                let said = error.message().replace(['\r', '\n'], " ");
                let message = format!("{value:?} is no TOML value: {said}");
                Err(fault(&key_path(name, key), message))
            }
        }
    }

    /// Takes `key` out of the profile of that name, so that its default holds again; a key that is
    /// not there is no error.
    ///
    /// # Errors
    /// There is no such profile or key.
    pub fn unset(&mut self, name: &str, key: &str) -> Result<(), Error> {
        self.check_key(name, key)?;
        let mut parts = Parts::of(&self.text)?;
        let Some(section) = parts.section(name) else {
            return Ok(());
        };
        let comment = parts.comment_of_key(&section, key);
        let Some(table) = parts.table(&section) else {
            return Ok(());
        };
        if table.remove(key).is_none() {
            return Ok(());
        }
        self.replace(parts.text_with(comment))
    }

    /// Takes the profile of that name out of the text. A built-in one has its defaults again, any
    /// other is gone.
    ///
    /// # Errors
    /// The text has no such profile.
    pub fn remove(&mut self, name: &str) -> Result<(), Error> {
        let mut parts = Parts::of(&self.text)?;
        let Some(section) = parts.section(name) else {
            return match read(&self.text).0.profile(name) {
                Some(known) => {
                    let message = format!(
                        "{:?} is built in and has nothing of its own in the file; there is \
                         nothing to remove",
                        known.name
                    );
                    Err(fault(PROFILES, message))
                }
                None => Err(self.no_such(name)),
            };
        };
        let comment = parts.comment_of_section(&section);
        if let Some(profiles) = parts.profiles() {
            profiles.remove(&section);
        }
        self.replace(parts.text_with(comment))
    }

    /// Writes the mixes of `routing` instead of those that the text has, and the programs that they name
    /// and the text does not. Comments inside the old mixes go with them.
    ///
    /// # Errors
    /// What the text would be is not right.
    pub fn set_routes(&mut self, routing: &Routing) -> Result<(), Error> {
        let mut parts = Parts::of(&self.text)?;
        let written = read(&self.text).0.router;
        if let Some(router) = parts.changed.get_mut(ROUTER) {
            let Some(table) = router.as_table_mut() else {
                let message = "this is written in one line; begin it with [router] first";
                return Err(fault(ROUTER, message));
            };
            table.remove("mix");
        }
        let text = with_section(&parts.text_with(None), &routes_text(routing, &written));
        self.replace(text.trim_end().to_owned() + "\n")
    }

    fn set_value(&mut self, name: &str, key: &str, value: Value) -> Result<(), Error> {
        let mut parts = Parts::of(&self.text)?;
        let Some(section) = parts.section(name) else {
            let profile = Profile::new(name);
            let line = format!(
                "{}{key} = {}\n",
                chosen_text(&profile),
                value.decorated("", "")
            );
            return self.replace(with_section(&self.text, &line));
        };
        let Some(table) = parts.table(&section) else {
            let message = "this is no profile; mend the file by hand first";
            return Err(fault(&path_of(PROFILES, &section), message));
        };
        match table.get_mut(key).and_then(Item::as_value_mut) {
            Some(old) => {
                let around = old.decor().clone();
                *old = value;
                *old.decor_mut() = around;
            }
            None => {
                table.insert(key, Item::Value(value.decorated(" ", "")));
            }
        }
        self.replace(parts.text_with(None))
    }

    /// Whether there is such a profile and such a key.
    fn check_key(&self, name: &str, key: &str) -> Result<(), Error> {
        let is_there = read(&self.text).0.profile(name).is_some()
            || Parts::of(&self.text)?.section(name).is_some();
        if !is_there {
            return Err(self.no_such(name));
        }
        let keys = KEYS.map(|(key, _)| key);
        if keys.contains(&key) {
            return Ok(());
        }
        let message = match nearest(key, keys) {
            Some(meant) => format!("there is no such key; did you mean `{meant}`?"),
            None => format!("there is no such key; the keys are {}", keys.join(", ")),
        };
        Err(fault(&key_path(name, key), message))
    }

    fn no_such(&self, name: &str) -> Error {
        let config = read(&self.text).0;
        let names = config.profiles.iter().map(|profile| profile.name.as_str());
        let message = match nearest(name, names) {
            Some(meant) => format!("there is no profile {name:?}; did you mean {meant:?}?"),
            None => format!("there is no profile {name:?}"),
        };
        fault(PROFILES, message)
    }

    /// Takes the new text, unless it has a fault that the old one has not.
    fn replace(&mut self, text: String) -> Result<(), Error> {
        let text = if self.text.contains("\r\n") {
            text.replace("\r\n", "\n").replace('\n', "\r\n")
        } else {
            text
        };
        let known = read(&self.text).1;
        let is_new = |error: &Error| {
            !known
                .iter()
                .any(|known| (&known.key, &known.message) == (&error.key, &error.message))
        };
        match read(&text).1.into_iter().find(is_new) {
            // The place is one in a text that nobody sees.
            Some(error) => Err(Error {
                place: None,
                ..error
            }),
            None => {
                self.text = text;
                Ok(())
            }
        }
    }
}

fn fault(key: &str, message: impl Into<String>) -> Error {
    Error {
        place: None,
        key: key.to_owned(),
        message: message.into(),
    }
}

fn key_path(name: &str, key: &str) -> String {
    path_of(&path_of(PROFILES, name), key)
}

/// The text with a section more, at its end.
fn with_section(text: &str, section: &str) -> String {
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        section.to_owned()
    } else {
        format!("{text}\n\n{section}")
    }
}

/// A text taken apart: once with the places of everything, once to be changed.
struct Parts<'a> {
    text: &'a str,
    places: toml_edit::Document<&'a str>,
    changed: DocumentMut,
}

/// A comment that stays when what comes after it goes, and where in the text it begins.
struct Kept<'a> {
    start: usize,
    comment: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Self, Error> {
        let places = toml_edit::Document::parse(text).map_err(|error| syntax(text, &error))?;
        let changed = places.clone().into_mut();
        Ok(Self {
            text,
            places,
            changed,
        })
    }

    /// The profile's name as the text has it.
    fn section(&self, name: &str) -> Option<String> {
        let profiles = self.places.get(PROFILES)?.as_table_like()?;
        let (section, _) = profiles
            .iter()
            .find(|(section, _)| same_name(section, name))?;
        Some(section.to_owned())
    }

    fn profiles(&mut self) -> Option<&mut dyn TableLike> {
        self.changed.get_mut(PROFILES)?.as_table_like_mut()
    }

    fn table(&mut self, section: &str) -> Option<&mut dyn TableLike> {
        self.profiles()?.get_mut(section)?.as_table_like_mut()
    }

    fn comment_of_key(&self, section: &str, key: &str) -> Option<Kept<'a>> {
        let profiles = self.places.get(PROFILES)?.as_table_like()?;
        let key = profiles.get(section)?.as_table_like()?.key(key)?;
        self.kept(key.leaf_decor().prefix()?.span()?)
    }

    fn comment_of_section(&self, section: &str) -> Option<Kept<'a>> {
        let profiles = self.places.get(PROFILES)?.as_table_like()?;
        let table = profiles.get(section)?.as_table()?;
        self.kept(table.decor().prefix()?.span()?)
    }

    /// Of the comment before something, all but the paragraph that belongs to it.
    fn kept(&self, before: Range<usize>) -> Option<Kept<'a>> {
        let comment = self.text.get(before.clone())?;
        let end = ["\n\n", "\n\r\n"]
            .iter()
            .filter_map(|gap| comment.rfind(gap).map(|place| place + gap.len()))
            .max()?;
        Some(Kept {
            start: before.start,
            comment: &comment[..end],
        })
        .filter(|kept| kept.comment.contains('#'))
    }

    /// The changed text, with the comment where it was.
    fn text_with(&self, kept: Option<Kept<'_>>) -> String {
        let mut text = self.changed.to_string();
        if let Some(Kept { start, comment }) = kept {
            let is_same_before = text.get(..start) == self.text.get(..start);
            let place = if is_same_before { start } else { text.len() };
            text.insert_str(place, comment);
        }
        text
    }
}

#[cfg(test)]
mod tests;
