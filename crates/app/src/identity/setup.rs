//! First run: one link, one organisation, one owner.

use std::sync::Arc;

use rempart_base::time::DAY;
use rempart_base::{AccountId, DeviceId, Secret, SessionId};
use rempart_domain::account::{self, Account, Credentials, Language};
use rempart_domain::organisation::{self, Organisation};
use rempart_domain::password::{self, Verdict};
use rempart_domain::refusal::Reason;
use rempart_domain::role::Role;
use rempart_domain::session::{LinkPurpose, OneTimeLink};
use rempart_domain::{Actor, Refusal, text};
use rempart_ports::store::StoreError;

use super::{Signal, secrets, unique};
use crate::{App, Ctx, Outcome};

/// How long a setup link holds, in milliseconds; a restart gives a new one.
const SETUP_HOLDS: i64 = DAY;

/// An account to be made by the person who will use it.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The part of the address before `@`.
    pub local: String,
    /// First name and name.
    pub display_name: String,
    /// The password chosen.
    pub password: Secret<String>,
    /// Language of the interface.
    pub language: Language,
}

/// The client installation that signs in.
#[derive(Clone, Debug)]
pub struct DeviceInfo {
    /// The device it was given before; kept when it belongs to the account.
    pub device: Option<DeviceId>,
    /// What the person will recognise.
    pub name: String,
}

/// What makes the organisation.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The secret from the setup link.
    pub token: String,
    /// Organisation's name.
    pub organisation: String,
    /// Domain of addresses.
    pub domain: String,
    /// Public host, with port where it is not 443.
    pub host: String,
    /// The owner's account.
    pub owner: NewAccount,
    /// The browser that signs in.
    pub device: DeviceInfo,
}

/// A session was made.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Whose.
    pub account: AccountId,
    /// The device to name at the next sign-in.
    pub device: DeviceId,
    /// The session.
    pub session: SessionId,
    /// The secret of its cookie.
    pub secret: Secret<String>,
    /// Until when the session can live at most.
    pub ends: rempart_base::Timestamp,
}

/// An account whose every field was checked, with what it signs in with.
pub(super) struct Prepared {
    pub(super) account: Account,
    pub(super) skeleton: String,
    pub(super) credentials: Credentials,
}

