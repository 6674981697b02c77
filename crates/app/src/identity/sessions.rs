//! From a secret in a cookie or header to an actor, with what was looked up kept for ten seconds.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

use rempart_base::time::{MINUTE, SECOND};
use rempart_base::{AccountId, ApiTokenId, Secret, SessionId, Timestamp};
use rempart_domain::actor::{Credential, SignedIn};
use rempart_domain::refusal::Reason;
use rempart_domain::session::{ApiToken, Session, Standing, duties};
use rempart_ports::store::StoreError;

use super::tokens::PREFIX;
use super::{Signal, secrets};
use crate::{App, Ctx, Outcome};

/// How long a look-up is believed, in milliseconds. Revocation is told to every node at once; this is for a lost signal.
const BELIEVED: i64 = 10 * SECOND;
/// Look-ups kept at most.
const KEPT: usize = 20_000;

/// Sessions and tokens looked up lately.
#[derive(Debug, Default)]
pub(super) struct Cache {
    rows: HashMap<[u8; 32], Cached>,
    /// Rises with each revocation: what was read before one is not kept after it.
    turn: u64,
}

#[derive(Clone, Debug)]
struct Cached {
    kind: Kind,
    who: SignedIn,
    loaded: Timestamp,
}

#[derive(Clone, Debug)]
enum Kind {
    Session(Session),
    Token(ApiToken),
}

impl Cache {
    pub(super) fn forget_session(&mut self, id: SessionId) {
        self.turn += 1;
        self.rows.retain(|_, row| !matches!(&row.kind, Kind::Session(session) if session.id == id));
    }

    pub(super) fn forget_token(&mut self, id: ApiTokenId) {
        self.turn += 1;
        self.rows.retain(|_, row| !matches!(&row.kind, Kind::Token(token) if token.id == id));
    }

    pub(super) fn forget_account(&mut self, id: AccountId) {
        self.turn += 1;
        self.rows.retain(|_, row| row.who.account != id);
    }

    fn forget_all(&mut self) {
        self.turn += 1;
        self.rows.clear();
    }

    fn keep(&mut self, turn: u64, presented: [u8; 32], row: Cached) {
        if self.turn != turn {
            return;
        }
        if self.rows.len() >= KEPT {
            self.rows.retain(|_, old| row.loaded.since(old.loaded) < BELIEVED);
            if self.rows.len() >= KEPT {
                self.rows.clear();
            }
        }
        self.rows.insert(presented, row);
    }
}

/// Who presented a secret.
#[derive(Clone, Debug)]
pub struct Authenticated {
    /// Who, by what, and what they must do first.
    pub who: SignedIn,
    /// The cookie's new secret, where it changed: set it in the answer.
    pub new_secret: Option<Secret<String>>,
    /// Until when session or token can live at most.
    pub ends: Timestamp,
}

impl App {
    pub(super) fn cached_sessions(&self) -> MutexGuard<'_, Cache> {
        self.identity.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what was looked up: signals about revocations may have been lost.
    pub(crate) fn forget_sessions(&self) {
        self.cached_sessions().forget_all();
    }

    /// Tells who presents a secret: of a session's cookie, or of a program's token (these begin with `rmp_`).
    ///
    /// # Errors
    /// `not_signed_in` for every secret that holds no more or never did.
    pub async fn authenticate(&self, ctx: &Ctx, secret: &str) -> Outcome<Authenticated> {
        let presented = secrets::hash(secret);
        let (kept, turn) = {
            let cache = self.cached_sessions();
            (cache.rows.get(&presented).cloned(), cache.turn)
        };
        if let Some(found) = kept.filter(|row| ctx.now.since(row.loaded) < BELIEVED).and_then(|row| {
            let holds = match &row.kind {
                Kind::Session(session) => {
                    session.standing(&presented, self.settings.session_idle_ms, ctx.now) == Standing::Holds
                }
                Kind::Token(token) => token.expires > ctx.now && !stale_use(token, ctx.now),
            };
            holds.then(|| Authenticated { ends: row.kind.ends(), who: row.who, new_secret: None })
        }) {
            return Ok(found);
        }
        let (row, new_secret) = if secret.starts_with(PREFIX) {
            (self.look_up_token(ctx, presented).await?, None)
        } else {
            self.look_up_session(ctx, presented).await?
        };
        let found = Authenticated { who: row.who.clone(), new_secret, ends: row.kind.ends() };
        self.cached_sessions().keep(turn, presented, row);
        Ok(found)
    }

