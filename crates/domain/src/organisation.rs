//! The organisation: who owns everything on this server.

use rempart_base::Timestamp;

/// The organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Its name.
    pub name: String,
    /// The domain of addresses.
    pub domain: String,
    /// The public host, with port where it is not 443.
    pub host: String,
    /// When it was set up.
    pub created: Timestamp,
}
