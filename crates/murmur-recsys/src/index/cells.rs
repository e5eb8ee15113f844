//! Inverted lists: every content is listed under the centroid it is nearest to, and a query goes through the lists of
//! the centroids nearest to it.
//!
//! Centroids come from spherical k-means (Dhillon and Modha 2001) over a keyed sample of the live contents. When to
//! train is decided by counts alone ([`Training`]), so a resumed run finds the last training by going through the
//! ranges of its steps, and trains once.

use std::f32::consts::FRAC_PI_2;
use std::ops::Range;

use murmur_core::{AgentId, Purpose, Step, Stream};
use rayon::prelude::*;

use multiversion::multiversion;

use super::codes::{self, BLOCK, CodedQuery, Coder};
use super::exact::{Best, Weights, weighted};
use super::{Scratch, Vectors};
use crate::dot::{dot, dot_rows, dots_at};
use crate::score::best_first;

/// Live contents for each cell that is trained: 1,000 cells at 200,000.
const CONTENTS_PER_CELL: usize = 200;
/// Sampled contents for each cell that is trained.
const SAMPLE_PER_CELL: usize = 32;
/// Contents that come before the centroids are trained again, as a multiple of those live at the last training.
const TURNOVER: usize = 2;
/// Rounds of k-means.
const ROUNDS: usize = 6;
/// Contents that one thread assigns at a time.
const CHUNK: usize = 512;
/// Contents of a list that are compared with one threshold: those whose codes promise to reach it are then compared
/// exactly.
const GROUP: usize = BLOCK;

/// What was live when the centroids were trained.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Training {
    live: Range<usize>,
}

impl Training {
    /// The training that holds once `live` is live: the `last` one, or a new one where there is none, where the live
    /// contents have doubled since, or where [`TURNOVER`] times as many as were live then have come since. None is made
    /// while fewer than `at_least` are live.
    pub(super) fn after(last: Option<Self>, live: &Range<usize>, at_least: usize) -> Option<Self> {
        let outdated = |last: &Self| {
            live.len() >= 2 * last.live.len() || live.end - last.live.end >= TURNOVER * last.live.len()
        };
        if live.len() >= at_least.max(1) && last.as_ref().is_none_or(outdated) {
            Some(Self { live: live.clone() })
        } else {
            last
        }
    }
}

/// The contents of a cell, ascending, so that what leaves is a prefix.
#[derive(Clone, Default)]
struct List {
    /// Some at the beginning may have left: they go when their block of codes can.
    contents: Vec<u32>,
    /// See [`Coder`].
    codes: Vec<u8>,
}

impl List {
    /// Makes room for so many more without the doubling of [`Vec`], which would cost more memory than all the rest.
    fn reserve(&mut self, more: usize, block_bytes: usize) {
        let room = self.contents.len() + more;
        let room = room + room / 8;
        self.contents.reserve_exact(room - self.contents.len());
        self.codes.reserve_exact(room.div_ceil(BLOCK) * block_bytes - self.codes.len());
    }

    /// The place of the first content that is live if `first` is the first of all.
    fn place_since(&self, first: usize) -> usize {
        self.contents.partition_point(|&content| (content as usize) < first)
    }

    fn drop_before(&mut self, first: usize, block_bytes: usize) {
        let blocks = self.place_since(first) / BLOCK;
        self.contents.drain(..blocks * BLOCK);
        self.codes.drain(..blocks * block_bytes);
    }
}

/// Centroids and the live contents that are nearest to each.
pub(super) struct Cells {
    training: Training,
    /// Unit vectors, row after row.
    centroids: Vec<f32>,
    /// Every fourth of them.
    landmarks: Vec<f32>,
    /// By cell, the root of the mean squared angle (radians) between the sampled contents and their centroid.
    spreads: Vec<f32>,
    coder: Coder,
    /// By cell.
    lists: Vec<List>,
    /// Contents before this are listed or have left.
    listed_until: usize,
}

