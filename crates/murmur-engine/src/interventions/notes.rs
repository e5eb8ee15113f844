//! Community notes: when they are scored, and which come to be shown.

use murmur_core::{Effect, Step};
use murmur_recsys::{NoteRating, score_notes};

use super::{Deed, Intervention};
use crate::World;
use crate::config::ActionConfig;

/// The notes of `intervention` that come to be shown, or no longer, as `now` begins. All notes are scored together, whoever
/// proposed them: what is usual among raters is known by all that they rated.
pub(super) fn deeds(world: &World, intervention: &Intervention, now: Step) -> Vec<Deed> {
    let ActionConfig::Notes(config) = &intervention.config.action else { return Vec::new() };
    if !now.0.is_multiple_of(config.every) {
        return Vec::new();
    }
    let notes = world.public.moderation().notes();
    let ratings = (0..).zip(notes).flat_map(|(number, note)| {
        note.ratings.iter().map(move |rating| NoteRating {
            agent: rating.agent,
            note: number,
            is_helpful: rating.is_helpful,
        })
    });
    let ratings: Vec<NoteRating> = ratings.collect();
    if ratings.is_empty() {
        return Vec::new();
    }
    let scores = score_notes(&ratings, notes.len(), world.seed());
    let posts = world.public.posts();
    let own = notes.iter().zip(scores).filter(|(note, _)| note.by == intervention.name);
    let changed = own.filter_map(|(note, score)| {
        let is_shown = score.is_shown(config.least_intercept, config.least_ratings);
        let intercept = score.intercept as f32;
        let effect = match (note.shown, is_shown) {
            (false, true) => Effect::ShowNote(note.root, intercept),
            (true, false) => Effect::HideNote(note.root, intercept),
            _ => return None,
        };
        posts.contains(note.root).then(|| Deed::of(posts.author(note.root), effect))
    });
    changed.collect()
}
