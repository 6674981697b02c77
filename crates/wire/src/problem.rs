//! Refusals and faults: `application/problem+json` (RFC 9457).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why something was not done, in words a person can act on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// `urn:rempart:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Stable code, such as `not_a_member`; clients translate by it.
    pub code: String,
    /// The HTTP status, also over the WebSocket.
    pub status: u16,
    /// The words, in English.
    pub title: String,
    /// More words about this case, where there are any.
    pub detail: Option<String>,
    /// The field at fault, where it is one.
    pub field: Option<String>,
    /// Milliseconds to wait before trying again, where waiting helps.
    pub retry_after_ms: Option<u64>,
    /// For faults: a code to quote to whoever runs the server.
    pub incident: Option<String>,
}
