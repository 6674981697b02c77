-- Groups of sealed conversations.

-- The epoch that an entry was sealed in, proposed in or began: 32 bytes, empty in open conversations. With it the client id of a
-- device is unique: what was written in a dropped epoch is sent again.
ALTER TABLE entry ADD COLUMN epoch {BLOB} NOT NULL DEFAULT {EMPTY};
DROP INDEX entry_client;
CREATE UNIQUE INDEX entry_client ON entry (device, client_id, epoch) WHERE device IS NOT NULL;

-- `state` is what the follower of public group state keeps, `since` the entry that began its epoch, `due` when a refused chain is
-- looked at.
CREATE TABLE group_state (
    conversation {BLOB} PRIMARY KEY,
    state {BLOB} NOT NULL,
    since {INT} NOT NULL,
    due {INT}
) {WITHOUT_ROWID};
CREATE INDEX group_due ON group_state (due) WHERE due IS NOT NULL;

-- The leaves of `state`, to find groups by device and account.
CREATE TABLE group_leaf (
    conversation {BLOB} NOT NULL,
    device {BLOB} NOT NULL,
    account {BLOB} NOT NULL,
    leaving {INT} NOT NULL,
    PRIMARY KEY (conversation, device)
) {WITHOUT_ROWID};
CREATE INDEX group_leaf_account ON group_leaf (account);

-- One message for all devices that an entry added, and whom it still waits for.
CREATE TABLE welcome_body (
    conversation {BLOB} NOT NULL,
    seq {INT} NOT NULL,
    written {INT} NOT NULL,
    body {BLOB} NOT NULL,
    PRIMARY KEY (conversation, seq)
) {WITHOUT_ROWID};
CREATE INDEX welcome_body_written ON welcome_body (written);

CREATE TABLE welcome (
    device {BLOB} NOT NULL,
    conversation {BLOB} NOT NULL,
    seq {INT} NOT NULL,
    PRIMARY KEY (device, conversation, seq)
) {WITHOUT_ROWID};
CREATE INDEX welcome_entry ON welcome (conversation, seq);
