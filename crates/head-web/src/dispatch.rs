//! The table of commands: each to its use case and back. HTTP and the feed carry it alike.

use std::sync::Arc;

use axum::extract::rejection::StringRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, post};
use rempart_app::{App, Ctx};
use rempart_domain::refusal::Reason;
use rempart_wire::command::CommandError;
use rempart_wire::{Command, Empty, conversation, journal};
use serde::Serialize;

use crate::caller::Caller;
use crate::feed::json;
use crate::problem::{ProblemAnswer, detailed};
use crate::{Head, from_wire, groups, identity, keys, to_wire};

/// `POST /api/v1/commands/{op}`.
pub(crate) async fn over_http(
    State(head): State<Head>,
    caller: Caller,
    Path(op): Path<String>,
    body: Result<String, StringRejection>,
) -> Result<Response, ProblemAnswer> {
    run_body(&head, &caller, &op, body).await
}

/// `POST /api/v1/commands/` of one command whose body may be larger than others': at most so many bytes.
pub(crate) fn large(op: &'static str, most: usize) -> MethodRouter<Head> {
    let run = move |State(head): State<Head>, caller: Caller, body: Result<String, StringRejection>| async move {
        run_body(&head, &caller, op, body).await
    };
    post(run).layer(DefaultBodyLimit::max(most))
}

async fn run_body(
    head: &Head,
    caller: &Caller,
    op: &str,
    body: Result<String, StringRejection>,
) -> Result<Response, ProblemAnswer> {
    let body = body.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Reason::RequestTooLarge
        } else {
            Reason::RequestInvalid
        }
    })?;
    let params = if body.is_empty() { "{}" } else { body.as_str() };
    let command = Command::parse(op, params).map_err(|error| unreadable(&error))?;
    let answer = run(&head.app, caller, command).await?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], answer).into_response())
}

/// The refusal of a command that cannot be read.
pub(crate) fn unreadable(error: &CommandError) -> ProblemAnswer {
    match error {
        CommandError::Unknown => Reason::CommandUnknown.into(),
        CommandError::Params(words) => detailed(Reason::RequestInvalid.into(), Some(words.clone())),
    }
}

/// Runs a command; gives its answer as JSON text.
pub(crate) async fn run(app: &Arc<App>, caller: &Caller, command: Command) -> Result<String, ProblemAnswer> {
    let ctx = caller.ctx(app);
    match command {
        Command::MessagesPost(post) => {
            let receipt = app.post(&ctx, from_wire::post(post)?).await?;
            answer(&to_wire::receipt(&receipt))
        }
        Command::Ping(_) => done(Ok(())),
        other => match conversations(app, &ctx, other).await {
            Ok(answer) => answer,
            Err(other) => match groups::run(app, &ctx, *other).await {
                Ok(answer) => answer,
                Err(other) => match keys::run(app, &ctx, *other).await {
                    Ok(answer) => answer,
                    Err(other) => identity::run(app, &ctx, *other).await,
                },
            },
        },
    }
}

pub(crate) fn answer(value: &impl Serialize) -> Result<String, ProblemAnswer> {
    Ok(json(value))
}

pub(crate) fn done(outcome: rempart_app::Outcome<()>) -> Result<String, ProblemAnswer> {
    outcome?;
    answer(&Empty {})
}

pub(crate) type Answer = Result<String, ProblemAnswer>;

