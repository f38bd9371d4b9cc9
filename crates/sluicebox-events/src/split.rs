use sluicebox_types::PartitionDate;
use uuid::Uuid;

use crate::event::{Attributes, Event, EventData};
use crate::files_committed::{EventFile, FilesCommitted, Part, Totals};
use crate::parse::EVENT_BYTES_MAX;

/// What `part`, `parts` and longer totals may add to the bytes of an event.
const PART_BYTES: usize = 128;

impl Event {
    /// The events of one commit in one partition: one, or several where the files do not fit in
    /// [`EVENT_BYTES_MAX`]. The ids derive from the commit's attempt, the partition and the part.
    /// Columns that leave no room for files are left out.
    ///
    /// # Errors
    /// As [`to_json`](Self::to_json).
    pub fn files_committed(
        commit: Uuid,
        date: &PartitionDate,
        attributes: &Attributes,
        mut data: FilesCommitted,
    ) -> Result<Vec<Self>, serde_json::Error> {
        let files = std::mem::take(&mut data.files);
        let event = |name: &str, data: FilesCommitted| {
            Self::named(
                commit,
                name,
                attributes.clone(),
                EventData::FilesCommitted(data),
            )
        };
        if event("", data.clone()).to_json()?.len() > EVENT_BYTES_MAX / 2 {
            data.schema.columns = None;
        }
        let envelope_bytes = event("", data.clone()).to_json()?.len() + PART_BYTES;
        let groups = group(files, EVENT_BYTES_MAX.saturating_sub(envelope_bytes))?;
        let parts = u32::try_from(groups.len()).unwrap_or(u32::MAX);
        let each = (1..).zip(groups).map(|(part, files)| {
            let data = FilesCommitted {
                totals: Totals::of(&files),
                files,
                part: (parts > 1).then_some(Part { part, parts }),
                ..data.clone()
            };
            match parts {
                0 | 1 => event(&date.to_string(), data),
                _ => event(&format!("{date}#{part}"), data),
            }
        });
        Ok(each.collect())
    }
}

/// Files in their order, in groups whose texts take at most `bytes_max`; a file that is larger is
/// alone.
fn group(
    files: Vec<EventFile>,
    bytes_max: usize,
) -> Result<Vec<Vec<EventFile>>, serde_json::Error> {
    let mut groups = Vec::new();
    let (mut open, mut open_bytes) = (Vec::new(), 0);
    for file in files {
        let bytes = serde_json::to_vec(&file)?.len() + 1;
        if !open.is_empty() && open_bytes + bytes > bytes_max {
            groups.push(std::mem::take(&mut open));
            open_bytes = 0;
        }
        open_bytes += bytes;
        open.push(file);
    }
    if !open.is_empty() {
        groups.push(open);
    }
    Ok(groups)
}
