//! The WebSocket `/api/v1/feed` (RFC 6455): commands and answers in order of arrival, live frames between them.
//!
//! One task a socket. Commands run beside it, at most [`IN_FLIGHT`] at once; more wait unread in the socket, so that a
//! fast client slows itself. A client that does not take what it is sent within [`PATIENCE`] is closed and comes again
//! with its cursors: nothing is queued for it without bound.

use std::fmt::Write as _;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::SinkExt as _;
use rempart_app::feed::{Closed, Event, FeedSession, Opening};
use rempart_app::messages::Entry;
use rempart_app::{App, Failure};
use rempart_base::limits;
use rempart_domain::refusal::Reason;
use rempart_wire::{Command, Id, Problem, Time, feed as wire};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tracing::debug;

use crate::caller::{Caller, feed_caller};
use crate::limit::Bucket;
use crate::{Head, Peer, dispatch, problem, to_wire};

/// Commands of one socket that run at once.
const IN_FLIGHT: usize = 64;
/// Commands a second from one socket, and at a burst.
const RATE: (f64, f64) = (500.0, 1_000.0);
/// How long a client may take to receive a frame.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the line is tried.
const PING: Duration = Duration::from_secs(25);
/// Pings between two full comparisons with the store.
const SWEEP: u32 = 3;
/// How long a feed rests where the store has too much to do.
const BUSY: Duration = Duration::from_millis(250);
/// How long a client may take to say hello.
const HELLO: Duration = Duration::from_secs(15);
/// Longest id of a command.
const ID_CHARS: usize = 64;

/// Too slow: come again with the cursors.
const CLOSE_SLOW: u16 = 4001;
/// The session ended.
const CLOSE_SIGNED_OUT: u16 = 4003;
/// RFC 6455 §7.4.1: the server goes away.
const CLOSE_AWAY: u16 = 1001;
/// RFC 6455 §7.4.1: a message that was not expected.
const CLOSE_POLICY: u16 = 1008;

type Answer = Pin<Box<dyn Future<Output = String> + Send>>;

pub(crate) async fn upgrade(
    State(head): State<Head>,
    axum::Extension(peer): axum::Extension<Peer>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    match feed_caller(&head, peer, &headers).await {
        Err(problem) => problem.into_response(),
        Ok((caller, turned)) => {
            let mut response = upgrade
                .read_buffer_size(4 * 1024)
                .write_buffer_size(8 * 1024)
                .max_write_buffer_size(4 * 1024 * 1024)
                .max_message_size(limits::REQUEST)
                .max_frame_size(limits::REQUEST)
                // Boxed, so that an idle socket keeps only what it needs.
                .on_upgrade(move |socket| Box::pin(serve(head, caller, socket)));
            if let Some(cookie) = turned {
                response.headers_mut().insert(axum::http::header::SET_COOKIE, cookie);
            }
            response
        }
    }
}

async fn serve(head: Head, caller: Caller, mut socket: WebSocket) {
    let opened = tokio::select! {
        opened = timeout(HELLO, hello(&head, &caller, &mut socket)) => opened.ok().flatten().ok_or((CLOSE_POLICY, "hello")),
        () = head.app.feeds_closed() => Err((CLOSE_AWAY, "restart")),
    };
    let feed = match opened {
        Ok(feed) => feed,
        Err((code, why)) => return close(&mut socket, code, why).await,
    };
    let end = Box::pin(talk(head, caller, &mut socket, feed)).await;
    if let Some((code, why)) = end {
        close(&mut socket, code, why).await;
    }
}

async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
    // The client may be gone already: then there is nobody to tell.
    let _gone = timeout(Duration::from_secs(2), socket.send(Message::Close(Some(frame)))).await;
}

/// The first frame must be `hello`; other frames are refused, and the client may try again.
async fn hello(head: &Head, caller: &Caller, socket: &mut WebSocket) -> Option<FeedSession> {
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Text(text) = message else { continue };
        let answer = match serde_json::from_str::<wire::Request<'_>>(&text) {
            Err(_) => refusal("", &problem::refused(Reason::RequestInvalid.into()).0),
            Ok(request) if request.op != "hello" => {
                refusal(&request.id, &problem::refused(Reason::HelloFirst.into()).0)
            }
            Ok(request) => {
                let params = request.params.map_or("{}", |p| p.get());
                if let Err(error) = serde_json::from_str::<wire::Hello>(params) {
                    let words = problem::detailed(Reason::RequestInvalid.into(), Some(error.to_string()));
                    refusal(&request.id, &words.0)
                } else {
                    match head.app.open_feed(&caller.ctx(&head.app)).await {
                        Err(failure) => refusal(&request.id, &problem::problem(failure).0),
                        Ok((opening, feed)) => {
                            let text = ok(&request.id, &json(&welcome(&head.app, opening)));
                            send(socket, text).await?;
                            return flush(socket).await.map(|()| feed);
                        }
                    }
                }
            }
        };
        send(socket, answer).await?;
        flush(socket).await?;
    }
    None
}

