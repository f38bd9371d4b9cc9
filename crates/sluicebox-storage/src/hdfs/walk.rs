use hdfs_native::Result;
use hdfs_native::client::FileStatus;
use sluicebox_pipeline::ports::LakeObject;

use super::HdfsPlace;
use super::files::{Files, length, name_of};

/// A walk through a tree in the byte order of its paths, as an object store lists them. It holds
/// what is left of one folder per level, and what it found, never the whole tree.
pub(super) struct Walk<'tree> {
    pub(super) files: &'tree Files,
    pub(super) place: &'tree HdfsPlace,
    /// Folders to leave out, with a `/` at the end.
    pub(super) hidden: &'tree [String],
    /// What is not after this path is left out.
    pub(super) after: &'tree str,
}

/// A file with its length, or a folder, whose path ends in `/`: that gives it its place in the
/// order.
struct Entry {
    path: String,
    bytes: Option<u64>,
}

impl Walk<'_> {
    /// The first files below `folder`, which is empty or ends in `/`.
    pub(super) async fn below(&self, folder: &str, limit: usize) -> Result<Vec<LakeObject>> {
        let mut found = Vec::new();
        let mut ahead = self.entries(folder).await?;
        while found.len() < limit
            && let Some(Entry { path, bytes }) = ahead.pop()
        {
            match bytes {
                Some(bytes) => found.push(LakeObject { path, bytes }),
                None => ahead.extend(self.entries(&path).await?),
            }
        }
        Ok(found)
    }

    /// What is in a folder, the first one last.
    async fn entries(&self, folder: &str) -> Result<Vec<Entry>> {
        let place = self.place.join(folder);
        let listed = self.files.entries(place.trim_end_matches('/')).await?;
        let mut entries: Vec<Entry> = listed
            .iter()
            .filter_map(|status| self.entry(folder, status))
            .collect();
        entries.sort_unstable_by(|one, other| other.path.cmp(&one.path));
        Ok(entries)
    }

    fn entry(&self, folder: &str, status: &FileStatus) -> Option<Entry> {
        let path = format!("{folder}{}", name_of(&status.path));
        if !status.isdir {
            let bytes = Some(length(status));
            return (path.as_str() > self.after).then_some(Entry { path, bytes });
        }
        let path = format!("{path}/");
        let passed = self.after > path.as_str() && !self.after.starts_with(&path);
        let own = !passed && !self.hidden.contains(&path);
        own.then_some(Entry { path, bytes: None })
    }
}
