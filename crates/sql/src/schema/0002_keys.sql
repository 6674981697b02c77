-- Keys of accounts and devices: the key log, key packages, keyrings, requests of new devices.

CREATE TABLE key_log_state (
    one {INT} PRIMARY KEY CHECK (one = 1),
    size {INT} NOT NULL,
    frontier {BLOB} NOT NULL,
    checkpoint {TEXT} NOT NULL,
    written {INT} NOT NULL
) {STRICT};
INSERT INTO key_log_state (one, size, frontier, checkpoint, written) VALUES (1, 0, {EMPTY}, '', 0);

CREATE TABLE key_leaf (
    position {INT} PRIMARY KEY,
    leaf {BLOB} NOT NULL
) {STRICT};

-- Devices of the key log that are not revoked: what is kept for one goes with its row.
CREATE TABLE keyed_device (
    device {BLOB} PRIMARY KEY,
    account {BLOB} NOT NULL,
    since {INT} NOT NULL
) {WITHOUT_ROWID};
CREATE INDEX keyed_device_account ON keyed_device (account);

-- `expires` is the end of the package's lifetime.
CREATE TABLE key_package (
    device {BLOB} NOT NULL REFERENCES keyed_device (device) ON DELETE CASCADE,
    hash {BLOB} NOT NULL,
    last_resort {INT} NOT NULL,
    package {BLOB} NOT NULL,
    added {INT} NOT NULL,
    expires {INT} NOT NULL,
    PRIMARY KEY (device, hash)
) {WITHOUT_ROWID};
CREATE INDEX key_package_expires ON key_package (expires);

-- Sealed by the account's own recovery code.
CREATE TABLE keyring (
    account {BLOB} PRIMARY KEY REFERENCES account (id),
    version {INT} NOT NULL,
    sealed {BLOB} NOT NULL,
    written {INT} NOT NULL
) {WITHOUT_ROWID};

-- A new device asks the account's others for the keyring. `state` is waiting, refused or answered.
CREATE TABLE device_link (
    device {BLOB} PRIMARY KEY REFERENCES device (id),
    account {BLOB} NOT NULL,
    public {BLOB} NOT NULL,
    asked {INT} NOT NULL,
    expires {INT} NOT NULL,
    state {TEXT} NOT NULL,
    sealed {BLOB}
) {WITHOUT_ROWID};
CREATE INDEX device_link_account ON device_link (account);
CREATE INDEX device_link_expires ON device_link (expires);

-- An administrator lets an account make a new identity key without the one before.
CREATE TABLE identity_reset (
    account {BLOB} PRIMARY KEY REFERENCES account (id),
    expires {INT} NOT NULL
) {WITHOUT_ROWID};