fn welcome(app: &App, opening: Opening) -> wire::Welcome {
    wire::Welcome {
        now: Time(app.now()),
        account_seq: opening.account_seq,
        conversations: opening.conversations.into_iter().map(to_wire::view).collect(),
        presence: opening.presence.into_iter().map(|(a, p)| to_wire::person_presence(a, p)).collect(),
    }
}

/// Talks until the line or the session ends; gives what to close with where the server ends it.
async fn talk(
    head: Head,
    caller: Caller,
    socket: &mut WebSocket,
    mut feed: FeedSession,
) -> Option<(u16, &'static str)> {
    // Tasks of their own: a command that holds a connection of the store must go on also while this one waits for another, or
    // for a slow client.
    let mut answers: JoinSet<String> = JoinSet::new();
    let mut bucket = Bucket::new(RATE.0, RATE.1);
    let mut pings = interval_at(Instant::now() + PING, PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent = 0;
    let mut tick = 0;
    loop {
        tokio::select! {
            Some(answer) = answers.join_next() => {
                let mut next = Some(answer);
                while let Some(answer) = next {
                    let Ok(answer) = answer else {
                        tracing::error!("a command broke off");
                        return Some((CLOSE_AWAY, "fault"));
                    };
                    if send(socket, answer).await.is_none() {
                        return Some((CLOSE_SLOW, "slow"));
                    }
                    next = answers.try_join_next();
                }
                if flush(socket).await.is_none() {
                    return Some((CLOSE_SLOW, "slow"));
                }
            }
            pending = feed.ready() => {
                let mut events = Vec::new();
                let read = feed.read(pending, &mut events).await;
                for event in events {
                    if let Event::Closed(why) = event {
                        return Some(match why {
                            Closed::SignedOut => (CLOSE_SIGNED_OUT, "signed out"),
                            Closed::Restart => (CLOSE_AWAY, "restart"),
                        });
                    }
                    if push(socket, event).await.is_none() {
                        return Some((CLOSE_SLOW, "slow"));
                    }
                }
                if flush(socket).await.is_none() {
                    return Some((CLOSE_SLOW, "slow"));
                }
                match read {
                    Ok(()) => {}
                    // Coming again would only give the store more to do.
                    Err(Failure::Refused(refused)) if refused.reason == Reason::TooManyRequests => {
                        tokio::time::sleep(BUSY).await;
                    }
                    Err(failure) => {
                        problem::problem(failure);
                        return Some((CLOSE_AWAY, "fault"));
                    }
                }
            }
            received = socket.recv(), if answers.len() < IN_FLIGHT => {
                silent = 0;
                match received {
                    Some(Ok(Message::Text(text))) => {
                        match begin(&head, &caller, &mut bucket, &mut feed, text).await {
                            Begun::Running(answer) => drop(answers.spawn(answer)),
                            Begun::Done(answer) => {
                                if send(socket, answer).await.is_none() || flush(socket).await.is_none() {
                                    return Some((CLOSE_SLOW, "slow"));
                                }
                            }
                            Begun::SignedOut => return Some((CLOSE_SIGNED_OUT, "signed out")),
                        }
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Binary(_))) => return Some((CLOSE_POLICY, "text frames only")),
                    Some(Ok(Message::Close(_))) | None => return None,
                    Some(Err(error)) => {
                        debug!(%error, "a feed's line broke");
                        return None;
                    }
                }
            }
            _ = pings.tick() => {
                silent += 1;
                tick += 1;
                if silent > 3 {
                    return Some((CLOSE_SLOW, "silent"));
                }
                if tick % SWEEP == 0 {
                    feed.sweep();
                }
                if let Err(refused) = caller.check(&head.app).await && refused.signed_out() {
                    return Some((CLOSE_SIGNED_OUT, "signed out"));
                }
                let ping = timeout(PATIENCE, socket.send(Message::Ping(Bytes::new()))).await;
                if !matches!(ping, Ok(Ok(()))) {
                    return Some((CLOSE_SLOW, "slow"));
                }
            }
        }
    }
}