    async fn look_up_session(&self, ctx: &Ctx, presented: [u8; 32]) -> Outcome<(Cached, Option<Secret<String>>)> {
        let session = self.store.session_by_secret(presented).await?.ok_or(Reason::NotSignedIn)?;
        let standing = session.standing(&presented, self.settings.session_idle_ms, ctx.now);
        if standing == Standing::Over {
            return Err(Reason::NotSignedIn.into());
        }
        let who = self.signed_in(ctx, &session).await?;
        let (session, new_secret) = match standing {
            Standing::Rotate => {
                let secret = self.fresh_secret();
                let turned = session.clone().rotated(presented, secrets::hash(secret.expose()), ctx.now);
                match self.store.update_session(&turned, session.secret).await {
                    Ok(()) => (turned, Some(secret)),
                    // Another request turned it first, and its answer carries the new secret.
                    Err(StoreError::Stale) => {
                        let now = self.store.session_by_secret(presented).await?.ok_or(Reason::NotSignedIn)?;
                        (now, None)
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            Standing::Seen => {
                let seen = session.clone().seen(ctx.now);
                match self.store.update_session(&seen, session.secret).await {
                    Ok(()) | Err(StoreError::Stale) => {}
                    Err(error) => return Err(error.into()),
                }
                self.store.touch_account(session.account, ctx.now).await?;
                (seen, None)
            }
            Standing::Holds | Standing::Over => (session, None),
        };
        Ok((Cached { kind: Kind::Session(session), who, loaded: ctx.now }, new_secret))
    }

    async fn signed_in(&self, ctx: &Ctx, session: &Session) -> Outcome<SignedIn> {
        let by = Credential::Session(session.id);
        self.actor(ctx, session.account, session.device, by).await
    }

    async fn actor(
        &self,
        ctx: &Ctx,
        account: AccountId,
        device: rempart_base::DeviceId,
        by: Credential,
    ) -> Outcome<SignedIn> {
        let account = self.store.account(account).await?.filter(|a| a.active).ok_or(Reason::NotSignedIn)?;
        let credentials = self.store.credentials(account.id).await?.ok_or(Reason::NotSignedIn)?;
        let must = duties(account.role, &credentials, self.settings.privileged_password_age_ms, ctx.now);
        Ok(SignedIn { account: account.id, role: account.role, device, by, must })
    }

    async fn look_up_token(&self, ctx: &Ctx, presented: [u8; 32]) -> Outcome<Cached> {
        let token = self.store.api_token_by_secret(presented).await?.filter(|token| token.expires > ctx.now);
        let mut token = token.ok_or(Reason::NotSignedIn)?;
        let by = Credential::Token(token.id, token.scopes.clone());
        let who = self.actor(ctx, token.account, token.device, by).await?;
        if stale_use(&token, ctx.now) {
            self.store.touch_api_token(token.id, ctx.now).await?;
            token.used = Some(ctx.now);
        }
        Ok(Cached { kind: Kind::Token(token), who, loaded: ctx.now })
    }

    /// Ends all sessions of an account but one.
    pub(super) async fn end_other_sessions(&self, account: AccountId, keep: SessionId) -> Outcome<()> {
        for ended in self.store.close_sessions(account, None, Some(keep)).await? {
            self.tell(Signal::Ended(ended));
        }
        Ok(())
    }

    /// Ends all sessions of an account and closes its feeds.
    pub(super) async fn end_all_sessions(&self, account: AccountId) -> Outcome<()> {
        self.store.close_sessions(account, None, None).await?;
        self.tell(Signal::Changed(account));
        Ok(())
    }
}

impl Kind {
    const fn ends(&self) -> Timestamp {
        match self {
            Self::Session(session) => session.ends(),
            Self::Token(token) => token.expires,
        }
    }
}

/// Whether a token's last use must be noted again.
fn stale_use(token: &ApiToken, now: Timestamp) -> bool {
    token.used.is_none_or(|used| now.since(used) >= MINUTE)
}

impl App {
    /// Looks again at who holds a session or token authenticated before: for a line that stays open while cookies turn.
    ///
    /// # Errors
    /// `not_signed_in` once it has ended.
    pub async fn recheck(&self, ctx: &Ctx, who: &SignedIn) -> Outcome<SignedIn> {
        match &who.by {
            Credential::Session(id) => {
                let sessions = self.store.sessions(who.account).await?;
                let session = sessions.into_iter().map(|s| s.session).find(|s| s.id == *id);
                let session = session.filter(|s| s.ends() > ctx.now).ok_or(Reason::NotSignedIn)?;
                // A turned secret that nobody has presented yet must stay so: see `Session::standing`.
                let unused = session.former_secret.is_some() && session.seen <= session.rotated;
                if !unused && ctx.now.since(session.seen) >= MINUTE {
                    let seen = session.clone().seen(ctx.now);
                    match self.store.update_session(&seen, session.secret).await {
                        Ok(()) | Err(StoreError::Stale) => {}
                        Err(error) => return Err(error.into()),
                    }
                    self.store.touch_account(session.account, ctx.now).await?;
                }
                self.signed_in(ctx, &session).await
            }
            Credential::Token(id, _) => {
                let tokens = self.store.api_tokens(who.account).await?;
                let token = tokens.into_iter().find(|t| t.id == *id && t.expires > ctx.now);
                let token = token.ok_or(Reason::NotSignedIn)?;
                self.actor(ctx, token.account, token.device, Credential::Token(token.id, token.scopes)).await
            }
        }
    }
}
