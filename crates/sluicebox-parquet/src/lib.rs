//! Rows in, complete Parquet files out: splits the rows of one Kafka partition by date, keeps one
//! open file per date, and on a cut closes all of them into files in memory, named and with footers
//! from which the catalog could be rebuilt.
//!
//! ```text
//! RecordBatch + event times ─▶ conform ─▶ split by date ─▶ open file per date ─▶ close at a cut
//!                                                          │ few rows: plain arrays
//!                                                          └ many: file encoder   ─▶ ClosedFile
//! ```
//!
//! Every file holds the rows of one table, one Kafka partition, one partition date and one offset
//! range. The same rows and the same cut give the same bytes.
//!
//! Not here: I/O, clocks, randomness, threads, and the decision when to cut.

mod schema;
mod fingerprint;
mod kafka_column;
mod quarantine;
mod table_spec;
mod table_writer;
mod conform;
mod split;
mod selection;
mod file_memory;
mod open_file;
mod pending;
mod file_encoder;
mod text_column;
mod text_page;
mod bounds;
mod snappy;
mod leaves;
mod sample;
mod column_encodings;
mod file_name;
mod lineage;
mod catalog_columns;
mod error;
pub mod inspect;

pub use catalog_columns::{ForeignColumn, catalog_columns};
pub use error::WriteError;
pub use file_name::Cut;
pub use fingerprint::schema_fingerprint;
pub use kafka_column::{kafka_column, kafka_field};
pub use lineage::{Lineage, LineageError};
pub use quarantine::{Rejected, quarantine_batch, quarantine_schema};
pub use schema::{SchemaError, table_schema};
pub use table_spec::{Compression, DEFAULT_ROW_GROUP_BYTES, Layout, TableSpec};
pub use table_writer::{ClosedFile, TableWriter};
