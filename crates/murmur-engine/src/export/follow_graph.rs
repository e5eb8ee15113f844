//! The follow graph as GraphML: users with what they are and think, and an edge from each follower to whom it follows.

use std::path::Path;

use murmur_core::AgentId;
use murmur_data::DataError;
use murmur_data::graphml::{Attribute, AttributeKind, AttributeValue, GraphmlFile};
use murmur_store::Naming;

use crate::World;

/// Writes the graph as it stands in `world` into the new file `path`.
pub(super) fn write(world: &World, naming: &Naming, path: &Path) -> Result<(), DataError> {
    let follows = &world.public.graph.follows;
    let mut file = GraphmlFile::create(path, &attributes(world))?;
    for user in world.public.accounts().users() {
        file.node(user.0, &values(world, naming, user))?;
    }
    for user in world.public.accounts().users() {
        for followee in follows.followees(user) {
            file.edge(user.0, followee.0)?;
        }
    }
    file.finish()
}

fn attributes(world: &World) -> Vec<Attribute> {
    let attribute = |name: &str, kind| Attribute { name: name.to_owned(), kind };
    let mut attributes = vec![
        attribute("user_name", AttributeKind::Text),
        attribute("label", AttributeKind::Text),
        attribute("followers", AttributeKind::Integer),
    ];
    let topics = world.config.topic.iter();
    attributes
        .extend(topics.map(|topic| attribute(&format!("opinion:{}", topic.name), AttributeKind::Double)));
    attributes
}

/// The values of a user, in the order of [`attributes`].
fn values<'a>(world: &'a World, naming: &Naming, user: AgentId) -> Vec<AttributeValue<'a>> {
    let profile = world.public.accounts().profile(user).expect("a user has a profile");
    let label = world.population.label(user);
    let mut values = vec![
        AttributeValue::Text(naming.name(user, &profile.user_name)),
        label.map_or(AttributeValue::Missing, |label| AttributeValue::Text(label.into())),
        AttributeValue::Integer(world.public.graph.follows.follower_count(user)),
    ];
    values.extend(world.beliefs.of(user).iter().map(|opinion| AttributeValue::Double(opinion.get())));
    values
}
