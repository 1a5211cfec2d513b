//! Endpoints that are known again although the system has given them another id, as it may when a
//! device is plugged in elsewhere or its driver is installed anew.

use std::fmt::Write as _;

use crate::hardware::COMPUTER;

/// What tells an endpoint from others besides its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Features {
    /// What all endpoints of one thing that can be plugged in have in common.
    pub(crate) container: u128,
    /// It plays; else it records.
    pub(crate) renders: bool,
    /// The system's number for the kind of endpoint, where it tells.
    pub(crate) form_factor: Option<u32>,
    /// The name for people.
    pub(crate) name: String,
}

impl Features {
    /// The same socket of the same thing, whatever number the system has put into its name.
    fn is_like(&self, other: &Self) -> bool {
        let forms = self.form_factor.zip(other.form_factor);
        self.container != 0
            && self.container == other.container
            && self.renders == other.renders
            && forms.is_none_or(|(one, other)| one == other)
            && unnumbered(&self.name) == unnumbered(&other.name)
    }
}

/// A name without the number that the system puts before that of a second device of one make:
/// "Speakers (2- USB Audio)" is "Speakers (USB Audio)".
fn unnumbered(name: &str) -> String {
    let without = |text: &str| {
        let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let numbered = rest.len() < text.len();
        let rest = rest.strip_prefix("- ").filter(|_| numbered);
        rest.unwrap_or(text).to_owned()
    };
    match name.split_once('(') {
        Some((socket, device)) => format!("{}({}", without(socket), without(device)),
        None => without(name),
    }
}

/// The place of the one endpoint in the list `there` that was known with these features. `None` when
/// there is none, or several that cannot be told apart.
pub(crate) fn recognised(known: &Features, there: &[Option<Features>]) -> Option<usize> {
    let place = |is_meant: &dyn Fn(&Features) -> bool| {
        let mut places = (0..there.len()).filter(|&n| there[n].as_ref().is_some_and(is_meant));
        let first = places.next()?;
        places.next().is_none().then_some(first)
    };
    let is_like = |found: &Features| known.is_like(found);
    // What is built into the computer is not plugged in elsewhere, and its sockets may have one name.
    let is_same = |found: &Features| is_like(found) && found.name == known.name;
    match known.container {
        COMPUTER => place(&is_same),
        _ => place(&is_like).or_else(|| place(&is_same)),
    }
}

/// The endpoints that are remembered, by their ids; the one that was noted last comes last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Book(Vec<(String, Features)>);

/// As many are remembered.
const ENTRIES_MAX: usize = 64;
/// A longer id or name is none of the system's.
const TEXT_BYTES_MAX: usize = 1024;
const HEADING: &str = "# Endpoints that were chosen by their ids, to be known again under other ids. Written by the driver.\n";

impl Book {
    /// Reads what [`text`](Self::text) wrote; lines that make no sense count for nothing.
    pub(crate) fn read(text: &str) -> Self {
        let mut book = Self::default();
        for (id, features) in text.lines().filter_map(read_line) {
            book.note(&id, &features);
        }
        book
    }

    /// A line for each.
    pub(crate) fn text(&self) -> String {
        let mut text = HEADING.to_owned();
        for (id, features) in &self.0 {
            let direction = if features.renders {
                "render"
            } else {
                "capture"
            };
            let form = features
                .form_factor
                .map_or("-".to_owned(), |form| form.to_string());
            let (container, name) = (features.container, &features.name);
            // Writing to a string does not fail.
            let _ = writeln!(text, "{id}\t{container:032x}\t{direction}\t{form}\t{name}");
        }
        text
    }

    /// Remembers an endpoint; tells whether anything is new. What cannot be written is not remembered.
    pub(crate) fn note(&mut self, id: &str, features: &Features) -> bool {
        let is_plain = |text: &str| {
            !text.is_empty() && text.len() <= TEXT_BYTES_MAX && !text.chars().any(char::is_control)
        };
        let is_comment = id.starts_with('#');
        if is_comment || !is_plain(id) || !is_plain(&features.name) || features.container == 0 {
            return false;
        }
        if self.of(id) == Some(features) {
            return false;
        }
        self.0.retain(|(known, _)| known != id);
        if self.0.len() >= ENTRIES_MAX {
            self.0.remove(0);
        }
        self.0.push((id.to_owned(), features.clone()));
        true
    }

    /// What is remembered of an endpoint.
    pub(crate) fn of(&self, id: &str) -> Option<&Features> {
        let known = self.0.iter().find(|(known, _)| known == id);
        known.map(|(_, features)| features)
    }
}

