use anyhow::{Result, bail};

use super::Launch;

pub(super) const TITLE: &str = "Redpanda Connect";

pub(super) fn launch() -> Result<Launch> {
    bail!("no package registry has its program")
}
