//! What the flags and durations of `Initialize` mean.

use simcard::Mode;

use crate::abi::Hns;
use simcard_service::codes::{INVALID_ARGUMENT, INVALID_STREAM_FLAG};

const CROSS_PROCESS: u32 = 0x0001_0000;
const LOOPBACK: u32 = 0x0002_0000;
const EVENT: u32 = 0x0004_0000;
const NO_PERSIST: u32 = 0x0008_0000;
const RATE_ADJUST: u32 = 0x0010_0000;
const DEFAULT_QUALITY: u32 = 0x0800_0000;
const AUTO_CONVERT: u32 = 0x8000_0000;
/// `AUDCLNT_SESSIONFLAGS`
const SESSION: u32 = 0x7000_0000;

/// What a client asks for.
pub(super) enum Request {
    /// `IAudioClient::Initialize` in shared mode.
    Shared {
        flags: u32,
        buffer: Hns,
        period: Hns,
    },
    /// `IAudioClient::Initialize` in exclusive mode.
    Exclusive {
        flags: u32,
        buffer: Hns,
        period: Hns,
    },
    /// `IAudioClient3::InitializeSharedAudioStream`.
    LowLatency {
        flags: u32,
        period_frames: u32,
        match_format: bool,
    },
}

/// The way of opening that the client asks for.
///
/// Follows "IAudioClient::Initialize method (audioclient.h)", "AUDCLNT_STREAMFLAGS_XXX Constants" and
/// "IAudioClient3::InitializeSharedAudioStream method (audioclient.h)" on learn.microsoft.com. There
/// is no converter behind `AUDCLNT_STREAMFLAGS_AUTOCONVERTPCM`: such streams have the mixer's rate
/// and channels or are refused.
///
/// # Errors
/// `E_INVALIDARG` or `AUDCLNT_E_INVALID_STREAM_FLAG`.
pub(super) fn mode(request: Request) -> Result<Mode, i32> {
    let duration = |hns: Hns| u64::try_from(hns).map_err(|_| INVALID_ARGUMENT);
    let harmless = CROSS_PROCESS | NO_PERSIST | SESSION;
    match request {
        Request::Shared {
            flags,
            buffer,
            period,
        } => {
            only(
                flags,
                harmless | LOOPBACK | EVENT | DEFAULT_QUALITY | AUTO_CONVERT,
            )?;
            if period != 0 {
                return Err(INVALID_ARGUMENT);
            }
            Ok(Mode::Shared {
                buffer_hns: duration(buffer)?,
                event: flags & EVENT != 0,
                loopback: flags & LOOPBACK != 0,
            })
        }
        Request::Exclusive {
            flags,
            buffer,
            period,
        } => {
            only(flags, harmless | EVENT)?;
            Ok(Mode::Exclusive {
                buffer_hns: duration(buffer)?,
                period_hns: duration(period)?,
                event: flags & EVENT != 0,
            })
        }
        Request::LowLatency {
            flags,
            period_frames,
            match_format,
        } => {
            if flags & (AUTO_CONVERT | DEFAULT_QUALITY | RATE_ADJUST) != 0 {
                return Err(INVALID_STREAM_FLAG);
            }
            only(flags, harmless | EVENT)?;
            // Such a stream without events is not modelled.
            if flags & EVENT == 0 {
                return Err(INVALID_ARGUMENT);
            }
            Ok(Mode::LowLatency {
                period_frames,
                match_format,
            })
        }
    }
}

fn only(flags: u32, known: u32) -> Result<(), i32> {
    if flags & !known == 0 {
        Ok(())
    } else {
        Err(INVALID_ARGUMENT)
    }
}
