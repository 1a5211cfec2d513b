//! Which programs are meant, among those that run.

/// Programs whose sound is heard.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Programs {
    /// The one of that file's name, `.exe` or not, case not counted, and those that it started.
    Named(String),
    /// The one with this number, and those that it started.
    Id(u32),
    /// All but the one with this number and those that it started.
    AllBut(u32),
}

impl Programs {
    /// All but this program and those that it started, so that it does not hear itself.
    pub fn others() -> Programs {
        Programs::AllBut(std::process::id())
    }

    /// What people call them.
    pub(crate) fn label(&self) -> String {
        match self {
            Programs::Named(name) => name.clone(),
            Programs::Id(id) => format!("the program {id}"),
            Programs::AllBut(id) if *id == std::process::id() => "all other programs".to_owned(),
            Programs::AllBut(id) => format!("all programs but {id}"),
        }
    }
}

/// A program that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Running {
    pub(crate) id: u32,
    pub(crate) parent: u32,
    /// The name of its file.
    pub(crate) name: String,
}

/// The process that is meant by a name: of those that are called so, the one that the others are
/// descended from. Where several have nothing to do with each other, the one that was started first
/// cannot be told; the lowest number stands for it.
pub(crate) fn root_of(name: &str, running: &[Running]) -> Option<u32> {
    let wanted = stem(name);
    let is_meant = |process: &&Running| stem(&process.name) == wanted;
    let meant: Vec<&Running> = running.iter().filter(is_meant).collect();
    let is_child = |process: &Running| {
        let mut parent = process.parent;
        // Numbers are used again, so that what looks like a line of descent may be a circle.
        for _ in 0..running.len() {
            if parent != process.id && meant.iter().any(|other| other.id == parent) {
                return true;
            }
            match running.iter().find(|other| other.id == parent) {
                Some(other) if other.parent != parent => parent = other.parent,
                _ => return false,
            }
        }
        false
    };
    let roots = meant.iter().filter(|process| !is_child(process));
    let first = roots.map(|process| process.id).min();
    first.or_else(|| meant.iter().map(|process| process.id).min())
}

fn stem(name: &str) -> String {
    let name = name.trim().to_lowercase();
    match name.strip_suffix(".exe") {
        Some(stem) => stem.to_owned(),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn process(id: u32, parent: u32, name: &str) -> Running {
        Running {
            id,
            parent,
            name: name.to_owned(),
        }
    }

    #[test]
    fn t12_a_name_means_the_first_of_its_family() {
        let running = [
            process(4, 0, "System"),
            process(90, 40, "browser.exe"),
            process(40, 4, "Browser.EXE"),
            process(95, 91, "browser.exe"),
            process(91, 90, "helper.exe"),
        ];
        assert_eq!(root_of("browser", &running), Some(40));
        assert_eq!(root_of(" BROWSER.exe ", &running), Some(40));
        assert_eq!(root_of("helper", &running), Some(91));
        assert_eq!(root_of("nobody", &running), None);
        assert_eq!(root_of("", &running), None);
    }

    #[test]
    fn t12_this_program_does_not_hear_itself() {
        assert_eq!(Programs::others(), Programs::AllBut(std::process::id()));
        assert_eq!(Programs::others().label(), "all other programs");
    }

    proptest! {
        #[test]
        fn any_family_has_an_end(
            links in prop::collection::vec((0_u32..12, 0_u32..12, any::<bool>()), 0..12),
        ) {
            let running: Vec<Running> = links
                .iter()
                .map(|(id, parent, is_a)| process(*id, *parent, if *is_a { "a.exe" } else { "b" }))
                .collect();
            let root = root_of("a", &running);
            prop_assert_eq!(root.is_some(), running.iter().any(|process| process.name == "a.exe"));
        }
    }
}
