//! Bodies of answers: at once, piece by piece at set times, or cut before their end.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::slots::Slot;
use super::stats::Flight;

/// The connection is to be closed without a word.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut on purpose")]
pub(crate) struct Cut;

/// Time for what came before a cut to reach the client.
const BEFORE_CUT: Duration = Duration::from_millis(2);

/// What a request holds until its answer is sent.
pub(crate) struct Holds {
    pub(crate) _slot: Option<Slot>,
    pub(crate) _flight: Flight,
}

/// A body.
#[derive(Default)]
pub(crate) struct MockBody {
    /// What is still to be sent, and when, in the order of time.
    pieces: VecDeque<(Option<Instant>, Bytes)>,
    /// Bytes still to come, if the answer announces its length.
    left: Option<u64>,
    /// Whether the connection is cut at the end.
    is_cut: bool,
    sleep: Option<Pin<Box<Sleep>>>,
    _holds: Option<Holds>,
}

impl MockBody {
    /// Sent at once.
    pub(crate) fn whole(bytes: Vec<u8>) -> Self {
        let left = Some(bytes.len() as u64);
        let pieces = if bytes.is_empty() { VecDeque::new() } else { VecDeque::from([(None, bytes.into())]) };
        Self { pieces, left, ..Self::default() }
    }

    /// Pieces of an unannounced number, each sent at its time.
    pub(crate) fn stream(pieces: impl IntoIterator<Item = (Instant, Bytes)>) -> Self {
        let pieces = pieces.into_iter().map(|(due, bytes)| (Some(due), bytes)).collect();
        Self { pieces, ..Self::default() }
    }

    /// With what ends when the body is sent, or given up.
    pub(crate) fn holding(mut self, holds: Holds) -> Self {
        self._holds = Some(holds);
        self
    }

    /// Half of it, and then the end of the connection.
    pub(crate) fn cut(mut self) -> Self {
        if let [(due, bytes)] = self.pieces.make_contiguous() {
            self.pieces = VecDeque::from([(*due, bytes.slice(..bytes.len() / 2))]);
        } else {
            self.pieces.truncate(self.pieces.len() / 2);
        }
        self.is_cut = true;
        self
    }

    /// The same bytes, which take `time` longer.
    pub(crate) fn slowed(mut self, time: Duration) -> Self {
        const PARTS: usize = 10;
        if let [(due, bytes)] = self.pieces.make_contiguous() {
            let size = bytes.len().div_ceil(PARTS).max(1);
            let parts: Vec<Bytes> = bytes.chunks(size).map(|part| bytes.slice_ref(part)).collect();
            let due = *due;
            self.pieces = parts.into_iter().map(|part| (due, part)).collect();
        }
        let count = self.pieces.len().max(1) as u32;
        let now = Instant::now();
        for (i, (due, _)) in (1..).zip(&mut self.pieces) {
            *due = Some(due.unwrap_or(now) + time * i / count);
        }
        self
    }
}

impl Body for MockBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        if let Some(&(Some(due), _)) = this.pieces.front()
            && this.sleep.is_none()
            && due > Instant::now()
        {
            this.sleep = Some(Box::pin(sleep_until(due)));
        }
        if let Some(sleep) = &mut this.sleep {
            ready!(sleep.as_mut().poll(cx));
            this.sleep = None;
        }
        let Some((_, bytes)) = this.pieces.pop_front() else {
            return Poll::Ready(this.is_cut.then_some(Err(Cut)));
        };
        this.left = this.left.map(|left| left.saturating_sub(bytes.len() as u64));
        if this.is_cut && this.pieces.is_empty() {
            this.sleep = Some(Box::pin(sleep_until(Instant::now() + BEFORE_CUT)));
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && !self.is_cut
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
