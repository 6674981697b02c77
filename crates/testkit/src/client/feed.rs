//! The feed: many commands at once, answers found by their id, live frames apart.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use rempart_wire::feed::{Frame, Welcome};
use rempart_wire::{B64, Id, journal};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::line::Socket;
use super::{Client, Failure, Line, client_id};

/// How long an answer may take before the line counts as broken.
pub const ANSWER: Duration = Duration::from_secs(30);

type Waiting = Arc<Mutex<HashMap<String, oneshot::Sender<Result<Value, Failure>>>>>;

/// An open feed. Dropping it cuts the line.
#[derive(Debug)]
pub struct Feed {
    sender: tokio::sync::Mutex<SplitSink<Socket, Message>>,
    waiting: Waiting,
    ids: AtomicU64,
    /// What the server said at first.
    pub welcome: Welcome,
    frames: tokio::sync::Mutex<mpsc::UnboundedReceiver<Frame>>,
    closed: watch::Receiver<Option<Option<u16>>>,
    reader: JoinHandle<()>,
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Feed {
    /// Opens a feed and says hello.
    ///
    /// # Errors
    /// The refusal of hello, or that the line did not open.
    pub async fn open(client: &Client) -> Result<Self, Failure> {
        let line = Line::open(client).await.map_err(|e| Failure::Broken(e.into()))?;
        Self::on(line).await
    }

    /// Says hello on an open line.
    ///
    /// # Errors
    /// The refusal of hello, or that the line broke.
    pub async fn on(mut line: Line) -> Result<Self, Failure> {
        let frame = timeout(ANSWER, line.hello()).await.context("the answer to hello")??;
        let welcome = match serde_json::from_value::<Frame>(frame).context("a frame")? {
            Frame::Ok { answer, .. } => serde_json::from_value(answer).context("a welcome")?,
            Frame::Refused { problem, .. } => return Err(problem.into()),
            other => return Err(Failure::Broken(anyhow!("came before the welcome: {other:?}"))),
        };
        let (sender, receiver) = line.into_inner().split();
        let waiting = Waiting::default();
        let (frames_in, frames) = mpsc::unbounded_channel();
        let (closed_in, closed) = watch::channel(None);
        let reader = tokio::spawn(read(receiver, Arc::clone(&waiting), frames_in, closed_in));
        Ok(Self {
            sender: tokio::sync::Mutex::new(sender),
            waiting,
            ids: AtomicU64::new(1),
            welcome,
            frames: tokio::sync::Mutex::new(frames),
            closed,
            reader,
        })
    }

    /// A command over the feed. Many may be under way at once.
    ///
    /// # Errors
    /// The problem, or that the line broke: then nobody knows whether it was done.
    pub async fn command(&self, op: &str, params: Value) -> Result<Value, Failure> {
        self.ask(op, &params).await
    }

    /// A command over the feed, typed.
    ///
    /// # Errors
    /// The problem, or that the line broke.
    pub async fn ask<T: DeserializeOwned>(&self, op: &str, params: &impl Serialize) -> Result<T, Failure> {
        let id = self.ids.fetch_add(1, Ordering::Relaxed).to_string();
        let (answered, answer) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), answered);
        let text = json!({ "id": id, "op": op, "params": params }).to_string();
        self.send(text).await?;
        let broken = || Failure::Broken(anyhow!("the line broke before the answer"));
        if self.closed.borrow().is_some() {
            // The reader may have ended before this question was put down.
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        }
        let answer = match timeout(ANSWER, answer).await {
            Ok(answer) => answer.map_err(|_| broken())??,
            Err(_) => return Err(Failure::Broken(anyhow!("no answer to {op} in {ANSWER:?}"))),
        };
        serde_json::from_value(answer).with_context(|| format!("the answer to {op}")).map_err(Failure::Broken)
    }

    /// Sends any text.
    ///
    /// # Errors
    /// When the line is broken.
    pub async fn send(&self, text: String) -> Result<()> {
        self.sender.lock().await.send(Message::text(text)).await.context("send a frame")
    }

    /// Posts a content.
    ///
    /// # Errors
    /// The problem, or that the line broke.
    pub async fn post(
        &self,
        conversation: Id<rempart_base::ConversationId>,
        content: &[u8],
    ) -> Result<journal::Receipt, Failure> {
        let post = journal::PostEntry {
            conversation,
            client_id: client_id(),
            content: B64(content.to_vec()),
            refers_to: None,
            epoch: None,
            blobs: Vec::new(),
        };
        self.ask("messages.post", &post).await
    }

    /// The next live frame, in the order of arrival.
    ///
    /// # Errors
    /// When the line ended.
    pub async fn next(&self) -> Result<Frame> {
        self.frames.lock().await.recv().await.context("the feed ended")
    }

    /// The first live frame of which `choose` makes something; those before it are dropped.
    ///
    /// # Errors
    /// When none came within `limit`, or the line ended.
    pub async fn find<T>(&self, limit: Duration, mut choose: impl FnMut(Frame) -> Option<T>) -> Result<T> {
        let search = async {
            loop {
                if let Some(found) = choose(self.next().await?) {
                    return Ok(found);
                }
            }
        };
        timeout(limit, search).await.with_context(|| format!("no such frame came within {limit:?}"))?
    }

    /// Live frames that have come and were not taken yet.
    pub async fn drain(&self) -> Vec<Frame> {
        let mut frames = self.frames.lock().await;
        std::iter::from_fn(|| frames.try_recv().ok()).collect()
    }

    /// Waits until the server ends the line; gives the code that it closed with.
    pub async fn closed(&self) -> Option<u16> {
        let mut closed = self.closed.clone();
        // The reader keeps the other end until it has said the code.
        closed.wait_for(Option::is_some).await.ok().and_then(|code| code.flatten())
    }
}

async fn read(
    mut socket: SplitStream<Socket>,
    waiting: Waiting,
    frames: mpsc::UnboundedSender<Frame>,
    closed: watch::Sender<Option<Option<u16>>>,
) {
    let mut code = None;
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Text(text) => {
                let frame = match serde_json::from_str(&text) {
                    Ok(frame) => frame,
                    // A frame that is none ends the feed, so that no test passes over it.
                    Err(_) => break,
                };
                let answered = |id: &str, answer| {
                    if let Some(asked) = waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(id) {
                        // Whoever asked may have given up.
                        drop(asked.send(answer));
                    }
                };
                match frame {
                    Frame::Ok { id, answer } => answered(&id, Ok(answer)),
                    Frame::Refused { id, problem } => answered(&id, Err(problem.into())),
                    other => drop(frames.send(other)),
                }
            }
            Message::Close(frame) => {
                code = frame.map(|f| f.code.into());
                break;
            }
            _ => {}
        }
    }
    closed.send_replace(Some(code));
    waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
}
