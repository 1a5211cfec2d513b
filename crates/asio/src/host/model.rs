//! What a driver tells of itself, where the driver's side has no type that any driver fits.

use crate::abi::SampleType;

/// What a driver tells of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelInfo {
    /// How its samples lie in the buffers.
    pub sample_type: SampleType,
    /// Its name.
    pub name: String,
    /// It has buffers.
    pub is_active: bool,
    /// The group that it belongs to.
    pub group: i32,
}

/// A clock that a driver can run on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockSource {
    /// The number to choose it by.
    pub index: i32,
    /// Its name.
    pub name: String,
    /// It is in use.
    pub is_current: bool,
}
