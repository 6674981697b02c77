//! Signing in: the password, then the second factor where there is one, then a session on a device. And signing out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rempart_base::time::{DAY, MINUTE};
use rempart_base::{AccountId, DeviceId, SessionId, Timestamp, limits};
use rempart_domain::account::{Account, Credentials, local_of};
use rempart_domain::refusal::Reason;
use rempart_domain::session::{Device, Session};
use rempart_domain::text;
use rempart_ports::store::StoreError;

use super::setup::{DeviceInfo, Opened};
use super::{Signal, expect, guard, secrets};
use crate::{App, Ctx, Outcome};

/// How long the second step may take, in milliseconds.
const TICKET_HOLDS: i64 = 5 * MINUTE;
const TICKET_VERSION: u8 = 1;
/// A session not seen for this long makes room for a new one when there are too many, in milliseconds.
const MAKES_ROOM: i64 = DAY;

/// What the first step gives.
#[derive(Clone, Debug)]
pub enum SignInAnswer {
    /// Signed in.
    Opened(Opened),
    /// A second factor is asked.
    SecondFactor {
        /// To be sent back with the code, within five minutes, from the same place.
        ticket: String,
    },
}

/// What a ticket says; its authenticity is checked before anything of it is used.
struct Ticket {
    account: AccountId,
    expires: Timestamp,
    device: DeviceInfo,
}

impl App {
    /// Checks address and password.
    ///
    /// # Errors
    /// `not_ready`, `sign_in_failed`, `slowed`, `locked`, `account_disabled` (only to who knows the password),
    /// `too_many_devices`; refusals of the device's name.
    pub async fn sign_in(&self, ctx: &Ctx, address: &str, password: &str, device: DeviceInfo) -> Outcome<SignInAnswer> {
        const ACTION: &str = "session.sign_in";
        let organisation = self.ready_organisation().await?;
        text::short(&device.name, limits::NAME_CHARS, "device.name")?;
        let local = local_of(address, &organisation.domain).map(str::to_lowercase);
        let account = match &local {
            Some(local) => self.store.account_by_local(local).await?,
            None => None,
        };
        let credentials = match &account {
            Some(account) => self.store.credentials(account.id).await?,
            None => None,
        };
        let guarded = credentials.as_ref().is_some_and(|c| c.totp.is_some());
        let name = local.as_deref().unwrap_or(address);
        let subject = self.subject(ctx, name, account.as_ref().map(|account| account.id));
        let tried = self.begin_try(ctx, subject, guarded).await?;
        let verifier = credentials.as_ref().map(|c| c.password.clone()).unwrap_or_default();
        let right = !secrets::too_long(password) && self.verify_password(password, vec![verifier]).await?.is_some();
        let (Some(account), Some(credentials), true) = (account, credentials, right) else {
            self.try_failed(ctx, &tried, Some(password), ACTION, Reason::SignInFailed.code()).await?;
            return Err(Reason::SignInFailed.into());
        };
        if !account.active {
            self.try_passed(&tried, false).await?;
            self.audit(ctx, ACTION, &account.id.to_string(), Reason::AccountDisabled.code()).await?;
            return Err(Reason::AccountDisabled.into());
        }
        if guarded {
            self.try_passed(&tried, false).await?;
            let ticket = Ticket { account: account.id, expires: ctx.now.plus_millis(TICKET_HOLDS), device };
            return Ok(SignInAnswer::SecondFactor { ticket: self.write_ticket(ctx, &ticket, &credentials) });
        }
        self.try_passed(&tried, true).await?;
        let opened = self.open_session(ctx, &account, device, false).await?;
        self.audit_done(ctx, ACTION, account.id).await?;
        Ok(SignInAnswer::Opened(opened))
    }

    /// Checks the second factor: six digits of the application, or a recovery code.
    ///
    /// # Errors
    /// `ticket_expired`, `factor_failed`, `slowed`, `locked`, `account_disabled`, `too_many_devices`.
    pub async fn second_factor(&self, ctx: &Ctx, ticket: &str, code: &str) -> Outcome<Opened> {
        const ACTION: &str = "session.second_factor";
        let ticket = self.read_ticket(ctx, ticket).await?.ok_or(Reason::TicketExpired)?;
        let account = self.known_account(ticket.account).await?;
        if !account.active {
            return Err(Reason::AccountDisabled.into());
        }
        let subject = self.subject(ctx, &account.local, Some(account.id));
        let tried = self.begin_try(ctx, subject, false).await?;
        if !self.spend_code(ctx, account.id, code).await? {
            self.try_failed(ctx, &tried, None, ACTION, Reason::FactorFailed.code()).await?;
            return Err(Reason::FactorFailed.into());
        }
        self.try_passed(&tried, true).await?;
        let opened = self.open_session(ctx, &account, ticket.device, true).await?;
        self.audit_done(ctx, "session.sign_in", account.id).await?;
        Ok(opened)
    }

    /// Ends the session that asks.
    ///
    /// # Errors
    /// `not_signed_in`; `scope_missing` for a token.
    pub async fn sign_out(&self, ctx: &Ctx) -> Outcome<()> {
        let (who, session) = ctx.in_person()?;
        self.store.close_sessions(who.account, Some(session), None).await?;
        self.tell(Signal::Ended(session));
        self.audit_done(ctx, "session.sign_out", who.account).await
    }

