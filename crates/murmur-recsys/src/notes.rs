//! Which notes bridge: the matrix factorization of Community Notes, which finds a note helpful if raters do who otherwise
//! disagree.
//!
//! The model is that of Wojcik et al. 2022 ("Birdwatch: Crowd Wisdom and Bridging Algorithms can Inform Understanding and
//! Reduce the Spread of Misinformation", arXiv 2210.15723): the rating of note n by user u, 1 for helpful and 0 for not, is
//! about μ + i_u + i_n + f_u·f_n. What likeness of camps explains goes into the factors f; the note's intercept i_n is what
//! it has beyond. The regularization is that of the open-source program (twitter/communitynotes,
//! `matrix_factorization.py`), which takes means where the paper takes sums. Where that program descends along the
//! gradient, here each half-step solves one side exactly: μ with all users, then μ with all notes.

use murmur_core::{AgentId, Purpose, Step, Stream};

/// λ_i, the weight of squared intercepts: 5 λ_f, so that what camps explain is no matter of intercepts (the guide at
/// communitynotes.x.com, "Note ranking algorithm", and the program's `noteInterceptLambda`, `userInterceptLambda` and
/// `globalInterceptLambda`).
const INTERCEPT_WEIGHT: f64 = 0.15;
/// λ_f, the weight of squared factors (the same; `noteFactorLambda` and `userFactorLambda`).
const FACTOR_WEIGHT: f64 = 0.03;
/// A round that changes no note by more than this is the last. Scores are compared at two decimals.
const ENOUGH: f64 = 1e-7;
/// Rounds at most.
const ROUNDS: usize = 500;

/// How somebody rated a note.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct NoteRating {
    /// The note's number, from 0.
    pub note: u32,
    /// Who rated it.
    pub agent: AgentId,
    /// Whether it was found helpful.
    pub is_helpful: bool,
}

/// What ratings say of a note.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct NoteScore {
    /// How many rated it.
    pub ratings: u32,
    /// How helpful it is found beyond what its raters' camps explain; the fewer ratings it has against the mean of all notes,
    /// the nearer to 0, and 0 without any.
    pub intercept: f64,
    /// To which camp it appeals. The largest factor in size is positive, of equal ones that of the first note; 0 without
    /// ratings.
    pub factor: f64,
}

impl NoteScore {
    /// The intercept from which on Community Notes shows a note (the guide; the program's `crhThreshold`).
    pub const LEAST_INTERCEPT: f64 = 0.40;
    /// The ratings from which on Community Notes gives a note a status (the guide; the program's `minRatingsNeeded`).
    pub const LEAST_RATINGS: u32 = 5;
    /// The size of a factor beyond which no note is shown, whatever its intercept (the program's `factorThreshold`). A note
    /// that one camp rates much more often than all others has hardly anything taken off its intercept.
    pub const MOST_FACTOR: f64 = 0.5;

    /// Whether the note is shown where these are the least, and no more than [`Self::MOST_FACTOR`] of it is a camp's.
    pub fn is_shown(&self, least_intercept: f64, least_ratings: u32) -> bool {
        self.ratings >= least_ratings
            && self.intercept >= least_intercept
            && self.factor.abs() <= Self::MOST_FACTOR
    }
}

/// The scores of `notes` notes by these ratings, in any order; those of other notes are passed over. Takes time in
/// proportion to the ratings, some dozens of rounds over them.
pub fn score_notes(ratings: &[NoteRating], notes: usize, seed: u64) -> Vec<NoteScore> {
    let mut ratings: Vec<NoteRating> =
        ratings.iter().copied().filter(|rating| (rating.note as usize) < notes).collect();
    ratings.sort_unstable();
    let mut model = Model::new(&ratings, seed);
    for _ in 0..ROUNDS {
        model.fit_users();
        if model.fit_notes() < ENOUGH {
            break;
        }
    }
    let mut scores = vec![NoteScore::default(); notes];
    let sign = model.sign();
    for (&note, traits) in model.note_numbers.iter().zip(&model.notes) {
        let score = &mut scores[note as usize];
        (score.intercept, score.factor) = (traits.intercept, sign * traits.factor);
    }
    for rating in &ratings {
        scores[rating.note as usize].ratings += 1;
    }
    scores
}

