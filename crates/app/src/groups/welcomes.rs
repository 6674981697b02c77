//! Welcomes that wait for a device.

use rempart_base::ConversationId;
use rempart_domain::actor::Ctx;
use rempart_domain::role::Scope;
use rempart_ports::store::WelcomeRow;

use crate::App;
use crate::error::Outcome;

impl App {
    /// Welcomes that wait for the caller's device, oldest first.
    ///
    /// # Errors
    /// `not_signed_in` and duties.
    pub async fn welcomes(&self, ctx: &Ctx) -> Outcome<Vec<WelcomeRow>> {
        let who = ctx.ready(Scope::Read)?;
        Ok(self.store.welcomes(who.account, who.device).await?)
    }

    /// The caller's device took a Welcome, or cannot: it is forgotten. One that is not there is as good as taken.
    ///
    /// # Errors
    /// `not_signed_in` and duties.
    pub async fn take_welcome(&self, ctx: &Ctx, conversation: ConversationId, seq: u64) -> Outcome<()> {
        let who = ctx.ready(Scope::Post)?;
        self.store.drop_welcome(who.device, conversation, seq).await?;
        Ok(())
    }
}
