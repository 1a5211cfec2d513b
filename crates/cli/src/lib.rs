//! What `asio2wasapi.exe` is made of: the commands, and the parts of them that need no Windows.
#![forbid(unsafe_code)]

pub mod args;
pub mod commands;
pub mod devices;
pub mod failure;
pub mod findings;
pub mod last_session;
pub mod level;
pub mod pe;
pub mod play;
pub mod profiles;
pub mod recording;
pub mod route_text;
pub mod simulate;
pub mod status;
pub mod table;
pub mod wav;