/// What is fitted of a user or a note.
#[derive(Clone, Copy, Debug, Default)]
struct Traits {
    intercept: f64,
    factor: f64,
}

/// A rating by the places of its user and its note among those that there are.
struct Cell {
    user: usize,
    note: usize,
    value: f64,
}

/// The model of notes and users with at least one rating.
struct Model {
    cells: Vec<Cell>,
    /// The notes' numbers, ascending.
    note_numbers: Vec<u32>,
    mean: f64,
    users: Vec<Traits>,
    notes: Vec<Traits>,
}

impl Model {
    /// Nothing is fitted yet; the notes' factors are drawn from a normal distribution, each by the note's number. `ratings`
    /// are sorted.
    fn new(ratings: &[NoteRating], seed: u64) -> Self {
        let mut agents: Vec<AgentId> = ratings.iter().map(|rating| rating.agent).collect();
        agents.sort_unstable();
        agents.dedup();
        let mut note_numbers: Vec<u32> = ratings.iter().map(|rating| rating.note).collect();
        note_numbers.dedup();
        let cell = |rating: &NoteRating| Cell {
            user: agents.partition_point(|&agent| agent < rating.agent),
            note: note_numbers.partition_point(|&note| note < rating.note),
            value: f64::from(u8::from(rating.is_helpful)),
        };
        let drawn = |&note: &u32| Traits {
            intercept: 0.0,
            // No step has this number, so no draw about an agent is shared.
            factor: Stream::new(seed, Purpose::Rating, Step(u32::MAX), AgentId(note)).normal(),
        };
        Self {
            cells: ratings.iter().map(cell).collect(),
            mean: 0.0,
            users: vec![Traits::default(); agents.len()],
            notes: note_numbers.iter().map(drawn).collect(),
            note_numbers,
        }
    }

    /// Puts μ and all users where the loss is least, given the notes.
    fn fit_users(&mut self) {
        let given = |cell: &Cell| Given { place: cell.user, other: self.notes[cell.note], value: cell.value };
        let fit = Fit::of(self.cells.iter().map(given), self.users.len());
        (self.mean, self.users) = (fit.mean, fit.traits);
    }

    /// Puts μ and all notes where the loss is least, given the users; the largest change of a note's intercept or factor.
    fn fit_notes(&mut self) -> f64 {
        let given = |cell: &Cell| Given { place: cell.note, other: self.users[cell.user], value: cell.value };
        let fit = Fit::of(self.cells.iter().map(given), self.notes.len());
        let change = |(old, new): (&Traits, &Traits)| {
            (old.intercept - new.intercept).abs().max((old.factor - new.factor).abs())
        };
        let largest = self.notes.iter().zip(&fit.traits).map(change).fold(0.0, f64::max);
        (self.mean, self.notes) = (fit.mean, fit.traits);
        largest
    }

    /// By what factors are to be multiplied so that the largest in size is positive.
    fn sign(&self) -> f64 {
        let mut largest = 0f64;
        for note in &self.notes {
            if note.factor.abs() > largest.abs() {
                largest = note.factor;
            }
        }
        if largest < 0.0 { -1.0 } else { 1.0 }
    }
}

/// A rating as the side that is fitted meets it.
struct Given {
    /// The place of the user or note that is fitted.
    place: usize,
    /// The other side, as it stands.
    other: Traits,
    value: f64,
}

/// What the ratings of one user or note come to.
#[derive(Clone, Copy, Default)]
struct Sums {
    count: f64,
    factors: f64,
    squares: f64,
    /// Of what the other side's intercepts leave of the ratings; the same times the other side's factors.
    rest: f64,
    products: f64,
}

