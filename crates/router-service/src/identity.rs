//! Which router a process is.

use std::time::Duration;

use ipc::windows::ROUTER;

use crate::driver_plan::DriverPlan;
use crate::lock::NAME;

/// How long one that was started on demand runs without a client.
const IDLE_LIMIT: Duration = Duration::from_secs(10);

/// Which router a process is: that of the user, or one that has a driver for another.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// The name by which clients find it.
    pub(crate) link: String,
    /// Its name in the record.
    pub(crate) record: String,
    /// How long it runs without a client, if it was started on demand.
    pub(crate) idle_limit: Duration,
    /// For so many eighths of a cycle it waits for its clients; the rest is for what comes after them.
    pub(crate) wait_eighths: u64,
}

impl Identity {
    /// The router of the user.
    pub(crate) fn router() -> Self {
        Self {
            link: ROUTER.to_owned(),
            record: NAME.to_owned(),
            idle_limit: IDLE_LIMIT,
            wait_eighths: 6,
        }
    }

    /// The process of a driver. It has nothing to do but to hand over, and its client waits for others.
    pub(crate) fn driver(plan: &DriverPlan, idle_limit: Duration) -> Self {
        Self {
            link: plan.link(),
            record: format!("Driver {}", plan.name()),
            idle_limit,
            wait_eighths: 7,
        }
    }
}
