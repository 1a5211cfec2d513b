//! `docs/claims.md`: the claims and their last figures, for people.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::book::Book;
use super::claims::{self, CLAIMS, Claim};
use crate::paths::Paths;

const HEAD: &str = "\
# Claims

What this project promises, with the command that measures each promise and the last figure that it
gave. `cargo xtask prove` measures all of them, `cargo xtask prove --list` tells what there is.

This page is made by `cargo xtask prove --write` from `xtask/src/prove/claims.rs` and `claims.json`;
`cargo xtask test` compares. *full*: measured as the target has it.
";

/// Makes the page anew.
pub fn write(paths: &Paths, book: &Book) -> Result<()> {
    let file = file(paths);
    fs::write(&file, page(book)).with_context(|| format!("cannot write {}", file.display()))
}

/// Checks that the page is what it would be made of.
///
/// # Errors
/// It is not; the sentence tells what to do.
pub fn check(paths: &Paths) -> Result<()> {
    let book = Book::read(paths)?;
    if let Some(id) = book.ids().find(|id| claims::find(id).is_none()) {
        bail!("docs/claims.json has a figure of `{id}`, which is no claim; take it out");
    }
    // A checkout may have other line ends.
    let is = fs::read_to_string(file(paths)).unwrap_or_default();
    if is.replace("\r\n", "\n") != page(&book) {
        bail!("docs/claims.md is out of date; run `cargo xtask prove --list --write`");
    }
    Ok(())
}

fn file(paths: &Paths) -> PathBuf {
    paths.root.join("docs").join("claims.md")
}

fn page(book: &Book) -> String {
    let mut text = String::from(HEAD);
    text.push_str("\n| claim | target | verdict | measured |\n|---|---|---|---|\n");
    for Claim { id, target, .. } in CLAIMS {
        let (verdict, measured) = book.entry(id).map_or_else(
            || ("not measured yet", String::new()),
            |entry| (entry.verdict(), entry.measured()),
        );
        text.push_str(&format!(
            "| [{id}](#{id}) | {target} | {verdict} | {measured} |\n"
        ));
    }
    CLAIMS
        .iter()
        .for_each(|claim| text.push_str(&section(claim, book)));
    text
}

fn section(claim: &Claim, book: &Book) -> String {
    let last = book.entry(claim.id).map_or_else(
        || "not measured yet".to_owned(),
        |entry| {
            let (verdict, figure) = (entry.verdict(), &entry.figure);
            format!("**{verdict}**: {figure} ({})", entry.measured())
        },
    );
    format!(
        "\n## {}\n\n{}\n\n- target: {}\n- last figure: {last}\n\n```\n{}\n```\n\nruns:\n\n```\n{}\n```\n",
        claim.id,
        claim.sentence,
        claim.target,
        claim.command(),
        claim.source.commands(false).join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prove::book::Entry;
    use crate::prove::judge::Figure;
    use crate::prove::source::Form;

    #[test]
    fn the_page_has_every_claim_with_its_command_and_figure() {
        let mut book = Book::default();
        let figure = Figure {
            text: "3 frames".to_owned(),
            values: serde_json::Value::Null,
            holds: false,
        };
        book.enter(
            "added-latency",
            Entry::new(&figure, Form::Full, "2026-01-02", None),
        );
        let page = page(&book);
        for claim in CLAIMS {
            assert!(page.contains(&format!("\n## {}\n\n{}", claim.id, claim.sentence)));
            assert!(page.contains(&format!("\ncargo xtask prove {}\n", claim.id)));
        }
        assert!(
            page.contains("| falls short | 2026-01-02, full |"),
            "{page}"
        );
        assert!(page.contains("- last figure: **falls short**: 3 frames (2026-01-02, full)"));
        assert!(page.contains("| not measured yet |  |"));
    }

    #[test]
    fn the_page_of_this_project_is_up_to_date() {
        check(&Paths::find().unwrap()).unwrap();
    }
}