/// One side and μ where the loss is least.
struct Fit {
    mean: f64,
    traits: Vec<Traits>,
}

impl Fit {
    /// The least squares of `places` users or notes, each with a rating at least.
    ///
    /// For a given μ each is a ridge regression of two coefficients p = A⁻¹(b − μc), c being the sums of (1, factor). The
    /// loss that is left is a parabola of μ, whose lowest point is found by its derivative.
    fn of(ratings: impl Iterator<Item = Given>, places: usize) -> Self {
        let mut sums = vec![Sums::default(); places];
        for Given { place, other, value } in ratings {
            let (of, rest) = (&mut sums[place], value - other.intercept);
            of.count += 1.0;
            of.factors += other.factor;
            of.squares += other.factor * other.factor;
            of.rest += rest;
            of.products += other.factor * rest;
        }
        let count: f64 = sums.iter().map(|of| of.count).sum();
        // The loss takes means over ratings and over the side; all is multiplied by the number of ratings.
        let ridge = [INTERCEPT_WEIGHT, FACTOR_WEIGHT].map(|weight| weight * count / places as f64);
        let solved: Vec<[Traits; 2]> = sums.iter().map(|of| of.solve(ridge)).collect();
        let (mut left, mut slope) = (0.0, INTERCEPT_WEIGHT * count);
        for (of, [at_0, per_mean]) in sums.iter().zip(&solved) {
            left += of.rest - of.explained_by(at_0);
            slope += of.count - of.explained_by(per_mean);
        }
        let mean = if count > 0.0 { left / slope } else { 0.0 };
        let at_mean = |[at_0, per_mean]: &[Traits; 2]| Traits {
            intercept: at_0.intercept - mean * per_mean.intercept,
            factor: at_0.factor - mean * per_mean.factor,
        };
        Self { mean, traits: solved.iter().map(at_mean).collect() }
    }
}

impl Sums {
    /// A⁻¹b and A⁻¹c.
    fn solve(&self, ridge: [f64; 2]) -> [Traits; 2] {
        let (first, second) = (self.count + ridge[0], self.squares + ridge[1]);
        let determinant = first * second - self.factors * self.factors;
        let solve = |a: f64, b: f64| Traits {
            intercept: (a * second - b * self.factors) / determinant,
            factor: (b * first - a * self.factors) / determinant,
        };
        [solve(self.rest, self.products), solve(self.count, self.factors)]
    }

