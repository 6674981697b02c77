//! Which unique thing a refused row collided with.

/// Index or constraint as PostgreSQL names it, columns as SQLite names them, and what [`rempart_ports::StoreError::Exists`] says.
const NAMES: &[(&str, &str, &str)] = &[
    ("account_local", "account.local", "account_local"),
    ("account_skeleton", "account.skeleton", "account_skeleton"),
    ("account_pkey", "account.id", "account"),
    ("organisation_pkey", "organisation.one", "organisation"),
    ("key_check_pkey", "key_check.purpose", "key"),
    ("conversation_pair", "conversation.pair_low, conversation.pair_high, conversation.protection", "direct"),
    ("conversation_pkey", "conversation.id", "conversation"),
    ("entry_client", "entry.device, entry.client_id, entry.epoch", "entry"),
    ("link_secret", "link.secret", "link"),
    ("invitation_pkey", "invitation.id", "invitation"),
    ("invitation_secret", "invitation.secret", "invitation"),
    ("session_pkey", "session.id", "session"),
    ("session_secret", "session.secret", "session"),
    ("api_token_pkey", "api_token.id", "api_token"),
    ("api_token_secret", "api_token.secret", "api_token"),
    ("upload_pkey", "upload.id", "upload"),
];

/// What exists already, from the engine's name of the index, constraint or columns.
#[must_use]
pub fn name(of: &str) -> &'static str {
    NAMES.iter().find(|(index, columns, _)| *index == of || *columns == of).map_or("row", |(_, _, name)| name)
}
