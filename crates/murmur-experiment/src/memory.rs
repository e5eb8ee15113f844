//! How much memory there is and how much this process has taken, where the system tells (Linux).
//!
//! What is read here decides how many runs go on at a time, and nothing of what they come to.

use std::fs;
use std::path::{Path, PathBuf};

/// Bytes of memory that this process holds, and the most that it has held.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// What it holds.
    pub now: u64,
    /// The most that it has held.
    pub most: u64,
}

/// What this process holds; none where the system does not tell.
pub fn held() -> Option<Held> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    Some(Held { now: line(&status, "VmRSS:")?, most: line(&status, "VmHWM:")? })
}

/// Bytes that can still be taken: what the machine has available, or less where a control group has a limit.
pub(crate) fn available() -> Option<u64> {
    let machine = line(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")?;
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    Some(groups.lines().filter_map(left_in_group).fold(machine, u64::min))
}

/// The bytes of a line such as `MemAvailable:   1234 kB`.
pub(crate) fn line(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// What a group of `/proc/self/cgroup` and those above it leave, such as `0::/job` (version 2) or `4:memory:/job` (1).
fn left_in_group(group: &str) -> Option<u64> {
    let (root, path, files) = match group.splitn(3, ':').collect::<Vec<_>>()[..] {
        [_, "", path] => ("/sys/fs/cgroup", path, ["memory.max", "memory.current", "inactive_file"]),
        [_, controllers, path] if controllers.split(',').any(|name| name == "memory") => {
            let files = ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"];
            ("/sys/fs/cgroup/memory", path, files)
        }
        _ => return None,
    };
    let own: PathBuf = Path::new(root).join(path.trim_start_matches('/'));
    own.ancestors()
        .take_while(|folder| folder.starts_with(root))
        .filter_map(|folder| left(folder, files))
        .min()
}

fn left(folder: &Path, [limit, usage, cache]: [&str; 3]) -> Option<u64> {
    let number = |file: &str| fs::read_to_string(folder.join(file)).ok()?.trim().parse::<u64>().ok();
    let statistics = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    // What files are cached in is given back before the limit hurts.
    let cached = statistics.lines().find_map(|line| line.strip_prefix(cache)?.trim().parse::<u64>().ok());
    let used = number(usage)?.saturating_sub(cached.unwrap_or(0));
    Some(number(limit)?.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_in_bytes() {
        assert_eq!(line("MemTotal: 5 kB\nMemAvailable:   12 kB\n", "MemAvailable:"), Some(12 * 1024));
        assert_eq!(line("MemTotal: 5 kB\n", "MemAvailable:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_holds_something_and_there_is_more() {
        let held = held().unwrap();
        assert!(0 < held.now && held.now <= held.most);
        assert!(available().unwrap() > 0);
    }
}