    /// The sum over the ratings of what these coefficients say of them.
    fn explained_by(&self, traits: &Traits) -> f64 {
        self.count * traits.intercept + self.factors * traits.factor
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Model {
        /// The users (0) or the notes (1).
        fn side(&mut self, side: usize) -> &mut [Traits] {
            if side == 0 { &mut self.users } else { &mut self.notes }
        }

        /// What is made as small as possible.
        fn loss(&self) -> f64 {
            let square = |sum: f64, value: f64| sum + value * value;
            let errors = self.cells.iter().map(|cell| {
                let (user, note) = (self.users[cell.user], self.notes[cell.note]);
                cell.value - self.mean - user.intercept - note.intercept - user.factor * note.factor
            });
            let mean_square = |side: &[Traits], of: fn(&Traits) -> f64| {
                side.iter().map(of).fold(0.0, square) / side.len() as f64
            };
            let intercepts = mean_square(&self.users, |user| user.intercept)
                + mean_square(&self.notes, |note| note.intercept)
                + self.mean * self.mean;
            let factors =
                mean_square(&self.users, |user| user.factor) + mean_square(&self.notes, |note| note.factor);
            errors.fold(0.0, square) / self.cells.len() as f64 + 0.15 * intercepts + 0.03 * factors
        }
    }

    fn stream(agent: u32) -> Stream {
        Stream::new(1, Purpose::Population, Step(0), AgentId(agent))
    }

    /// Who finds a note helpful.
    #[derive(Clone, Copy, PartialEq, Debug)]
    enum LikedBy {
        First,
        Second,
        Both,
        Nobody,
    }

    const KINDS: [LikedBy; 4] = [LikedBy::First, LikedBy::Second, LikedBy::Both, LikedBy::Nobody];

    /// Ratings by agents of two camps, in turn; note n is liked as the (n mod 4)-th kind says. Everybody rates a note with
    /// probability `share`, and one rating in `slip` is the wrong way round.
    fn camps(agents: u32, notes: u32, share: f64, slip: f64) -> Vec<NoteRating> {
        let mut ratings = Vec::new();
        for agent in 0..agents {
            let mut draws = stream(agent);
            for note in 0..notes {
                let likes = match KINDS[note as usize % 4] {
                    LikedBy::First => agent % 2 == 0,
                    LikedBy::Second => agent % 2 == 1,
                    LikedBy::Both => true,
                    LikedBy::Nobody => false,
                };
                let (rates, slips) = (draws.chance(share), draws.chance(slip));
                if rates {
                    ratings.push(NoteRating { note, agent: AgentId(agent), is_helpful: likes != slips });
                }
            }
        }
        ratings
    }

    fn is_shown(score: &NoteScore) -> bool {
        score.is_shown(NoteScore::LEAST_INTERCEPT, NoteScore::LEAST_RATINGS)
    }

    /// Of planted notes those are shown that both camps like, and camps have factors of either sign.
    fn check_camps(agents: u32, notes: u32, share: f64, slip: f64) {
        let scores = score_notes(&camps(agents, notes, share, slip), notes as usize, 3);
        for (note, score) in scores.iter().enumerate() {
            let kind = KINDS[note % 4];
            assert_eq!(
                is_shown(score),
                kind == LikedBy::Both,
                "{agents}, {notes}, {note}: {kind:?} {score:?}"
            );
            let side = scores[0].factor.signum();
            match kind {
                LikedBy::First => assert!(score.factor * side > 0.2, "{note}: {score:?}"),
                LikedBy::Second => assert!(score.factor * side < -0.2, "{note}: {score:?}"),
                LikedBy::Both | LikedBy::Nobody => assert!(score.factor.abs() < 0.2, "{note}: {score:?}"),
            }
        }
    }

    #[test]
    fn notes_that_both_camps_like_are_shown_and_those_of_one_camp_never() {
        check_camps(20, 8, 1.0, 0.0);
        check_camps(200, 40, 0.5, 0.02);
        check_camps(2_000, 20, 0.3, 0.02);
    }

    /// A note that only its own camp has rated, however many they are, is not shown where the camp rates all else that way.
    #[test]
    fn more_raters_of_one_camp_do_not_help() {
        for more in [0, 100, 2_000, 10_000] {
            let mut ratings = camps(200, 40, 0.5, 0.0);
            let fans =
                (0..more).map(|n| NoteRating { note: 0, agent: AgentId(1_000 + 2 * n), is_helpful: true });
            // They are known to be of the camp by what they make of others.
            let others = (0..more).flat_map(|n| {
                [(1, false), (4, true), (5, false), (8, true)].map(|(note, is_helpful)| NoteRating {
                    note,
                    agent: AgentId(1_000 + 2 * n),
                    is_helpful,
                })
            });
            ratings.extend(fans.chain(others));
            let scores = score_notes(&ratings, 40, 3);
            assert!(!is_shown(&scores[0]), "{more}: {:?}", scores[0]);
            // The fewer ratings a note has against the mean of all, the more its intercept is drawn towards 0.
            assert!(more > 100 || is_shown(&scores[2]), "{more}: {:?}", scores[2]);
        }
    }

    #[test]
    fn fewer_than_five_ratings_show_nothing() {
        let mut ratings = camps(100, 40, 1.0, 0.0);
        for (raters, shown) in [(4, false), (5, true)] {
            ratings.retain(|rating| rating.note != 2 || rating.agent.0 < raters);
            ratings.extend((0..raters).map(|agent| NoteRating {
                note: 2,
                agent: AgentId(agent),
                is_helpful: true,
            }));
            ratings.sort_unstable();
            ratings.dedup();
            let score = score_notes(&ratings, 40, 3)[2];
            assert_eq!(score.ratings, raters);
            assert!(!score.is_shown(f64::NEG_INFINITY, 6));
            assert_eq!(score.is_shown(f64::NEG_INFINITY, 5), shown);
        }
        assert!(NoteScore { ratings: 5, intercept: 0.40, factor: 0.0 }.is_shown(0.40, 5));
        assert!(!NoteScore { ratings: 5, intercept: 0.399, factor: 0.0 }.is_shown(0.40, 5));
        assert!(!NoteScore { ratings: 5, intercept: 0.9, factor: -0.501 }.is_shown(0.40, 5));
    }

    #[test]
    fn notes_without_ratings_and_ratings_without_notes_are_nothing() {
        assert_eq!(score_notes(&[], 2, 3), [NoteScore::default(); 2]);
        let ratings = camps(20, 8, 1.0, 0.0);
        let stray = [8, u32::MAX].map(|note| NoteRating { note, agent: AgentId(0), is_helpful: true });
        let expected = score_notes(&ratings, 8, 3);
        assert_eq!(score_notes(&[&stray[..], &ratings].concat(), 8, 3), expected);
        let more = score_notes(&ratings, 10, 3);
        assert_eq!((&more[..8], &more[8..]), (&expected[..], &[NoteScore::default(); 2][..]));
    }

    fn any_ratings() -> impl Strategy<Value = Vec<NoteRating>> {
        let rating = (0..8u32, 0..12u32, any::<bool>());
        let rating = rating.prop_map(|(note, agent, is_helpful)| NoteRating {
            note,
            agent: AgentId(agent),
            is_helpful,
        });
        prop::collection::vec(rating, 1..80)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_half_step_lowers_the_loss_to_where_no_nudge_lowers_it(mut ratings in any_ratings(), seed in any::<u64>()) {
            ratings.sort_unstable();
            let mut model = Model::new(&ratings, seed);
            let mut last = model.loss();
            for _ in 0..10 {
                for side in 0..2 {
                    if side == 0 { model.fit_users() } else { model.fit_notes(); }
                    let loss = model.loss();
                    prop_assert!(loss <= last + 1e-12, "{} after {}", loss, last);
                    last = loss;
                    for nudge in [1e-3, -1e-3] {
                        let mut nudged = |put: &dyn Fn(&mut Model, f64)| {
                            put(&mut model, nudge);
                            let loss = model.loss();
                            put(&mut model, -nudge);
                            loss
                        };
                        prop_assert!(nudged(&|model, by| model.mean += by) > loss);
                        prop_assert!(nudged(&|model, by| model.side(side)[0].intercept += by) > loss);
                        prop_assert!(nudged(&|model, by| model.side(side)[0].factor += by) > loss);
                    }
                }
            }
        }

        #[test]
        fn the_order_of_ratings_does_not_matter(ratings in any_ratings(), turn in any::<prop::sample::Index>()) {
            let mut turned = ratings.clone();
            turned.rotate_left(turn.index(ratings.len()));
            turned.reverse();
            prop_assert_eq!(score_notes(&turned, 8, 5), score_notes(&ratings, 8, 5));
        }
    }

    /// Where the draws begin makes no difference, nor which camp is called the first.
    #[test]
    fn scores_do_not_depend_on_the_seed() {
        let ratings = camps(100, 40, 0.5, 0.05);
        let expected = score_notes(&ratings, 40, 0);
        for seed in 1..6 {
            for (score, expected) in score_notes(&ratings, 40, seed).iter().zip(&expected) {
                assert!((score.intercept - expected.intercept).abs() < 1e-5, "{score:?}, {expected:?}");
                assert!((score.factor - expected.factor).abs() < 1e-5, "{score:?}, {expected:?}");
            }
        }
        assert!(expected.iter().map(|score| score.factor).fold(0.0, f64::max) > 0.2);
    }
}
