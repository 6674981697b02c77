//! What the operator orders at the command line, carried out by the running server or, when none runs, right here.
//!
//! Reading order: this file (the orders), [`execute`] (carrying them out), [`socket`] (a line of JSON each way over a Unix
//! socket in the data directory, for the server's own user alone), [`reach`] (which of the two it is).

pub mod execute;
pub mod reach;
pub mod socket;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// An order.
#[derive(Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// Whether somebody is there.
    Ping,
    /// Make an account.
    Add(Person),
    /// A page of accounts.
    List {
        /// The `next` of the page before.
        after: Option<String>,
    },
    /// Let an account sign in, or not.
    SetActive {
        /// `local` or `local@domain`.
        address: String,
        /// Whether it may.
        active: bool,
    },
    /// A link to choose a new password.
    Reset {
        /// `local` or `local@domain`.
        address: String,
        /// Whether second factor and recovery codes go too.
        second_factor: bool,
    },
    /// Verify the archive.
    Verify,
    /// Look after store, bus and blobs.
    Health,
}

/// Somebody to be added.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The part before `@`.
    pub local: String,
    /// The name that others see.
    pub display_name: String,
    /// Title.
    pub title: String,
    /// Department.
    pub department: String,
    /// Role by its name in the API.
    pub role: String,
    /// Whether the interface speaks French first.
    pub french: bool,
    /// A first password; absent: a link.
    pub password: Option<Zeroizing<String>>,
}

/// What comes back: any number of `Progress`, then one of the others.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// So many of so many.
    Progress(u64, u64),
    /// Done.
    Done(Answer),
    /// A rule said no.
    Refused {
        /// The stable code.
        code: String,
        /// The field at fault.
        field: Option<String>,
        /// Words to act on.
        words: String,
    },
    /// Something broke.
    Failed(String),
}

/// Answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Somebody is there, of this version.
    Here(String),
    /// An account was made.
    Added {
        /// Its address.
        address: String,
        /// The link to choose a password, where none was given.
        link: Option<Link>,
    },
    /// Accounts.
    People {
        /// Rows.
        rows: Vec<Row>,
        /// Where the next page begins.
        next: Option<String>,
    },
    /// An account was changed.
    Changed {
        /// Its address.
        address: String,
    },
    /// A link.
    Link {
        /// Whose.
        address: String,
        /// The link.
        link: Link,
    },
    /// What a verification found.
    Verified(Verified),
    /// How things stand.
    Health(Health),
}

/// A single-use link.
#[derive(Debug, Serialize, Deserialize)]
pub struct Link {
    /// The address to open.
    pub url: String,
    /// Until when, milliseconds since 1970.
    pub expires: i64,
}

/// An account.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    /// Its address.
    pub address: String,
    /// Its name.
    pub display_name: String,
    /// Role.
    pub role: String,
    /// Whether it may sign in.
    pub active: bool,
    /// Whether it has a second factor.
    pub second_factor: bool,
    /// Devices signed in.
    pub devices: u32,
}

/// What a verification found.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Verified {
    /// Entries in the log.
    pub entries: u64,
    /// Conversations.
    pub conversations: u64,
    /// Entries that wait for a position.
    pub waiting: u64,
    /// Entries whose body was erased.
    pub erased: u64,
    /// What is wrong, a line each, with position.
    pub findings: Vec<String>,
}

/// How store, bus and blobs stand.
#[derive(Debug, Serialize, Deserialize)]
pub struct Health {
    /// The organisation's host, once set up.
    pub host: Option<String>,
    /// What is wrong with the store; nothing when it answers.
    pub store: Option<String>,
    /// Findings of the store's own check of its structure.
    pub integrity: Vec<String>,
    /// What is wrong with the bus.
    pub bus: Option<String>,
    /// What is wrong with the blobs.
    pub blobs: Option<String>,
    /// Keys that the store knows.
    pub keys: Vec<String>,
    /// Tasks whose last run failed, with what they said.
    pub tasks: Vec<String>,
    /// Bytes of the store.
    pub bytes: Option<u64>,
}
