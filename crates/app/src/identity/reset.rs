//! Reset links: how somebody who lost a password, or a second factor, comes in again.

use rempart_base::time::DAY;
use rempart_base::{AccountId, Secret, Timestamp};
use rempart_domain::account::{Account, Credentials};
use rempart_domain::refusal::Reason;
use rempart_domain::session::{LinkPurpose, OneTimeLink};

use super::me::former_with;
use super::{expect, secrets};
use crate::{App, Ctx, Outcome};

/// How long a reset link holds, in milliseconds.
pub const RESET_HOLDS: i64 = DAY;

/// A single-use link's secret; shown this once.
#[derive(Clone, Debug)]
pub struct Link {
    /// What stands in the link after `#`.
    pub secret: Secret<String>,
    /// Until when it holds.
    pub expires: Timestamp,
}

impl App {
    /// Takes an account back: its password is worth nothing from now on, its sessions and tokens end, and a link lets its
    /// person choose a new password. `second_factor`: second factor and recovery codes go too.
    ///
    /// # Errors
    /// `not_allowed` names the rule; `account_unknown`.
    pub async fn reset_account(&self, ctx: &Ctx, id: AccountId, second_factor: bool) -> Outcome<Link> {
        self.managed(ctx, id).await?;
        self.take_password_away(id).await?;
        if second_factor {
            self.remove_factor(id).await?;
        }
        self.store.delete_api_tokens(id, None).await?;
        self.end_all_sessions(id).await?;
        let link = self.reset_link(ctx, id, RESET_HOLDS).await?;
        let action = if second_factor { "accounts.reset.second_factor" } else { "accounts.reset" };
        self.audit_done(ctx, action, id).await?;
        Ok(link)
    }

    /// A new link to choose a password; former ones of the account end.
    pub(super) async fn reset_link(&self, ctx: &Ctx, id: AccountId, holds: i64) -> Outcome<Link> {
        let secret = self.fresh_secret();
        let expires = ctx.now.plus_millis(holds);
        let purpose = LinkPurpose::Reset(id);
        self.store.put_link(&OneTimeLink { secret: secrets::hash(secret.expose()), purpose, expires }).await?;
        Ok(Link { secret, expires })
    }

    async fn take_password_away(&self, id: AccountId) -> Outcome<()> {
        self.change_credentials(id, |credentials| Credentials {
            password: String::new(),
            former: former_with(&credentials),
            ..credentials
        })
        .await
    }

    /// Whose password a link chooses anew, and until when; the link is not spent.
    ///
    /// # Errors
    /// `link_invalid`, also for a closed account.
    pub async fn check_reset(&self, ctx: &Ctx, token: &str) -> Outcome<(Account, Timestamp)> {
        let link = self.store.link(secrets::hash(token), ctx.now).await?.ok_or(Reason::LinkInvalid)?;
        let LinkPurpose::Reset(id) = link.purpose else { return Err(Reason::LinkInvalid.into()) };
        let account = self.store.account(id).await?.filter(|account| account.active);
        Ok((account.ok_or(Reason::LinkInvalid)?, link.expires))
    }

    /// Chooses a new password by a link, once. Sessions end, failures are forgotten; the second factor stays.
    ///
    /// # Errors
    /// `link_invalid`; reasons against the password name the field `password`, and leave the link good.
    pub async fn reset_password(&self, ctx: &Ctx, token: &str, password: &str) -> Outcome<()> {
        let (account, _) = self.check_reset(ctx, token).await?;
        let chosen = self.prepare_password(account.id, password, "password").await?;
        let spent = self.store.spend_link(secrets::hash(token), ctx.now).await;
        spent.map_err(|error| expect(error, Reason::LinkInvalid))?;
        self.write_password(ctx, account.id, chosen).await?;
        self.forget_failures_of(&account.local).await?;
        self.end_all_sessions(account.id).await?;
        self.audit_done(ctx, "reset", account.id).await
    }
}
