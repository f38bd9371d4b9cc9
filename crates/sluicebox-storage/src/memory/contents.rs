use std::collections::BTreeMap;

use bytes::Bytes;
use sluicebox_pipeline::ports::LakeObject;
use sluicebox_types::Staged;

use crate::Failure;

/// What a tree holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) objects: BTreeMap<String, Bytes>,
    /// By name: the record it was staged for and a number.
    pub(super) staged: BTreeMap<String, Bytes>,
    staged_ever: u64,
}

impl Contents {
    pub(super) fn create(&mut self, path: &str, bytes: Bytes) -> Result<(), Failure> {
        if self.objects.contains_key(path) {
            return Err(Failure::retry("exists already"));
        }
        self.objects.insert(path.to_owned(), bytes);
        Ok(())
    }

    pub(super) fn stage(&mut self, record: &str, bytes: Bytes) -> Staged {
        self.staged_ever += 1;
        let path = format!("{record}-{}", self.staged_ever);
        self.staged.insert(path.clone(), bytes);
        Staged::File { path }
    }

    pub(super) fn publish(&mut self, path: &str, staged: &Staged) -> Result<Option<u64>, Failure> {
        let staged = self.take_staged(staged)?;
        if let Some(data) = staged
            && !self.objects.contains_key(path)
        {
            self.objects.insert(path.to_owned(), data);
        }
        Ok(self.objects.get(path).map(|data| data.len() as u64))
    }

    pub(super) fn take_staged(&mut self, staged: &Staged) -> Result<Option<Bytes>, Failure> {
        match staged {
            Staged::File { path } => Ok(self.staged.remove(path)),
            Staged::Multipart { .. } => Err(Failure::foreign_data()),
        }
    }

    pub(super) fn sweep(&mut self, folder: &str, record: &str) {
        self.staged.retain(|name, _| {
            let staged_for = name.rsplit_once('-').map_or("", |(record, _)| record);
            !staged_for.starts_with(folder) || staged_for > record
        });
    }
}

/// What lies below `folder`, after `after`.
pub(super) fn list(
    objects: &BTreeMap<String, Bytes>,
    folder: &str,
    after: Option<&str>,
    limit: usize,
) -> Vec<LakeObject> {
    objects
        .range(folder.to_owned()..)
        .take_while(|(path, _)| path.starts_with(folder))
        .filter(|(path, _)| after.is_none_or(|after| path.as_str() > after))
        .take(limit)
        .map(|(path, bytes)| LakeObject {
            path: path.clone(),
            bytes: bytes.len() as u64,
        })
        .collect()
}
