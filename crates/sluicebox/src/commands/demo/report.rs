use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use indicatif::HumanBytes;
use sluicebox_chain::Counts;
use sluicebox_pipeline::ports::LakeObject;
use sluicebox_pipeline::verify::VerifyReport;

use crate::commands::rejects::{Rejects, Sample};
use crate::commands::verify;
use crate::failure::Failure;

/// Folders of the golden table that are shown.
const FOLDERS_MAX: usize = 5;

/// Characters of a rejected value that are shown.
const VALUE_CHARS_MAX: usize = 100;

/// What there is to show at the end.
pub(super) struct Report {
    pub(super) proof: VerifyReport,
    pub(super) rejects: Rejects,
    pub(super) files: Vec<LakeObject>,
    pub(super) expected: Counts,
    pub(super) expected_rejects: BTreeMap<String, u64>,
}

impl Report {
    /// Success if every record ended where it had to.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        let counts = self.counts();
        if !self.proof.holds() {
            return Err(Failure::check("the proof failed"));
        }
        if counts != self.expected {
            let expected = self.expected;
            return Err(Failure::check(format!(
                "{counts:?} differs from {expected:?}"
            )));
        }
        if self.rejects.by_reason != self.expected_rejects {
            let (found, expected) = (&self.rejects.by_reason, &self.expected_rejects);
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
        self.print_fates(out)?;
        self.print_sample(out)?;
        writeln!(
            out,
            "\nThe proof (again: sluicebox verify -c {})",
            config.display()
        )?;
        verify::print(out, &self.proof)?;
        self.print_query(out, folder)
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for partition in &self.proof.partitions {
            counts += partition.counts;
        }
        counts
    }

    fn print_tree(&self, out: &mut impl Write, folder: &Path) -> io::Result<()> {
        writeln!(out, "\nThe lake in {}", folder.join("lake").display())?;
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

    fn print_fates(&self, out: &mut impl Write) -> io::Result<()> {
        let Counts {
            read,
            golden,
            rejected,
            duplicate,
            skipped,
        } = self.counts();
        writeln!(out, "\nWhat became of {read} records")?;
        writeln!(out, "  {golden:>6} are rows of air.flights")?;
        writeln!(out, "  {duplicate:>6} were repeats within a minute")?;
        writeln!(out, "  {skipped:>6} had no value (tombstones)")?;
        writeln!(
            out,
            "  {rejected:>6} were rejected, into quarantine and the topic flights.dlq:"
        )?;
        let reasons = self.rejects.by_reason.iter();
        let reasons: Vec<String> = reasons
            .map(|(reason, count)| format!("{count} {reason}"))
            .collect();
        for line in reasons.chunks(4) {
            writeln!(out, "         {}", line.join(", "))?;
        }
        Ok(())
    }

    fn print_sample(&self, out: &mut impl Write) -> io::Result<()> {
        let samples = &self.rejects.samples;
        let Some(sample) = samples
            .get("invalid_text")
            .or_else(|| samples.values().next())
        else {
            return Ok(());
        };
        let Sample {
            topic,
            partition,
            offset,
            reason,
            message,
            value,
        } = sample;
        writeln!(
            out,
            "\nOne of them, at {topic}[{partition}] offset {offset}"
        )?;
        writeln!(out, "  {reason}: {message}")?;
        let value: String = value
            .as_deref()
            .unwrap_or_default()
            .chars()
            .take(VALUE_CHARS_MAX)
            .collect();
        writeln!(out, "  {value}...")
    }

    fn print_query(&self, out: &mut impl Write, folder: &Path) -> io::Result<()> {
        let folder = fs::canonicalize(folder)?;
        let files = folder.join("lake/air/flights/**/*.parquet");
        let golden = self.counts().golden;
        writeln!(out, "\nLook at it with DuckDB; this gives {golden}:")?;
        writeln!(
            out,
            "  SELECT count(*) FROM read_parquet('{}');",
            files.display()
        )
    }
}
