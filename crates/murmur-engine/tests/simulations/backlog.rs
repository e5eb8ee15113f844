//! The posts that a platform begins with.

use murmur_core::{AgentId, Step};
use murmur_engine::{Config, Simulation};
use murmur_store::PostKind;

/// A simulation whose 100 core accounts write ten times as much as each of the 900 others, which is 10 of 19 posts.
fn simulation(sections: &str) -> Simulation {
    let config = format!(
        "{sections}
         [run]
         steps = 3
         [[topic]]
         name = \"tea\"
         [population]
         kind = \"synthetic\"
         size = 1000
         [population.traits]
         activity = 0.02
         core_activity = 0.2
         activity_spread = 0.0
         productivity_spread = 0.0
         [graph]
         kind = \"homophilous\"
         core_accounts = 100
         mean_follows = 5.0"
    );
    let config: Config = toml::from_str(&config).unwrap();
    config.check().unwrap();
    Simulation::new(config).unwrap()
}

#[test]
fn a_platform_begins_with_the_posts_of_those_who_write_most() {
    let mut full = simulation("[backlog]\nposts = 5000");
    full.step().unwrap();
    let posts = full.world().public.posts();
    let backlog = || posts.ids().take(5000);
    assert!(backlog().all(|post| posts.created(post) == Step(0) && posts.kind(post) == PostKind::Original));
    assert!(backlog().all(|post| posts.stance(post) == full.world().beliefs.of(posts.author(post))[0]));
    let by_core = backlog().filter(|&post| posts.author(post) < AgentId(100)).count();
    // Four standard deviations to either side of 10 / 19.
    assert!((2490..2773).contains(&by_core), "{by_core}");
    // Nobody could read them before, and everybody who is active can now.
    assert_eq!(posts.ids().map(|post| posts.likes(post)).sum::<u32>(), 0);
    full.step().unwrap();
    let posts = full.world().public.posts();
    assert!(posts.ids().map(|post| posts.likes(post)).sum::<u32>() > 0);
}

#[test]
fn what_agents_write_does_not_depend_on_the_backlog() {
    let mut full = simulation("[backlog]\nposts = 500");
    let mut empty = simulation("");
    full.step().unwrap();
    empty.step().unwrap();
    let full = full.world().public.posts();
    let empty = empty.world().public.posts();
    assert_eq!(full.len(), 500 + empty.len());
    for post in empty.ids() {
        let same = murmur_core::PostId::from_index(500 + post.index());
        assert_eq!((full.author(same), full.text(same)), (empty.author(post), empty.text(post)));
    }
}

#[test]
fn a_backlog_that_nobody_can_write_is_refused() {
    let config = "[backlog]\nposts = 5\n[[topic]]\nname = \"tea\"\n[population]\nkind = \"synthetic\"\n\
                  size = 10\n[population.traits]\nactivity = 0.0\n[graph]\nkind = \"watts-strogatz\"\nneighbours = 2\n";
    let mut simulation = Simulation::new(toml::from_str(config).unwrap()).unwrap();
    let message = simulation.step().unwrap_err().to_string();
    assert!(message.starts_with("backlog.posts: expected 0"), "{message}");
}
