use std::sync::Arc;

use sluicebox_pipeline::ports::LakeStore;
use sluicebox_storage::conformance::Subject;
use sluicebox_storage::{HdfsSettings, StoreSettings, conformance_tests, open};
use sluicebox_tests::harness::{Hdfs, hdfs};
use sluicebox_types::SystemClock;

/// A lake in a folder of its own, its control tree inside of it.
struct HdfsLake {
    root: String,
    settings: HdfsSettings,
}

impl HdfsLake {
    fn new() -> Self {
        Self::on(hdfs())
    }

    fn on(hdfs: &Hdfs) -> Self {
        Self {
            root: format!("hdfs://{}{}", hdfs.name_node(), hdfs.free_folder()),
            settings: HdfsSettings::default(),
        }
    }
}

impl Subject for HdfsLake {
    fn open(&self) -> Arc<dyn LakeStore> {
        let url = |name| format!("{}/{name}", self.root).parse().expect("URL");
        let settings = StoreSettings {
            hdfs: self.settings.clone(),
            ..StoreSettings::at(url("golden"), url("golden/_sluicebox"))
        };
        open(&settings, Arc::new(SystemClock::new())).expect("an HDFS lake")
    }
}

conformance_tests!(async { HdfsLake::new() });
conformance_tests! {
    async { HdfsLake::new() };
    abandoned_data_is_gone
    files_are_listed_in_byte_order_of_their_paths
    a_sweep_takes_what_no_record_can_name
}