    /// Opens a session on the device named, if it is the account's, or a new one. A device has one session; too many
    /// devices make room by the one not seen for longest, if that is more than a day.
    pub(super) async fn open_session(
        &self,
        ctx: &Ctx,
        account: &Account,
        info: DeviceInfo,
        factor: bool,
    ) -> Outcome<Opened> {
        let name = text::short(&info.name, limits::NAME_CHARS, "device.name")?;
        let known = match info.device {
            Some(id) => self.store.device(id).await?.filter(|device| device.account == account.id),
            None => None,
        };
        let device = match known {
            Some(device) => Device { name, ..device },
            None => Device { id: self.new_id(DeviceId::from_bytes), account: account.id, name, created: ctx.now },
        };
        self.make_room(ctx, account.id, device.id).await?;
        let secret = self.fresh_secret();
        let session = Session {
            id: self.new_id(SessionId::from_bytes),
            account: account.id,
            device: device.id,
            secret: secrets::hash(secret.expose()),
            former_secret: None,
            created: ctx.now,
            rotated: ctx.now,
            seen: ctx.now,
            factor,
        };
        let opened = self.store.open_session(&session, &device).await;
        opened.map_err(|error| expect(error, Reason::AccountDisabled))?;
        self.store.touch_account(account.id, ctx.now).await?;
        Ok(Opened { account: account.id, device: device.id, session: session.id, secret, ends: session.ends() })
    }

    async fn make_room(&self, ctx: &Ctx, account: AccountId, device: DeviceId) -> Outcome<()> {
        let sessions = self.store.sessions(account).await?;
        let (same, others): (Vec<_>, Vec<_>) = sessions.into_iter().partition(|row| row.session.device == device);
        let mut ending: Vec<SessionId> = same.into_iter().map(|row| row.session.id).collect();
        if others.len() >= limits::DEVICES {
            let oldest = others.iter().map(|row| &row.session).min_by_key(|session| session.seen);
            match oldest.filter(|session| ctx.now.since(session.seen) >= MAKES_ROOM) {
                Some(session) => ending.push(session.id),
                None => return Err(Reason::TooManyDevices.into()),
            }
        }
        for session in ending {
            self.store.close_sessions(account, Some(session), None).await?;
            self.tell(Signal::Ended(session));
        }
        Ok(())
    }

    /// A ticket has no state here: it is the first step's result under a MAC that also covers the place it was given to and
    /// the password it was given for, so that it is worth nothing elsewhere or after a change.
    fn write_ticket(&self, ctx: &Ctx, ticket: &Ticket, credentials: &Credentials) -> String {
        let mut out = vec![TICKET_VERSION];
        out.extend_from_slice(ticket.account.as_bytes());
        out.extend_from_slice(&ticket.expires.millis().to_be_bytes());
        out.push(u8::from(ticket.device.device.is_some()));
        out.extend_from_slice(ticket.device.device.map_or([0; 16], |id| *id.as_bytes()).as_slice());
        out.extend_from_slice(ticket.device.name.as_bytes());
        let tag = self.mac("sign-in ticket", &[&out, guard::source(ctx).as_bytes(), credentials.password.as_bytes()]);
        out.extend_from_slice(tag.as_ref());
        URL_SAFE_NO_PAD.encode(out)
    }

    async fn read_ticket(&self, ctx: &Ctx, text: &str) -> Outcome<Option<Ticket>> {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(text) else { return Ok(None) };
        let Some((payload, tag)) = bytes.split_last_chunk::<32>() else { return Ok(None) };
        let Some(ticket) = parse_ticket(payload) else { return Ok(None) };
        let credentials = self.store.credentials(ticket.account).await?;
        let verifier = credentials.map(|c| c.password).unwrap_or_default();
        let expected = self.mac("sign-in ticket", &[payload, guard::source(ctx).as_bytes(), verifier.as_bytes()]);
        let authentic = aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_ref(), tag).is_ok();
        Ok(Some(ticket).filter(|ticket| authentic && ticket.expires > ctx.now))
    }

    /// Spends a code of the second factor: whether it was right. Two who try at once with the same code: one.
    pub(super) async fn spend_code(&self, ctx: &Ctx, account: AccountId, code: &str) -> Outcome<bool> {
        for _ in 0..3 {
            let Some(credentials) = self.store.credentials(account).await? else { return Ok(false) };
            let Some(spent) = self.take_code(ctx, account, &credentials, code)? else { return Ok(false) };
            match self.store.replace_credentials(account, &credentials, &spent).await {
                Ok(()) => return Ok(true),
                Err(StoreError::Stale) => {}
                Err(error) => return Err(expect(error, Reason::AccountUnknown)),
            }
        }
        Err(Reason::Conflict.into())
    }
}

fn parse_ticket(payload: &[u8]) -> Option<Ticket> {
    let (version, rest) = payload.split_first()?;
    let (account, rest) = rest.split_first_chunk::<16>()?;
    let (expires, rest) = rest.split_first_chunk::<8>()?;
    let (has_device, rest) = rest.split_first()?;
    let (device, name) = rest.split_first_chunk::<16>()?;
    let device = DeviceInfo {
        device: (*has_device == 1).then(|| DeviceId::from_bytes(*device)),
        name: std::str::from_utf8(name).ok()?.to_owned(),
    };
    let expires = Timestamp::from_millis(i64::from_be_bytes(*expires));
    (*version == TICKET_VERSION).then_some(Ticket { account: AccountId::from_bytes(*account), expires, device })
}