impl Cells {
    /// Trains centroids; nothing is listed yet.
    pub(super) fn train(vectors: Vectors<'_>, training: Training, seed: u64) -> Self {
        let live = training.live.clone();
        let cells = (live.len() / CONTENTS_PER_CELL).clamp(1, live.len());
        let sample = sample(live.clone(), cells * SAMPLE_PER_CELL, seed);
        let mut centroids: Vec<f32> =
            sample[..cells].iter().flat_map(|&content| vectors.row(content)).copied().collect();
        for _ in 0..ROUNDS {
            centroids = moved(vectors, &sample, &centroids);
        }
        let centroids = chained(&centroids, vectors.dimensions);
        let places = assign(vectors, &sample, &centroids);
        let row = |cell: u32| &centroids[cell as usize * vectors.dimensions..][..vectors.dimensions];
        let coder = Coder::fit(
            vectors,
            sample.iter().zip(&places).map(|(&content, place)| (content, row(place.cell))),
        );
        let spreads = spreads(&places, cells);
        Self {
            training,
            landmarks: centroids
                .chunks(4 * vectors.dimensions)
                .flat_map(|four| &four[..vectors.dimensions])
                .copied()
                .collect(),
            centroids,
            spreads,
            coder,
            lists: vec![List::default(); cells],
            listed_until: live.start,
        }
    }

    pub(super) fn training(&self) -> &Training {
        &self.training
    }

    /// Contents before this are listed or have left.
    pub(super) fn listed_until(&self) -> usize {
        self.listed_until
    }

    /// Lists what has come and forgets what has left.
    pub(super) fn list(&mut self, vectors: Vectors<'_>, live: Range<usize>) {
        let bytes = self.coder.bytes() * BLOCK;
        let contents: Vec<u32> = (self.listed_until.max(live.start) as u32..live.end as u32).collect();
        let mut new = vec![Vec::new(); self.lists.len()];
        for (&content, place) in contents.iter().zip(assign(vectors, &contents, &self.centroids)) {
            new[place.cell as usize].push(content);
        }
        let Self { centroids, coder, lists, .. } = self;
        let cells = lists.par_iter_mut().zip(new).zip(centroids.par_chunks_exact(vectors.dimensions));
        cells.for_each(|((list, new), centroid)| {
            list.drop_before(live.start, bytes);
            list.reserve(new.len(), bytes);
            for content in new {
                coder.encode(vectors.row(content), centroid, list.contents.len(), &mut list.codes);
                list.contents.push(content);
            }
        });
        self.listed_until = live.end;
    }

    /// The reach of every cell, as a multiple of its spread.
    pub(super) fn reaches(&self, spreads: f32) -> Vec<Reach> {
        self.spreads.iter().map(|spread| Reach::radians((spreads * spread).min(FRAC_PI_2))).collect()
    }

    /// The cell whose centroid is nearest among every fourth: as centroids are [chained](chained), one near that of all.
    pub(super) fn neighbourhood_of(&self, vector: &[f32], products: &mut Vec<f32>) -> u32 {
        nearest(vector, &self.landmarks, products).cell
    }

    /// Offers the listed contents from `from` on, cell by cell, while there is hope of better ones or fewer than wanted
    /// are let through.
    pub(super) fn search<A: FnMut(u32) -> bool>(
        &self,
        vectors: Vectors<'_>,
        from: usize,
        reaches: &[Reach],
        query: &[f32],
        scratch: &mut Scratch,
        best: &mut Best<'_, A>,
    ) {
        let Scratch { products, exact, order, coded, sums, .. } = scratch;
        self.begin(query, reaches, products, coded, &mut order.hopes);
        order.begin();
        let mut comparison = Comparison { vectors, query, exact };
        while let Some(next) = order.next_above(best) {
            let list = &self.lists[next.cell];
            let first = list.place_since(from);
            codes::sums(coded, &list.codes, sums);
            let most = products[next.cell] + coded.slack;
            let contents = &list.contents[first..];
            for (contents, sums) in contents.chunks(GROUP).zip(sums[first..].chunks(GROUP)) {
                let mut estimates = [f32::NEG_INFINITY; GROUP];
                for ((estimate, _), &sum) in estimates.iter_mut().zip(contents).zip(sums) {
                    *estimate = most + coded.offset(sum);
                }
                comparison.offer_promising(contents, &estimates, |_, cosine| cosine, best);
            }
            best.tighten();
        }
    }

