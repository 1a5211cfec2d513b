//! `simcard-service`: runs the simulated card until it is told to stop.

use std::process::ExitCode;

const USAGE: &str = "simcard-service [--config FILE] [--truth FOLDER] [--report FILE] [--seconds N]
simcard-service --fault FAULT
simcard-service --stop

Runs the simulated card of the run that SIMCARD_RUN names, until another simcard-service --stop of the
same run or for N seconds. Prints 'ready' when clients may come. With --fault another simcard-service
lets a fault strike the card that runs: at once, as in 'lose OUT', or after a time, as in
'at 500ms late 3 periods on OUT'.";

#[cfg(not(windows))]
fn main() -> ExitCode {
    eprintln!("simcard-service runs under Wine only.\n\n{USAGE}");
    ExitCode::from(2)
}

#[cfg(windows)]
fn main() -> ExitCode {
    match run::main() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(windows)]
mod run {
    use std::path::PathBuf;

    use simcard_service::call::Question;
    use simcard_service::config::Config;
    use simcard_service::fault_line::FaultLine;
    use simcard_service::service::{Report, Server};
    use simcard_service::system::{Event, Names, ServiceObjects, line, now_ns, sleep_ns};

    use super::USAGE;

    #[derive(Default)]
    struct Arguments {
        config: Option<PathBuf>,
        truth: Option<PathBuf>,
        report: Option<PathBuf>,
        seconds: Option<u64>,
        fault: Option<String>,
        stop: bool,
    }

    impl Arguments {
        fn read() -> Result<Self, String> {
            let mut arguments = Self::default();
            let mut words = std::env::args_os().skip(1);
            while let Some(word) = words.next() {
                let mut value = || words.next().ok_or_else(|| USAGE.to_owned());
                match word.to_str() {
                    Some("--config") => arguments.config = Some(value()?.into()),
                    Some("--truth") => arguments.truth = Some(value()?.into()),
                    Some("--report") => arguments.report = Some(value()?.into()),
                    Some("--seconds") => {
                        let seconds = value()?;
                        let seconds = seconds.to_str().and_then(|text| text.parse().ok());
                        arguments.seconds = Some(seconds.ok_or_else(|| USAGE.to_owned())?);
                    }
                    Some("--fault") => {
                        let fault = value()?.into_string().map_err(|_| USAGE.to_owned())?;
                        arguments.fault = Some(fault);
                    }
                    Some("--stop") => arguments.stop = true,
                    _ => return Err(USAGE.to_owned()),
                }
            }
            Ok(arguments)
        }
    }

    pub fn main() -> Result<(), String> {
        let arguments = Arguments::read()?;
        if arguments.stop {
            Event::named(&Names::of_this_run().stop())?.set();
            return Ok(());
        }
        if let Some(fault) = &arguments.fault {
            return strike(fault);
        }
        let text = match &arguments.config {
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| format!("Cannot read {}: {error}.", path.display()))?,
            None => Config::DEFAULT.to_owned(),
        };
        let config = Config::parse(&text)?;
        let objects = ServiceObjects::make()?;
        // Left from whoever told an earlier service to stop that had stopped already.
        objects.stop.wait(0);
        let truth = arguments.truth.as_deref();
        let server = Server::new(&config, objects.system, objects.shared, truth)?;
        println!("ready");
        let report = serve(server, &objects.stop, arguments.seconds);
        write(&report, arguments.report)
    }

    /// Asks the service of this run to let a fault strike.
    fn strike(fault: &str) -> Result<(), String> {
        let fault = FaultLine::new(fault)?;
        // The answer has less room for what is wrong with a line.
        fault.read()?;
        let answer = line().and_then(|line| line.ask_any(Question::Strike(fault)));
        let answer = answer.map_err(
            |_| "No service of this run answers; start simcard-service with the same SIMCARD_RUN.",
        )?;
        if answer.status < 0 {
            return Err(answer.text);
        }
        Ok(())
    }

    fn serve(
        mut server: Server<'_, simcard_service::system::ServiceSystem>,
        stop: &Event,
        seconds: Option<u64>,
    ) -> Report {
        let end_ns = seconds.map_or(u64::MAX, |seconds| {
            now_ns().saturating_add(seconds * 1_000_000_000)
        });
        let mut passes = 0_u32;
        loop {
            let next_ns = server.pass();
            passes = passes.wrapping_add(1);
            // Asking the system each time would double its work.
            if now_ns() >= end_ns || (passes.is_multiple_of(64) && stop.wait(0)) {
                return server.end();
            }
            sleep_ns(next_ns.saturating_sub(now_ns()));
        }
    }

    fn write(report: &Report, path: Option<PathBuf>) -> Result<(), String> {
        let text = serde_json::to_string(report)
            .map_err(|error| format!("The report cannot be written: {error}."))?;
        match path {
            Some(path) => std::fs::write(&path, text)
                .map_err(|error| format!("Cannot write {}: {error}.", path.display())),
            None => {
                println!("{text}");
                Ok(())
            }
        }
    }
}
