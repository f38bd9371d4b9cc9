use std::slice;

use futures::future::join_all;
use sluicebox_types::{Granularity, PartitionDate};

use super::{all_partitions, column, created, date, example_table, found, partition};
use crate::conformance::Subject;
use crate::{CatalogError, CatalogPartition, Class, PartitionStatistics};

/// More than any catalog takes in one call.
const MANY: i64 = 260;

/// Partitions appear with place, columns and statistics. One that exists is left as it is, and does
/// not keep others from being added.
pub async fn partitions_are_added_once(subject: &dyn Subject) {
    let catalog = subject.open();
    let table = created(subject, &*catalog).await;
    let first = partition(&table, date(5));
    let add = async |partitions: &[CatalogPartition]| {
        catalog
            .add_partitions(&table, partitions)
            .await
            .expect("add");
    };
    add(slice::from_ref(&first)).await;
    let mut again = partition(&table, date(5));
    again.location.push_str("-elsewhere");
    again.statistics = None;
    let second = partition(&table, date(6));
    add(&[again, second.clone()]).await;
    add(&[]).await;
    assert_eq!(
        all_partitions(&*subject.open(), &table).await,
        [first, second]
    );
}

/// Asked for partitions of which some are missing, a catalog gives the others.
pub async fn partitions_are_found_as_far_as_they_exist(subject: &dyn Subject) {
    let catalog = subject.open();
    let table = created(subject, &*catalog).await;
    let get = async |dates: &[PartitionDate]| catalog.partitions(&table, dates).await.expect("get");
    assert_eq!(catalog.partition_dates(&table).await.expect("dates"), []);
    assert_eq!(get(&[date(0)]).await, []);

    let added = partition(&table, date(1));
    let add = catalog
        .add_partitions(&table, slice::from_ref(&added))
        .await;
    add.expect("add");
    assert_eq!(get(&[date(0), date(1), date(2)]).await, [added]);
    assert_eq!(get(&[]).await, []);
}

/// Any number is taken, and their dates come ascending.
pub async fn many_partitions_are_no_trouble(subject: &dyn Subject) {
    let catalog = subject.open();
    let table = created(subject, &*catalog).await;
    let dates: Vec<PartitionDate> = (0..MANY).map(date).collect();
    let mut partitions: Vec<_> = dates.iter().map(|date| partition(&table, *date)).collect();
    partitions.reverse();
    catalog
        .add_partitions(&table, &partitions)
        .await
        .expect("add");
    assert_eq!(catalog.partition_dates(&table).await.expect("dates"), dates);

    for partition in &mut partitions {
        partition.statistics = Some(PartitionStatistics::default());
    }
    catalog
        .alter_partitions(&table, &partitions)
        .await
        .expect("alter");
    partitions.reverse();
    assert_eq!(all_partitions(&*catalog, &table).await, partitions);

    catalog
        .drop_partitions(&table, &dates[1..])
        .await
        .expect("drop");
    assert_eq!(
        catalog.partition_dates(&table).await.expect("dates"),
        dates[..1]
    );
}

/// Tables that are split by day have the key `dt` alone.
pub async fn a_table_by_day_has_one_key(subject: &dyn Subject) {
    let catalog = subject.open();
    let mut table = example_table(subject);
    table.partition_keys.truncate(1);
    catalog.create_table(&table).await.expect("create");
    let day = PartitionDate::of_micros(0, Granularity::Day);
    let added = partition(&table, day);
    let add = catalog
        .add_partitions(&table, slice::from_ref(&added))
        .await;
    add.expect("add");
    assert_eq!(catalog.partition_dates(&table).await.expect("dates"), [day]);
    assert_eq!(all_partitions(&*catalog, &table).await, [added]);
}

/// Numbers are those that were said last, whatever the catalog finds in the folder, and are not
/// added up.
pub async fn statistics_are_absolute(subject: &dyn Subject) {
    let catalog = subject.open();
    let table = created(subject, &*catalog).await;
    let mut partition = partition(&table, date(0));
    let add = catalog.add_partitions(&table, slice::from_ref(&partition));
    add.await.expect("add");
    for rows in [10, 10, 7, 0, 9_000_000_000_000_000_000] {
        partition.statistics = Some(PartitionStatistics {
            files: 3,
            rows,
            bytes: 11,
        });
        let alter = catalog.alter_partitions(&table, slice::from_ref(&partition));
        alter.await.expect("alter");
        assert_eq!(
            all_partitions(&*catalog, &table).await,
            slice::from_ref(&partition)
        );
    }
}

