use std::fs;
use std::path::Path;

use crate::values::ByteSize;

/// What the process may use of the machine, for defaults.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    /// Default of `limits.memory`.
    pub(crate) memory: ByteSize,
    /// Default of `limits.threads`.
    pub(crate) threads: u16,
}

/// Below this `limits.memory` is refused.
const MEMORY_MIN: u64 = 128 << 20;
/// When nothing says how much there is.
const MEMORY_UNKNOWN: u64 = 1 << 30;

impl Machine {
    pub(crate) fn of_this_process() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            memory: memory_default(Path::new("/")),
            threads: u16::try_from(threads).unwrap_or(u16::MAX).min(1024),
        }
    }
}

/// Three quarters of what the process may use: the rest is for code, stacks, the Kafka client's
/// and the allocator's own needs. `root` is where `proc` and `sys` are mounted.
fn memory_default(root: &Path) -> ByteSize {
    let limits = [cgroup_v2(root), cgroup_v1(root), available(root)];
    let least = limits.into_iter().flatten().min().unwrap_or(MEMORY_UNKNOWN);
    ByteSize::from_bytes((least / 4 * 3).max(MEMORY_MIN))
}

/// The lowest `memory.max` from the process's own group up to the top (Linux, cgroup-v2.rst).
fn cgroup_v2(root: &Path) -> Option<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let top = root.join("sys/fs/cgroup");
    let group = top.join(own);
    let inside = group
        .ancestors()
        .take_while(|group| group.starts_with(&top));
    inside
        .filter_map(|group| number(&group.join("memory.max")))
        .min()
}

/// Without a limit it reads as a number near 2^63, which loses against the memory there is.
fn cgroup_v1(root: &Path) -> Option<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let own = groups
        .lines()
        .find_map(|line| line.split_once(":memory:/"))
        .map(|(_, own)| own)?;
    let top = root.join("sys/fs/cgroup/memory");
    let group = top.join(own);
    let inside = group
        .ancestors()
        .take_while(|group| group.starts_with(&top));
    inside
        .filter_map(|group| number(&group.join("memory.limit_in_bytes")))
        .min()
}

fn available(root: &Path) -> Option<u64> {
    let meminfo = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

fn number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    /// The memory limit comes from the tightest of what binds the process.
    #[test]
    fn the_tightest_limit_counts() {
        let meminfo = (
            "proc/meminfo",
            "MemTotal: 9 kB\nMemAvailable:    4194304 kB\n",
        );
        for (files, mebibytes) in [
            (vec![meminfo], 3072),
            (
                vec![
                    meminfo,
                    ("proc/self/cgroup", "0::/a/b\n"),
                    ("sys/fs/cgroup/a/memory.max", "2147483648\n"),
                    ("sys/fs/cgroup/a/b/memory.max", "max\n"),
                ],
                1536,
            ),
            (
                vec![
                    meminfo,
                    ("proc/self/cgroup", "0::/\n"),
                    ("sys/fs/cgroup/memory.max", "1073741824\n"),
                ],
                768,
            ),
            (
                vec![
                    meminfo,
                    ("proc/self/cgroup", "4:memory:/x\n"),
                    (
                        "sys/fs/cgroup/memory/x/memory.limit_in_bytes",
                        "1073741824\n",
                    ),
                ],
                768,
            ),
            (
                vec![
                    meminfo,
                    ("proc/self/cgroup", "4:memory:/x\n"),
                    (
                        "sys/fs/cgroup/memory/x/memory.limit_in_bytes",
                        "9223372036854771712\n",
                    ),
                ],
                3072,
            ),
            (vec![("proc/meminfo", "MemAvailable: 1024 kB\n")], 128),
            (vec![], 768),
        ] {
            let root = root(&files);
            assert_eq!(
                memory_default(root.path()),
                ByteSize::from_mib(mebibytes),
                "{files:?}"
            );
        }
    }
}
