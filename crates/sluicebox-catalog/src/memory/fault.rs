use crate::Class;
use crate::failure::Failure;

/// Asked twice per call: before the work, and after it was done.
pub(super) type FaultHook = dyn Fn(&Call<'_>) -> Option<Fault> + Send + Sync;

/// One call, as a fault hook sees it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The port's function: `add_partitions`.
    pub operation: &'static str,
    /// The table's database.
    pub database: &'a str,
    /// The table's name.
    pub table: &'a str,
    /// Before or after the work.
    pub moment: Moment,
}

/// When a hook is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Nothing has been done yet.
    Before,
    /// The work is done and the answer is on its way.
    After,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The caller gets an error of this class. After the work, that is a lost reply.
    Error(Class),
    /// The caller never gets an answer.
    Hang,
}

pub(super) async fn strike(faults: &FaultHook, call: &Call<'_>) -> Result<(), Failure> {
    match faults(call) {
        None => Ok(()),
        Some(Fault::Error(class)) => Err(Failure {
            class,
            message: "injected fault".to_owned(),
        }),
        Some(Fault::Hang) => std::future::pending().await,
    }
}
