//! Which crate may depend on which: the arrows of the design, checked against Cargo's own view.

use anyhow::{Context, Result, bail};

use crate::paths::{self, Paths};

/// Each crate with the workspace crates that it may use.
const LAYERS: &[(&str, &[&str])] = &[
    ("rt", &[]),
    ("asio", &["rt"]),
    ("config", &[]),
    ("engine", &["rt"]),
    ("record", &["rt"]),
    ("recorder", &["engine", "rt"]),
    ("asio-io", &["asio", "config", "engine", "rt"]),
    ("wasapi-io", &["config", "engine", "rt"]),
    ("ipc", &[]),
    ("router", &["engine", "ipc", "rt"]),
    ("router-io", &["engine", "ipc", "rt"]),
    (
        "router-service",
        &[
            "asio-io",
            "config",
            "engine",
            "ipc",
            "record",
            "recorder",
            "router",
            "router-io",
            "rt",
            "session",
            "wasapi-io",
        ],
    ),
    ("simcard", &["engine", "rt"]),
    ("simcard-service", &["engine", "rt", "simcard"]),
    (
        "simcard-wasapi",
        &["engine", "rt", "simcard", "simcard-service"],
    ),
    (
        "simcard-asio",
        &["asio", "engine", "rt", "simcard", "simcard-service"],
    ),
    (
        "session",
        &["asio", "asio-io", "config", "engine", "record", "rt"],
    ),
    ("validator", &["asio", "rt"]),
    (
        "asio2wasapi-driver",
        &[
            "asio",
            "config",
            "engine",
            "ipc",
            "record",
            "router-io",
            "rt",
            "session",
            "wasapi-io",
        ],
    ),
    (
        "asio2wasapi-cli",
        &[
            "asio",
            "asio-io",
            "config",
            "engine",
            "ipc",
            "record",
            "recorder",
            "router-service",
            "rt",
            "session",
            "simcard",
            "validator",
            "wasapi-io",
        ],
    ),
    ("broken-driver", &["asio", "rt", "validator"]),
    ("hosts", &["asio", "rt", "validator"]),
    ("xtask", &[]),
];

/// Checks every crate of the workspace.
///
/// # Errors
/// One line for each arrow that is not allowed, and for each crate that the list does not know.
pub fn check(paths: &Paths) -> Result<()> {
    let metadata = paths::cargo_metadata(&paths.root)?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo names no packages")?;
    let used: Vec<(String, Vec<String>)> = packages.iter().map(names).collect();
    let faults = faults(&used);
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

fn names(package: &serde_json::Value) -> (String, Vec<String>) {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let dependencies = package["dependencies"].as_array();
    let ours = dependencies
        .into_iter()
        .flatten()
        // Tests may use what stands above the crate.
        .filter(|entry| entry["path"].is_string() && entry["kind"] != "dev");
    (
        text(&package["name"]),
        ours.map(|entry| text(&entry["name"])).collect(),
    )
}

fn faults(used: &[(String, Vec<String>)]) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, dependencies) in used {
        let Some((_, allowed)) = LAYERS.iter().find(|(known, _)| known == name) else {
            faults.push(format!(
                "{name} has no place in the list of layers (xtask/src/layers.rs)"
            ));
            continue;
        };
        let wrong = dependencies
            .iter()
            .filter(|used| !allowed.contains(&used.as_str()));
        faults.extend(wrong.map(|used| format!("{name} must not depend on {used}")));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_one(name: &str, dependencies: &[&str]) -> Vec<String> {
        let dependencies = dependencies.iter().map(|name| (*name).to_owned()).collect();
        faults(&[(name.to_owned(), dependencies)])
    }

    #[test]
    fn arrows_point_downwards_only() {
        assert!(check_one("session", &["engine", "asio"]).is_empty());
        assert_eq!(
            check_one("engine", &["asio"]),
            ["engine must not depend on asio"]
        );
        assert_eq!(check_one("rt", &["xtask"]), ["rt must not depend on xtask"]);
        assert!(check_one("newcomer", &[])[0].contains("no place"));
    }
}
