//! The router process: it has the devices that the configuration names, lets clients come and go, and
//! mixes as the configuration says.
//!
//! - [`Plan`] is what the configuration means: which devices there are, which is the master, and whose
//!   channels are where.
//! - [`Hall`] keeps the doors and the seats: clients come and go while sound runs.
//! - [`desk_of`] joins the plan and who is there to a mix.
//! - [`control`] is what other programs can ask, and `ask` asks it.
//! - `run` is the process itself: one stream by `session`, one loop that looks after the rest.
//!
//! What this crate never does: touch the system but through `ipc`, `session` and `wasapi-io`.
#![forbid(unsafe_code)]

pub mod control;
mod core_client;
#[cfg(windows)]
mod counter;
mod desk;
mod driver_plan;
pub mod edit;
pub mod files;
mod hall;
mod lock;
pub mod on_demand;
mod plan;
pub mod status;

#[cfg(windows)]
mod devices;
#[cfg(windows)]
mod driver_process;
#[cfg(windows)]
mod identity;
#[cfg(windows)]
mod service;

pub use core_client::{CoreClient, NewsCounts};
#[cfg(windows)]
pub use counter::{ask, watch};
pub use desk::{DeskSpec, desk_of};
pub use driver_plan::DriverPlan;
#[cfg(windows)]
pub use driver_process::host_driver;
pub use edit::{RouteName, Strip};
pub use hall::{Guest, Hall, HallEvent};
pub use lock::{Lock, NAME};
pub use plan::{Plan, SinkSeat, SourceSeat};
#[cfg(windows)]
pub use service::{Settings, Told, run};
