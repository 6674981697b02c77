-- Everything of the first version. {INT}, {TEXT}, {BLOB}: an engine's types; TEXT compares by bytes. Times are milliseconds
-- since 1970 UTC, truth values 0 or 1, ids 16 bytes, hashes 32 bytes. Names of unique indexes are what `Exists` says.

CREATE TABLE counter (
    name {TEXT} PRIMARY KEY,
    value {INT} NOT NULL
) {WITHOUT_ROWID};
INSERT INTO counter (name, value) VALUES ('audit', 0), ('standing', 0), ('health', 0);

CREATE TABLE organisation (
    one {INT} PRIMARY KEY CHECK (one = 1),
    name {TEXT} NOT NULL,
    domain {TEXT} NOT NULL,
    host {TEXT} NOT NULL,
    created {INT} NOT NULL
) {STRICT};

-- `account` is empty for the link that sets the server up.
CREATE TABLE link (
    purpose {TEXT} NOT NULL,
    account {BLOB} NOT NULL,
    secret {BLOB} NOT NULL,
    expires {INT} NOT NULL,
    PRIMARY KEY (purpose, account)
) {WITHOUT_ROWID};
CREATE UNIQUE INDEX link_secret ON link (secret);

CREATE TABLE key_check (
    purpose {TEXT} PRIMARY KEY,
    id {BLOB} NOT NULL,
    proof {BLOB} NOT NULL
) {WITHOUT_ROWID};

-- `sort` is the folded display name, `fold` all that search looks at, folded.
CREATE TABLE account (
    id {BLOB} PRIMARY KEY,
    local {TEXT} NOT NULL,
    skeleton {TEXT} NOT NULL,
    display_name {TEXT} NOT NULL,
    title {TEXT} NOT NULL,
    department {TEXT} NOT NULL,
    language {TEXT} NOT NULL,
    role {TEXT} NOT NULL,
    active {INT} NOT NULL,
    created {INT} NOT NULL,
    seen {INT},
    sort {TEXT} NOT NULL,
    fold {TEXT} NOT NULL,
    journal_seq {INT} NOT NULL
) {WITHOUT_ROWID};
CREATE UNIQUE INDEX account_local ON account (local);
CREATE UNIQUE INDEX account_skeleton ON account (skeleton);
CREATE UNIQUE INDEX account_sort ON account (sort, id);

CREATE TABLE credentials (
    account {BLOB} PRIMARY KEY REFERENCES account (id),
    password {TEXT} NOT NULL,
    password_changed {INT} NOT NULL,
    former {TEXT} NOT NULL,
    must_change {INT} NOT NULL,
    totp {BLOB},
    totp_offered {BLOB},
    totp_step {INT} NOT NULL,
    recovery {BLOB} NOT NULL
) {WITHOUT_ROWID};

CREATE TABLE presence (
    account {BLOB} PRIMARY KEY REFERENCES account (id),
    availability {TEXT},
    words {TEXT} NOT NULL,
    until {INT}
) {WITHOUT_ROWID};

CREATE TABLE throttle (
    subject {TEXT} PRIMARY KEY,
    failures {INT} NOT NULL,
    first_at {INT} NOT NULL,
    last_at {INT} NOT NULL,
    until {INT} NOT NULL
) {WITHOUT_ROWID};

-- `state` is open, spent or revoked.
CREATE TABLE invitation (
    id {BLOB} PRIMARY KEY,
    secret {BLOB} NOT NULL,
    role {TEXT} NOT NULL,
    local {TEXT},
    display_name {TEXT},
    inviter {BLOB},
    created {INT} NOT NULL,
    expires {INT} NOT NULL,
    state {TEXT} NOT NULL
) {WITHOUT_ROWID};
CREATE UNIQUE INDEX invitation_secret ON invitation (secret);

CREATE TABLE device (
    id {BLOB} PRIMARY KEY,
    account {BLOB} NOT NULL REFERENCES account (id),
    name {TEXT} NOT NULL,
    created {INT} NOT NULL
) {WITHOUT_ROWID};

CREATE TABLE session (
    id {BLOB} PRIMARY KEY,
    account {BLOB} NOT NULL REFERENCES account (id),
    device {BLOB} NOT NULL REFERENCES device (id),
    secret {BLOB} NOT NULL,
    former_secret {BLOB},
    created {INT} NOT NULL,
    rotated {INT} NOT NULL,
    seen {INT} NOT NULL,
    factor {INT} NOT NULL
) {WITHOUT_ROWID};
CREATE UNIQUE INDEX session_secret ON session (secret);
CREATE INDEX session_former ON session (former_secret) WHERE former_secret IS NOT NULL;
CREATE INDEX session_account ON session (account);
CREATE INDEX session_seen ON session (seen);

CREATE TABLE api_token (
    id {BLOB} PRIMARY KEY,
    account {BLOB} NOT NULL REFERENCES account (id),
    device {BLOB} NOT NULL REFERENCES device (id),
    name {TEXT} NOT NULL,
    scopes {TEXT} NOT NULL,
    secret {BLOB} NOT NULL,
    created {INT} NOT NULL,
    expires {INT} NOT NULL,
    used {INT}
) {WITHOUT_ROWID};
CREATE UNIQUE INDEX api_token_secret ON api_token (secret);
CREATE INDEX api_token_account ON api_token (account);

