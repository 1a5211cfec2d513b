//! Frames that wait, all channels alike.

/// A queue with a fixed room, made once.
#[derive(Debug)]
pub(crate) struct Queue {
    planes: Vec<Vec<f32>>,
    frames: usize,
    room: usize,
}

impl Queue {
    pub(crate) fn new(channels: usize, room: usize) -> Queue {
        Queue {
            planes: vec![vec![0.0; room]; channels],
            frames: 0,
            room,
        }
    }

    /// Frames that wait.
    pub(crate) fn frames(&self) -> usize {
        self.frames
    }

    /// Puts frames at the end: `plane` gives a channel's samples, silence where it has none or too
    /// few. What there is no room for is lost; whoever fills it sees to it that there is.
    pub(crate) fn push<'a>(&mut self, frames: usize, plane: impl Fn(usize) -> Option<&'a [f32]>) {
        let frames = frames.min(self.room - self.frames);
        let end = self.frames + frames;
        for (channel, own) in self.planes.iter_mut().enumerate() {
            let own = &mut own[self.frames..end];
            let given = plane(channel).unwrap_or_default();
            let count = given.len().min(frames);
            own[..count].copy_from_slice(&given[..count]);
            own[count..].fill(0.0);
        }
        self.frames = end;
    }

    /// A channel's first frames, as many as wait at most.
    pub(crate) fn front(&self, channel: usize, frames: usize) -> &[f32] {
        let frames = frames.min(self.frames);
        let plane = self.planes.get(channel);
        plane
            .and_then(|plane| plane.get(..frames))
            .unwrap_or_default()
    }

    /// Takes the first frames away.
    pub(crate) fn pop(&mut self, frames: usize) {
        let frames = frames.min(self.frames);
        for plane in &mut self.planes {
            plane.copy_within(frames..self.frames, 0);
        }
        self.frames -= frames;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        #[test]
        fn it_does_what_a_list_does(steps in prop::collection::vec((any::<bool>(), 0_usize..20), 0..60)) {
            let mut queue = Queue::new(2, 64);
            let mut list = VecDeque::new();
            let mut next = 0.0_f32;
            for (pushes, frames) in steps {
                if pushes {
                    let some: Vec<f32> = (0..frames).map(|n| next + n as f32).collect();
                    next += frames as f32;
                    queue.push(frames, |channel| (channel == 1).then_some(&some[..]));
                    let room = 64 - list.len();
                    list.extend(some.into_iter().take(room));
                } else {
                    queue.pop(frames);
                    list.drain(..frames.min(list.len()));
                }
                let expected: Vec<f32> = list.iter().copied().collect();
                prop_assert_eq!(queue.front(1, 64), &expected[..]);
                prop_assert!(queue.front(0, 64).iter().all(|sample| *sample == 0.0));
                prop_assert_eq!(queue.front(2, 64).len(), 0);
                prop_assert_eq!(queue.frames(), list.len());
            }
        }
    }
}