impl App {
    /// The organisation, once set up.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn organisation(&self) -> Outcome<Option<Arc<Organisation>>> {
        match self.identity.organisation.load_full() {
            Some(organisation) => Ok(Some(organisation)),
            None => self.read_organisation().await,
        }
    }

    pub(super) async fn read_organisation(&self) -> Outcome<Option<Arc<Organisation>>> {
        let organisation = self.store.organisation().await?.map(Arc::new);
        self.identity.organisation.store(organisation.clone());
        Ok(organisation)
    }

    /// The organisation that must be there.
    pub(super) async fn ready_organisation(&self) -> Outcome<Arc<Organisation>> {
        self.organisation().await?.ok_or_else(|| Reason::NotReady.into())
    }

    /// At start: a fresh secret for the setup link while the server is not set up; former ones end. Nothing once it is.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn setup_link(&self, ctx: &Ctx) -> Outcome<Option<Secret<String>>> {
        if self.organisation().await?.is_some() {
            return Ok(None);
        }
        let secret = self.fresh_secret();
        let expires = ctx.now.plus_millis(SETUP_HOLDS);
        let link = OneTimeLink { secret: secrets::hash(secret.expose()), purpose: LinkPurpose::Setup, expires };
        self.store.put_link(&link).await?;
        Ok(Some(secret))
    }

    /// Whether a setup link holds.
    ///
    /// # Errors
    /// `already_set_up`, `link_invalid`.
    pub async fn check_setup(&self, ctx: &Ctx, token: &str) -> Outcome<()> {
        if self.organisation().await?.is_some() {
            return Err(Reason::AlreadySetUp.into());
        }
        match self.store.link(secrets::hash(token), ctx.now).await? {
            Some(OneTimeLink { purpose: LinkPurpose::Setup, .. }) => Ok(()),
            Some(_) | None => Err(Reason::LinkInvalid.into()),
        }
    }

    /// Makes the organisation and its first owner, and signs the owner in; the second factor is the owner's first duty.
    ///
    /// # Errors
    /// `already_set_up`, `link_invalid`; refusals of names, domain, host, address and password name their fields.
    pub async fn set_up(&self, ctx: &Ctx, setup: Setup) -> Outcome<Opened> {
        self.check_setup(ctx, &setup.token).await?;
        let organisation = Organisation {
            name: text::name(&setup.organisation, "organisation")?,
            domain: organisation::domain(&setup.domain, "domain")?,
            host: organisation::host(&setup.host, "host")?,
            created: ctx.now,
        };
        text::short(&setup.device.name, rempart_base::limits::NAME_CHARS, "device.name")?;
        let owner = self.prepare(ctx, &setup.owner, Role::Owner, &organisation, OWNER).await?;
        self.store
            .set_up(
                secrets::hash(&setup.token),
                ctx.now,
                &organisation,
                &owner.account,
                &owner.skeleton,
                &owner.credentials,
            )
            .await
            .map_err(|error| match error {
                StoreError::Exists("organisation") => Reason::AlreadySetUp.into(),
                other => unique(other, OWNER.local),
            })?;
        self.read_organisation().await?;
        self.tell(Signal::Organisation);
        self.audit_done(ctx, "setup", owner.account.id).await?;
        self.open_session(ctx, &owner.account, setup.device, false).await
    }

    /// Judges a password before it is sent for good; nothing is kept of it. A person signed in is judged by their role.
    ///
    /// # Errors
    /// A fault when the list of common passwords is damaged.
    pub fn check_password(&self, ctx: &Ctx, password: &str, context: &[String]) -> Outcome<Verdict> {
        let min_bits = match &ctx.actor {
            Actor::Account(who) => password::min_bits(who.role),
            Actor::Task(_) | Actor::Operator | Actor::Anonymous => password::ORDINARY_BITS,
        };
        self.judge_password(password, min_bits, context.iter().map(String::as_str), false)
    }

    /// Checks every field of a new account and hashes its password.
    pub(super) async fn prepare(
        &self,
        ctx: &Ctx,
        new: &NewAccount,
        role: Role,
        organisation: &Organisation,
        fields: Fields,
    ) -> Outcome<Prepared> {
        let local = account::local(&new.local, fields.local)?;
        let display_name = text::name(&new.display_name, fields.display_name)?;
        let account = Account {
            id: self.new_id(AccountId::from_bytes),
            local,
            display_name,
            title: String::new(),
            department: String::new(),
            language: new.language,
            role,
            active: true,
            created: ctx.now,
            seen: None,
        };
        self.take_password(new.password.expose(), &account, organisation, false, fields.password)?;
        if self.store.account_by_local(&account.local).await?.is_some() {
            return Err(Refusal::field(Reason::AddressTaken, fields.local).into());
        }
        let credentials = Credentials {
            password: self.hash_password(new.password.expose()).await?,
            password_changed: ctx.now,
            former: Vec::new(),
            must_change: false,
            totp: None,
            totp_offered: None,
            totp_step: 0,
            recovery: Vec::new(),
        };
        Ok(Prepared { skeleton: account::skeleton(&account.local), account, credentials })
    }

    /// Refuses a password with the first reason against it.
    pub(super) fn take_password(
        &self,
        candidate: &str,
        account: &Account,
        organisation: &Organisation,
        is_former: bool,
        field: &'static str,
    ) -> Outcome<()> {
        let context =
            [account.display_name.as_str(), account.local.as_str(), organisation.name.as_str(), &organisation.domain];
        let verdict = self.judge_password(candidate, password::min_bits(account.role), context, is_former)?;
        match verdict.refused.first() {
            None => Ok(()),
            Some(reason) => Err(Refusal::field(*reason, field).into()),
        }
    }
}

/// How the API names the fields of a new account.
#[derive(Clone, Copy)]
pub(super) struct Fields {
    pub(super) local: &'static str,
    pub(super) display_name: &'static str,
    pub(super) password: &'static str,
}

/// Of the owner, in the setup.
const OWNER: Fields = Fields { local: "owner.local", display_name: "owner.display_name", password: "owner.password" };
