//! The load: people in pairs, each writing to the other over a feed of their own, some messages under way at once.
//!
//! The generator shares the machine with the server, so it reads of a frame only what it needs: which it is, the client id
//! (which holds who sent it and as which of theirs), and the number in the journal, which must come without gap.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use rempart_base::ConversationId;
use rempart_testkit::client::line::Line;
use rempart_testkit::client::session::Person;
use rempart_wire::{B64, Id};
use tokio::sync::{Barrier, Notify};
use tokio_tungstenite::tungstenite::Message;

/// How long after the end what is under way may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// What all writers share.
pub(crate) struct Load {
    began: Instant,
    /// Nanoseconds since `began` at which each message left, by writer and number.
    sent: Vec<Vec<AtomicU64>>,
    pub(crate) acknowledged: AtomicU64,
    pub(crate) delivered: AtomicU64,
    /// Refused because the server had too much to do, and sent again.
    pub(crate) refused: AtomicU64,
    /// How many of each writer's messages the other one has, and a sign at each.
    arrived: Vec<(AtomicU64, Notify)>,
    /// Where all writers and the one who measures meet once all lines are open: what is written before somebody listens is
    /// read by pages, not delivered live.
    pub(crate) open: Barrier,
    /// Where all writers meet once each has all of its own through.
    done: Barrier,
}

/// Delays in milliseconds, as one writer saw them.
#[derive(Default)]
pub(crate) struct Delays {
    pub(crate) acknowledged: Vec<f64>,
    pub(crate) delivered: Vec<f64>,
}