/// Where nothing is known, nothing is claimed.
pub async fn partitions_without_statistics_have_none(subject: &dyn Subject) {
    let catalog = subject.open();
    let table = created(subject, &*catalog).await;
    let mut partition = partition(&table, date(0));
    partition.statistics = None;
    let add = catalog.add_partitions(&table, slice::from_ref(&partition));
    add.await.expect("add");
    assert_eq!(
        all_partitions(&*catalog, &table).await,
        slice::from_ref(&partition)
    );
}

/// Place, columns and statistics of a partition change together; other partitions and the table
/// stay.
pub async fn altered_partitions_are_replaced(subject: &dyn Subject) {
    let catalog = subject.open();
    let table = created(subject, &*catalog).await;
    let added = [0, 1].map(|hours| partition(&table, date(hours)));
    catalog.add_partitions(&table, &added).await.expect("add");
    let [mut altered, other] = added;

    altered.location.push_str("-elsewhere");
    altered.columns.push(column("delay", "double"));
    altered.statistics = Some(PartitionStatistics {
        files: 1,
        rows: 2,
        bytes: 3,
    });
    let alter = catalog.alter_partitions(&table, slice::from_ref(&altered));
    alter.await.expect("alter");
    assert_eq!(all_partitions(&*catalog, &table).await, [altered, other]);
    assert_eq!(found(&*catalog, &table).await, table);
}

/// A partition that somebody has dropped is not made anew by an alteration.
pub async fn altering_a_missing_partition_conflicts(subject: &dyn Subject) {
    let catalog = subject.open();
    let table = created(subject, &*catalog).await;
    let missing = [partition(&table, date(0))];
    let error = catalog.alter_partitions(&table, &missing).await;
    assert_eq!(error.expect_err("missing").class, Class::Conflict);
    assert_eq!(catalog.partition_dates(&table).await.expect("dates"), []);
}

/// What was dropped is gone, what was not there is no error, the rest stays.
pub async fn dropped_partitions_are_forgotten(subject: &dyn Subject) {
    let catalog = subject.open();
    let table = created(subject, &*catalog).await;
    let added = [0, 1, 2].map(|hours| partition(&table, date(hours)));
    catalog.add_partitions(&table, &added).await.expect("add");
    for _ in 0..2 {
        let dropped = catalog.drop_partitions(&table, &[date(1), date(9)]).await;
        dropped.expect("drop");
        assert_eq!(
            catalog.partition_dates(&table).await.expect("dates"),
            [date(0), date(2)]
        );
    }
    catalog.drop_partitions(&table, &[]).await.expect("nothing");
}

/// Crawlers that make the same table and overlapping partitions end with all of them. One that meets
/// another in the middle of a step is told to try again, and succeeds.
pub async fn two_at_once_do_no_harm(subject: &dyn Subject) {
    let table = example_table(subject);
    let crawl = async |first: i64| {
        let catalog = subject.open();
        again(async || catalog.create_table(&table).await).await;
        for start in [first, first + 5, first + 10] {
            let dates = (start..start + 20).map(date);
            let partitions: Vec<_> = dates.map(|date| partition(&table, date)).collect();
            again(async || catalog.add_partitions(&table, &partitions).await).await;
        }
    };
    join_all([crawl(0), crawl(10), crawl(5)]).await;
    let dates: Vec<_> = (0..40).map(date).collect();
    let catalog = subject.open();
    assert_eq!(catalog.partition_dates(&table).await.expect("dates"), dates);
}

/// Tries until it succeeds.
async fn again(mut step: impl AsyncFnMut() -> Result<(), CatalogError>) {
    let mut tries = 0..10;
    while let Err(error) = step().await {
        let passing = error.class != Class::Fatal;
        assert!(passing && tries.next().is_some(), "{error}");
    }
}