    /// The same for the products of cosines and weights: a cell's heaviest contents come first, and once the weights
    /// leave no hope the rest of the cell is passed over.
    pub(super) fn search_weighted<A: FnMut(u32) -> bool>(
        &self,
        vectors: Vectors<'_>,
        lists: &WeightedLists,
        reaches: &[Reach],
        query: &[f32],
        scratch: &mut Scratch,
        best: &mut Best<'_, A>,
    ) {
        let Scratch { products, exact, order, coded, sums, .. } = scratch;
        self.begin(query, reaches, products, coded, &mut order.hopes);
        for (hope, &heaviest) in order.hopes.iter_mut().zip(&lists.heaviest) {
            *hope = weighted(heaviest, *hope);
        }
        order.begin();
        let mut comparison = Comparison { vectors, query, exact };
        while let Some(next) = order.next_above(best) {
            let (list, heaviest) = (&lists.lists[next.cell], lists.heaviest[next.cell]);
            let most = products[next.cell] + coded.slack;
            let groups = list.contents.chunks(GROUP).zip(list.weights.chunks(GROUP));
            let codes = list.codes.chunks(self.coder.bytes() * GROUP);
            for ((contents, weights), codes) in groups.zip(codes) {
                // The hope for the whole cell is that for its heaviest content.
                if best.is_full() && next.hope * weights[0] <= best.threshold() * heaviest {
                    break;
                }
                codes::sums(coded, codes, sums);
                let mut estimates = [f32::NEG_INFINITY; GROUP];
                for ((estimate, &weight), &sum) in estimates.iter_mut().zip(weights).zip(&*sums) {
                    *estimate = weighted(weight, most + coded.offset(sum));
                }
                let score = |place: usize, cosine| weighted(weights[place], cosine);
                comparison.offer_promising(contents, &estimates, score, best);
            }
            best.tighten();
        }
    }

    /// Puts the query's products with the centroids into `products`, the coded query into `coded` and the hope for a
    /// cosine in each cell into `hopes`.
    fn begin(
        &self,
        query: &[f32],
        reaches: &[Reach],
        products: &mut Vec<f32>,
        coded: &mut CodedQuery,
        hopes: &mut Vec<f32>,
    ) {
        dot_rows(query, &self.centroids, products);
        hopes.clear();
        hopes.resize(products.len(), 0.0);
        hopes_for(products, reaches, dot(query, query), hopes);
        self.coder.encode_query(query, coded);
    }

    /// The lists from `from` on by weight, for the queries of a step.
    pub(super) fn by_weight(&self, from: usize, weights: Weights<'_>) -> WeightedLists {
        let lists: Vec<WeightedList> =
            self.lists.par_iter().map(|list| WeightedList::new(list, &self.coder, from, weights)).collect();
        let heaviest = lists.iter().map(|list| list.weights.first().copied().unwrap_or(0.0)).collect();
        WeightedLists { lists, heaviest }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let list = |list: &List| size_of::<List>() + 4 * list.contents.capacity() + list.codes.capacity();
        let lists: usize = self.lists.iter().map(list).sum();
        lists + 4 * (self.centroids.capacity() + self.landmarks.capacity()) + self.coder.memory_bytes()
    }
}

/// The cells' contents by weight.
pub(super) struct WeightedLists {
    lists: Vec<WeightedList>,
    /// By cell, the weight of its heaviest content; 0 for one without.
    heaviest: Vec<f32>,
}

/// A cell's contents, the heaviest first, with their weights and codes.
struct WeightedList {
    contents: Vec<u32>,
    weights: Vec<f32>,
    codes: Vec<u8>,
}

impl WeightedList {
    /// Those from `from` on.
    fn new(list: &List, coder: &Coder, from: usize, weights: Weights<'_>) -> Self {
        let first = list.place_since(from);
        // Weights are not negative, so their order is that of their bits.
        let key = |(place, &content): (u32, &u32)| {
            u64::from(weights.of(content).to_bits()) << 32 | u64::from(place)
        };
        let mut order: Vec<u64> = (first as u32..).zip(&list.contents[first..]).map(key).collect();
        order.sort_unstable_by(|a, b| b.cmp(a));
        Self {
            contents: order.iter().map(|&key| list.contents[key as u32 as usize]).collect(),
            weights: order.iter().map(|&key| f32::from_bits((key >> 32) as u32)).collect(),
            codes: coder.rearranged(&list.codes, order.iter().map(|&key| key as u32 as usize)),
        }
    }
}

/// What contents are compared with.
struct Comparison<'a> {
    vectors: Vectors<'a>,
    query: &'a [f32],
    exact: &'a mut Vec<f32>,
}

