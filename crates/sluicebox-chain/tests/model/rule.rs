//! The rules of the protocol, each of which can be broken around the machines.

/// A rule that somebody does not keep: a driver that performs a command otherwise than it was told
/// or in another order, or a clean-up that takes too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// An error of a create is taken for "it was not made".
    ErrorMeansNotMade,
    /// An error of a create is taken for "it was made".
    ErrorMeansMade,
    /// Who gives up before the outcome of a create is known throws away what is staged.
    GivesUpAndAbandons,
    /// Publication is sent on its way and not waited for.
    DoesNotWaitForPublication,
    /// Who takes over does not publish the tail.
    TakesOverWithoutPublishing,
    /// The newest record is pruned like the others.
    PrunesNewest,
    /// Who won a place does not look behind it.
    DoesNotListAfterWinning,
    /// Who read the tail does not look behind it.
    DoesNotListAfterReading,
    /// Files of the newest record are compacted like the others.
    MergesNewest,
    /// Kafka is told before the files are visible.
    HintsBeforePublishing,
    /// What was staged for a place goes before its record is published.
    SweepsBeforePublishing,
    /// The store lets a create replace what is there.
    CreatesOverOthers,
    /// The hint is not held against the chain.
    IgnoresHint,
}
