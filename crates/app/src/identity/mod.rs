//! Who somebody is: first run, signing in, accounts, sessions, tokens, invitations.

/// What identity keeps in memory.
#[derive(Debug, Default)]
pub struct State {}

impl crate::App {
    /// Another node, or this one, said something of identity.
    pub(crate) async fn identity_heard(&self, _signal: &bytes::Bytes) {}
}
