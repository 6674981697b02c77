//! API tokens: what programs of a person sign in with.

use rempart_base::{ApiTokenId, DeviceId, Secret, limits};
use rempart_domain::refusal::Reason;
use rempart_domain::role::{Action, Scope};
use rempart_domain::session::{self, ApiToken, Device};
use rempart_domain::{Refusal, text};

use super::{Signal, secrets};
use crate::{App, Ctx, Outcome};

/// What the secret of a token begins with, so that people and leak scanners know it.
pub const PREFIX: &str = "rmp_";

impl App {
    /// One's own tokens, newest first.
    ///
    /// # Errors
    /// `not_signed_in` and duties; `scope_missing` for a token.
    pub async fn my_tokens(&self, ctx: &Ctx) -> Outcome<Vec<ApiToken>> {
        ctx.in_person()?;
        let who = ctx.ready(Scope::Read)?;
        Ok(self.store.api_tokens(who.account).await?)
    }

    /// Makes a token; its secret is given this once.
    ///
    /// # Errors
    /// `not_allowed` for guests; `name_invalid`, `text_too_long`, `scopes_empty`, `duration_invalid`, `too_many_tokens`.
    pub async fn create_token(
        &self,
        ctx: &Ctx,
        name: &str,
        scopes: &[Scope],
        days: u32,
    ) -> Outcome<(ApiToken, Secret<String>)> {
        ctx.in_person()?;
        let who = ctx.may(Scope::Admin, Action::TokensHave)?;
        let name = text::short(name, limits::NAME_CHARS, "name")?;
        if name.is_empty() {
            return Err(Refusal::field(Reason::NameInvalid, "name").into());
        }
        let scopes = session::scopes(scopes)?;
        let expires = session::token_expires(days, ctx.now)?;
        if self.store.api_tokens(who.account).await?.len() >= limits::API_TOKENS {
            return Err(Reason::TooManyTokens.into());
        }
        let secret = Secret::new(format!("{PREFIX}{}", self.fresh_secret().expose()));
        let device = Device {
            id: self.new_id(DeviceId::from_bytes),
            account: who.account,
            name: name.clone(),
            created: ctx.now,
        };
        let token = ApiToken {
            id: self.new_id(ApiTokenId::from_bytes),
            account: who.account,
            device: device.id,
            name,
            scopes,
            secret: secrets::hash(secret.expose()),
            created: ctx.now,
            expires,
            used: None,
        };
        self.store.put_api_token(&token, &device).await?;
        self.audit_done(ctx, "me.tokens.create", token.id).await?;
        Ok((token, secret))
    }

    /// Ends one of one's own tokens, and the feeds that its program has open; sessions and other tokens go on.
    ///
    /// # Errors
    /// `token_unknown`.
    pub async fn revoke_token(&self, ctx: &Ctx, token: ApiTokenId) -> Outcome<()> {
        let (who, _) = ctx.in_person()?;
        if self.store.delete_api_tokens(who.account, Some(token)).await? == 0 {
            return Err(Reason::TokenUnknown.into());
        }
        self.tell(Signal::Withdrawn(token));
        self.audit_done(ctx, "me.tokens.revoke", token).await
    }
}