fn read_line(line: &str) -> Option<(String, Features)> {
    let mut fields = line.splitn(5, '\t');
    let mut field = || fields.next();
    let id = field()?.to_owned();
    let container = u128::from_str_radix(field()?, 16).ok()?;
    let renders = match field()? {
        "render" => true,
        "capture" => false,
        _ => return None,
    };
    let form_factor = match field()? {
        "-" => None,
        number => Some(number.parse().ok()?),
    };
    let name = field()?.to_owned();
    Some((
        id,
        Features {
            container,
            renders,
            form_factor,
            name,
        },
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn speakers() -> Features {
        Features {
            container: 7,
            renders: true,
            form_factor: Some(1),
            name: "Speakers (USB Audio)".into(),
        }
    }

    fn found(known: &Features, there: &[Features]) -> Option<usize> {
        let there: Vec<_> = there.iter().cloned().map(Some).collect();
        recognised(known, &there)
    }

    #[test]
    fn a_number_that_the_system_put_into_the_name_means_nothing() {
        let plain = "Speakers (USB Audio)";
        for name in [
            plain,
            "Speakers (2- USB Audio)",
            "3- Speakers (12- USB Audio)",
        ] {
            assert_eq!(unnumbered(name), plain);
        }
        for name in [
            "Line 3-4 (Mixer)",
            "8 Channels",
            "Speakers (- USB Audio)",
            "(",
        ] {
            assert_eq!(unnumbered(name), name);
        }
    }

    #[test]
    fn the_same_socket_of_the_same_thing_is_recognised() {
        let known = speakers();
        let other_port = Features {
            name: "Speakers (2- USB Audio)".into(),
            ..speakers()
        };
        let microphone = Features {
            renders: false,
            ..speakers()
        };
        let twin = Features {
            container: 8,
            ..speakers()
        };
        let phones = Features {
            name: "Phones (USB Audio)".into(),
            ..speakers()
        };
        let digital = Features {
            form_factor: Some(8),
            ..speakers()
        };
        let others = [microphone, twin, phones, digital];
        assert_eq!(found(&known, &others), None);
        assert_eq!(
            found(
                &known,
                &[&others[..], std::slice::from_ref(&other_port)].concat()
            ),
            Some(4)
        );
        let unknown_form = Features {
            form_factor: None,
            ..speakers()
        };
        assert_eq!(found(&known, &[unknown_form]), Some(0));
        // Of two that are alike the one with just this name is meant, and neither of two the same.
        assert_eq!(found(&known, &[other_port.clone(), speakers()]), Some(1));
        assert_eq!(found(&known, &[other_port.clone(), other_port]), None);
        assert_eq!(recognised(&known, &[None, Some(speakers())]), Some(1));
    }

    #[test]
    fn what_is_built_in_or_in_no_container_is_told_by_its_whole_name_or_not_at_all() {
        let built_in = Features {
            container: COMPUTER,
            ..speakers()
        };
        let numbered = Features {
            name: "Speakers (2- USB Audio)".into(),
            ..built_in.clone()
        };
        assert_eq!(found(&built_in, std::slice::from_ref(&numbered)), None);
        assert_eq!(found(&built_in, &[numbered, built_in.clone()]), Some(1));
        let nowhere = Features {
            container: 0,
            ..speakers()
        };
        assert_eq!(found(&nowhere, std::slice::from_ref(&nowhere)), None);
    }

    #[test]
    fn a_book_is_read_as_it_was_written_and_never_grows_beyond_its_bounds() {
        let mut book = Book::default();
        for n in 0..2 * ENTRIES_MAX {
            assert!(book.note(&format!("id {n}"), &speakers()));
        }
        assert!(!book.note("id 127", &speakers()), "nothing new");
        assert_eq!(book.0.len(), ENTRIES_MAX);
        assert_eq!((book.of("id 63"), book.of("id 64").is_some()), (None, true));
        let microphone = Features {
            renders: false,
            form_factor: None,
            ..speakers()
        };
        assert!(book.note("id 64", &microphone), "it has changed");
        assert_eq!(book.of("id 64"), Some(&microphone));
        assert_eq!(Book::read(&book.text()), book);
    }

    #[test]
    fn garbage_counts_for_nothing() {
        let good = "id\t00000000000000000000000000000007\trender\t1\tSpeakers (USB Audio)";
        for garbage in [
            "",
            "\0\0\0",
            "id",
            "other\tzz\trender\t1\tname",
            "other\t7\tsideways\t1\tname",
            "other\t7\trender\tmany\tname",
            "other\t7\trender\t1",
            "other\t0\trender\t1\tname",
            "other\t7\trender\t1\t",
            "\t7\trender\t1\tname",
            &format!("{}\t7\trender\t1\tname", "x".repeat(TEXT_BYTES_MAX + 1)),
        ] {
            let book = Book::read(&format!("{garbage}\n{good}\n{garbage}"));
            assert_eq!(book.0, [("id".to_owned(), speakers())], "{garbage}");
        }
    }

    proptest! {
        #[test]
        fn no_text_does_harm_and_what_was_read_is_written_alike(text in "(.|\t|\n|[0-9a-f]|render){0,300}") {
            let book = Book::read(&text);
            prop_assert_eq!(Book::read(&book.text()), book);
        }

        #[test]
        fn whatever_is_noted_is_read_again(id in ".{0,40}", name in ".{0,40}", container: u128, renders: bool, form_factor: Option<u32>) {
            let mut book = Book::default();
            let features = Features { container, renders, form_factor, name };
            let noted = book.note(&id, &features);
            prop_assert_eq!(noted, book.of(&id).is_some());
            prop_assert_eq!(Book::read(&book.text()), book);
        }
    }
}