impl Comparison<'_> {
    /// Offers those of a group of contents whose estimates reach the threshold, with what `score` makes of their places
    /// in the group and their cosines.
    fn offer_promising<A: FnMut(u32) -> bool>(
        &mut self,
        contents: &[u32],
        estimates: &[f32; GROUP],
        score: impl Fn(usize, f32) -> f32,
        best: &mut Best<'_, A>,
    ) {
        best.estimated(contents.len());
        let threshold = best.threshold();
        // Written down in any case and counted if promising: a branch would be foreseen wrongly too often.
        let (mut places, mut promising, mut count) = ([0; GROUP], [0; GROUP], 0);
        for (place, (&content, &estimate)) in contents.iter().zip(estimates).enumerate() {
            (places[count], promising[count]) = (place, content);
            count += usize::from(estimate >= threshold);
        }
        if count == 0 {
            return;
        }
        dots_at(self.query, self.vectors.values, &promising[..count], self.exact);
        for ((&place, &content), &cosine) in places.iter().zip(&promising).zip(&*self.exact) {
            best.offer(score(place, cosine), content);
        }
    }
}

/// How far from its centroid, towards the query, a listed content is taken to be at most: an angle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    sine: f32,
    cosine: f32,
}

impl Reach {
    fn radians(radians: f32) -> Self {
        Self { sine: libm::sinf(radians), cosine: libm::cosf(radians) }
    }

    /// The best product with the query that is hoped for in a cell, from the centroid's product with the query and the
    /// square of the query's length: the length times the cosine of (angle − reach).
    #[inline(always)]
    fn hope(&self, product: f32, square: f32) -> f32 {
        let across = (square - product * product).max(0.0).sqrt();
        let away = product * self.cosine + across * self.sine;
        if product * self.sine >= across * self.cosine { square.sqrt() } else { away }
    }
}

/// Puts the hope in each cell into `hopes`, which is as long as `products` and `reaches`.
#[multiversion(targets("x86_64+avx2"))]
fn hopes_for(products: &[f32], reaches: &[Reach], square: f32, hopes: &mut [f32]) {
    for ((hope, &product), reach) in hopes.iter_mut().zip(products).zip(reaches) {
        *hope = reach.hope(product, square);
    }
}

/// The cells of a search in the order of hope.
///
/// While too little is found the cell of highest hope is looked for each time: a search needs one or two. Then few cells
/// have a hope above the threshold, and those are put in order.
#[derive(Default)]
pub(super) struct CellOrder {
    /// By cell; negative infinity for those taken before the order is made.
    hopes: Vec<f32>,
    /// How many were taken before the order is made.
    taken: usize,
    /// Whether `ranks` is made.
    in_order: bool,
    /// The rest that may be of use, the next one last. See [`best_first`].
    ranks: Vec<u64>,
}

/// A cell to look into.
struct Next {
    cell: usize,
    hope: f32,
}

impl CellOrder {
    /// How many cells are looked for one by one.
    const ONE_BY_ONE: usize = 8;

    /// Begins with what `hopes` holds by now.
    fn begin(&mut self) {
        (self.taken, self.in_order) = (0, false);
    }

    /// The cell of highest hope that was not taken yet, if it may hold something that `best` needs; of equal ones the
    /// first.
    fn next_above<A: FnMut(u32) -> bool>(&mut self, best: &Best<'_, A>) -> Option<Next> {
        if !self.in_order {
            if !best.is_full() && self.taken < Self::ONE_BY_ONE {
                return self.take_highest();
            }
            self.put_in_order(if best.is_full() { best.threshold() } else { f32::NEG_INFINITY });
        }
        let rank = self.ranks.pop()?;
        let next = Next { cell: rank as u32 as usize, hope: hope_in(rank) };
        (!best.is_full() || next.hope > best.threshold()).then_some(next)
    }

    fn take_highest(&mut self) -> Option<Next> {
        let hope = highest(&self.hopes);
        if hope == f32::NEG_INFINITY {
            return None;
        }
        let cell = self.hopes.iter().position(|&other| other == hope)?;
        self.hopes[cell] = f32::NEG_INFINITY;
        self.taken += 1;
        Some(Next { cell, hope })
    }

    /// Orders the cells whose hope is above the threshold.
    fn put_in_order(&mut self, threshold: f32) {
        let above = self.hopes.iter().zip(0..).filter(|&(&hope, _)| hope > threshold);
        self.ranks.clear();
        self.ranks.extend(above.map(|(&hope, cell)| best_first(hope, cell)));
        self.ranks.sort_unstable_by(|a, b| b.cmp(a));
        self.in_order = true;
    }
}

