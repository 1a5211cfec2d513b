//! The engine's words in ASIO's.

use asio::abi::AsioError;
use asio::driver::{Error, SampleType};
use engine::endpoint::{EndpointError, FaultKind};
use engine::format::ClientSample;

/// The ASIO sample type of a client's blocks.
pub fn sample_type(sample: ClientSample) -> SampleType {
    match sample {
        ClientSample::Int32 => SampleType::Int32Lsb,
        ClientSample::Float32 => SampleType::Float32Lsb,
    }
}

/// The client's sample type for ASIO's. Samples of 3 bytes, which only hardware reads from a host's
/// buffers itself, are integers like those of 4.
pub fn client_sample(sample_type: SampleType) -> ClientSample {
    match sample_type {
        SampleType::Int32Lsb | SampleType::Int24Lsb => ClientSample::Int32,
        SampleType::Float32Lsb => ClientSample::Float32,
    }
}

/// An endpoint's error as an ASIO error with the same sentence.
pub fn driver_error(error: EndpointError) -> Error {
    let code = match error.kind {
        FaultKind::NotFound | FaultKind::InUse => AsioError::NOT_PRESENT,
        FaultKind::Unsupported => AsioError::INVALID_MODE,
        _ => AsioError::HW_MALFUNCTION,
    };
    Error::new(code, error.message)
}
