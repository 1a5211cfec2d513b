//! A driver's double buffers, from their creation to their end.

use std::ptr;

use super::block_io::IoChannel;
use super::context::Context;
use super::offer::{Offer, OfferedCallbacks};
use super::slots::SlotLease;
use super::{Driver, Error, Handler, Result};
use crate::abi::BufferInfo;
use crate::driver::ChannelId;

impl Driver {
    /// Creates double buffers for `channels` with blocks of `block_frames`. From `start` on, and
    /// for some drivers before, `handler` is called.
    ///
    /// # Errors
    /// [`Error::StreamExists`], [`Error::TooManyStreams`], [`Error::Broken`], and what the driver
    /// says. There are no buffers then.
    pub fn create_buffers(
        &mut self,
        channels: &[ChannelId],
        block_frames: u32,
        handler: Box<dyn Handler>,
    ) -> Result<()> {
        self.create_buffers_with(channels, block_frames, handler, Offer::ALL)
    }

    /// As [`create_buffers`](Self::create_buffers), with the callbacks that `offer` says.
    ///
    /// # Errors
    /// As there.
    pub fn create_buffers_with(
        &mut self,
        channels: &[ChannelId],
        block_frames: u32,
        handler: Box<dyn Handler>,
        offer: Offer,
    ) -> Result<()> {
        if self.stream.is_some() {
            return Err(Error::StreamExists {
                driver: self.name(),
            });
        }
        let rate_hz = self.sample_rate().unwrap_or(0.0);
        let context = Context::new(self.raw, block_frames, rate_hz, handler);
        let lease = SlotLease::take(context).ok_or(Error::TooManyStreams)?;
        let callbacks = OfferedCallbacks::new(offer, lease.callbacks());
        let infos = self.call_create_buffers(channels, block_frames, &callbacks);
        callbacks.end_call();
        let infos = match infos {
            Ok(infos) => infos,
            Err(error) => {
                self.close_stream(Some(lease));
                return Err(error);
            }
        };
        // From here on `dispose_buffers` undoes it all.
        self.stream = Some(lease);
        self.open_stream(channels, &infos, block_frames, offer)
            .inspect_err(|_| {
                // The first error is the one to tell.
                let _ = self.dispose_buffers();
            })
    }

    fn call_create_buffers(
        &self,
        channels: &[ChannelId],
        block_frames: u32,
        callbacks: &OfferedCallbacks,
    ) -> Result<Vec<BufferInfo>> {
        let mut infos: Vec<BufferInfo> = channels
            .iter()
            .map(|channel| BufferInfo {
                is_input: channel.is_input.into(),
                channel_num: i32::try_from(channel.index).unwrap_or(i32::MAX),
                buffers: [ptr::null_mut(); 2],
            })
            .collect();
        let count = i32::try_from(infos.len()).unwrap_or(i32::MAX);
        let block = i32::try_from(block_frames).unwrap_or(i32::MAX);
        // SAFETY: a live driver, a list of `count` entries, and callbacks that stay.
        let code = unsafe {
            (self.vtable().create_buffers)(
                self.this(),
                infos.as_mut_ptr(),
                count,
                block,
                callbacks.as_ptr(),
            )
        };
        self.check("createBuffers", code)?;
        Ok(infos)
    }

    /// Lets blocks through to the handler.
    fn open_stream(
        &self,
        channels: &[ChannelId],
        infos: &[BufferInfo],
        block_frames: u32,
        offer: Offer,
    ) -> Result<()> {
        let mut opened = Vec::with_capacity(channels.len());
        for (id, info) in channels.iter().zip(infos) {
            let halves = { info.buffers }.map(|half| half.cast::<u8>());
            if halves.iter().any(|half| half.is_null()) {
                return Err(self.broken("createBuffers gives each channel two halves"));
            }
            let sample_type = self.channel_info(*id)?.sample_type;
            let bytes = sample_type
                .block_bytes(block_frames)
                .ok_or_else(|| self.broken("a channel has one of ASIO's sample types"))?;
            opened.push(IoChannel {
                id: *id,
                sample_type,
                halves,
                bytes,
            });
        }
        let uses_ready = offer.ready && self.output_ready();
        if let Some(lease) = &self.stream {
            // SAFETY: the driver gave the halves for these channels; by ASIO's rule they hold a
            // block each and stay until `disposeBuffers`, before which nobody ends the lease.
            unsafe { lease.context().open(opened.into(), uses_ready) };
        }
        Ok(())
    }

    /// Makes both halves of all outputs silent. To be called while the stream stands: a driver plays the
    /// second half before anybody has filled it.
    pub fn silence_outputs(&mut self) {
        if let Some(lease) = &self.stream {
            // SAFETY: the stream is not disposed of while `self` is borrowed.
            unsafe { lease.context().silence_outputs() };
        }
    }

    /// Disposes of the buffers and drops the handler.
    ///
    /// # Errors
    /// What the driver says; the handler is dropped nevertheless.
    pub fn dispose_buffers(&mut self) -> Result<()> {
        // SAFETY: a live driver.
        let code = unsafe { (self.vtable().dispose_buffers)(self.this()) };
        let stream = self.stream.take();
        self.close_stream(stream);
        self.check("disposeBuffers", code)
    }

    pub(super) fn close_stream(&mut self, stream: Option<SlotLease>) {
        if let Some(lease) = stream {
            // Better a driver that stays than a callback into freed memory.
            self.no_release |= !lease.close();
        }
    }
}
