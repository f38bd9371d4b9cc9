//! The vocabulary that every other crate speaks: where a record comes from, what can be wrong with
//! it, what a table looks like, which file holds what, and what time it is.
//!
//! Not here: anything that performs I/O, anything of Arrow or Parquet, anything that decides.

mod clock;
mod offset;
mod record;
mod reject;
mod schema;
mod catalog_type;
mod partition_date;
mod data_file;
mod file_bytes;

pub use catalog_type::{CatalogColumn, CatalogType, CatalogTypeError};
pub use clock::{Clock, ManualClock, SystemClock};
pub use data_file::{DataFile, FileKind, Staged};
pub use file_bytes::FileBytes;
pub use offset::{Offset, OffsetRange, TopicPartition};
pub use partition_date::{Granularity, PartitionDate, PartitionDateError};
pub use record::{HeaderList, NoHeaders, OwnedRecord, SourceRecord, TimestampType};
pub use reject::{Reject, RejectReason, Stage};
pub use schema::{Column, ColumnType, TableSchema, TimeEncoding, TimeUnit};
