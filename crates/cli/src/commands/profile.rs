//! `profile`: the configuration file, without an editor.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use config::{Config, Document, FileError, Profile, nearest};
use serde::Serialize;

use super::configuration;
use crate::args::{ProfileCommand, Setting};
use crate::profiles::{ProfileEntry, profile_table};

/// What `check` tells a script.
#[derive(Serialize)]
struct Check {
    path: String,
    exists: bool,
    profiles: usize,
    errors: Vec<Fault>,
}

/// One thing that is wrong.
#[derive(Serialize)]
struct Fault {
    line: Option<usize>,
    column: Option<usize>,
    key: String,
    message: String,
}

/// Does what is asked.
pub fn profile(command: &ProfileCommand) -> Result<()> {
    match command {
        ProfileCommand::List { json } => list(*json),
        ProfileCommand::Show { name, json } => show(name, *json),
        ProfileCommand::New {
            name,
            like,
            settings,
        } => new(name, like.as_deref(), settings),
        ProfileCommand::Set { name, settings } => {
            edit(|document| set_all(document, name, settings)).map(drop)
        }
        ProfileCommand::Remove { name } => remove(name),
        ProfileCommand::Path => {
            println!("{}", file()?.display());
            Ok(())
        }
        ProfileCommand::Check { json } => check(*json),
    }
}

fn list(json: bool) -> Result<()> {
    let config = configuration();
    if json {
        let entries: Vec<ProfileEntry> = config.profiles.iter().map(Into::into).collect();
        println!("{}", serde_json::to_string(&entries)?);
    } else {
        print!("{}", profile_table(&config));
    }
    Ok(())
}

fn show(name: &str, json: bool) -> Result<()> {
    let config = configuration();
    let profile = find(&config, name)?;
    if json {
        println!("{}", serde_json::to_string(&ProfileEntry::from(profile))?);
    } else {
        print!("{}", config::profile_text(profile));
    }
    Ok(())
}

fn new(name: &str, like: Option<&str>, settings: &[Setting]) -> Result<()> {
    edit(|document| {
        let config = config::read(document.text()).0;
        let like = like.map(|like| find(&config, like)).transpose()?;
        document.add(name, like)?;
        set_all(document, name, settings)
    })?;
    println!("Run `asio2wasapi register` as administrator, so that programs list {name:?}.");
    Ok(())
}

fn remove(name: &str) -> Result<()> {
    let config = edit(|document| Ok(document.remove(name)?))?;
    if config.profile(name).is_none() {
        println!(
            "Run `asio2wasapi register` as administrator, so that programs no longer list it."
        );
    }
    Ok(())
}

fn check(json: bool) -> Result<()> {
    let path = file()?;
    let loaded = config::load(Some(&path));
    let profiles = loaded.config.profiles.len();
    if json {
        let check = Check {
            path: path.display().to_string(),
            exists: path.exists(),
            profiles,
            errors: loaded.errors.iter().map(Fault::from).collect(),
        };
        println!("{}", serde_json::to_string(&check)?);
    } else if !path.exists() {
        println!(
            "There is no {}; the built-in profiles hold.",
            path.display()
        );
    } else if loaded.errors.is_empty() {
        println!(
            "{} is right; there are {profiles} profiles.",
            path.display()
        );
    } else {
        for error in &loaded.errors {
            println!("{error}");
        }
    }
    match loaded.errors.len() {
        0 => Ok(()),
        1 => bail!("1 thing is wrong with the configuration"),
        many => bail!("{many} things are wrong with the configuration"),
    }
}

impl From<&FileError> for Fault {
    fn from(FileError { error, .. }: &FileError) -> Self {
        Self {
            line: error.place.map(|place| place.line),
            column: error.place.map(|place| place.column),
            key: error.key.clone(),
            message: error.message.clone(),
        }
    }
}

fn set_all(document: &mut Document, name: &str, settings: &[Setting]) -> Result<()> {
    for (key, value) in settings {
        match value.as_str() {
            "" => document.unset(name, key)?,
            value => document.set(name, key, value)?,
        }
    }
    Ok(())
}

/// Changes the file, whole or not at all, and tells what holds then.
fn edit(change: impl FnOnce(&mut Document) -> Result<()>) -> Result<Config> {
    let path = file()?;
    let old = config::load_text(&path)?;
    let mut document = Document::parse(&old)
        .with_context(|| format!("{} can be mended only by hand", path.display()))?;
    change(&mut document)?;
    config::save(&path, &old, document.text())?;
    Ok(configuration())
}

fn file() -> Result<PathBuf> {
    config::path().with_context(|| {
        format!(
            "this user has no folder for settings; name a file in {}",
            config::PATH_VARIABLE
        )
    })
}

fn find<'a>(config: &'a Config, name: &str) -> Result<&'a Profile> {
    let names = || config.profiles.iter().map(|profile| profile.name.as_str());
    config
        .profile(name)
        .ok_or_else(|| match nearest(name, names()) {
            Some(meant) => anyhow!("there is no profile {name:?}; did you mean {meant:?}?"),
            None => anyhow!("there is no profile {name:?}; `asio2wasapi profile list` shows them"),
        })
}
