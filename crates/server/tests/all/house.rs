//! A server with its owner, and people who come in by invitation.

use std::time::Duration;

use rempart_base::ConversationId;
use rempart_content::{Details, encode};
use rempart_testkit::client::session::Person;
use rempart_testkit::client::{Client, Failure, Feed, client_id};
use rempart_testkit::server::{Cluster, Options, Server};
use rempart_wire::conversation::Conversation;
use rempart_wire::feed::Frame;
use rempart_wire::journal::Receipt;
use rempart_wire::{B64, Id, Problem};
use serde_json::{Value, json};

/// How long a frame may take that the server sends by itself.
pub(crate) const SOON: Duration = Duration::from_secs(2);

pub(crate) type Where = Id<ConversationId>;

/// A server and its owner.
pub(crate) struct House {
    pub(crate) server: Server,
    pub(crate) owner: Person,
}

pub(crate) fn options() -> Options {
    Options::new(env!("CARGO_BIN_EXE_rempart"))
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(options()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let server = Server::start(options).await.unwrap();
        let target = server.target().unwrap();
        let owner = Person::owner(&target, &server.setup_link().unwrap(), "maelle", "Maëlle Kerbrat").await.unwrap();
        Self { server, owner }
    }

    pub(crate) async fn member(&self, local: &str, name: &str) -> Person {
        self.owner.invite("member", local, name).await.unwrap()
    }

    /// The owner and two members.
    pub(crate) async fn pair(&self) -> (Person, Person) {
        (self.member("iris", "Iris Le Goff").await, self.member("yann", "Yann Tanguy").await)
    }

    /// A browser that was never here.
    pub(crate) fn stranger(&self) -> Client {
        Client::new(&self.server.target().unwrap())
    }
}

/// The owner of a cluster, signed in at its first node. The node that started last told the link that holds.
pub(crate) async fn owner(cluster: &Cluster) -> Person {
    let link = cluster.nodes.last().unwrap().setup_link().unwrap();
    Person::owner(&cluster.nodes[0].target().unwrap(), &link, "maelle", "Maëlle Kerbrat").await.unwrap()
}

pub(crate) fn text(words: &str) -> Vec<u8> {
    encode::text(words).unwrap()
}

pub(crate) fn title(words: &str) -> B64 {
    B64(encode::details(&Details { title: words.to_owned(), ..Details::default() }).unwrap())
}

pub(crate) async fn create(by: &Person, kind: &str, name: &str, members: &[&Person]) -> Where {
    let members: Vec<_> = members.iter().map(|p| p.account).collect();
    let details = (kind != "direct").then(|| title(name));
    let asked = json!({ "client_id": client_id(), "kind": kind, "members": members, "details": details });
    by.client.ask::<Conversation>("conversations.create", &asked).await.unwrap().conversation
}

pub(crate) async fn feed(person: &Person) -> Feed {
    Feed::open(&person.client).await.unwrap()
}

/// Parameters of `messages.post`.
pub(crate) fn post(conversation: Where, content: &[u8]) -> Value {
    json!({ "conversation": conversation, "client_id": client_id(), "content": B64(content.to_vec()) })
}

pub(crate) async fn say(by: &Person, conversation: Where, words: &str) -> Receipt {
    by.client.ask("messages.post", &post(conversation, &text(words))).await.unwrap()
}

/// The refusal that must have come, with words and a code.
#[track_caller]
pub(crate) fn refusal<T>(outcome: Result<T, Failure>, code: &str) -> Problem {
    match outcome {
        Err(Failure::Refused(problem)) => {
            assert_eq!(problem.code, code, "{problem:?}");
            assert_eq!(problem.kind, format!("urn:rempart:problem:{code}"));
            assert!(problem.title.ends_with('.') && problem.title.len() > 10, "words to act on: {problem:?}");
            assert!(problem.incident.is_none(), "a refusal is no fault");
            *problem
        }
        Err(Failure::Broken(error)) => panic!("broken where {code} was to come: {error:#}"),
        Ok(_) => panic!("done where {code} was to come"),
    }
}

/// The next entry of a conversation that comes by itself.
pub(crate) async fn next_entry(feed: &Feed, conversation: Where) -> rempart_wire::journal::Entry {
    feed.find(SOON, |frame| match frame {
        Frame::Entry { conversation: c, entry } if c == conversation => Some(entry),
        _ => None,
    })
    .await
    .unwrap()
}

/// The text of a message's content.
pub(crate) fn words(entry: &rempart_wire::journal::Entry) -> String {
    let content = entry.content.as_ref().map(|c| c.0.clone()).unwrap_or_default();
    serde_json::from_slice::<Value>(&content).unwrap_or_default()["text"].as_str().unwrap_or_default().to_owned()
}
