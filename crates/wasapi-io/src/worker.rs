//! The thread on which questions about devices are answered, so that nobody else's thread needs
//! COM.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use engine::endpoint::{EndpointError, FaultKind};

use crate::com::Apartment;
use crate::fault::refused;
use crate::probe::Memory;

/// How long a question about one device may take.
pub(crate) const ONE_DEVICE: Duration = Duration::from_secs(5);
/// How long a question about all devices may take.
pub(crate) const ALL_DEVICES: Duration = Duration::from_secs(30);

type Question = Box<dyn FnOnce(&Result<Apartment, i32>, &mut Memory) + Send>;

struct Job {
    question: Question,
    /// When nobody waits for the answer any more.
    deadline: Instant,
}

/// Has `question` answered by the thread for questions, which is in the multithreaded apartment.
/// The thread is started by the first question and lives as long as the process.
///
/// # Errors
/// [`FaultKind::ServiceGone`] when there is no answer within `limit`; the question's own error.
pub(crate) fn ask<T: Send + 'static>(
    limit: Duration,
    question: impl FnOnce(&mut Memory) -> Result<T, EndpointError> + Send + 'static,
) -> Result<T, EndpointError> {
    let (reply, answer) = channel();
    let question: Question = Box::new(move |apartment, memory| {
        let result = match apartment {
            Ok(_) => question(memory),
            Err(code) => Err(refused(
                "The system's component model cannot be used",
                *code,
            )),
        };
        // Whoever gave up waiting does not want the answer.
        let _ = reply.send(result);
    });
    let job = Job {
        question,
        deadline: Instant::now() + limit,
    };
    let sent = worker().is_some_and(|jobs| jobs.send(job).is_ok());
    if !sent {
        return Err(EndpointError::new(
            FaultKind::Failed,
            "No thread can be started to ask for sound devices; close other programs.",
        ));
    }
    answer
        .recv_timeout(limit)
        .unwrap_or_else(|error| Err(no_answer(error)))
}

fn no_answer(error: RecvTimeoutError) -> EndpointError {
    match error {
        RecvTimeoutError::Timeout => EndpointError::new(
            FaultKind::ServiceGone,
            "The system's sound service does not answer; start it again (the service Windows \
             Audio, or under Wine the sound server).",
        ),
        RecvTimeoutError::Disconnected => EndpointError::new(
            FaultKind::Failed,
            "Asking for sound devices failed because of a fault in this program; try again.",
        ),
    }
}

fn worker() -> Option<&'static Sender<Job>> {
    static WORKER: OnceLock<Option<Sender<Job>>> = OnceLock::new();
    let start = || {
        let (sender, jobs) = channel::<Job>();
        let work = move || {
            let apartment = Apartment::enter();
            let mut memory = Memory::default();
            for job in jobs {
                if Instant::now() >= job.deadline {
                    continue;
                }
                let run = AssertUnwindSafe(|| (job.question)(&apartment, &mut memory));
                if catch_unwind(run).is_err() {
                    memory = Memory::default();
                }
            }
        };
        std::thread::Builder::new()
            .name("wasapi-questions".into())
            .spawn(work)
            .ok()?;
        Some(sender)
    };
    WORKER.get_or_init(start).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_panics_does_not_take_the_thread_along() {
        let error = ask::<()>(ONE_DEVICE, |_| panic!("on purpose")).unwrap_err();
        assert_eq!(error.kind, FaultKind::Failed);
        assert_eq!(ask(ONE_DEVICE, |_| Ok(7)), Ok(7));
    }

    #[test]
    fn t27_an_answer_that_never_comes_means_that_the_service_is_gone() {
        let (release, blocked) = channel::<()>();
        let question = move |_: &mut Memory| {
            let _ = blocked.recv();
            Ok(())
        };
        let error = ask(Duration::from_millis(20), question).unwrap_err();
        assert_eq!(error.kind, FaultKind::ServiceGone);
        drop(release);
        assert_eq!(ask(ONE_DEVICE, |_| Ok(8)), Ok(8));
    }
}
