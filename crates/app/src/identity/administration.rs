//! The administration journal, background tasks, and the organisation's name.

use std::sync::Arc;

use rempart_base::limits;
use rempart_domain::organisation::Organisation;
use rempart_domain::refusal::Reason;
use rempart_domain::role::Action;
use rempart_domain::{Refusal, text};
use rempart_ports::store::{AuditRow, Report};

use super::Signal;
use crate::{App, Ctx, Outcome};

impl App {
    /// Entries of the administration journal before a number (absent: the newest), newest first.
    ///
    /// # Errors
    /// `not_allowed`, `limit_invalid`.
    pub async fn list_audit(&self, ctx: &Ctx, before: Option<u64>, limit: u32) -> Outcome<Vec<AuditRow>> {
        Self::administrator(ctx, Action::AuditRead)?;
        if !(1..=limits::LIST_PAGE).contains(&limit) {
            return Err(Refusal::field(Reason::LimitInvalid, "limit").into());
        }
        Ok(self.store.read_audit(before, limit).await?)
    }

    /// Background tasks and their last reports, by name.
    ///
    /// # Errors
    /// `not_allowed`.
    pub async fn list_tasks(&self, ctx: &Ctx) -> Outcome<Vec<Report>> {
        Self::administrator(ctx, Action::HealthSee)?;
        Ok(self.store.reports().await?)
    }

    /// Changes the organisation's name.
    ///
    /// # Errors
    /// `not_allowed`, `name_invalid`, `text_too_long`, `not_ready`.
    pub async fn rename_organisation(&self, ctx: &Ctx, name: &str) -> Outcome<Arc<Organisation>> {
        Self::administrator(ctx, Action::OrganisationManage)?;
        let name = text::name(name, "name")?;
        self.ready_organisation().await?;
        self.store.rename_organisation(&name).await?;
        let renamed = self.read_organisation().await?.ok_or(Reason::NotReady)?;
        self.tell(Signal::Organisation);
        self.audit_done(ctx, "organisation.update", "").await?;
        Ok(renamed)
    }
}
