//! Why an operation did not happen, as the page is told: a stable code and words.

use std::fmt;

use rempart_mls_client::ClientError;

/// A refusal. Nothing changed, unless the words say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Stable: the page acts on it.
    pub code: &'static str,
    /// English, for a log; without names, addresses or bodies.
    pub message: String,
}

impl Refused {
    /// A batch is on its way.
    pub const BUSY: &'static str = "mls_busy";
    /// A value that cannot be what it is said to be.
    pub const VALUE: &'static str = "mls_value";
    /// This installation does not hold the account's identity key.
    pub const NO_ACCOUNT_KEY: &'static str = "mls_no_account_key";

    /// With a code of this crate.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(crate) fn value(what: &str) -> Self {
        Self::new(Self::VALUE, format!("not a value that can be used: {what}"))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Refused {}

impl From<ClientError> for Refused {
    fn from(error: ClientError) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}
