//! The directory: who is here.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rempart_base::{AccountId, limits};
use rempart_domain::account::Account;
use rempart_domain::refusal::Reason;
use rempart_domain::role::{Action, Scope};
use rempart_domain::{Refusal, text};
use rempart_ports::store::AccountFilter;

use crate::{App, Ctx, Outcome};

/// A page of the directory, by display name.
#[derive(Clone, Debug)]
pub struct People {
    /// People.
    pub accounts: Vec<Account>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
    /// How many there are in all.
    pub total: u64,
}

impl App {
    /// Open accounts whose name, address, title or department hold the words of `query`.
    ///
    /// # Errors
    /// `not_allowed` for guests; `limit_invalid`, `text_too_long`, `request_invalid` for a place that was not given.
    pub async fn list_people(&self, ctx: &Ctx, query: &str, after: Option<&str>, limit: u32) -> Outcome<People> {
        ctx.may(Scope::Read, Action::PeopleSee)?;
        let filter = AccountFilter { active: Some(true), ..filter(query, after, limit)? };
        let page = self.store.list_accounts(&filter).await?;
        Ok(People { accounts: page.accounts, next: page.next.map(place), total: page.total })
    }

    /// Some accounts, closed ones too: what somebody wrote keeps its author. Guests get those they share a conversation with.
    ///
    /// # Errors
    /// `limit_invalid` beyond 200.
    pub async fn get_people(&self, ctx: &Ctx, ids: &[AccountId]) -> Outcome<Vec<Account>> {
        let who = ctx.ready(Scope::Read)?;
        if ids.len() > limits::LIST_PAGE as usize {
            return Err(Refusal::field(Reason::LimitInvalid, "accounts").into());
        }
        if who.role.allows(Action::PeopleSee) {
            return Ok(self.store.accounts(ids).await?);
        }
        let mut known: HashSet<AccountId> = self.store.contacts(who.account).await?.into_iter().collect();
        known.insert(who.account);
        let seen: Vec<AccountId> = ids.iter().copied().filter(|id| known.contains(id)).collect();
        Ok(self.store.accounts(&seen).await?)
    }
}

/// A filter by words, from a place on.
pub(super) fn filter(query: &str, after: Option<&str>, limit: u32) -> Outcome<AccountFilter> {
    if !(1..=limits::LIST_PAGE).contains(&limit) {
        return Err(Refusal::field(Reason::LimitInvalid, "limit").into());
    }
    let query = text::fold(&text::short(query, limits::NAME_CHARS, "query")?);
    let after = match after {
        None => None,
        Some(text) => Some(read_place(text).ok_or(Refusal::field(Reason::RequestInvalid, "after"))?),
    };
    Ok(AccountFilter { query, after, limit, ..AccountFilter::default() })
}

/// A place in the directory as clients hand it back: the id, then the sort key.
pub(super) fn place((key, id): (String, AccountId)) -> String {
    URL_SAFE_NO_PAD.encode([id.as_bytes().as_slice(), key.as_bytes()].concat())
}

fn read_place(text: &str) -> Option<(String, AccountId)> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (id, key) = bytes.split_first_chunk::<16>()?;
    Some((std::str::from_utf8(key).ok()?.to_owned(), AccountId::from_bytes(*id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_round_trip_and_others_are_refused() {
        let here = ("eloïse dupont".to_owned(), AccountId::from_bytes([7; 16]));
        assert_eq!(read_place(&place(here.clone())), Some(here));
        for text in ["", "AAAA", "é", "____________________________"] {
            assert_eq!(read_place(text), None, "{text}");
        }
        for limit in [0, 201] {
            assert!(filter("", None, limit).is_err());
        }
    }
}
