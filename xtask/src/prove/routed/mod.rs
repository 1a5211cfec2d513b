//! PortAudio's ASIO hosts that play through the router to the simulated card in real time: what of their
//! sum is heard, what is added, and who notices when one of them or the router is killed.

mod clients;
mod mix;
mod routers;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::build;
use crate::paths::{DEFAULT_TARGET, Paths};
use crate::rig::Rig;
use crate::rig::card::{Report, Service};
use crate::rig::places::Backend;
use crate::rig::router;
use crate::routed::DRIVER;

/// How often each thing is done.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    pub mixes: usize,
    pub client_kills: usize,
    pub router_kills: usize,
}

/// A rig with driver, router and card.
struct Bench<'a> {
    rig: Rig<'a>,
    card: PathBuf,
    product: PathBuf,
}

impl<'a> Bench<'a> {
    fn start(paths: &'a Paths) -> Result<Self> {
        build::rig_programs(paths)?;
        let product = build::product(paths, DEFAULT_TARGET, true)?;
        let card = build::card(paths)?;
        let mut rig = Rig::start(paths)?;
        let wine = rig.wine(Backend::Card)?;
        // Blocks of 64 frames pass through three programs, as Windows lets them.
        wine.let_sound_run_first();
        wine.register(&card.join("simcard_wasapi.dll"), true)?;
        wine.register(&card.join("simcard_asio.dll"), true)?;
        wine.register(&product.join("asio2wasapi.dll"), true)?;
        router::end(&mut rig, &product)?;
        Ok(Self { rig, card, product })
    }

    /// The configuration of a host that runs so.
    fn config(&self, hand_over: &str) -> Result<PathBuf> {
        let folder = self.rig.paths.rig();
        let file = folder.join(format!("routed-{hand_over}.toml"));
        let text = format!("[profile.{DRIVER:?}]\nhand_over = {hand_over:?}\n");
        fs::write(&file, text).context("cannot write the configuration")?;
        Ok(file)
    }

    fn finish(&mut self, service: Service) -> Result<(Report, PathBuf)> {
        service.finish(&mut self.rig, &self.card)
    }
}

/// Programs of both worlds at once, so often; and the latencies as often.
///
/// # Errors
/// A build fails, or the rig, or a host.
pub fn mix(paths: &Paths, extent: Extent) -> Result<Value> {
    mix::take(&mut Bench::start(paths)?, extent.mixes)
}

/// How the hosts run that play on while others die; each has a channel of its own.
const SURVIVORS: [&str; 2] = ["synchronous", "pipelined"];

/// Hosts play while others are killed, and while the router is.
///
/// # Errors
/// A build fails, or the rig, or a host.
pub fn isolation(paths: &Paths, extent: Extent) -> Result<Value> {
    let mut bench = Bench::start(paths)?;
    let clients = clients::kill(&mut bench, extent.client_kills)?;
    let routers = routers::kill(&mut bench, extent.router_kills)?;
    Ok(json!({ "clients": clients, "routers": routers }))
}
