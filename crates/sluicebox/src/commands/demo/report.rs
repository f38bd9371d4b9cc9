use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use indicatif::HumanBytes;
use sluicebox_chain::Counts;
use sluicebox_pipeline::ports::LakeObject;
use sluicebox_pipeline::verify::VerifyReport;

use crate::commands::demo::DEAD_LETTER_TOPIC;
use crate::commands::fates::Fates;
use crate::commands::verify;
use crate::failure::Failure;

/// Folders of the golden table that are shown.
const FOLDERS_MAX: usize = 5;

/// What there is to show at the end.
pub(super) struct Report {
    pub(super) proof: VerifyReport,
    pub(super) fates: Fates,
    pub(super) files: Vec<LakeObject>,
    pub(super) expected: Counts,
    pub(super) expected_rejects: BTreeMap<String, u64>,
}

impl Report {
    /// Success if every record ended where it had to.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        let counts = self.fates.counts;
        if !self.proof.holds() {
            return Err(Failure::check("the proof failed"));
        }
        if counts != self.expected {
            let expected = self.expected;
            return Err(Failure::check(format!(
                "{counts:?} differs from {expected:?}"
            )));
        }
        let (found, expected) = (&self.fates.rejected_by_reason, &self.expected_rejects);
        if found != expected {
            return Err(Failure::check(format!(
                "rejects {found:?} differ from {expected:?}"
            )));
        }
        Ok(())
    }

    /// The report for people.
    pub(super) fn print(
        &self,
        out: &mut impl Write,
        folder: &Path,
        config: &Path,
    ) -> io::Result<()> {
        self.print_tree(out, folder)?;
        writeln!(out, "\nWhat became of {} records", self.fates.counts.read)?;
        self.fates.print(out)?;
        self.print_reject(out)?;
        writeln!(
            out,
            "\nThe proof (again: sluicebox verify -c {})",
            config.display()
        )?;
        verify::print(out, &self.proof)?;
        self.print_query(out, folder)
    }

    fn print_tree(&self, out: &mut impl Write, folder: &Path) -> io::Result<()> {
        writeln!(out, "The lake in {}", folder.join("lake").display())?;
        let mut folders: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
        for file in &self.files {
            let parent = file.path.rsplit_once('/').map_or("", |(parent, _)| parent);
            let (files, bytes) = folders.entry(parent).or_default();
            *files += 1;
            *bytes += file.bytes;
        }
        let (quarantine, golden): (Vec<_>, Vec<_>) = folders
            .into_iter()
            .partition(|(folder, _)| folder.starts_with('_'));
        for part in [golden, quarantine] {
            for (folder, (files, bytes)) in part.iter().take(FOLDERS_MAX) {
                writeln!(
                    out,
                    "  {folder:<40} {files:>4} files {:>12}",
                    HumanBytes(*bytes).to_string()
                )?;
            }
            if part.len() > FOLDERS_MAX {
                writeln!(out, "  ... and {} more days", part.len() - FOLDERS_MAX)?;
            }
        }
        Ok(())
    }

    fn print_reject(&self, out: &mut impl Write) -> io::Result<()> {
        let rejects = &self.fates.rejects;
        let telling = rejects
            .iter()
            .find(|reject| reject.reason == "invalid_text");
        let Some(reject) = telling.or_else(|| rejects.first()) else {
            return Ok(());
        };
        writeln!(
            out,
            "\nOne of the rejected; all are in quarantine and in the topic {DEAD_LETTER_TOPIC}"
        )?;
        reject.print(out)
    }

    fn print_query(&self, out: &mut impl Write, folder: &Path) -> io::Result<()> {
        let folder = fs::canonicalize(folder)?;
        let files = folder.join("lake/air/flights/**/*.parquet");
        let golden = self.fates.counts.golden;
        writeln!(out, "\nLook at it with DuckDB; this gives {golden}:")?;
        writeln!(
            out,
            "  SELECT count(*) FROM read_parquet('{}');",
            files.display()
        )
    }
}
