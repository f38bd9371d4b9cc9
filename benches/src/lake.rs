//! What came out, by the footers of the files.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde::Serialize;

use crate::load::Totals;

/// The files of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Files {
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their rows.
    pub rows: u64,
}

/// A lake of one table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Lake {
    /// The table.
    pub golden: Files,
    /// Rejected records.
    pub quarantine: Files,
}

impl Lake {
    /// Reads the footers of all files below a folder.
    ///
    /// # Errors
    /// When one of them is no Parquet file.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut lake = Self::default();
        let database = folder.join("bench");
        lake.golden.add_folder(&database)?;
        let quarantine = folder.join("_quarantine");
        if quarantine.exists() {
            lake.quarantine.add_folder(&quarantine)?;
        }
        Ok(lake)
    }

    /// Whether it holds what must come of a load.
    ///
    /// # Errors
    /// What differs.
    pub fn check(&self, totals: &Totals) -> Result<()> {
        let (rows, rejects) = (self.golden.rows, self.quarantine.rows);
        ensure!(
            rows == totals.unique() && rejects == totals.malformed,
            "{rows} rows and {rejects} rejects came of {totals:?}"
        );
        Ok(())
    }
}

impl Files {
    fn add_folder(&mut self, folder: &Path) -> Result<()> {
        for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                self.add_folder(&path)?;
            } else if path.extension().is_some_and(|is| is == "parquet") {
                let reader = SerializedFileReader::new(File::open(&path)?)
                    .with_context(|| path.display().to_string())?;
                let rows = reader.metadata().file_metadata().num_rows();
                self.files += 1;
                self.bytes += path.metadata()?.len();
                self.rows += u64::try_from(rows)?;
            }
        }
        Ok(())
    }
}
