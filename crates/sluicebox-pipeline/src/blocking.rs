use tokio::task::JoinError;

/// Where calls that block are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocking {
    /// On the runtime's threads for such calls.
    OnThreads,
    /// Where they stand: for a simulation, whose ports do not block and whose order is not left to
    /// threads.
    InPlace,
}

impl Blocking {
    /// # Errors
    /// When the call panicked, or the runtime ends.
    pub(crate) async fn call<T: Send + 'static>(
        self,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        match self {
            Self::OnThreads => tokio::task::spawn_blocking(call).await,
            Self::InPlace => Ok(call()),
        }
    }
}
