//! Links between processes, on Windows: named memory and two named events for each place, open to
//! the same user in the same session alone; and a pipe for words, open to the same user.

#![allow(unsafe_code)] // Views of memory and handles have no safe door.

#[allow(
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    clippy::all,
    clippy::undocumented_unsafe_blocks
)]
mod bindings;
mod event;
mod memory;
mod pipe;
mod security;

use std::os::windows::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use windows_core::HSTRING;

use crate::layout::{Header, MAGIC, VERSION, router_state};
use crate::limits::CLIENTS_MAX;
use crate::link::{Interrupter, Link};
use event::Event;
pub use event::is_alive;
use memory::Memory;
pub use pipe::{ControlPipe, connect};
use security::SameUser;

/// The name of the router that everybody uses. Tests have others.
pub const ROUTER: &str = "asio2wasapi-router";

/// One end of a link between processes.
pub struct WindowsLink {
    memory: Memory,
    wakes: Event,
    woken: Arc<Event>,
}

/// The names of a place's memory and events. Another version has others, so that the two never meet.
struct Names {
    memory: HSTRING,
    client: HSTRING,
    router: HSTRING,
}

impl Names {
    fn new(router: &str, place: usize) -> Result<Names, String> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if router.is_empty() || router.len() > 64 || !router.chars().all(is_plain) {
            return Err(format!(
                "A router cannot be called {router:?}; use 1 to 64 letters, digits and hyphens."
            ));
        }
        if place >= CLIENTS_MAX {
            return Err(format!(
                "The router has {CLIENTS_MAX} places; number {place} is none of them."
            ));
        }
        let name = |what: &str| HSTRING::from(format!("Local\\{router}-{VERSION}-{place}-{what}"));
        Ok(Names {
            memory: name("memory"),
            client: name("client"),
            router: name("router"),
        })
    }
}

impl WindowsLink {
    /// Makes a place of the router of that name, for the router. What is left of a router that is
    /// gone is taken over.
    ///
    /// # Errors
    /// One sentence: another router is there, or what the system said.
    pub fn make(router: &str, place: usize) -> Result<WindowsLink, String> {
        let names = Names::new(router, place)?;
        let user = SameUser::new()?;
        let (memory, existed) = Memory::make(&names.memory, &user)?;
        let part = &memory.header().router;
        let process = part.process.load(Ordering::Acquire);
        let is_served = part.magic.load(Ordering::Relaxed) == MAGIC
            && part.state.load(Ordering::Acquire) != router_state::ENDED;
        if existed && is_served && process != process_id() && is_alive(process) {
            return Err(format!(
                "A router runs already (process {process}); end it before another is started."
            ));
        }
        Ok(WindowsLink {
            memory,
            wakes: Event::make(&names.client, &user)?,
            woken: Arc::new(Event::make(&names.router, &user)?),
        })
    }

    /// The place of the router of that name, for a client; `None` if there is none.
    pub fn open(router: &str, place: usize) -> Option<WindowsLink> {
        let names = Names::new(router, place).ok()?;
        Some(WindowsLink {
            memory: Memory::open(&names.memory)?,
            wakes: Event::open(&names.router)?,
            woken: Arc::new(Event::open(&names.client)?),
        })
    }
}

/// The number of this process.
pub fn process_id() -> u32 {
    // SAFETY: the call takes nothing.
    unsafe { bindings::GetCurrentProcessId() }
}

/// Starts a program that outlives its parent: without a console, and deaf to the parent's Ctrl-C.
///
/// # Errors
/// Why the system did not start it.
pub fn start_on_its_own(command: &mut Command) -> std::io::Result<()> {
    /// `DETACHED_PROCESS` and `CREATE_NEW_PROCESS_GROUP`.
    const ON_ITS_OWN: u32 = 0x8 | 0x200;
    command
        .creation_flags(ON_ITS_OWN)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(drop)
}

impl Link for WindowsLink {
    fn header(&self) -> &Header {
        self.memory.header()
    }

    fn samples(&self) -> &[AtomicU32] {
        self.memory.samples()
    }

    fn wake(&self) {
        self.wakes.set();
    }

    fn wait(&self, timeout_ns: u64) -> bool {
        self.woken.wait(timeout_ns)
    }

    fn interrupter(&self) -> Interrupter {
        let woken = Arc::clone(&self.woken);
        Interrupter::new(move || woken.set())
    }

    fn is_alive(&self, process: u32) -> bool {
        is_alive(process)
    }
}

#[cfg(test)]
mod tests;
