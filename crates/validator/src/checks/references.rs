//! COM's references, counted rightly and wrongly.

use anyhow::{Result, ensure};
use asio::host::misuse::{self, Answer};

use crate::bench::Bench;

pub fn references(bench: &Bench<'_>) -> Result<String> {
    let mut driver = bench.open()?;
    bench.step("taking references and giving them back");
    let found = misuse::references(&mut driver);
    for finding in &found {
        match (finding.method, finding.argument, finding.answer) {
            ("AddRef", _, Answer::Number(count)) => {
                ensure!(count != 0, "AddRef says that there is no reference");
            }
            ("Release", _, Answer::Number(count)) => {
                ensure!(
                    count != 0,
                    "Release ends a driver that has a reference left"
                );
            }
            ("QueryInterface", "unknown", answer) => bench.advise(!answer.is_success(), || {
                "QueryInterface hands out an interface that does not exist".to_owned()
            }),
            ("QueryInterface", interface, answer) => {
                ensure!(
                    answer.is_success(),
                    "QueryInterface refuses {interface} with {answer}"
                );
            }
            _ => {}
        }
    }
    bench.step("using the driver after that");
    bench.plays(&mut driver)?;
    Ok("references are counted".to_owned())
}

pub fn extra_release(bench: &Bench<'_>) -> Result<String> {
    bench.step("releasing a driver once too often");
    let mut driver = bench.open()?;
    bench.plays(&mut driver)?;
    let [last, extra] = misuse::release_too_often(driver);
    bench.advise(last == 0, || {
        format!("{last} references are left after the last one was given back")
    });
    bench.ensure_still_plays()?;
    Ok(format!(
        "one Release too many says {extra} and does no harm"
    ))
}
