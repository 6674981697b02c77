//! Refusal is not fault: a rule said no, or something broke.

use rempart_domain::Refusal;
use rempart_domain::refusal::Reason;
use rempart_ports::blobs::BlobError;
use rempart_ports::bus::BusError;
use rempart_ports::store::StoreError;
use thiserror::Error;

/// The answer of every use case.
pub type Outcome<T> = Result<T, Failure>;

/// Why a use case did not do it.
#[derive(Debug, Error)]
pub enum Failure {
    /// A rule said no: safe to show.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Something broke: outside only an incident code is shown, inside the chain is logged once.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Something broke.
#[derive(Debug, Error)]
pub enum Fault {
    /// The store.
    #[error("use the store")]
    Store(#[source] StoreError),
    /// The blobs.
    #[error("use the blobs")]
    Blobs(#[source] BlobError),
    /// The bus.
    #[error("use the bus")]
    Bus(#[source] BusError),
    /// Cryptography refused its input: a wrong key or altered data.
    #[error("{0}")]
    Crypto(&'static str),
    /// A background computation ended early.
    #[error("{0} ended early")]
    Ended(&'static str),
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason.into())
    }
}

impl From<StoreError> for Failure {
    /// What a use case does not expect from the store is a fault, but for two that every write may meet.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Refused(Refusal::wait(Reason::TooManyRequests, 1_000)),
            StoreError::Stale => Self::Refused(Reason::Conflict.into()),
            StoreError::Exists(_) | StoreError::Missing(_) | StoreError::Corrupt(_) | StoreError::Backend { .. } => {
                Self::Fault(Fault::Store(error))
            }
        }
    }
}

impl From<BlobError> for Failure {
    fn from(error: BlobError) -> Self {
        Self::Fault(Fault::Blobs(error))
    }
}

impl From<BusError> for Failure {
    fn from(error: BusError) -> Self {
        Self::Fault(Fault::Bus(error))
    }
}
