//! What clients write and read: `IAudioRenderClient` and `IAudioCaptureClient`.

use crate::error::{Result, SimError};
use crate::stream::{Kind, Packet, Stream};
use crate::world::{StreamId, World};

/// What a client hands over.
#[derive(Clone, Copy, Debug)]
pub enum Data<'a> {
    /// Whole frames in the stream's format.
    Bytes(&'a [u8]),
    /// So many frames of silence (`AUDCLNT_BUFFERFLAGS_SILENT`).
    Silent(u32),
}

impl World {
    /// Asks for room for `frames` (`IAudioRenderClient::GetBuffer`).
    ///
    /// # Errors
    /// As in "IAudioRenderClient::GetBuffer method (audioclient.h)" on learn.microsoft.com:
    /// [`SimError::BufferTooLarge`] for more than is free, [`SimError::OutOfOrder`] while another
    /// buffer is out, [`SimError::BufferSizeError`] for other than the whole buffer of an exclusive
    /// stream with events.
    pub fn get_buffer(&mut self, id: StreamId, frames: u32) -> Result<()> {
        let endpoint_id = self.renderer(id)?.endpoint;
        if let Some(error) = self.endpoints[endpoint_id.index()].refuse_buffer {
            return Err(error);
        }
        self.sync(endpoint_id);
        let stream = self.renderer(id)?;
        if stream.reserved.is_some() {
            return Err(SimError::OutOfOrder);
        }
        if stream.kind == Kind::ExclusiveEvent && frames != stream.buffer_frames && frames != 0 {
            return Err(SimError::BufferSizeError);
        }
        if frames > stream.buffer_frames - stream.padding_frames() {
            return Err(SimError::BufferTooLarge);
        }
        if frames > 0 {
            stream.reserved = Some(frames);
        }
        Ok(())
    }

    /// Hands over what was asked for, or the first part of it (`IAudioRenderClient::ReleaseBuffer`).
    ///
    /// # Errors
    /// [`SimError::OutOfOrder`] without a buffer; [`SimError::InvalidSize`] for more than was asked
    /// for, for parts of frames, and with events in exclusive mode for less.
    pub fn release_buffer(&mut self, id: StreamId, data: Data<'_>) -> Result<()> {
        let stream = self.renderer(id)?;
        let endpoint_id = stream.endpoint;
        let frame_bytes = stream.format.frame_bytes();
        let frames = match data {
            Data::Bytes(bytes) if bytes.len().is_multiple_of(frame_bytes) => {
                bytes.len() / frame_bytes
            }
            Data::Bytes(_) => return Err(SimError::InvalidSize),
            Data::Silent(frames) => frames as usize,
        };
        let Some(reserved) = stream.reserved else {
            return if frames == 0 {
                Ok(())
            } else {
                Err(SimError::OutOfOrder)
            };
        };
        let part = frames < reserved as usize;
        if frames > reserved as usize || (stream.kind == Kind::ExclusiveEvent && part && frames > 0)
        {
            return Err(SimError::InvalidSize);
        }
        // What the device has played meanwhile makes room, and dry stretches end here.
        self.sync(endpoint_id);
        self.tell_level(id);
        let stream = self.renderer(id)?;
        stream.reserved = None;
        match data {
            Data::Bytes(bytes) => stream.ring.push(bytes),
            Data::Silent(frames) => stream.ring.push_silence(frames as usize),
        }
        self.tell_level(id);
        Ok(())
    }

    /// Frames in the next packet, 0 if there is none (`IAudioCaptureClient::GetNextPacketSize`).
    pub fn next_packet_frames(&mut self, id: StreamId) -> Result<u32> {
        let stream = self.recorder_of(id)?;
        let next = stream.held_packet.or(stream.packets.front().copied());
        Ok(next.map_or(0, |packet| packet.frames))
    }

    /// The next packet and its bytes, if there is one (`IAudioCaptureClient::GetBuffer`).
    ///
    /// # Errors
    /// [`SimError::OutOfOrder`] while another packet is out.
    pub fn get_packet(&mut self, id: StreamId) -> Result<Option<(Packet, &[u8])>> {
        let endpoint_id = self.recorder_of(id)?.endpoint;
        if let Some(error) = self.endpoints[endpoint_id.index()].refuse_buffer {
            return Err(error);
        }
        let stream = self.recorder_of(id)?;
        if stream.reading {
            return Err(SimError::OutOfOrder);
        }
        if stream.held_packet.is_none()
            && let Some(packet) = stream.packets.pop_front()
        {
            stream.held.clear();
            stream.ring.pop(packet.frames as usize, &mut stream.held);
            stream.held_packet = Some(packet);
        }
        stream.reading = stream.held_packet.is_some();
        Ok(stream.held_packet.map(|packet| (packet, &stream.held[..])))
    }

    /// Gives a packet back, read or not at all (`IAudioCaptureClient::ReleaseBuffer`).
    ///
    /// # Errors
    /// [`SimError::OutOfOrder`] without a packet; [`SimError::InvalidSize`] for another number of
    /// frames than the packet's or 0.
    pub fn release_packet(&mut self, id: StreamId, frames: u32) -> Result<()> {
        let stream = self.recorder_of(id)?;
        let Some(packet) = stream.held_packet.filter(|_| stream.reading) else {
            return if frames == 0 {
                Ok(())
            } else {
                Err(SimError::OutOfOrder)
            };
        };
        if frames != 0 && frames != packet.frames {
            return Err(SimError::InvalidSize);
        }
        stream.reading = false;
        if frames != 0 {
            stream.held_packet = None;
        }
        Ok(())
    }

    /// When no more than `padding_frames` are queued in a playing exclusive stream without events,
    /// if nothing is written meanwhile: when such a client's timer should wake it.
    ///
    /// # Errors
    /// [`SimError::WrongEndpointType`] for any other stream.
    pub fn time_of_padding(&mut self, id: StreamId, padding_frames: u32) -> Result<u64> {
        let stream = self.renderer(id)?;
        if stream.kind != Kind::ExclusiveTimer {
            return Err(SimError::WrongEndpointType);
        }
        let endpoint_id = stream.endpoint;
        self.sync(endpoint_id);
        let excess = self
            .renderer(id)?
            .padding_frames()
            .saturating_sub(padding_frames);
        let endpoint = &self.endpoints[endpoint_id.index()];
        let frame = endpoint.queue_end() + u64::from(excess);
        Ok(endpoint.clock.time_of_frame(frame).max(self.now_ns))
    }

    /// How late a client is that wakes itself, in nanoseconds: the next draw of the device's
    /// distribution, with what a fault adds.
    ///
    /// # Errors
    /// There is no such stream, or it is dead.
    pub fn timer_delay_ns(&mut self, id: StreamId) -> Result<u64> {
        let stream = self.live(id)?;
        let (endpoint, period_frames) = (stream.endpoint, stream.period_frames);
        let endpoint = &mut self.endpoints[endpoint.index()];
        let late_ns = endpoint.take_late_ns(period_frames);
        Ok(endpoint.draw_delay(late_ns))
    }

    fn renderer(&mut self, id: StreamId) -> Result<&mut Stream> {
        let stream = self.live(id)?;
        if stream.renders {
            Ok(stream)
        } else {
            Err(SimError::WrongEndpointType)
        }
    }

    fn recorder_of(&mut self, id: StreamId) -> Result<&mut Stream> {
        let stream = self.live(id)?;
        if stream.renders {
            Err(SimError::WrongEndpointType)
        } else {
            Ok(stream)
        }
    }
}
