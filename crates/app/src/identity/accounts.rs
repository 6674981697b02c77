//! Accounts, as administrators see and change them.

use std::sync::Arc;

use rempart_base::{AccountId, Timestamp, limits};
use rempart_domain::account::{Account, Changer, Credentials};
use rempart_domain::refusal::Reason;
use rempart_domain::role::{Action, Role, Scope};
use rempart_domain::{Actor, Refusal, text};
use rempart_ports::store::AccountFilter;

use super::operator::{Added, NewPerson};
use super::{Signal, expect, people};
use crate::{App, Ctx, Outcome};

/// Departments offered to choose from, at most.
pub const DEPARTMENTS: u32 = 200;

/// Which accounts.
#[derive(Clone, Debug, Default)]
pub struct AccountQuery {
    /// Words looked for in name, address, title and department.
    pub query: String,
    /// Only this role.
    pub role: Option<Role>,
    /// Only open or closed ones.
    pub active: Option<bool>,
    /// Only this department, letter for letter.
    pub department: Option<String>,
    /// Only those with or without a second factor.
    pub totp: Option<bool>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// 1 to 200.
    pub limit: u32,
}

/// An account with what administration needs.
#[derive(Clone, Debug)]
pub struct AccountDetail {
    /// The account.
    pub account: Account,
    /// Whether an authenticator application is set.
    pub totp: bool,
    /// Until when sign-in is slowed or locked from somewhere.
    pub locked_until: Option<Timestamp>,
    /// Devices signed in.
    pub devices: u32,
}

/// A page of accounts.
#[derive(Clone, Debug)]
pub struct AccountsPage {
    /// By display name.
    pub accounts: Vec<AccountDetail>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// How many fit the question.
    pub total: u64,
    /// Of all open accounts: how many have no second factor.
    pub without_factor: u64,
    /// Of all accounts: how many are slowed or locked from somewhere.
    pub locked: u64,
    /// Departments that open accounts name, each once; at most [`DEPARTMENTS`].
    pub departments: Vec<String>,
}

/// Changes of an account; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct AccountUpdate {
    /// First name and name.
    pub display_name: Option<String>,
    /// Job title.
    pub title: Option<String>,
    /// Department.
    pub department: Option<String>,
    /// Role.
    pub role: Option<Role>,
}

impl App {
    /// Whoever administers: somebody whose role allows `action`, or the operator.
    pub(super) fn administrator(ctx: &Ctx, action: Action) -> Result<Changer, Refusal> {
        match &ctx.actor {
            Actor::Operator => Ok(Changer::Operator),
            Actor::Account(_) | Actor::Task(_) | Actor::Anonymous => {
                ctx.may(Scope::Admin, action).map(|who| Changer::Account(who.account, who.role))
            }
        }
    }

    /// The account to change, if whoever acts may change it.
    pub(crate) async fn managed(&self, ctx: &Ctx, id: AccountId) -> Outcome<(Changer, Account)> {
        let changer = Self::administrator(ctx, Action::AccountsManage)?;
        let target = self.known_account(id).await?;
        changer.may_manage(&target)?;
        Ok((changer, target))
    }

    /// A page of accounts with what administration needs.
    ///
    /// # Errors
    /// `not_allowed`; `limit_invalid`, `text_too_long`, `request_invalid`.
    pub async fn list_accounts(&self, ctx: &Ctx, query: AccountQuery) -> Outcome<AccountsPage> {
        Self::administrator(ctx, Action::AccountsManage)?;
        let filter = AccountFilter {
            role: query.role,
            active: query.active,
            department: query.department,
            totp: query.totp,
            ..people::filter(&query.query, query.after.as_deref(), query.limit)?
        };
        let page = self.store.list_accounts(&filter).await?;
        let (without_factor, _) = self.store.account_counts().await?;
        let locks = self.locks(ctx.now).await?;
        let accounts = self.details(page.accounts, &locks).await?;
        let locked = u64::try_from(locks.len()).unwrap_or(u64::MAX);
        let departments = self.store.departments(DEPARTMENTS).await?;
        let next = page.next.map(people::place);
        Ok(AccountsPage { accounts, next, total: page.total, without_factor, locked, departments })
    }

    /// Makes an account whose person chooses the password by a link: for many at once, from a list. `person.password` is not
    /// for administrators, who would then know it.
    ///
    /// # Errors
    /// `not_allowed` names the rule; `not_ready`, `address_invalid`, `address_look_alike`, `address_taken`, `name_invalid`,
    /// `text_too_long`.
    pub async fn create_account(&self, ctx: &Ctx, person: NewPerson) -> Outcome<Added> {
        Self::administrator(ctx, Action::AccountsManage)?.may_invite(person.role)?;
        self.add_person(ctx, NewPerson { password: None, ..person }).await
    }

