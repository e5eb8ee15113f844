//! Stopping a run from outside: Ctrl-C, SIGTERM and SIGUSR1 let the step end first.

use std::io;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;

use crate::failure::tell;

/// The exit code of a run that a signal ended early: a cluster can put the job back into its queue.
pub(crate) const STOPPED: u8 = 75;

/// Whether somebody wants the run to stop.
#[derive(Clone)]
pub(crate) struct StopRequest(Arc<AtomicBool>);

impl StopRequest {
    /// Listens to signals from now on. If the step has not ended within `grace` seconds after the first, the process
    /// ends without it: what it had not committed counts for nothing, and a resumed run does it again.
    ///
    /// # Errors
    /// When the system does not let the process listen.
    pub(crate) fn listen(grace: u64) -> io::Result<Self> {
        Self::listen_for(grace, "murmur resume")
    }

    /// As [`Self::listen`], for what goes on by another command than `murmur resume`.
    ///
    /// # Errors
    /// As [`Self::listen`].
    pub(crate) fn listen_for(grace: u64, again: &'static str) -> io::Result<Self> {
        let wanted = Self(Arc::new(AtomicBool::new(false)));
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGUSR1])?;
        let flag = wanted.clone();
        thread::spawn(move || {
            if signals.forever().next().is_some() {
                flag.0.store(true, Ordering::Relaxed);
                tell(&format!("stopping after this step (at most {grace} s)"));
                thread::sleep(Duration::from_secs(grace));
                tell(&format!(
                    "the step did not end in time and is abandoned; all committed steps are kept: go on with {again}"
                ));
                process::exit(STOPPED.into());
            }
        });
        Ok(wanted)
    }

    /// Whether it does.
    pub(crate) fn is_wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
