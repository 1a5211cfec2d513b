//! Where programs ask for what they want: a thread for each, all answered by the router's loop.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

use ipc::windows::ControlPipe;

use crate::control::{REQUEST_BYTES_MAX, Reply, Request, parse};

/// How long the loop may take for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it is waited after something did not work.
const PAUSE: Duration = Duration::from_millis(100);

/// A request that waits for its answer.
pub(crate) struct Asked {
    pub request: Request,
    pub reply: SyncSender<Reply>,
}

/// Opens the counter of the router of that name. It is there as long as the process.
///
/// # Errors
/// One sentence: somebody has it already, or what the system said.
pub(crate) fn open(router: &str) -> Result<Receiver<Asked>, String> {
    let mut pipe = ControlPipe::make(router)?;
    let (asks, asked) = channel();
    std::thread::Builder::new()
        .name("asio2wasapi control".into())
        .spawn(move || {
            loop {
                match pipe.accept() {
                    Ok(file) => attend(file, asks.clone()),
                    Err(_) => std::thread::sleep(PAUSE),
                }
            }
        })
        .map_err(|error| format!("No thread for the control channel: {error}."))?;
    Ok(asked)
}

/// Answers one program until it goes.
fn attend(file: File, asks: Sender<Asked>) {
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
            let reply = match whole {
                true => answer(&line, &asks),
                false => Reply::Error("The request is too long, or has no end.".to_owned()),
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

fn answer(line: &[u8], asks: &Sender<Asked>) -> Reply {
    let text = String::from_utf8_lossy(line);
    let request = match parse(text.trim()) {
        Ok(request) => request,
        Err(why) => return Reply::Error(why),
    };
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

/// Asks the router of that name.
///
/// # Errors
/// One sentence: no router runs, or it answers nothing that can be read.
pub fn ask(router: &str, request: &Request) -> Result<Reply, String> {
    let unclear =
        |error: &dyn std::fmt::Display| format!("The router's answer is unclear: {error}.");
    let file = ipc::windows::connect(router)?;
    let line = crate::control::Line {
        version: crate::control::VERSION,
        request: request.clone(),
    };
    let mut text = serde_json::to_vec(&line).map_err(|error| unclear(&error))?;
    text.push(b'\n');
    (&file)
        .write_all(&text)
        .map_err(|error| format!("The router cannot be asked: {error}."))?;
    let mut answer = String::new();
    BufReader::new(&file)
        .read_line(&mut answer)
        .map_err(|error| unclear(&error))?;
    serde_json::from_str(&answer).map_err(|error| unclear(&error))
}
