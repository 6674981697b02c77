//! What administrators do about keys: a closed account's devices end, and a person who lost every device and the recovery code
//! may make a new identity key.

use std::sync::Arc;

use rempart_base::AccountId;
use rempart_base::time::DAY;
use rempart_domain::actor::Ctx;
use rempart_key_log::{Entry, RevokedBy};

use crate::App;
use crate::error::Outcome;

/// How long an allowed reset holds.
const RESET_HOLDS: i64 = DAY;

impl App {
    /// Ends every device of an account in the key log, with their sessions and key packages. Gives how many.
    ///
    /// # Errors
    /// Faults of the store.
    pub(crate) async fn end_devices_of(self: &Arc<Self>, ctx: &Ctx, account: AccountId) -> Outcome<usize> {
        let known = self.known_keys().await?;
        let there = known.devices(account).iter().filter(|keys| keys.ended.is_none());
        let entries: Vec<Entry> =
            there.map(|keys| Entry::Revoked { account, device: keys.device(), by: RevokedBy::Server }).collect();
        let count = entries.len();
        if count > 0 {
            self.add_to_key_log(ctx, entries, None).await?;
        }
        Ok(count)
    }

    /// Lets an account make a new identity key within 24 hours without the one before: everyone who talks to it is told then.
    ///
    /// # Errors
    /// `not_allowed` names the rule; `account_unknown`.
    pub async fn allow_identity_reset(&self, ctx: &Ctx, id: AccountId) -> Outcome<()> {
        self.managed(ctx, id).await?;
        self.store.allow_identity_reset(id, ctx.now.plus_millis(RESET_HOLDS)).await?;
        self.audit(ctx, "accounts.reset_keys", &id.to_string(), "done").await
    }
}
