//! What rings on the bus: small, without content, safe to lose and to repeat.

use bytes::{BufMut as _, Bytes, BytesMut};
use rempart_base::{AccountId, ConversationId, NodeId};
use rempart_ports::bus::Topic;
use rempart_ports::store::MemberMark;

/// A signal between sessions and nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// The journal of a conversation reaches this number.
    Wake(ConversationId, u64),
    /// The journal of an account has something new.
    Account(AccountId),
    /// A member received or read further.
    Mark(ConversationId, MemberMark),
    /// Somebody writes, or stopped.
    Typing(ConversationId, AccountId, bool),
    /// A node serves an account: connected there, and at hand there.
    Present { account: AccountId, node: NodeId, connected: bool, active: bool },
    /// Somebody chose another presence: read it from the store.
    Chose(AccountId),
    /// A node starts, and wants to know who is present elsewhere.
    WhoIsThere(NodeId),
    /// Something of identity: decoded there.
    Identity(Bytes),
}

impl Signal {
    /// Where it goes.
    pub(crate) const fn topic(&self) -> Topic {
        match self {
            Self::Wake(conversation, _) | Self::Mark(conversation, _) | Self::Typing(conversation, ..) => {
                Topic::Conversation(*conversation)
            }
            Self::Account(account) => Topic::Account(*account),
            Self::Present { .. } | Self::Chose(_) | Self::WhoIsThere(_) | Self::Identity(_) => Topic::All,
        }
    }

    /// Its bytes: a tag, then fixed fields; the topic is not repeated.
    pub(crate) fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(40);
        match self {
            Self::Wake(_, seq) => {
                out.put_u8(1);
                out.put_u64(*seq);
            }
            Self::Account(_) => out.put_u8(2),
            Self::Mark(_, mark) => {
                out.put_u8(3);
                out.put_slice(mark.account.as_bytes());
                out.put_u64(mark.delivered);
                out.put_u64(mark.read);
            }
            Self::Typing(_, account, typing) => {
                out.put_u8(4);
                out.put_slice(account.as_bytes());
                out.put_u8(u8::from(*typing));
            }
            Self::Present { account, node, connected, active } => {
                out.put_u8(5);
                out.put_slice(account.as_bytes());
                out.put_slice(node.as_bytes());
                out.put_u8(u8::from(*connected) | u8::from(*active) << 1);
            }
            Self::Chose(account) => {
                out.put_u8(6);
                out.put_slice(account.as_bytes());
            }
            Self::WhoIsThere(node) => {
                out.put_u8(7);
                out.put_slice(node.as_bytes());
            }
            Self::Identity(bytes) => {
                out.put_u8(8);
                out.put_slice(bytes);
            }
        }
        out.freeze()
    }

    /// From its topic and bytes; `None` for what this version does not know, which is passed over.
    pub(crate) fn decode(topic: Topic, bytes: &Bytes) -> Option<Self> {
        let (tag, body) = bytes.split_first()?;
        let mut fields = Fields(body);
        let signal = match (tag, topic) {
            (1, Topic::Conversation(id)) => Self::Wake(id, fields.number()?),
            (2, Topic::Account(account)) => Self::Account(account),
            (3, Topic::Conversation(id)) => Self::Mark(
                id,
                MemberMark {
                    account: AccountId::from_bytes(fields.id()?),
                    delivered: fields.number()?,
                    read: fields.number()?,
                },
            ),
            (4, Topic::Conversation(id)) => Self::Typing(id, AccountId::from_bytes(fields.id()?), fields.byte()? != 0),
            (5, Topic::All) => {
                let account = AccountId::from_bytes(fields.id()?);
                let node = NodeId::from_bytes(fields.id()?);
                let flags = fields.byte()?;
                Self::Present { account, node, connected: flags & 1 != 0, active: flags & 2 != 0 }
            }
            (6, Topic::All) => Self::Chose(AccountId::from_bytes(fields.id()?)),
            (7, Topic::All) => Self::WhoIsThere(NodeId::from_bytes(fields.id()?)),
            (8, Topic::All) => Self::Identity(bytes.slice(1..)),
            _ => return None,
        };
        Some(signal)
    }
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn id(&mut self) -> Option<[u8; 16]> {
        self.take()
    }

    fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take().map(|[b]| b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_unknown() {
        let conversation = ConversationId::from_bytes([1; 16]);
        let account = AccountId::from_bytes([2; 16]);
        let node = NodeId::from_bytes([3; 16]);
        for signal in [
            Signal::Wake(conversation, 7),
            Signal::Account(account),
            Signal::Mark(conversation, MemberMark { account, delivered: 3, read: 2 }),
            Signal::Typing(conversation, account, true),
            Signal::Present { account, node, connected: true, active: false },
            Signal::Chose(account),
            Signal::WhoIsThere(node),
            Signal::Identity(Bytes::from_static(b"x")),
        ] {
            let bytes = signal.encode();
            assert_eq!(Signal::decode(signal.topic(), &bytes), Some(signal.clone()));
            assert_eq!(Signal::decode(Topic::Node(node), &bytes), None);
            if bytes.len() > 2 {
                assert_eq!(Signal::decode(signal.topic(), &bytes.slice(..2)), None, "{signal:?}");
            }
        }
        assert_eq!(Signal::decode(Topic::All, &Bytes::from_static(&[99])), None);
        assert_eq!(Signal::decode(Topic::All, &Bytes::new()), None);
    }
}
