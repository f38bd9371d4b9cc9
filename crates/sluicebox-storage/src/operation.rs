/// The calls of the store port, by the names that errors and metrics give them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `list_control`, `list_files`, `list_staged`
    List,
    /// `get_control`, `read_file`, `read_range`
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
    /// `sweep`
    Sweep,
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
            Self::Sweep => "sweep",
            Self::Probe => "probe",
        }
    }
}
