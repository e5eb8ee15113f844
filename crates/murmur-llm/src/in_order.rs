//! Many jobs, a few at a time, results in order.

use futures_util::stream::{self, StreamExt, TryStreamExt};

/// Runs jobs 0 to `count`, at most `at_once` of them at a time, and returns their results by number. `job(i)` is called
/// when there is room for it, so that what it holds does not grow with those waiting.
///
/// # Errors
/// Of the first job that fails; those in flight are dropped.
pub(crate) async fn in_order<T, E, F>(
    count: usize,
    at_once: usize,
    job: impl Fn(usize) -> F,
) -> Result<Vec<T>, E>
where
    F: Future<Output = Result<T, E>>,
{
    let numbered = |i| {
        let job = job(i);
        async move { job.await.map(|result| (i, result)) }
    };
    let mut results: Vec<(usize, T)> =
        stream::iter((0..count).map(numbered)).buffer_unordered(at_once).try_collect().await?;
    results.sort_unstable_by_key(|&(i, _)| i);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use super::*;

    #[test]
    fn jobs_are_made_when_there_is_room_and_results_are_in_order() {
        let (running, peak) = (Cell::new(0), Cell::new(0));
        let job = |i: usize| {
            running.set(running.get() + 1);
            peak.set(peak.get().max(running.get()));
            let running = &running;
            async move {
                tokio::time::sleep(Duration::from_millis(if i.is_multiple_of(3) { 9 } else { 1 })).await;
                running.set(running.get() - 1);
                Ok::<usize, ()>(i)
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let results = runtime.block_on(in_order(20, 4, job)).unwrap();
        assert_eq!(results, (0..20).collect::<Vec<_>>());
        assert_eq!(peak.get(), 4);
    }
}
