use super::{all_partitions, column, created, date, example_table, found, partition};
use crate::conformance::Subject;
use crate::{Class, TableKind};

/// A table that is not there, in a database that is not there, is an answer and no error.
pub async fn a_missing_table_is_none(subject: &dyn Subject) {
    let catalog = subject.open();
    let table = catalog.table(subject.database(), "flights").await;
    assert_eq!(table.expect("an answer"), None);
    created(subject, &*catalog).await;
    let other = catalog.table(subject.database(), "other").await;
    assert_eq!(other.expect("an answer"), None);
}

/// What was declared is what is found, by every handle: names, types, keys, place, parameters. The
/// database is made with it.
pub async fn a_created_table_comes_back(subject: &dyn Subject) {
    let table = example_table(subject);
    created(subject, &*subject.open()).await;

    let found = found(&*subject.open(), &table).await;
    assert_eq!(found.kind, TableKind::External);
    assert_eq!(found.location, table.location);
    assert_eq!(found.columns, table.columns);
    assert_eq!(found.partition_keys, table.partition_keys);
    assert_eq!(found.input_format, table.input_format);
    assert_eq!(found.owner, table.owner);
    for (name, value) in &table.parameters {
        assert_eq!(found.parameters.get(name), Some(value), "{name}");
    }
}

/// Making what exists is success, and leaves it as it is, even if it was to be something else.
pub async fn creating_again_changes_nothing(subject: &dyn Subject) {
    let catalog = subject.open();
    let before = created(subject, &*catalog).await;
    let mut other = example_table(subject);
    other.columns = vec![column("other", "int")];
    other.parameters.clear();
    catalog.create_table(&other).await.expect("no error");
    assert_eq!(found(&*catalog, &other).await, before);
}

/// Columns are appended, widened and commented, and parameters set and taken away; the rest of the
/// table stays.
pub async fn columns_and_parameters_are_altered(subject: &dyn Subject) {
    let catalog = subject.open();
    let before = created(subject, &*catalog).await;
    let mut table = before.clone();
    table.columns.push(column("delay", "double"));
    table.columns[0].comment = Some("größte Fluglinie".to_owned());
    table.parameters.remove("sluicebox.schema");
    table.parameters.insert("b".to_owned(), "2".to_owned());
    catalog.alter_table(&table, false).await.expect("alter");

    let after = found(&*subject.open(), &table).await;
    assert_eq!(after.columns, table.columns);
    assert_eq!(after.parameters.get("sluicebox.schema"), None);
    assert_eq!(after.parameters.get("b").map(String::as_str), Some("2"));
    assert_ne!(after.version, before.version, "a new version");
    assert_eq!(
        (
            after.kind,
            after.location,
            after.partition_keys,
            after.owner
        ),
        (
            before.kind,
            before.location,
            before.partition_keys,
            before.owner
        )
    );
}

/// With cascade, partitions declare what the table declares, in the same step.
pub async fn a_cascade_reaches_the_partitions(subject: &dyn Subject) {
    let catalog = subject.open();
    let mut table = created(subject, &*catalog).await;
    let added = [0, 1].map(|hours| partition(&table, date(hours)));
    catalog.add_partitions(&table, &added).await.expect("add");

    table.columns.push(column("delay", "double"));
    catalog.alter_table(&table, true).await.expect("alter");
    for found in all_partitions(&*catalog, &table).await {
        assert_eq!(found.columns, table.columns, "{}", found.date);
        assert_eq!(found.statistics, added[0].statistics, "{}", found.date);
    }
}

/// Without cascade, partitions keep the columns that they were made with.
pub async fn without_cascade_partitions_stay(subject: &dyn Subject) {
    let catalog = subject.open();
    let mut table = created(subject, &*catalog).await;
    let added = [partition(&table, date(0))];
    catalog.add_partitions(&table, &added).await.expect("add");

    table.columns.push(column("delay", "double"));
    catalog.alter_table(&table, false).await.expect("alter");
    assert_eq!(all_partitions(&*catalog, &table).await, added);
}

/// Of two that saw the same table, the later one is told so instead of undoing the first one's
/// work.
pub async fn an_alter_of_an_old_version_conflicts(subject: &dyn Subject) {
    let (one, other) = (subject.open(), subject.open());
    let seen = created(subject, &*one).await;
    let mut first = seen.clone();
    first.columns.push(column("first", "int"));
    one.alter_table(&first, false).await.expect("alter");

    let mut second = seen;
    second.columns.push(column("second", "int"));
    let error = other.alter_table(&second, false).await;
    assert_eq!(error.expect_err("too late").class, Class::Conflict);
    assert_eq!(found(&*other, &second).await.columns, first.columns);
}

/// Whoever works on a table that somebody has dropped is told to look again.
pub async fn work_on_a_missing_table_conflicts(subject: &dyn Subject) {
    let catalog = subject.open();
    created(subject, &*catalog).await;
    let mut table = example_table(subject);
    table.name = "gone".to_owned();
    let gone = [partition(&table, date(0))];
    for (operation, answer) in [
        ("alter_table", catalog.alter_table(&table, true).await),
        (
            "partition_dates",
            catalog.partition_dates(&table).await.map(drop),
        ),
        (
            "partitions",
            catalog.partitions(&table, &[date(0)]).await.map(drop),
        ),
        (
            "add_partitions",
            catalog.add_partitions(&table, &gone).await,
        ),
        (
            "alter_partitions",
            catalog.alter_partitions(&table, &gone).await,
        ),
        (
            "drop_partitions",
            catalog.drop_partitions(&table, &[date(0)]).await,
        ),
    ] {
        let error = answer.expect_err(operation);
        assert_eq!(error.class, Class::Conflict, "{error}");
        assert_eq!(error.operation, operation);
        assert_eq!(error.catalog, catalog.name());
        assert!(error.subject.ends_with(".gone"), "{error}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}
