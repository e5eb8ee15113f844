//! Hartigan's dip: how far a distribution is from its nearest unimodal one.
//!
//! J. A. Hartigan and P. M. Hartigan, "The dip test of unimodality", Annals of Statistics 13, 1985; the algorithm is
//! P. M. Hartigan's AS 217, Applied Statistics 34, 1985, with the corrections made later in R's `diptest` (the concave
//! part is searched up to the last point of its segment; a modal interval that no longer shrinks ends the search).
//!
//! The distribution function of the values is seen as the points (xᵢ, i). A unimodal function is convex up to its mode
//! and concave after it, so the nearest one follows the greatest convex minorant of the points, then a straight modal
//! stretch, then the least concave majorant. The search narrows the modal interval to where minorant and majorant of
//! the interval lie farthest apart, and keeps the largest distance between points and envelopes outside it.

/// The dip of finite values in rising order; `None` without values. Where all points lie on one line the dip counts as 0,
/// as in Python's `diptest`; otherwise it is at least 1 / 2n. Nearly linear time.
pub(crate) fn dip(sorted: &[f64]) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    if sorted[0] == sorted[last] {
        return Some(0.0);
    }
    let before = minorant_links(sorted);
    let after = majorant_links(sorted);
    let (mut low, mut high) = (0, last);
    // In units of 1 / 2n, as all heights below are counted in points.
    let mut dip = 0.0f64;
    loop {
        // Both envelopes of the whole pass through the ends of the modal interval; rounding may not lead past them.
        let mut minorant: Vec<usize> = chain(high, |at| (at > low).then(|| before[at].max(low))).collect();
        minorant.reverse();
        let majorant: Vec<usize> = chain(low, |at| (at < high).then(|| after[at].min(high))).collect();
        let gap = widest_gap(sorted, &minorant, &majorant);
        if gap.width < dip {
            break;
        }
        let outside = distance_above(sorted, &minorant[..=gap.minorant])
            .max(distance_below(sorted, &majorant[gap.majorant..]));
        dip = dip.max(outside);
        let narrowed = (minorant[gap.minorant], majorant[gap.majorant]);
        if narrowed == (low, high) {
            break;
        }
        (low, high) = narrowed;
    }
    Some(dip / (2 * sorted.len()) as f64)
}

fn chain(from: usize, link: impl Fn(usize) -> Option<usize>) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(from), move |&at| link(at))
}

/// For each point, the one before it on the greatest convex minorant of the points up to it.
fn minorant_links(x: &[f64]) -> Vec<usize> {
    let mut links = vec![0; x.len()];
    for point in 1..x.len() {
        let mut link = point - 1;
        while link != 0 && !has_corner(x, point, link, links[link]) {
            link = links[link];
        }
        links[point] = link;
    }
    links
}

/// For each point, the one after it on the least concave majorant of the points from it on.
fn majorant_links(x: &[f64]) -> Vec<usize> {
    let last = x.len() - 1;
    let mut links = vec![last; x.len()];
    for point in (0..last).rev() {
        let mut link = point + 1;
        while link != last && !has_corner(x, point, link, links[link]) {
            link = links[link];
        }
        links[point] = link;
    }
    links
}

/// Whether the envelope that runs from `far` through `middle` to `near` has a corner at `middle`: whether it is steeper
/// towards `near` than towards `far`. The minorant grows to the right and the majorant to the left, so that is the test
/// for both.
fn has_corner(x: &[f64], near: usize, middle: usize, far: usize) -> bool {
    let run = |a: usize, b: usize| (x[a] - x[b]).abs();
    let rise = |a: usize, b: usize| a.abs_diff(b) as f64;
    run(near, middle) * rise(middle, far) < run(middle, far) * rise(near, middle)
}

/// Where the envelopes lie farthest apart: the corners, as places in their lists, that bound the modal interval.
struct Gap {
    width: f64,
    minorant: usize,
    majorant: usize,
}

/// Walks both envelopes, corner by corner, from their common first point to their common last one.
fn widest_gap(x: &[f64], minorant: &[usize], majorant: &[usize]) -> Gap {
    let mut widest = Gap { width: 0.0, minorant: 0, majorant: majorant.len() - 1 };
    if minorant.len() == 2 && majorant.len() == 2 {
        return widest;
    }
    let (mut lower, mut upper) = (1, 1);
    loop {
        let (start, end) = (minorant[lower - 1], minorant[lower]);
        let (begin, corner) = (majorant[upper - 1], majorant[upper]);
        let gap = if corner < end {
            upper += 1;
            let width = (corner - start + 1) as f64 - height_on(x, start, end, corner);
            Gap { width, minorant: lower - 1, majorant: upper - 1 }
        } else {
            lower += 1;
            let width = height_on(x, begin, corner, end) - (end as f64 - begin as f64 - 1.0);
            Gap { width, minorant: lower - 1, majorant: upper }
        };
        // A segment between equal values has no height between its ends: the comparison with NaN is false.
        if gap.width >= widest.width {
            widest = gap;
        }
        (lower, upper) = (lower.min(minorant.len() - 1), upper.min(majorant.len() - 1));
        if minorant[lower] == majorant[upper] {
            return widest;
        }
    }
}

/// How far the straight line from point `start` to point `end` has risen above `start` at the value of point `at`.
fn height_on(x: &[f64], start: usize, end: usize, at: usize) -> f64 {
    (x[at] - x[start]) * (end as f64 - start as f64) / (x[end] - x[start])
}

/// The largest distance by which the points rise above the minorant with these corners; 0 with fewer than two.
fn distance_above(x: &[f64], corners: &[usize]) -> f64 {
    largest_distance(x, corners, |rise, line| rise + 1.0 - line)
}

/// The largest distance by which the points (each reached by a step of 1) fall below the majorant with these corners; 0
/// with fewer than two.
fn distance_below(x: &[f64], corners: &[usize]) -> f64 {
    largest_distance(x, corners, |rise, line| line - (rise - 1.0))
}

/// The largest `distance` over all points on all segments, given a point's height above the segment's start and the
/// segment's height there. A segment without points between its ends counts as the 1 of a single step.
fn largest_distance(x: &[f64], corners: &[usize], distance: impl Fn(f64, f64) -> f64) -> f64 {
    let mut largest = 0.0f64;
    for segment in corners.windows(2) {
        let (start, end) = (segment[0], segment[1]);
        largest = largest.max(1.0);
        if end - start > 1 && x[end] != x[start] {
            let slope = (end - start) as f64 / (x[end] - x[start]);
            for at in start..=end {
                largest = largest.max(distance((at - start) as f64, (x[at] - x[start]) * slope));
            }
        }
    }
    largest
}
