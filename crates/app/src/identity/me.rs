//! One's own account.

use rempart_base::{AccountId, DeviceId, SessionId, limits};
use rempart_domain::account::{Account, Credentials, Language};
use rempart_domain::actor::{Credential, Duty};
use rempart_domain::password::FORMER;
use rempart_domain::refusal::Reason;
use rempart_domain::role::Action;
use rempart_domain::{Refusal, text};
use rempart_ports::store::{SessionOverview, StoreError};

use super::{Signal, secrets};
use crate::{App, Ctx, Outcome};

/// The person signed in.
#[derive(Clone, Debug)]
pub struct Me {
    /// The account.
    pub account: Account,
    /// This device.
    pub device: DeviceId,
    /// This session; absent for a program's token.
    pub session: Option<SessionId>,
    /// What the role allows.
    pub may: Vec<Action>,
    /// Whether an authenticator application is set.
    pub totp: bool,
    /// Recovery codes not used yet.
    pub recovery_left: usize,
    /// What must be done before anything else.
    pub must: Vec<Duty>,
}

/// A new password, hashed, and the verifiers of those before it.
pub(super) struct Chosen {
    password: String,
    former: Vec<String>,
}

/// Verifiers of the passwords that are not taken again once the present one is left.
pub(super) fn former_with(credentials: &Credentials) -> Vec<String> {
    let all = std::iter::once(&credentials.password).chain(&credentials.former);
    all.filter(|verifier| !verifier.is_empty()).take(FORMER).cloned().collect()
}

impl App {
    /// Who is signed in.
    ///
    /// # Errors
    /// `not_signed_in`.
    pub async fn me(&self, ctx: &Ctx) -> Outcome<Me> {
        let who = ctx.signed_in()?;
        let account = self.known_account(who.account).await?;
        let credentials = self.own_credentials(who.account).await?;
        Ok(Me {
            device: who.device,
            session: match &who.by {
                Credential::Session(session) => Some(*session),
                Credential::Token(..) => None,
            },
            may: Action::ALL.iter().copied().filter(|action| account.role.allows(*action)).collect(),
            totp: credentials.totp.is_some(),
            recovery_left: credentials.recovery.len(),
            must: who.must.clone(),
            account,
        })
    }

    /// Changes one's own title and language; what is absent stays.
    ///
    /// # Errors
    /// `text_too_long`, `name_invalid`; `scope_missing` for a token.
    pub async fn update_me(&self, ctx: &Ctx, title: Option<&str>, language: Option<Language>) -> Outcome<Me> {
        let (who, _) = ctx.in_person()?;
        let account = self.known_account(who.account).await?;
        let title = match title {
            Some(title) => text::short(title, limits::NAME_CHARS, "title")?,
            None => account.title,
        };
        let language = language.unwrap_or(account.language);
        self.store.update_profile(account.id, &account.display_name, &title, &account.department, language).await?;
        self.note_settings(ctx, account.id).await?;
        self.me(ctx).await
    }

    /// Changes one's own password; other sessions end.
    ///
    /// # Errors
    /// `password_wrong`, `slowed`, `locked`; reasons against the new one name the field `new`.
    pub async fn change_password(&self, ctx: &Ctx, current: &str, new: &str) -> Outcome<()> {
        const ACTION: &str = "me.password";
        let (who, session) = ctx.in_person()?;
        self.prove_password(ctx, who.account, current, ACTION, "current").await?;
        let chosen = self.prepare_password(who.account, new, "new").await?;
        self.write_password(ctx, who.account, chosen).await?;
        self.end_other_sessions(who.account, session).await?;
        self.tell(Signal::Refreshed(who.account));
        self.audit_done(ctx, ACTION, who.account).await
    }

    /// Asks for the password again, in a session; a wrong one costs what it costs at sign-in.
    pub(super) async fn prove_password(
        &self,
        ctx: &Ctx,
        id: AccountId,
        password: &str,
        action: &str,
        field: &'static str,
    ) -> Outcome<()> {
        let account = self.known_account(id).await?;
        let tried = self.begin_try(ctx, self.subject(ctx, &account.local, Some(id)), false).await?;
        let verifier = self.own_credentials(id).await?.password;
        if !secrets::too_long(password) && self.verify_password(password, vec![verifier]).await?.is_some() {
            return self.try_passed(&tried, true).await;
        }
        self.try_failed(ctx, &tried, Some(password), action, Reason::PasswordWrong.code()).await?;
        Err(Refusal::field(Reason::PasswordWrong, field).into())
    }

    /// A new password that nothing is held against, hashed.
    pub(super) async fn prepare_password(&self, id: AccountId, new: &str, field: &'static str) -> Outcome<Chosen> {
        let organisation = self.ready_organisation().await?;
        let account = self.known_account(id).await?;
        self.take_password(new, &account, &organisation, false, field)?;
        let former = former_with(&self.own_credentials(id).await?);
        if self.verify_password(new, former.clone()).await?.is_some() {
            return Err(Refusal::field(Reason::PasswordRepeated, field).into());
        }
        Ok(Chosen { password: self.hash_password(new).await?, former })
    }

    /// Writes a new password.
    pub(super) async fn write_password(&self, ctx: &Ctx, id: AccountId, chosen: Chosen) -> Outcome<()> {
        self.change_credentials(id, |credentials| Credentials {
            password: chosen.password.clone(),
            password_changed: ctx.now,
            former: chosen.former.clone(),
            must_change: false,
            ..credentials
        })
        .await
    }

    /// Changes what an account signs in with, again if somebody else changed it meanwhile.
    pub(super) async fn change_credentials(
        &self,
        id: AccountId,
        change: impl Fn(Credentials) -> Credentials + Send + Sync,
    ) -> Outcome<()> {
        for _ in 0..3 {
            let credentials = self.own_credentials(id).await?;
            match self.store.replace_credentials(id, &credentials, &change(credentials.clone())).await {
                Err(StoreError::Stale) => {}
                other => return Ok(other?),
            }
        }
        Err(Reason::Conflict.into())
    }

    /// One's own sessions, last seen first.
    ///
    /// # Errors
    /// `not_signed_in`; `scope_missing` for a token.
    pub async fn my_sessions(&self, ctx: &Ctx) -> Outcome<Vec<SessionOverview>> {
        let (who, _) = ctx.in_person()?;
        Ok(self.store.sessions(who.account).await?)
    }

    /// Ends one of one's own sessions, or all the others.
    ///
    /// # Errors
    /// `session_unknown`.
    pub async fn revoke_my_session(&self, ctx: &Ctx, session: Option<SessionId>) -> Outcome<()> {
        let (who, current) = ctx.in_person()?;
        match session {
            None => self.end_other_sessions(who.account, current).await?,
            Some(session) => {
                if self.store.close_sessions(who.account, Some(session), None).await?.is_empty() {
                    return Err(Reason::SessionUnknown.into());
                }
                self.tell(Signal::Ended(session));
            }
        }
        self.audit_done(ctx, "me.sessions.revoke", who.account).await
    }
}