enum Begun {
    Running(Answer),
    Done(String),
    SignedOut,
}

/// Reads a command and begins it. What concerns this feed itself is done at once.
async fn begin(head: &Head, caller: &Caller, bucket: &mut Bucket, feed: &mut FeedSession, text: Utf8Bytes) -> Begun {
    let Ok(request) = serde_json::from_str::<wire::Request<'_>>(&text) else {
        return Begun::Done(refusal("", &problem::refused(Reason::RequestInvalid.into()).0));
    };
    if request.id.chars().count() > ID_CHARS {
        return Begun::Done(refusal("", &problem::refused(Reason::RequestInvalid.into()).0));
    }
    let id = request.id.into_owned();
    if let Err(refused) = bucket.take() {
        return Begun::Done(refusal(&id, &problem::refused(refused).0));
    }
    let command = match Command::parse(&request.op, request.params.map_or("{}", |p| p.get())) {
        Ok(command) => command,
        Err(error) => return Begun::Done(refusal(&id, &dispatch::unreadable(&error).0)),
    };
    if let Command::PresenceActive(active) = &command {
        feed.set_active(active.active);
        return Begun::Done(ok(&id, "{}"));
    }
    let caller = match caller.check(&head.app).await {
        Ok(caller) => caller,
        Err(refused) if refused.signed_out() => return Begun::SignedOut,
        Err(refused) => return Begun::Done(refusal(&id, &refused.0)),
    };
    let head = head.clone();
    Begun::Running(Box::pin(async move {
        match dispatch::run(&head.app, &caller, command).await {
            Ok(answer) => ok(&id, &answer),
            Err(refused) => refusal(&id, &refused.0),
        }
    }))
}

/// Puts a text into the socket's buffer, sending what does not fit; `None` when the client is gone or too slow.
async fn send(socket: &mut WebSocket, text: impl Into<Utf8Bytes>) -> Option<()> {
    timeout(PATIENCE, socket.feed(Message::Text(text.into()))).await.ok()?.ok()
}

/// Sends what is in the socket's buffer.
async fn flush(socket: &mut WebSocket) -> Option<()> {
    timeout(PATIENCE, socket.flush()).await.ok()?.ok()
}

async fn push(socket: &mut WebSocket, event: Event) -> Option<()> {
    let frame = match event {
        Event::Entries(_, entries) => {
            for entry in entries {
                let text = Utf8Bytes::try_from(rendered(&entry)).ok()?;
                send(socket, text).await?;
            }
            return Some(());
        }
        Event::Account(row) => wire::Frame::Account { entry: to_wire::account_entry(row) },
        Event::Conversation(view) => wire::Frame::Conversation { conversation: to_wire::view(*view) },
        Event::Marks(conversation, marks) => {
            wire::Frame::Marks { conversation: Id(conversation), marks: marks.into_iter().map(to_wire::mark).collect() }
        }
        Event::Presence(account, presence) => {
            wire::Frame::Presence { presence: to_wire::person_presence(account, presence) }
        }
        Event::Typing(conversation, account, typing) => {
            wire::Frame::Typing { conversation: Id(conversation), account: Id(account), typing }
        }
        Event::Closed(_) => return Some(()),
    };
    send(socket, json(&frame)).await
}

/// The frame of an entry, made once for all who receive it.
fn rendered(entry: &Arc<Entry>) -> Bytes {
    let make = || {
        let conversation = Id(entry.envelope.conversation);
        Bytes::from(json(&wire::Frame::Entry { conversation, entry: to_wire::entry(entry) }))
    };
    entry.rendered.get_or_init(make).clone()
}

/// JSON of a value of ours: strings, numbers, lists and maps with string keys cannot fail to be written.
pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

fn ok(id: &str, answer: &str) -> String {
    let id = json(&id);
    let mut text = String::with_capacity(answer.len() + id.len() + 32);
    // Writing into a string does not fail.
    let _done = write!(text, r#"{{"op":"ok","id":{id},"answer":{answer}}}"#);
    text
}

fn refusal(id: &str, problem: &Problem) -> String {
    json(&wire::Frame::Refused { id: id.to_owned(), problem: problem.clone() })
}
