//! The identity of a hosted driver among endpoints.

use engine::endpoint::Chosen;

/// The driver of that name, for its outputs and its inputs.
pub(crate) fn chosen(name: &str, (output, input): (bool, bool)) -> Chosen {
    let id = |wanted: bool| wanted.then(|| format!("ASIO {name}"));
    Chosen {
        output: id(output),
        input: id(input),
    }
}
