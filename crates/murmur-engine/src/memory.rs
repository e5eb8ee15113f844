//! What a simulation holds in memory, by structure.

use std::sync::Arc;

use crate::Simulation;

/// What one structure takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryUse {
    /// What it holds.
    pub structure: &'static str,
    /// Bytes on the heap.
    pub bytes: u64,
}

impl Simulation {
    /// What the world and its measures take between two steps, structure by structure. The allocator's own records, what a
    /// step needs while it runs, code and the table of tokens come on top.
    pub fn memory(&self) -> Vec<MemoryUse> {
        let world = &self.world;
        let (public, population) = (&world.public, &world.population);
        let posts = public.posts();
        // Shared as long as they are the same.
        let first_beliefs = match Arc::ptr_eq(&world.first_beliefs, &self.start.beliefs) {
            true => world.first_beliefs.memory_bytes(),
            false => world.first_beliefs.memory_bytes() + self.start.beliefs.memory_bytes(),
        };
        let uses = [
            ("personas: texts", population.text_bytes()),
            ("personas: vectors", population.vector_bytes()),
            ("personas: traits", population.trait_bytes()),
            ("profiles", public.accounts().memory_bytes()),
            ("profiles: vectors", world.profiles.memory_bytes()),
            ("follows", public.graph.follows.memory_bytes()),
            ("posts: rows", posts.row_bytes()),
            ("posts: texts", posts.contents().text_bytes()),
            ("posts: vectors", posts.contents().vector_bytes()),
            ("comments", public.comments().memory_bytes()),
            ("reactions", public.reaction_bytes()),
            ("index of words", public.word_index_bytes()),
            ("index of posts", world.recommender.index_bytes()),
            ("tastes", world.recommender.taste_bytes()),
            ("seen lists", world.seen.memory_bytes()),
            ("opinions", world.beliefs.memory_bytes() + first_beliefs),
            ("credences", world.credences.memory_bytes()),
            ("emotions", world.emotions.memory_bytes()),
            ("memories", world.memories.memory_bytes()),
            ("vectors of texts", world.embedding.memory_bytes()),
            ("measures", self.meter.memory_bytes()),
        ];
        uses.map(|(structure, bytes)| MemoryUse { structure, bytes: bytes as u64 }).into()
    }
}