/// The highest of the numbers, in eight running ones that are compared at once.
fn highest(numbers: &[f32]) -> f32 {
    let mut highest = [f32::NEG_INFINITY; 8];
    let (eights, rest) = numbers.as_chunks::<8>();
    for eight in eights {
        for (highest, &number) in highest.iter_mut().zip(eight) {
            *highest = if number > *highest { number } else { *highest };
        }
    }
    highest.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max)
}

/// The hope that is in a number of [`best_first`].
fn hope_in(rank: u64) -> f32 {
    let ascending = !((rank >> 32) as u32);
    f32::from_bits(if ascending >> 31 == 1 { ascending & !(1 << 31) } else { !ascending })
}

/// `most` of the contents, or all, drawn by a keyed hash, in its order.
fn sample(contents: Range<usize>, most: usize, seed: u64) -> Vec<u32> {
    let hash = |content: u32| Stream::new(seed, Purpose::Index, Step(0), AgentId(content)).next_u64();
    let mut hashed: Vec<(u64, u32)> = (contents.start as u32..contents.end as u32)
        .into_par_iter()
        .with_min_len(CHUNK)
        .map(|content| (hash(content), content))
        .collect();
    if most < hashed.len() {
        hashed.select_nth_unstable(most);
        hashed.truncate(most);
    }
    hashed.sort_unstable();
    hashed.into_iter().map(|(_, content)| content).collect()
}

/// The centroids after a round of k-means: the mean directions of the contents that are nearest to each.
///
/// A centroid that nothing is nearest to moves to the content that is furthest from its own.
fn moved(vectors: Vectors<'_>, sample: &[u32], centroids: &[f32]) -> Vec<f32> {
    let dimensions = vectors.dimensions;
    let places = assign(vectors, sample, centroids);
    let mut members = vec![Vec::new(); centroids.len() / dimensions];
    for (place, &content) in places.iter().zip(sample) {
        members[place.cell as usize].push(content);
    }
    let mut far: Vec<usize> = (0..sample.len()).collect();
    let empty = members.iter().filter(|members| members.is_empty()).count();
    if empty > 0 {
        far.sort_unstable_by(|&a, &b| places[a].cosine.total_cmp(&places[b].cosine).then(a.cmp(&b)));
    }
    let mut far = far.into_iter();
    for members in members.iter_mut().filter(|members| members.is_empty()) {
        members.extend(far.next().map(|place| sample[place]));
    }
    let means: Vec<Vec<f32>> = members.par_iter().map(|members| mean_direction(vectors, members)).collect();
    means.concat()
}

/// The centroids in an order in which each is followed by the nearest of the rest, so that queries in the order of their
/// cells go through much the same lists one after the other.
fn chained(centroids: &[f32], dimensions: usize) -> Vec<f32> {
    let mut rest: Vec<&[f32]> = centroids.chunks_exact(dimensions).collect();
    let mut chain = Vec::with_capacity(centroids.len());
    let mut next = Some(0);
    while let Some(place) = next {
        let last = rest.swap_remove(place);
        chain.extend_from_slice(last);
        let cosines = rest.iter().map(|centroid| dot(last, centroid));
        next = cosines.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(place, _)| place);
    }
    chain
}

/// The sum of the contents' vectors scaled to length 1; zero if it vanishes.
fn mean_direction(vectors: Vectors<'_>, contents: &[u32]) -> Vec<f32> {
    let mut sum = vec![0f32; vectors.dimensions];
    for &content in contents {
        for (sum, &value) in sum.iter_mut().zip(vectors.row(content)) {
            *sum += value;
        }
    }
    let length = dot(&sum, &sum).sqrt();
    if length > 0.0 {
        sum.iter_mut().for_each(|value| *value /= length);
    }
    sum
}

/// The centroid that a vector is nearest to.
#[derive(Clone, Copy)]
struct Place {
    cell: u32,
    cosine: f32,
}

fn assign(vectors: Vectors<'_>, contents: &[u32], centroids: &[f32]) -> Vec<Place> {
    let chunks = contents.par_chunks(CHUNK).map(|chunk| {
        let mut products = Vec::new();
        let place = |&content: &u32| nearest(vectors.row(content), centroids, &mut products);
        chunk.iter().map(place).collect::<Vec<Place>>()
    });
    chunks.collect::<Vec<_>>().concat()
}

