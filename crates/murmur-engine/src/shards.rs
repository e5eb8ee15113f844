//! Private tables are cut into shards by agent, so that on a cluster each machine can have some of them.

use murmur_core::AgentId;

/// Number of shards of a private table, whatever the number of machines.
pub(crate) const SHARDS: u32 = 64;

/// The shard of an agent's private rows.
pub(crate) fn shard_of(agent: AgentId) -> u8 {
    // The upper six bits of a multiplicative hash (Knuth, TAOCP 3, 6.4).
    (agent.0.wrapping_mul(0x9E37_79B9) >> 26) as u8
}