    async fn details(
        &self,
        accounts: Vec<Account>,
        locks: &std::collections::HashMap<String, Timestamp>,
    ) -> Outcome<Vec<AccountDetail>> {
        let ids: Vec<AccountId> = accounts.iter().map(|account| account.id).collect();
        let overviews = self.store.account_overviews(&ids).await?;
        let detail = |account: Account| {
            let overview = overviews.iter().find(|overview| overview.account == account.id);
            AccountDetail {
                totp: overview.is_some_and(|o| o.totp),
                devices: overview.map_or(0, |o| o.devices),
                locked_until: locks.get(&self.throttle_name(&account.local)).copied(),
                account,
            }
        };
        Ok(accounts.into_iter().map(detail).collect())
    }

    /// One account with what administration needs.
    ///
    /// # Errors
    /// `not_allowed`, `account_unknown`.
    pub async fn account_detail(&self, ctx: &Ctx, id: AccountId) -> Outcome<AccountDetail> {
        Self::administrator(ctx, Action::AccountsManage)?;
        let account = self.known_account(id).await?;
        let locks = self.locks(ctx.now).await?;
        self.details(vec![account], &locks).await?.pop().ok_or_else(|| Reason::AccountUnknown.into())
    }

    /// Changes name, title, department and role. Whoever becomes an administrator must choose a new password, for theirs was
    /// not held to what administrators need.
    ///
    /// # Errors
    /// `not_allowed` names the rule; `account_unknown`, `name_invalid`, `text_too_long`, `last_owner`.
    pub async fn update_account(&self, ctx: &Ctx, id: AccountId, update: AccountUpdate) -> Outcome<AccountDetail> {
        let (changer, target) = self.managed(ctx, id).await?;
        if let Some(role) = update.role {
            changer.may_name(&target, role)?;
        }
        let field = |new: Option<String>, old: &str, name| match new {
            Some(text) => text::short(&text, limits::NAME_CHARS, name),
            None => Ok(old.to_owned()),
        };
        let display_name = match &update.display_name {
            Some(name) => text::name(name, "display_name")?,
            None => target.display_name.clone(),
        };
        let title = field(update.title, &target.title, "title")?;
        let department = field(update.department, &target.department, "department")?;
        self.store.update_profile(id, &display_name, &title, &department, target.language).await?;
        match update.role.filter(|role| *role != target.role) {
            Some(role) => self.name_role(ctx, &target, role).await?,
            None => self.audit_done(ctx, "accounts.update", id).await?,
        }
        self.note_settings(ctx, id).await?;
        self.account_detail(ctx, id).await
    }

    async fn name_role(&self, ctx: &Ctx, target: &Account, role: Role) -> Outcome<()> {
        if role.needs_factor() && !target.role.needs_factor() {
            self.change_credentials(target.id, |credentials| Credentials { must_change: true, ..credentials }).await?;
        }
        let written = self.store.update_standing(target.id, role, target.active).await;
        written.map_err(|error| expect(error, Reason::LastOwner))?;
        self.tell(Signal::Recast(target.id));
        self.audit_done(ctx, &format!("accounts.role.{}", role.name()), target.id).await
    }

    /// Closes an account: its sessions and tokens end.
    ///
    /// # Errors
    /// `not_allowed` names the rule (nobody closes their own); `account_unknown`, `last_owner`.
    pub async fn disable_account(self: &Arc<Self>, ctx: &Ctx, id: AccountId) -> Outcome<()> {
        let (changer, target) = self.managed(ctx, id).await?;
        changer.may_close(&target)?;
        let written = self.store.update_standing(id, target.role, false).await;
        written.map_err(|error| expect(error, Reason::LastOwner))?;
        self.store.delete_api_tokens(id, None).await?;
        self.end_all_sessions(id).await?;
        self.end_devices_of(ctx, id).await?;
        self.tidy_groups_of(id, ctx.now).await?;
        self.audit_done(ctx, "accounts.disable", id).await
    }

    /// Opens a closed account again.
    ///
    /// # Errors
    /// `not_allowed` names the rule; `account_unknown`.
    pub async fn enable_account(&self, ctx: &Ctx, id: AccountId) -> Outcome<()> {
        let (_, target) = self.managed(ctx, id).await?;
        self.store.update_standing(id, target.role, true).await?;
        self.tell(Signal::Refreshed(id));
        self.audit_done(ctx, "accounts.enable", id).await
    }

    /// Forgets failed sign-ins of an account.
    ///
    /// # Errors
    /// `not_allowed` names the rule; `account_unknown`.
    pub async fn unlock_account(&self, ctx: &Ctx, id: AccountId) -> Outcome<()> {
        let (_, target) = self.managed(ctx, id).await?;
        self.forget_failures_of(&target.local).await?;
        self.audit_done(ctx, "accounts.unlock", id).await
    }

    /// Ends all sessions of an account.
    ///
    /// # Errors
    /// `not_allowed` names the rule; `account_unknown`.
    pub async fn end_account_sessions(&self, ctx: &Ctx, id: AccountId) -> Outcome<()> {
        self.managed(ctx, id).await?;
        self.end_all_sessions(id).await?;
        self.audit_done(ctx, "accounts.end_sessions", id).await
    }
}