/// Commands of conversations, journals and the log; what is not one of them is given back.
async fn conversations(app: &Arc<App>, ctx: &Ctx, command: Command) -> Result<Answer, Box<Command>> {
    Ok(match command {
        Command::PresenceSet(set) => done(app.set_presence(ctx, from_wire::choice(set)).await),
        // Over HTTP nobody is connected: only a feed has presence.
        Command::PresenceActive(_) => done(Ok(())),
        Command::ConversationsCreate(create) => create_conversation(app, ctx, create).await,
        Command::ConversationsList(_) => list(app, ctx).await,
        Command::ConversationsGet(which) => one(app.conversation(ctx, which.conversation.0).await),
        Command::ConversationsMembers(which) => members(app, ctx, which).await,
        Command::ConversationsAdd(add) => add_members(app, ctx, add).await,
        Command::ConversationsRemove(m) => done(app.remove_member(ctx, m.conversation.0, m.account.0).await),
        Command::ConversationsRole(set) => {
            let role = from_wire::member_role(set.role);
            done(app.set_member_role(ctx, set.conversation.0, set.account.0, role).await)
        }
        Command::ConversationsLeave(which) => done(app.leave(ctx, which.conversation.0).await),
        Command::ConversationsMute(mute) => done(app.mute(ctx, mute.conversation.0, mute.muted, mute.pinned).await),
        Command::ChannelsList(_) => channels(app, ctx).await,
        Command::ChannelsJoin(which) => one(app.join(ctx, which.conversation.0).await),
        Command::MessagesText(text) => {
            let posted = app.post_text(ctx, text.conversation.0, text.client_id.0, &text.text).await;
            match posted {
                Ok(receipt) => answer(&to_wire::receipt(&receipt)),
                Err(failure) => Err(failure.into()),
            }
        }
        Command::MessagesErase(erase) => done(app.erase(ctx, erase.conversation.0, erase.seq, erase.client_id.0).await),
        Command::JournalRead(read) => read_journal(app, ctx, &read).await,
        Command::AccountJournalRead(read) => read_account(app, ctx, &read).await,
        Command::CursorAck(ack) => done(app.ack_cursor(ctx, ack.conversation.0, ack.seq).await),
        Command::MarksRead(ack) => done(app.mark_read(ctx, ack.conversation.0, ack.seq).await),
        Command::MarksGet(which) => marks(app, ctx, which).await,
        Command::TypingSet(set) => done(app.set_typing(ctx, set.conversation.0, set.typing).await),
        Command::LogCheckpoint(_) => checkpoint(app, ctx).await,
        Command::LogProof(get) => prove(app, ctx, &get).await,
        other => return Err(Box::new(other)),
    })
}

fn one(view: rempart_app::Outcome<rempart_app::conversations::View>) -> Answer {
    answer(&to_wire::view(view?))
}

async fn create_conversation(app: &Arc<App>, ctx: &Ctx, create: conversation::CreateConversation) -> Answer {
    let new = from_wire::new_conversation(create)?;
    one(app.create_conversation(ctx, new).await)
}

async fn list(app: &App, ctx: &Ctx) -> Answer {
    let views = app.conversations(ctx).await?;
    answer(&conversation::Conversations { conversations: views.into_iter().map(to_wire::view).collect() })
}

async fn members(app: &App, ctx: &Ctx, which: conversation::ConversationRef) -> Answer {
    let members = app.members(ctx, which.conversation.0).await?;
    answer(&conversation::Members { members: members.into_iter().map(to_wire::member).collect() })
}

async fn add_members(app: &Arc<App>, ctx: &Ctx, add: conversation::AddMembers) -> Answer {
    from_wire::at_once(add.accounts.len(), "accounts")?;
    let accounts: Vec<_> = add.accounts.into_iter().map(|a| a.0).collect();
    done(app.add_members(ctx, add.conversation.0, &accounts).await)
}

async fn channels(app: &App, ctx: &Ctx) -> Answer {
    let channels = app.channels(ctx).await?;
    answer(&conversation::Channels { channels: channels.into_iter().map(to_wire::channel).collect() })
}

async fn read_journal(app: &App, ctx: &Ctx, read: &journal::ReadJournal) -> Answer {
    let range = from_wire::range(read)?;
    let (entries, last_seq) = app.read_journal(ctx, read.conversation.0, range, read.limit).await?;
    answer(&journal::JournalPage { entries: entries.iter().map(|e| to_wire::entry(e)).collect(), last_seq })
}

async fn read_account(app: &App, ctx: &Ctx, read: &journal::ReadAccountJournal) -> Answer {
    let (rows, last_seq) = app.read_account_journal(ctx, read.after, read.limit).await?;
    let entries = rows.into_iter().map(to_wire::account_entry).collect();
    answer(&journal::AccountJournalPage { entries, last_seq })
}

async fn marks(app: &App, ctx: &Ctx, which: conversation::ConversationRef) -> Answer {
    let marks = app.marks(ctx, which.conversation.0).await?;
    answer(&journal::Marks { marks: marks.into_iter().map(to_wire::mark).collect() })
}

async fn checkpoint(app: &App, ctx: &Ctx) -> Answer {
    let (note, key) = app.checkpoint(ctx).await?;
    answer(&journal::Checkpoint { note, key })
}

async fn prove(app: &App, ctx: &Ctx, get: &journal::GetProof) -> Answer {
    let proof = app.prove(ctx, get.conversation.0, get.seq).await?;
    let (_, key) = app.checkpoint(ctx).await?;
    answer(&to_wire::proof(proof, key))
}
