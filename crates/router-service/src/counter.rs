//! Where programs ask for what they want: a thread for each, all answered by the router's loop.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

use ipc::windows::ControlPipe;

use crate::control::{EventStatus, Pushed, REQUEST_BYTES_MAX, Reply, Request, parse};
use crate::status::{Chronicle, Watch};

/// How long the loop may take for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it is waited after something did not work.
const PAUSE: Duration = Duration::from_millis(100);

/// A request that waits for its answer.
pub(crate) struct Asked {
    pub request: Request,
    pub reply: SyncSender<Reply>,
}

/// How often a program that watches is asked whether it is still there, by an empty line.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// Opens the counter of the router of that name. It is there as long as the process.
///
/// # Errors
/// One sentence: somebody has it already, or what the system said.
pub(crate) fn open(router: &str, chronicle: Chronicle) -> Result<Receiver<Asked>, String> {
    let mut pipe = ControlPipe::make(router)?;
    let (asks, asked) = channel();
    std::thread::Builder::new()
        .name("asio2wasapi control".into())
        .spawn(move || {
            loop {
                match pipe.accept() {
                    Ok(file) => attend(file, asks.clone(), chronicle.clone()),
                    Err(_) => std::thread::sleep(PAUSE),
                }
            }
        })
        .map_err(|error| format!("No thread for the control channel: {error}."))?;
    Ok(asked)
}

/// Answers one program until it goes.
fn attend(file: File, asks: Sender<Asked>, chronicle: Chronicle) {
    let answers = move || {
        let mut lines = BufReader::new(&file);
        loop {
            let mut line = Vec::new();
            let mut bounded = (&mut lines).take(REQUEST_BYTES_MAX);
            match bounded.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let whole = line.ends_with(b"\n");
            let request = match whole {
                true => parse(String::from_utf8_lossy(&line).trim()),
                false => Err("The request is too long, or has no end.".to_owned()),
            };
            if request == Ok(Request::Watch) {
                return push(&file, &chronicle.watch());
            }
            let reply = match request {
                Ok(request) => answer(request, &asks),
                Err(why) => Reply::Error(why),
            };
            let mut text = serde_json::to_vec(&reply).unwrap_or_default();
            text.push(b'\n');
            if (&file).write_all(&text).is_err() || !whole {
                return;
            }
        }
    };
    // For want of a thread the program finds the pipe closed.
    let _ = std::thread::Builder::new()
        .name("asio2wasapi control".into())
        .spawn(answers);
}

/// Tells what happens until the program goes.
fn push(mut file: &File, watch: &Watch) {
    let line = |words: serde_json::Result<Vec<u8>>| {
        let mut line = words.unwrap_or_default();
        line.push(b'\n');
        line
    };
    let mut next = line(serde_json::to_vec(&Reply::Done));
    while file.write_all(&next).is_ok() {
        next = match watch.next(SIGN_OF_LIFE) {
            Ok(event) => line(serde_json::to_vec(&Pushed { event })),
            Err(RecvTimeoutError::Timeout) => b"\n".to_vec(),
            Err(RecvTimeoutError::Disconnected) => return,
        };
    }
}

fn answer(request: Request, asks: &Sender<Asked>) -> Reply {
    let (reply, answer) = sync_channel(1);
    let asked = asks.send(Asked { request, reply });
    match asked
        .ok()
        .and_then(|()| answer.recv_timeout(ANSWER_TIMEOUT).ok())
    {
        Some(reply) => reply,
        None => Reply::Error("The router is busy or ends; try again.".to_owned()),
    }
}

fn send(mut file: &File, request: &Request) -> Result<(), String> {
    let line = crate::control::Line {
        version: crate::control::VERSION,
        request: request.clone(),
    };
    let cannot = |error: &dyn std::fmt::Display| format!("The router cannot be asked: {error}.");
    let mut text = serde_json::to_vec(&line).map_err(|error| cannot(&error))?;
    text.push(b'\n');
    file.write_all(&text).map_err(|error| cannot(&error))
}

/// Asks the router of that name.
///
/// # Errors
/// One sentence: no router runs, or it answers nothing that can be read.
pub fn ask(router: &str, request: &Request) -> Result<Reply, String> {
    let unclear =
        |error: &dyn std::fmt::Display| format!("The router's answer is unclear: {error}.");
    let file = ipc::windows::connect(router)?;
    send(&file, request)?;
    let mut answer = String::new();
    BufReader::new(&file)
        .read_line(&mut answer)
        .map_err(|error| unclear(&error))?;
    serde_json::from_str(&answer).map_err(|error| unclear(&error))
}

/// Has the router of that name tell what happens, until `hears` says that it is enough or the router ends.
///
/// # Errors
/// One sentence: no router runs, or it tells nothing that can be read.
pub fn watch(router: &str, mut hears: impl FnMut(EventStatus) -> bool) -> Result<(), String> {
    let unclear =
        |error: &dyn std::fmt::Display| format!("The router's answer is unclear: {error}.");
    let file = ipc::windows::connect(router)?;
    let mut lines = BufReader::new(&file).lines();
    send(&file, &Request::Watch)?;
    let first = lines.next().and_then(Result::ok).unwrap_or_default();
    match serde_json::from_str(&first).map_err(|error| unclear(&error))? {
        Reply::Done => {}
        Reply::Error(why) => return Err(why),
        Reply::Status(_) => return Err(unclear(&"a status")),
    }
    // The line ends with the router.
    for line in lines.map_while(Result::ok) {
        if line.is_empty() {
            continue;
        }
        let Pushed { event } = serde_json::from_str(&line).map_err(|error| unclear(&error))?;
        if !hears(event) {
            break;
        }
    }
    Ok(())
}