impl Load {
    /// For so many writers of so many messages each.
    pub(crate) fn new(writers: usize, messages: usize) -> Arc<Self> {
        let row = || std::iter::repeat_with(AtomicU64::default).take(messages).collect();
        Arc::new(Self {
            began: Instant::now(),
            sent: std::iter::repeat_with(row).take(writers).collect(),
            acknowledged: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            arrived: std::iter::repeat_with(Default::default).take(writers).collect(),
            open: Barrier::new(writers + 1),
            done: Barrier::new(writers),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Notes that the other one has a message of a writer's.
    fn deliver(&self, writer: usize) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
        if let Some((count, sign)) = self.arrived.get(writer) {
            count.fetch_add(1, Ordering::Release);
            sign.notify_one();
        }
    }

    fn since(&self, writer: usize, number: usize) -> Option<f64> {
        let left = self.sent.get(writer)?.get(number)?.load(Ordering::Relaxed);
        Some(Duration::from_nanos(self.now().saturating_sub(left)).as_secs_f64() * 1e3)
    }
}

/// One who writes: for `time` or until all messages of the load are sent, then until the answers are in.
pub(crate) struct Writer {
    pub(crate) number: usize,
    pub(crate) person: Arc<Person>,
    pub(crate) conversation: Id<ConversationId>,
    /// Messages under way at once.
    pub(crate) window: usize,
    pub(crate) time: Duration,
    /// Whether every delay is kept; otherwise only counts.
    pub(crate) keep: bool,
}

/// A client id that says who sent what: UUIDv7 by its version and variant digits, otherwise writer and number.
fn client_id(run: u16, writer: usize, number: usize) -> String {
    format!("{:08x}-{run:04x}-7000-8000-{number:012x}", writer)
}

fn between<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let at = text.find(before)? + before.len();
    text.get(at..)
}

fn number(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

/// Writer and number from a client id of ours.
fn of_ours(text: &str) -> Option<(usize, usize)> {
    let writer = usize::from_str_radix(text.get(..8)?, 16).ok()?;
    let number = usize::from_str_radix(text.get(24..36)?, 16).ok()?;
    Some((writer, number))
}

impl Writer {
    /// Writes and listens.
    pub(crate) async fn run(self, load: Arc<Load>, run: u16) -> Result<Delays> {
        let mut line = Line::open(&self.person.client).await.map_err(|e| anyhow::anyhow!("open a line: {e:?}"))?;
        let welcome = line.hello().await?;
        ensure!(welcome.get("op").and_then(|o| o.as_str()) == Some("ok"), "hello was refused: {welcome}");
        let mut socket = line.into_inner();
        let content = B64(rempart_content::encode::text(&"La marée monte à 18 h 42 ; fermez la vanne 7. ".repeat(4))?);
        let content = serde_json::to_string(&content)?;
        let conversation = self.conversation.0.to_string();
        let frame = |number: usize| {
            let id = client_id(run, self.number, number);
            format!(
                r#"{{"id":"{number}","op":"messages.post","params":{{"conversation":"{conversation}","client_id":"{id}","content":{content}}}}}"#
            )
        };
        let ours = load.sent.get(self.number).context("a writer of the load")?;
        let (arrived, sign) = load.arrived.get(self.number).context("a writer of the load")?;
        let (mut next, mut answered, mut last_seq) = (0usize, 0usize, 0u64);
        let mut delays = Delays::default();
        load.open.wait().await;
        let until = Instant::now() + self.time;
        let mut given_up = pin!(tokio::time::sleep_until((until + PATIENCE).into()));
        loop {
            let writing = next < ours.len() && Instant::now() < until;
            // A message is under way until it is acknowledged and the other one has it.
            let through = || answered.min(usize::try_from(arrived.load(Ordering::Acquire)).unwrap_or(usize::MAX));
            while writing && next - through() < self.window && next < ours.len() {
                let frame = frame(next);
                if let Some(left) = ours.get(next) {
                    left.store(load.now(), Ordering::Relaxed);
                }
                socket.feed(Message::text(frame)).await?;
                next += 1;
            }
            socket.flush().await?;
            if !writing && through() == next {
                break;
            }
            let message = tokio::select! {
                message = socket.next() => message.context("the line ended")??,
                () = sign.notified() => continue,
                () = given_up.as_mut() => break,
            };
            let text = match &message {
                Message::Text(text) => text.as_str(),
                Message::Close(why) => anyhow::bail!("the server closed the line: {why:?}"),
                _ => continue,
            };
            if text.starts_with(r#"{"op":"ok""#) {
                let which = between(text, r#""id":""#).and_then(number).context("an answer's id")?;
                answered += 1;
                load.acknowledged.fetch_add(1, Ordering::Relaxed);
                if self.keep {
                    let which = usize::try_from(which)?;
                    delays.acknowledged.extend(load.since(self.number, which));
                }
            } else if text.starts_with(r#"{"op":"entry""#) {
                let seq = between(text, r#""seq":"#).and_then(number).context("an entry's number")?;
                ensure!(last_seq == 0 || seq == last_seq + 1, "a gap: {seq} after {last_seq}");
                last_seq = seq;
                let id = between(text, r#""client_id":""#).and_then(of_ours);
                if let Some((writer, which)) = id.filter(|(writer, _)| *writer != self.number) {
                    load.deliver(writer);
                    if self.keep {
                        delays.delivered.extend(load.since(writer, which));
                    }
                }
            } else if text.starts_with(r#"{"op":"refused""#) {
                let which = between(text, r#""id":""#).and_then(number);
                let wait = between(text, r#""retry_after_ms":"#).and_then(number);
                let (Some(which), Some(wait)) = (which, wait) else { anyhow::bail!("refused: {text}") };
                // As the web client does: again, with the same id, after the time told. Its delay goes on counting.
                load.refused.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(wait)).await;
                socket.send(Message::text(frame(usize::try_from(which)?))).await?;
            }
        }
        // The other one may still wait for what it wrote to be here.
        let listening = async {
            while let Some(Ok(message)) = socket.next().await {
                let Message::Text(text) = message else { continue };
                let id = between(text.as_str(), r#""client_id":""#).and_then(of_ours);
                if let Some((writer, which)) = id.filter(|(writer, _)| *writer != self.number) {
                    load.deliver(writer);
                    if self.keep {
                        delays.delivered.extend(load.since(writer, which));
                    }
                }
            }
        };
        tokio::select! {
            () = listening => {}
            _ = load.done.wait() => {}
        }
        Ok(delays)
    }
}
