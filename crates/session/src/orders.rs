//! What the threads of one stream tell each other.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use engine::endpoint::{Endpoint, EndpointError, Waker};
use engine::graph::{Fitting, GraphSpec, JoinedInput, JoinedOutput};
use engine::idle::Nowhere;
use record::Event;
use rt::Mutex;

use crate::devices::Layout;

/// What the stream's thread is asked for. A reply that nobody waits for is dropped.
pub(crate) enum Command {
    /// From the control side: play.
    Start(SyncSender<Result<(), EndpointError>>),
    /// From the control side: stop.
    Stop(SyncSender<()>),
    /// From the control side: end.
    Close,
    /// From the keeper or a joined device.
    Change(Change),
}

/// What becomes of a stream while the host goes on.
pub(crate) enum Change {
    /// Another endpoint is open: go on with it. Answered by [`Report::Taken`] or
    /// [`Report::Refused`].
    Offer(Box<Offer>),
    /// The endpoint must be closed before another can be opened. Answered by [`Report::Released`];
    /// not at all where there is none.
    LetGo,
    /// The user wants the same endpoint otherwise. Answered by [`Report::Refitted`].
    Refit(Box<Refit>),
    /// A joined device came or went.
    Joined { place: usize, end: Joined },
}

/// The graph's end of a joined device, and how many channels it has; `None` while it is gone.
pub(crate) enum Joined {
    Output(Option<(JoinedOutput, u16)>),
    Input(Option<(JoinedInput, u16)>),
}

/// An endpoint that is open, and all that a graph needs for it.
pub(crate) struct Offer {
    pub endpoint: Box<dyn Endpoint>,
    pub refit: Refit,
    /// What the record is told when it is taken.
    pub tale: Option<Event>,
}

/// What a graph needs for an endpoint.
pub(crate) struct Refit {
    pub spec: GraphSpec,
    pub fitting: Fitting,
    pub nowhere: Nowhere,
    /// Where the user has changed which channel is which.
    pub layout: Option<Layout>,
}

/// What the stream's thread tells the keeper. What is not needed any more is dropped there, as that
/// may take long.
pub(crate) enum Report {
    /// The endpoint is gone.
    Lost(Box<dyn Endpoint>),
    /// The endpoint [has fallen behind](Endpoint::has_fallen_behind).
    FellBehind,
    /// The endpoint was let go.
    Released(Box<dyn Endpoint>),
    /// The stream goes on with what was offered; this is what it had.
    Taken(Box<Offer>),
    /// What was offered did not start. The stream goes on as before.
    Refused(Box<Offer>),
    /// The same endpoint goes on otherwise; this is what it had.
    Refitted(Box<Refit>),
}

/// The waker of whatever somebody waits for now.
#[derive(Clone)]
pub(crate) struct CurrentWaker(Arc<Mutex<Arc<dyn Waker>>>);

impl CurrentWaker {
    pub(crate) fn new(waker: Arc<dyn Waker>) -> Self {
        Self(Arc::new(Mutex::new(waker)))
    }

    /// Something else is waited for. Its first wait is interrupted, because somebody may just have
    /// used the waker of the one before, which nobody waits for any more.
    pub(crate) fn set(&self, waker: Arc<dyn Waker>) {
        *self.0.lock() = Arc::clone(&waker);
        waker.wake();
    }

    /// Interrupts the wait.
    pub(crate) fn wake(&self) {
        let waker = Arc::clone(&self.0.lock());
        waker.wake();
    }
}
