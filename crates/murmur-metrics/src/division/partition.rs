//! Sides: who belongs to which group.

/// The group of who belongs to none.
pub const NOBODY: u32 = u32::MAX;

/// Agents in groups, of whom some may be in none.
#[derive(Clone, PartialEq, Debug)]
pub struct Partition {
    /// The group of each agent: numbers dense from 0, or [`NOBODY`].
    pub groups: Vec<u32>,
    /// Where each agent leans, in [-1, 1], if the groups come from that.
    pub leanings: Option<Vec<f32>>,
}

impl Partition {
    /// Two sides by the sign of opinions: group 0 against, group 1 for; who is at exactly 0 is on no side.
    pub fn by_sign(leanings: Vec<f32>) -> Self {
        let side = |&leaning: &f32| match leaning {
            leaning if leaning < 0.0 => 0,
            leaning if leaning > 0.0 => 1,
            _ => NOBODY,
        };
        Self { groups: leanings.iter().map(side).collect(), leanings: Some(leanings) }
    }

    /// Groups that are given.
    pub fn by_group(groups: Vec<u32>) -> Self {
        Self { groups, leanings: None }
    }

    /// Number of groups.
    pub fn count(&self) -> u32 {
        count(&self.groups)
    }

    /// The same of only some agents, in their order.
    pub(super) fn of(&self, agents: &[u32]) -> Self {
        let leanings = self.leanings.as_ref();
        Self {
            groups: agents.iter().map(|&agent| self.groups[agent as usize]).collect(),
            leanings: leanings.map(|all| agents.iter().map(|&agent| all[agent as usize]).collect()),
        }
    }

    /// The two groups with the most agents, of equal ones the lower number first. `None` when there are not two.
    pub(super) fn poles(&self) -> Option<[u32; 2]> {
        let mut sizes = vec![0u32; self.count() as usize];
        for &group in self.groups.iter().filter(|&&group| group != NOBODY) {
            sizes[group as usize] += 1;
        }
        let mut by_size: Vec<(std::cmp::Reverse<u32>, u32)> = (0..)
            .zip(sizes)
            .filter(|&(_, size)| size > 0)
            .map(|(group, size)| (std::cmp::Reverse(size), group))
            .collect();
        by_size.sort_unstable();
        let &[(_, a), (_, b), ..] = &by_size[..] else { return None };
        Some([a.min(b), a.max(b)])
    }
}

pub(super) fn count(groups: &[u32]) -> u32 {
    groups.iter().filter(|&&group| group != NOBODY).max().map_or(0, |&group| group + 1)
}
