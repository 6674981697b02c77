//! Commands of groups.

use std::sync::Arc;

use rempart_app::groups::{Committed, GroupView, PostCommit};
use rempart_app::{App, Ctx};
use rempart_wire::{B64, Command, Id, Time, group};

use crate::dispatch::{answer, done};
use crate::problem::ProblemAnswer;

type Answer = Result<String, ProblemAnswer>;

/// Runs a command of groups; what is not one of them is given back.
pub(crate) async fn run(app: &Arc<App>, ctx: &Ctx, command: Command) -> Result<Answer, Box<Command>> {
    Ok(match command {
        Command::GroupsGet(which) => state(app.group(ctx, which.conversation.0).await),
        Command::GroupsStart(start) => {
            state(app.start_group(ctx, start.conversation.0, start.client_id.0, start.info.0.into()).await)
        }
        Command::GroupsCommit(commit) => self::commit(app, ctx, commit).await,
        Command::GroupsState(said) => done(app.hear_statement(ctx, said.conversation.0, said.statement.0.into()).await),
        Command::GroupsWelcomes(_) => welcomes(app, ctx).await,
        Command::GroupsWelcomed(taken) => done(app.take_welcome(ctx, taken.conversation.0, taken.seq).await),
        other => return Err(Box::new(other)),
    })
}

fn state(view: rempart_app::Outcome<GroupView>) -> Answer {
    let GroupView { group: named, since, leaves } = view?;
    let name = |bytes: &[u8]| B64(bytes.to_vec());
    answer(&group::GroupState {
        group: named.map(|n| name(&n.group)),
        epoch: named.map_or(0, |n| n.epoch),
        epoch_ref: named.map(|n| name(&n.epoch_ref)),
        final_ref: named.map(|n| name(&n.final_ref)),
        since,
        leaving: leaves.iter().filter(|leaf| leaf.leaving).map(|leaf| Id(leaf.device)).collect(),
        leaves: leaves
            .iter()
            .map(|leaf| group::GroupLeaf { device: Id(leaf.device), account: Id(leaf.account) })
            .collect(),
    })
}

async fn commit(app: &Arc<App>, ctx: &Ctx, commit: group::PostCommit) -> Answer {
    let post = PostCommit {
        conversation: commit.conversation.0,
        client_id: commit.client_id.0,
        commit: commit.commit.0.into(),
        welcome: commit.welcome.map(|w| w.0.into()),
    };
    let Committed { seq, time, epoch_ref, epoch } = app.commit_group(ctx, post).await?;
    answer(&group::CommitReceipt { seq, time: Time(time), epoch_ref: B64(epoch_ref.to_vec()), epoch })
}

async fn welcomes(app: &App, ctx: &Ctx) -> Answer {
    let waiting = app.welcomes(ctx).await?.into_iter();
    let welcomes = waiting
        .map(|w| group::GroupWelcome { conversation: Id(w.conversation), seq: w.seq, welcome: B64(w.body) })
        .collect();
    answer(&group::Welcomes { welcomes })
}
