//! The slots of a mock server: so many generations at a time, so many more that wait, in the order of arrival.
//!
//! A slot is taken up again from the moment its last generation was due to end, not from when a timer noticed, so that
//! with a queue the server gives what slots and latencies promise: timers that wake late cost no capacity.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

pub(crate) struct Slots {
    count: usize,
    queue: usize,
    free: Arc<Semaphore>,
    state: Mutex<State>,
}

struct State {
    waiting: usize,
    running: usize,
    /// Since when each free slot is free, or those being handed over.
    free_since: VecDeque<Instant>,
    busy: Duration,
}

/// What slots are doing.
pub(crate) struct SlotFigures {
    pub(crate) running: usize,
    pub(crate) waiting: usize,
    /// Time of all slots, of generations that have ended.
    pub(crate) busy: Duration,
}

/// A request's place: a slot that it has, or one in the queue.
pub(crate) struct Place {
    slots: Arc<Slots>,
    arrived: Instant,
    claim: Claim,
}

enum Claim {
    Slot(OwnedSemaphorePermit),
    Queue(Queued),
}

/// A place in the queue, left when dropped, also by a request that is given up.
struct Queued(Arc<Slots>);

impl Drop for Queued {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}

/// A slot in use, free again when dropped.
pub(crate) struct Slot {
    slots: Arc<Slots>,
    /// When the generation began.
    pub(crate) start: Instant,
    /// Slots in use as it began, this one included.
    pub(crate) busy: usize,
    end: Option<Instant>,
    _permit: OwnedSemaphorePermit,
}

impl Slots {
    pub(crate) fn new(count: usize, queue: usize) -> Self {
        let free_since = VecDeque::from(vec![Instant::now(); count]);
        let state = State { waiting: 0, running: 0, free_since, busy: Duration::ZERO };
        Self { count, queue, free: Arc::new(Semaphore::new(count)), state: Mutex::new(state) }
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// A place for a request that has come, or `None` if all slots are taken and the queue is full.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Place> {
        let claim = match self.free.clone().try_acquire_owned() {
            Ok(permit) => Claim::Slot(permit),
            Err(_) => Claim::Queue(self.queue_up()?),
        };
        Some(Place { slots: self.clone(), arrived: Instant::now(), claim })
    }

    fn queue_up(self: &Arc<Self>) -> Option<Queued> {
        let mut state = self.state();
        (state.waiting < self.queue).then(|| {
            state.waiting += 1;
            Queued(self.clone())
        })
    }

    pub(crate) fn figures(&self) -> SlotFigures {
        let state = self.state();
        SlotFigures { running: state.running, waiting: state.waiting, busy: state.busy }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics with the lock")
    }
}

impl Place {
    /// Waits for the place's turn.
    pub(crate) async fn slot(self) -> Slot {
        let permit = match self.claim {
            Claim::Slot(permit) => permit,
            Claim::Queue(queued) => {
                let permit = self.slots.free.clone().acquire_owned().await.expect("nobody closes it");
                drop(queued);
                permit
            }
        };
        let slots = self.slots;
        let mut state = slots.state();
        state.running += 1;
        let free_since = state.free_since.pop_front().unwrap_or(self.arrived);
        let busy = state.running;
        drop(state);
        Slot { start: self.arrived.max(free_since), busy, end: None, _permit: permit, slots }
    }
}

impl Slot {
    /// Says when the generation is due to end.
    pub(crate) fn ends(&mut self, end: Instant) {
        self.end = Some(end);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let now = Instant::now();
        let end = self.end.map_or(now, |end| end.min(now));
        let mut state = self.slots.state();
        state.running -= 1;
        state.busy += end.saturating_duration_since(self.start);
        state.free_since.push_back(end);
    }
}