/// By cell, the root of the mean squared angle between what was placed there and the centroid; of a cell that nothing
/// was placed in, that of all.
fn spreads(places: &[Place], cells: usize) -> Vec<f32> {
    let mut sums = vec![(0f32, 0f32); cells + 1];
    for place in places {
        let angle = libm::acosf(place.cosine.clamp(-1.0, 1.0));
        for cell in [place.cell as usize, cells] {
            sums[cell] = (sums[cell].0 + angle * angle, sums[cell].1 + 1.0);
        }
    }
    let root = |(sum, count): (f32, f32)| (sum / count.max(1.0)).sqrt();
    let of_all = root(sums[cells]);
    sums[..cells].iter().map(|&sum| if sum.1 > 0.0 { root(sum) } else { of_all }).collect()
}

/// Of equally near centroids the first.
fn nearest(vector: &[f32], centroids: &[f32], products: &mut Vec<f32>) -> Place {
    dot_rows(vector, centroids, products);
    let mut place = Place { cell: 0, cosine: f32::NEG_INFINITY };
    for (&cosine, cell) in products.iter().zip(0..) {
        if cosine > place.cosine {
            place = Place { cell, cosine };
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Trainings, by the step at which they happen.
    fn check_trainings(at_least: usize, history: &[Range<usize>], expected: &[usize]) {
        let mut trained = Vec::new();
        let mut training = None;
        for (step, live) in history.iter().enumerate() {
            let next = Training::after(training.clone(), live, at_least);
            if next != training {
                trained.push(step);
            }
            training = next;
        }
        assert_eq!(trained, expected, "{history:?}");
    }

    #[test]
    fn training_follows_counts() {
        check_trainings(100, &[0..0, 0..99, 0..100, 0..199, 0..200, 0..399], &[2, 4]);
        // 100 live ones, 50 a step: 200 have come after four steps.
        let steady: Vec<Range<usize>> = (0..12).map(|step| 50 * step..100 + 50 * step).collect();
        check_trainings(100, &steady, &[0, 4, 8]);
        check_trainings(100, &[0..100, 290..310, 290..400], &[0, 2]);
        check_trainings(0, &[0..0, 0..1, 0..2], &[1, 2]);
    }

    #[test]
    fn hope_is_the_cosine_of_the_angle_less_the_reach() {
        let reach = Reach::radians(20f32.to_radians());
        for (degrees, expected) in [(5.0, 0.0), (50.0, 30.0), (90.0, 70.0), (180.0, 160.0f32)] {
            // A query of length 2.
            let product = 2.0 * f32::cos(f32::to_radians(degrees));
            let hope = reach.hope(product, 4.0);
            assert!((hope - 2.0 * f32::cos(expected.to_radians())).abs() < 1e-4, "{degrees}: {hope}");
        }
        assert_eq!(reach.hope(0.0, 0.0), 0.0);
    }

    #[test]
    fn cells_come_in_the_order_of_hope() {
        let hopes: Vec<f32> = (0..100).map(|cell| ((cell * 37) % 50) as f32 / 25.0 - 1.0).collect();
        let mut order = CellOrder { hopes: hopes.clone(), ..CellOrder::default() };
        order.begin();
        let mut near = Vec::new();
        let mut best = Best::new(&mut near, 1, |_| true);
        let cells: Vec<usize> = std::iter::from_fn(|| order.next_above(&best))
            .inspect(|next| assert_eq!(next.hope, hopes[next.cell]))
            .map(|next| next.cell)
            .collect();
        let mut expected: Vec<usize> = (0..100).collect();
        expected.sort_by(|&a, &b| hopes[b].total_cmp(&hopes[a]).then(a.cmp(&b)));
        assert_eq!(cells, expected);
        // Once there is a threshold, those above it are left.
        order.hopes = hopes.clone();
        order.begin();
        let first = order.next_above(&best).map(|next| next.cell);
        best.offer(0.5, 7);
        let rest: Vec<usize> = std::iter::from_fn(|| order.next_above(&best)).map(|next| next.cell).collect();
        expected.retain(|&cell| hopes[cell] > 0.5);
        assert_eq!(first.into_iter().chain(rest).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_centroid_without_contents_moves_to_the_furthest() {
        let mut values = vec![0f32; 8 * 4];
        for (content, axis) in [0, 0, 0, 1].into_iter().enumerate() {
            values[8 * content + axis] = 1.0;
        }
        let vectors = Vectors::new(&values, 8);
        let centroids = [vectors.row(0), vectors.row(1)].concat();
        let moved = moved(vectors, &[0, 1, 2, 3], &centroids);
        assert_eq!(moved[8..], *vectors.row(3), "the second of two equal centroids has no contents");
    }
}
