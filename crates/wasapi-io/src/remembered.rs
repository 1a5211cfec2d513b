//! The file with the endpoints that were chosen by their ids, beside the configuration.

use std::path::{Path, PathBuf};

use rt::Mutex;

use crate::endpoint::Endpoint;
use crate::known::{Book, Features};

const FILE: &str = "endpoints.txt";

/// What this process knows of the file. Never used on the real-time path.
struct Remembered {
    /// `None` until it is first asked for.
    book: Option<Book>,
    /// The ids that this process has noted already, so that each is asked for its features once.
    noted: Vec<String>,
}

static REMEMBERED: Mutex<Remembered> = Mutex::new(Remembered {
    book: None,
    noted: Vec::new(),
});

fn path() -> Option<PathBuf> {
    Some(config::path()?.with_file_name(FILE))
}

/// The file's text. One that is no text was not written by us, and is removed.
fn text(path: &Path) -> String {
    config::load_text(path).unwrap_or_else(|_| {
        // What cannot be removed stays, and nothing is remembered beyond this process.
        let _ = std::fs::remove_file(path);
        String::new()
    })
}

fn load() -> Book {
    path().map_or_else(Book::default, |path| Book::read(&text(&path)))
}

/// Remembers an endpoint that was chosen by its id. Does not fail: without the file it is known as
/// long as this process lives.
pub(crate) fn note(endpoint: &Endpoint) {
    let mut remembered = REMEMBERED.lock();
    if remembered.noted.contains(&endpoint.id) {
        return;
    }
    let Some(features) = endpoint.features() else {
        return;
    };
    remembered.noted.push(endpoint.id.clone());
    let book = remembered.book.get_or_insert_with(load);
    if !book.note(&endpoint.id, &features) {
        return;
    }
    let Some(path) = path() else { return };
    // What other processes have noted in the meantime is kept.
    let old = text(&path);
    let mut merged = Book::read(&old);
    merged.note(&endpoint.id, &features);
    // Whoever was quicker has changed the file: it is noted next time.
    let _ = config::save(&path, &old, &merged.text());
    *book = merged;
}

/// What is remembered of the endpoint with that id.
pub(crate) fn features_of(id: &str) -> Option<Features> {
    let mut remembered = REMEMBERED.lock();
    remembered.book.get_or_insert_with(load).of(id).cloned()
}
