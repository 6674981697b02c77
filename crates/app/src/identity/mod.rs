//! Who somebody is: first run, signing in, accounts, sessions, tokens, invitations.

/// What identity keeps in memory.
#[derive(Debug, Default)]
pub struct State {}
