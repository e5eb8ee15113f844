//! Reports: one self-contained page that shows what a run, or an experiment, came to.
//!
//! Pages open without a network. A page is a function of the run folder alone: it holds nothing of the wall clock.
