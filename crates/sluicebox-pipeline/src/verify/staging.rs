use std::collections::BTreeSet;

use sluicebox_types::{DataFile, Staged};

use super::Amount;
use super::lake::Lake;
use crate::ports::StoreError;

/// What is staged for a chain.
#[derive(Debug, Default)]
pub(super) struct Staging {
    pub(super) amount: Amount,
    /// Those of the files that were looked for.
    found: BTreeSet<String>,
}

impl Staging {
    /// Lists what is staged for the records in `folder`, and looks for `wanted`. None where the
    /// store cannot tell.
    pub(super) async fn look(
        lake: &Lake<'_>,
        folder: &str,
        wanted: &[&DataFile],
    ) -> Result<Option<Self>, StoreError> {
        let wanted: BTreeSet<&str> = wanted.iter().filter_map(|file| name(file)).collect();
        let mut staging = Self::default();
        let mut after: Option<String> = None;
        loop {
            let Some(page) = lake.list_staged(folder, after.as_deref()).await? else {
                return Ok(None);
            };
            for file in &page {
                staging.amount.add(file.bytes);
                if wanted.contains(file.path.as_str()) {
                    staging.found.insert(file.path.clone());
                }
            }
            let Some(last) = page.into_iter().next_back() else {
                return Ok(Some(staging));
            };
            after = Some(last.path);
        }
    }

    /// Whether a file that was looked for waits there. What is staged elsewhere, as a record of
    /// another store says, may.
    pub(super) fn may_hold(&self, file: &DataFile) -> bool {
        name(file).is_none_or(|name| self.found.contains(name))
    }
}

fn name(file: &DataFile) -> Option<&str> {
    match &file.stage {
        Staged::File { path } => Some(path),
        Staged::Multipart { .. } => None,
    }
}
