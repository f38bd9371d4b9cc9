//! What lands in the lake appears in a Hive metastore, with nobody telling it to: Kafka, the whole
//! pipeline, S3 and the metastore 3.1.3 are real.

mod world;
mod appears;
mod evolves;
mod repair;
mod events;
mod others;
mod outage;
mod cost;
mod glue;

use world::World;
