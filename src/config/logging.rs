//! What the receiver says while it runs.

/// How the log's lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One object of JSON each.
    Json,
}

/// Which lines there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// None.
    Off,
    /// What failed.
    Error,
    /// And what may be wrong.
    Warn,
    /// And what happens, each request included.
    #[default]
    Info,
}

/// The log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Logging {
    /// How its lines are written: for people on a terminal, as JSON elsewhere, unless it is said.
    pub format: Option<LogFormat>,
    /// Which there are.
    pub level: LogLevel,
}

impl LogFormat {
    /// Those there are, by name.
    pub const NAMES: [(&'static str, LogFormat); 2] = [("human", LogFormat::Human), ("json", LogFormat::Json)];
}

impl LogLevel {
    /// Those there are, by name.
    pub const NAMES: [(&'static str, LogLevel); 4] =
        [("off", LogLevel::Off), ("error", LogLevel::Error), ("warn", LogLevel::Warn), ("info", LogLevel::Info)];
}