-- `logged_seq` is the last number that has a position in the log.
CREATE TABLE conversation (
    id {BLOB} PRIMARY KEY,
    kind {TEXT} NOT NULL,
    protection {TEXT} NOT NULL,
    rules_version {INT} NOT NULL,
    last_seq {INT} NOT NULL,
    last_time {INT},
    logged_seq {INT} NOT NULL,
    members {INT} NOT NULL,
    wrapped_key {BLOB} NOT NULL,
    details_seq {INT} NOT NULL,
    created {INT} NOT NULL,
    pair_low {BLOB},
    pair_high {BLOB}
) {WITHOUT_ROWID};
CREATE UNIQUE INDEX conversation_pair ON conversation (pair_low, pair_high, protection) WHERE pair_low IS NOT NULL;
CREATE INDEX conversation_channel ON conversation (created) WHERE kind = 'channel';
CREATE INDEX conversation_unlogged ON conversation (id) WHERE last_seq > logged_seq;

-- Live memberships only; who was in before is in the journal.
CREATE TABLE membership (
    conversation {BLOB} NOT NULL,
    account {BLOB} NOT NULL,
    role {TEXT} NOT NULL,
    since {INT} NOT NULL,
    from_seq {INT} NOT NULL,
    muted {INT} NOT NULL,
    pinned {INT} NOT NULL,
    delivered_seq {INT} NOT NULL,
    read_seq {INT} NOT NULL,
    PRIMARY KEY (conversation, account)
) {WITHOUT_ROWID};
CREATE INDEX membership_account ON membership (account, conversation);

-- `account` and `device` are null where the server wrote; `body` is null once erased.
CREATE TABLE entry (
    conversation {BLOB} NOT NULL,
    seq {INT} NOT NULL,
    kind {INT} NOT NULL,
    account {BLOB},
    device {BLOB},
    client_id {BLOB} NOT NULL,
    written {INT} NOT NULL,
    refers_to {INT} NOT NULL,
    blobs {BLOB} NOT NULL,
    body {BLOB},
    leaf {BLOB} NOT NULL,
    PRIMARY KEY (conversation, seq)
) {WITHOUT_ROWID};
CREATE UNIQUE INDEX entry_client ON entry (device, client_id) WHERE device IS NOT NULL;

-- Unerased entries that name a blob.
CREATE TABLE blob_use (
    blob {BLOB} NOT NULL,
    conversation {BLOB} NOT NULL,
    seq {INT} NOT NULL,
    PRIMARY KEY (blob, conversation, seq)
) {WITHOUT_ROWID};
CREATE INDEX blob_use_entry ON blob_use (conversation, seq);

-- `change` is membership, left, read or settings; `value` the number read.
CREATE TABLE account_entry (
    account {BLOB} NOT NULL,
    seq {INT} NOT NULL,
    written {INT} NOT NULL,
    change {TEXT} NOT NULL,
    conversation {BLOB},
    value {INT} NOT NULL,
    PRIMARY KEY (account, seq)
) {WITHOUT_ROWID};

CREATE TABLE log_state (
    one {INT} PRIMARY KEY CHECK (one = 1),
    size {INT} NOT NULL,
    frontier {BLOB} NOT NULL,
    checkpoint {TEXT} NOT NULL,
    written {INT} NOT NULL
) {STRICT};
INSERT INTO log_state (one, size, frontier, checkpoint, written) VALUES (1, 0, {EMPTY}, '', 0);

CREATE TABLE log_run (
    position {INT} PRIMARY KEY,
    conversation {BLOB} NOT NULL,
    first_seq {INT} NOT NULL,
    length {INT} NOT NULL
) {STRICT};
CREATE UNIQUE INDEX log_run_entry ON log_run (conversation, first_seq);

CREATE TABLE tile (
    level {INT} NOT NULL,
    place {INT} NOT NULL,
    hashes {BLOB} NOT NULL,
    PRIMARY KEY (level, place)
) {WITHOUT_ROWID};

CREATE TABLE blob (
    hash {BLOB} PRIMARY KEY,
    size {INT} NOT NULL,
    media_type {TEXT} NOT NULL,
    wrapped_key {BLOB} NOT NULL,
    name {BLOB} NOT NULL,
    created {INT} NOT NULL
) {WITHOUT_ROWID};
CREATE INDEX blob_created ON blob (created);

CREATE TABLE blob_owner (
    account {BLOB} NOT NULL,
    blob {BLOB} NOT NULL,
    since {INT} NOT NULL,
    PRIMARY KEY (account, blob)
) {WITHOUT_ROWID};
CREATE INDEX blob_owner_blob ON blob_owner (blob);

-- `parts` holds sizes in decimal, each followed by a space.
CREATE TABLE upload (
    id {BLOB} PRIMARY KEY,
    account {BLOB} NOT NULL,
    conversation {BLOB} NOT NULL,
    size {INT} NOT NULL,
    received {INT} NOT NULL,
    sha256 {BLOB},
    wrapped_key {BLOB} NOT NULL,
    parts {TEXT} NOT NULL,
    created {INT} NOT NULL,
    blob {BLOB}
) {WITHOUT_ROWID};
CREATE INDEX upload_created ON upload (created);
CREATE INDEX upload_account ON upload (account) WHERE blob IS NULL;

CREATE TABLE audit (
    seq {INT} PRIMARY KEY,
    written {INT} NOT NULL,
    actor {TEXT} NOT NULL,
    action {TEXT} NOT NULL,
    target {TEXT} NOT NULL,
    outcome {TEXT} NOT NULL,
    origin {TEXT} NOT NULL
) {STRICT};

CREATE TABLE lease (
    name {TEXT} PRIMARY KEY,
    holder {BLOB} NOT NULL,
    until {INT} NOT NULL,
    fence {INT} NOT NULL
) {WITHOUT_ROWID};

CREATE TABLE report (
    task {TEXT} PRIMARY KEY,
    ended {INT} NOT NULL,
    changed {INT} NOT NULL,
    error {TEXT}
) {WITHOUT_ROWID};
