/// Counts one request to a catalog in
/// `sluicebox_catalog_operations_total{catalog,operation,outcome}`. The operation is what the
/// catalog calls it (`get_table_req`, `BatchCreatePartition`), so that a page or a batch counts as
/// what it is: a request.
pub(crate) fn count(catalog: &'static str, operation: &'static str, outcome: Outcome) {
    let outcome = match outcome {
        Outcome::Ok => "ok",
        Outcome::Refused => "refused",
        Outcome::Unanswered => "unanswered",
    };
    metrics::counter!(
        "sluicebox_catalog_operations_total",
        "catalog" => catalog, "operation" => operation, "outcome" => outcome
    )
    .increment(1);
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done.
    Ok,
    /// The catalog answered with an error, which may be the answer that was hoped for: "exists
    /// already".
    Refused,
    /// No answer, or one that makes no sense.
    Unanswered,
}
