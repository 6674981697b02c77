use async_trait::async_trait;
use rempart_base::{NodeId, Timestamp};

use super::StoreError;

/// An entry for the administration journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAudit {
    /// When.
    pub time: Timestamp,
    /// Who: an account's id, `task:<name>`, `operator` or `anonymous`.
    pub actor: String,
    /// What, such as `accounts.disable`.
    pub action: String,
    /// To what; may be empty.
    pub target: String,
    /// What came of it.
    pub outcome: String,
    /// From where.
    pub origin: String,
}

/// An entry of the administration journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number, gap-free.
    pub seq: u64,
    /// What was written.
    pub entry: NewAudit,
}

/// Who may do a thing that only one node does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What for.
    pub name: String,
    /// Who has it.
    pub holder: NodeId,
    /// Until when.
    pub until: Timestamp,
    /// Rises each time the holder changes.
    pub fence: u64,
}

/// What a background task last did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The task.
    pub task: String,
    /// When it ended.
    pub time: Timestamp,
    /// How many things it changed.
    pub changed: u64,
    /// What went wrong.
    pub error: Option<String>,
}

/// The administration journal, leases and reports.
#[async_trait]
pub trait Operations: Send + Sync {
    /// Writes an entry of the administration journal and gives its number.
    async fn audit(&self, entry: &NewAudit) -> Result<u64, StoreError>;

    /// Entries before a number (`None`: the newest), newest first.
    async fn read_audit(&self, before: Option<u64>, limit: u32) -> Result<Vec<AuditRow>, StoreError>;

    /// Takes or renews a lease. Gives it, or `None` while another holds it.
    async fn take_lease(
        &self,
        name: &str,
        holder: NodeId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Lease>, StoreError>;

    /// Gives a lease back, if held.
    async fn release_lease(&self, name: &str, holder: NodeId) -> Result<(), StoreError>;

    /// Keeps a task's report, replacing its last.
    async fn put_report(&self, report: &Report) -> Result<(), StoreError>;

    /// Reports of all tasks, by name.
    async fn reports(&self) -> Result<Vec<Report>, StoreError>;
}
