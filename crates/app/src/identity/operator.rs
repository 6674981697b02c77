//! What the operator does at the command line on the server's machine: adding people, finding them by address.

use rempart_base::time::DAY;
use rempart_base::{AccountId, Secret, limits};
use rempart_domain::account::{self, Account, Credentials, Language};
use rempart_domain::refusal::Reason;
use rempart_domain::role::Role;
use rempart_domain::{Refusal, text};

use super::reset::Link;
use super::unique;
use crate::{App, Ctx, Failure, Outcome};

/// How long the link of an account made at the command line holds, in milliseconds.
const FIRST_LINK_HOLDS: i64 = 7 * DAY;

/// Somebody to be added.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// The part of the address before `@`.
    pub local: String,
    /// First name and name.
    pub display_name: String,
    /// Job title, may be empty.
    pub title: String,
    /// Department, may be empty.
    pub department: String,
    /// Role in the organisation.
    pub role: Role,
    /// Language of the interface.
    pub language: Language,
    /// A first password, to be changed at sign-in; absent: a link to choose one.
    pub password: Option<Secret<String>>,
}

/// Somebody added.
#[derive(Clone, Debug)]
pub struct Added {
    /// The account.
    pub account: Account,
    /// The link to choose a password, where none was given.
    pub link: Option<Link>,
}

impl App {
    /// Adds people, each by themselves: one refusal does not keep the others out. Answers in the order asked.
    ///
    /// # Errors
    /// `not_allowed` to anybody but the operator; `not_ready`. A fault stops where it happens.
    pub async fn add_people(&self, ctx: &Ctx, people: Vec<NewPerson>) -> Outcome<Vec<Result<Added, Refusal>>> {
        operator(ctx)?;
        let mut out = Vec::with_capacity(people.len());
        for person in people {
            match self.add_person(ctx, person).await {
                Ok(added) => out.push(Ok(added)),
                Err(Failure::Refused(refusal)) => out.push(Err(refusal)),
                Err(fault @ Failure::Fault(_)) => return Err(fault),
            }
        }
        Ok(out)
    }

    /// Adds one, whoever asks.
    pub(super) async fn add_person(&self, ctx: &Ctx, person: NewPerson) -> Outcome<Added> {
        let organisation = self.ready_organisation().await?;
        let account = Account {
            id: self.new_id(AccountId::from_bytes),
            local: account::local(&person.local, "local")?,
            display_name: text::name(&person.display_name, "display_name")?,
            title: text::short(&person.title, limits::NAME_CHARS, "title")?,
            department: text::short(&person.department, limits::NAME_CHARS, "department")?,
            language: person.language,
            role: person.role,
            active: true,
            created: ctx.now,
            seen: None,
        };
        if self.store.account_by_local(&account.local).await?.is_some() {
            return Err(Refusal::field(Reason::AddressTaken, "local").into());
        }
        let password = match &person.password {
            Some(password) => {
                self.take_password(password.expose(), &account, &organisation, false, "password")?;
                self.hash_password(password.expose()).await?
            }
            None => String::new(),
        };
        let credentials = Credentials {
            password,
            password_changed: ctx.now,
            former: Vec::new(),
            must_change: person.password.is_some(),
            totp: None,
            totp_offered: None,
            totp_step: 0,
            recovery: Vec::new(),
        };
        let skeleton = account::skeleton(&account.local);
        let created = self.store.create_account(&account, &skeleton, &credentials).await;
        created.map_err(|error| unique(error, "local"))?;
        let link = match person.password {
            Some(_) => None,
            None => Some(self.reset_link(ctx, account.id, FIRST_LINK_HOLDS).await?),
        };
        self.audit_done(ctx, "accounts.create", account.id).await?;
        Ok(Added { account, link })
    }

    /// The account of an address, `local@domain` or only `local`, for the command line.
    ///
    /// # Errors
    /// `not_allowed` to anybody but the operator; `not_ready`, `account_unknown`.
    pub async fn account_of_address(&self, ctx: &Ctx, address: &str) -> Outcome<Account> {
        operator(ctx)?;
        let organisation = self.ready_organisation().await?;
        let local = account::local_of(address, &organisation.domain).ok_or(Reason::AccountUnknown)?;
        let found = self.store.account_by_local(&local.to_lowercase()).await?;
        found.ok_or_else(|| Reason::AccountUnknown.into())
    }
}

fn operator(ctx: &Ctx) -> Result<(), Reason> {
    if App::is_operator(ctx) { Ok(()) } else { Err(Reason::NotAllowed) }
}
