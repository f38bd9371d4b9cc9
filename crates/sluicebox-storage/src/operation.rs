use sluicebox_pipeline::ports::{Class, StoreError};

/// The calls of the store port, by the names that errors and metrics give them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `list_control`
    List,
    /// `get_control`
    Get,
    /// `create_control`
    Create,
    /// `put_control`
    Put,
    /// `stage`
    Stage,
    /// `publish`
    Publish,
    /// `abandon`
    Abandon,
    /// `list_files`
    ListFiles,
    /// `read_file`
    ReadFile,
    /// `probe`
    Probe,
}

impl Operation {
    /// Its name in errors and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Get => "get",
            Self::Create => "create",
            Self::Put => "put",
            Self::Stage => "stage",
            Self::Publish => "publish",
            Self::Abandon => "abandon",
            Self::ListFiles => "list_files",
            Self::ReadFile => "read_file",
            Self::Probe => "probe",
        }
    }

    /// This operation's failure on `url`.
    pub fn error(
        self,
        url: impl Into<String>,
        class: Class,
        message: impl Into<String>,
    ) -> StoreError {
        StoreError {
            operation: self.as_str(),
            path: url.into(),
            message: message.into(),
            class,
        }
    }
}
