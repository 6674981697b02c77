//! Who had which role when, out of membership contents.

use std::collections::BTreeMap;

use rempart_base::AccountId;

use crate::types::{Membership, Role};

/// Members and roles over the known part of a journal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roles {
    /// Just before the first known entry.
    seed: BTreeMap<AccountId, Role>,
    changes: BTreeMap<u64, Membership>,
    /// For each account that a change concerns: the role from an entry on; `None` = not a member.
    history: BTreeMap<AccountId, BTreeMap<u64, Option<Role>>>,
    /// After the last known entry.
    now: BTreeMap<AccountId, Role>,
}

impl Roles {
    pub(crate) fn new(seed: BTreeMap<AccountId, Role>) -> Self {
        Self { now: seed.clone(), seed, ..Self::default() }
    }

    pub(crate) const fn now(&self) -> &BTreeMap<AccountId, Role> {
        &self.now
    }

    /// The role of an account by what stands before the entry `seq`.
    pub(crate) fn before(&self, seq: u64, account: AccountId) -> Option<Role> {
        match self.history.get(&account).and_then(|history| history.range(..seq).next_back()) {
            Some((_, role)) => *role,
            None => self.seed.get(&account).copied(),
        }
    }

    /// Adds a change; one older than the newest is only seen after [`Self::rebuild`].
    pub(crate) fn add(&mut self, seq: u64, change: Membership) {
        if self.changes.last_key_value().is_none_or(|(last, _)| *last < seq) {
            self.run(seq, &change);
        }
        self.changes.insert(seq, change);
    }

    /// Whether a change at `seq` would be older than one already known.
    pub(crate) fn is_past(&self, seq: u64) -> bool {
        self.changes.last_key_value().is_some_and(|(last, _)| *last > seq)
    }

    /// Runs all changes anew, from another seed if given.
    pub(crate) fn rebuild(&mut self, seed: Option<BTreeMap<AccountId, Role>>) {
        if let Some(seed) = seed {
            self.seed = seed;
        }
        self.now = self.seed.clone();
        self.history.clear();
        let changes = std::mem::take(&mut self.changes);
        for (seq, change) in &changes {
            self.run(*seq, change);
        }
        self.changes = changes;
    }

    fn run(&mut self, seq: u64, change: &Membership) {
        for account in &change.removed {
            self.set(seq, *account, None);
        }
        for (account, role) in &change.added {
            self.set(seq, *account, Some(*role));
        }
        for (account, role) in &change.roles {
            if self.now.contains_key(account) {
                self.set(seq, *account, Some(*role));
            }
        }
    }

    fn set(&mut self, seq: u64, account: AccountId, role: Option<Role>) {
        match role {
            Some(role) => self.now.insert(account, role),
            None => self.now.remove(&account),
        };
        self.history.entry(account).or_default().insert(seq, role);
    }
}
