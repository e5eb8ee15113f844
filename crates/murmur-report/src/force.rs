//! Lays a small network out by forces: nodes push each other away, links pull, and a weak pull to the middle keeps
//! parts without links in sight.
//!
//! The forces are those of the edge-repulsion LinLog model (Noack, Journal of Graph Algorithms and Applications 11, 2007),
//! which sets groups apart that are densely linked within: repulsion is the product of the degrees by the distance,
//! attraction is the same at any distance. Nodes begin at places drawn by their number, and move at most so far in a
//! round, ever less (as in Fruchterman and Reingold, 1991). Same network, same picture.

use murmur_core::rng::philox4x32;

/// Rounds of moving all nodes.
const ROUNDS: usize = 260;

/// A place on the plane.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Place {
    pub(crate) x: f32,
    pub(crate) y: f32,
}

/// Places for `nodes` nodes, of which `links` belong together; time grows with the square of the nodes.
///
/// # Panics
/// When a link is of a node that there is not.
pub(crate) fn layout(nodes: usize, links: &[(usize, usize)]) -> Vec<Place> {
    let mut mass = vec![1.0f32; nodes];
    for &(a, b) in links {
        mass[a] += 1.0;
        mass[b] += 1.0;
    }
    // Repulsion balances attraction where a node of all links lies this far from the middle of the others.
    let spread = mass.iter().sum::<f32>().max(1.0);
    let mut places: Vec<Place> = (0..nodes as u32).map(|node| beginning(node, spread)).collect();
    let mut forces = vec![Place::default(); nodes];
    for round in 0..ROUNDS {
        forces.fill(Place::default());
        push_apart(&places, &mass, &mut forces);
        pull_together(&places, links, &mut forces);
        let left = 1.0 - round as f32 / ROUNDS as f32;
        let most = spread * 0.05 * left * left;
        for ((place, force), mass) in places.iter_mut().zip(&forces).zip(&mass) {
            let (x, y) = (force.x - place.x * GRAVITY * mass, force.y - place.y * GRAVITY * mass);
            let length = (x * x + y * y).sqrt().max(1e-6);
            let step = (length / mass * spread * 0.05).min(most) / length;
            place.x += x * step;
            place.y += y * step;
        }
    }
    places
}

/// What repulsion is to attraction; only the scale of the picture depends on it.
const REPULSION: f32 = 1.0;
const GRAVITY: f32 = 0.002;

/// Where a node begins: uniform in a square.
fn beginning(node: u32, side: f32) -> Place {
    let [x, y, ..] = philox4x32([node, 0, 0, 0], [0x6e65_7477, 0x6f72_6b73]);
    let uniform = |bits: u32| (bits >> 8) as f32 / (1u32 << 24) as f32 - 0.5;
    Place { x: uniform(x) * side, y: uniform(y) * side }
}

fn push_apart(places: &[Place], mass: &[f32], forces: &mut [Place]) {
    for a in 0..places.len() {
        let mut own = Place::default();
        for b in a + 1..places.len() {
            let (x, y) = (places[a].x - places[b].x, places[a].y - places[b].y);
            let force = REPULSION * mass[a] * mass[b] / (x * x + y * y).max(1e-4);
            own.x += x * force;
            own.y += y * force;
            forces[b].x -= x * force;
            forces[b].y -= y * force;
        }
        forces[a].x += own.x;
        forces[a].y += own.y;
    }
}

fn pull_together(places: &[Place], links: &[(usize, usize)], forces: &mut [Place]) {
    for &(a, b) in links {
        let (x, y) = (places[b].x - places[a].x, places[b].y - places[a].y);
        let pull = 1.0 / (x * x + y * y).sqrt().max(1e-2);
        forces[a].x += x * pull;
        forces[a].y += y * pull;
        forces[b].x -= x * pull;
        forces[b].y -= y * pull;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(a: Place, b: Place) -> f32 {
        ((a.x - b.x).powi(2) + (a.y - b.y).powi(2)).sqrt()
    }

    /// Two groups, each fully linked, with one link between them.
    fn two_groups(size: usize) -> Vec<(usize, usize)> {
        let within = |start: usize| {
            (start..start + size).flat_map(move |a| (a + 1..start + size).map(move |b| (a, b)))
        };
        within(0).chain(within(size)).chain([(0, size)]).collect()
    }

    #[test]
    fn groups_come_apart_and_their_members_together() {
        let places = layout(20, &two_groups(10));
        let mean = |pairs: &mut dyn Iterator<Item = (usize, usize)>| {
            let distances: Vec<f32> = pairs.map(|(a, b)| distance(places[a], places[b])).collect();
            distances.iter().sum::<f32>() / distances.len() as f32
        };
        let within = mean(&mut (0..10).flat_map(|a| (a + 1..10).map(move |b| (a, b))));
        let across = mean(&mut (0..10).flat_map(|a| (10..20).map(move |b| (a, b))));
        assert!(across > 1.5 * within, "within {within}, across {across}");
    }

    #[test]
    fn the_same_network_has_the_same_picture_and_every_place_is_a_number() {
        let links = two_groups(5);
        assert_eq!(layout(12, &links), layout(12, &links));
        assert!(layout(12, &links).iter().all(|place| place.x.is_finite() && place.y.is_finite()));
        assert_eq!(layout(0, &[]), []);
        assert_eq!(layout(1, &[]).len(), 1);
    }
}
