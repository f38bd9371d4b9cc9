use std::sync::Arc;

use sluicebox_pipeline::ports::LakeStore;
use sluicebox_storage::conformance::Subject;
use sluicebox_storage::{StoreSettings, conformance_tests, open};
use sluicebox_types::SystemClock;
use tempfile::TempDir;
use url::Url;

/// A lake on this machine's disk, opened as the product opens it.
struct LocalLake(TempDir);

impl LocalLake {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("folder"))
    }
}

impl Subject for LocalLake {
    fn open(&self) -> Arc<dyn LakeStore> {
        let url = |name| Url::from_directory_path(self.0.path().join(name)).expect("absolute");
        let settings = StoreSettings::at(url("golden"), url("_sluicebox"));
        open(&settings, Arc::new(SystemClock::new())).expect("a local lake")
    }
}

conformance_tests!(async { LocalLake::new() });
conformance_tests! {
    async { LocalLake::new() };
    abandoned_data_is_gone
    files_are_listed_in_byte_order_of_their_paths
    a_sweep_takes_what_no_record_can_name
}
