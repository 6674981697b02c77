//! Commands of people: oneself, the directory, administration.

use std::sync::Arc;

use rempart_app::identity::accounts::{AccountDetail, AccountQuery, AccountUpdate};
use rempart_app::identity::invitations::NewInvitation;
use rempart_app::identity::me::Me;
use rempart_app::identity::operator::NewPerson;
use rempart_app::{App, Ctx};
use rempart_base::Secret;
use rempart_domain::account::Account;
use rempart_domain::invitation::Invitation;
use rempart_domain::refusal::Reason;
use rempart_domain::role::Action;
use rempart_domain::session::ApiToken;
use rempart_wire::{Command, Id, Time, account as wire, admin};

use crate::dispatch::{answer, done};
use crate::entrance::server_info;
use crate::problem::ProblemAnswer;
use crate::{from_wire, to_wire};

type Answer = Result<String, ProblemAnswer>;

pub(crate) async fn run(app: &Arc<App>, ctx: &Ctx, command: Command) -> Answer {
    match command {
        Command::MeGet(_) => me(app, app.me(ctx).await?).await,
        Command::MeUpdate(update) => {
            let language = update.language.map(from_wire::language);
            me(app, app.update_me(ctx, update.title.as_deref(), language).await?).await
        }
        Command::MePassword(change) => {
            let (current, new) = (Secret::new(change.current), Secret::new(change.new));
            done(app.change_password(ctx, current.expose(), new.expose()).await)
        }
        Command::MeTotpBegin(_) => {
            let offer = app.totp_begin(ctx).await?;
            answer(&wire::TotpOffer {
                secret: offer.secret.into_inner(),
                uri: offer.uri.into_inner(),
                qr: offer.qr.into_inner(),
            })
        }
        Command::MeTotpConfirm(confirm) => codes(app.totp_confirm(ctx, &confirm.code).await),
        Command::MeTotpRemove(remove) => {
            let password = Secret::new(remove.password);
            done(app.totp_remove(ctx, password.expose(), &remove.code).await)
        }
        Command::MeRecoveryRenew(confirm) => codes(app.recovery_renew(ctx, &confirm.code).await),
        Command::MeSessionsList(_) => my_sessions(app, ctx).await,
        Command::MeSessionsRevoke(revoke) => done(app.revoke_my_session(ctx, revoke.session.map(|s| s.0)).await),
        Command::MeTokensList(_) => {
            let tokens = app.my_tokens(ctx).await?;
            answer(&wire::ApiTokens { tokens: tokens.into_iter().map(token).collect() })
        }
        Command::MeTokensCreate(create) => {
            let scopes: Vec<_> = create.scopes.into_iter().map(from_wire::scope).collect();
            let (made, secret) = app.create_token(ctx, &create.name, &scopes, create.days).await?;
            answer(&wire::NewApiToken { token: token(made), secret: secret.into_inner() })
        }
        Command::MeTokensRevoke(revoke) => done(app.revoke_token(ctx, revoke.token.0).await),
        Command::PeopleList(list) => {
            let page = app.list_people(ctx, &list.query, list.after.as_deref(), list.limit).await?;
            let people = people(app, page.accounts).await?;
            answer(&wire::People { people, next: page.next, total: Some(page.total) })
        }
        Command::PeopleGet(get) => {
            let ids: Vec<_> = get.accounts.into_iter().map(|a| a.0).collect();
            let people = people(app, app.get_people(ctx, &ids).await?).await?;
            answer(&wire::People { people, next: None, total: None })
        }
        other => administration(app, ctx, other).await,
    }
}

async fn administration(app: &Arc<App>, ctx: &Ctx, command: Command) -> Answer {
    match command {
        Command::AccountsList(list) => accounts(app, ctx, list).await,
        Command::AccountsUpdate(update) => {
            let change = AccountUpdate {
                display_name: update.display_name,
                title: update.title,
                department: update.department,
                role: update.role.map(from_wire::role),
            };
            let changed = app.update_account(ctx, update.account.0, change).await?;
            answer(&detail(app, &domain(app).await?, changed))
        }
        Command::AccountsCreate(create) => {
            let person = NewPerson {
                local: create.local,
                display_name: create.display_name,
                title: create.title,
                department: create.department,
                role: from_wire::role(create.role),
                language: from_wire::language(create.language),
                password: None,
            };
            let added = app.create_account(ctx, person).await?;
            let link = added.link.ok_or(Reason::LinkInvalid)?;
            let address = format!("{}@{}", added.account.local, domain(app).await?);
            let url = url(app, "reset", link.secret.expose()).await?;
            let link = admin::Link { url, expires: Time(link.expires) };
            answer(&admin::NewAccountLink { account: Id(added.account.id), address, link })
        }
        Command::AccountsDisable(which) => done(app.disable_account(ctx, which.account.0).await),
        Command::AccountsEnable(which) => done(app.enable_account(ctx, which.account.0).await),
        Command::AccountsResetKeys(which) => done(app.allow_identity_reset(ctx, which.account.0).await),
        Command::AccountsUnlock(which) => done(app.unlock_account(ctx, which.account.0).await),
        Command::AccountsEndSessions(which) => done(app.end_account_sessions(ctx, which.account.0).await),
        Command::AccountsReset(reset) => {
            let link = app.reset_account(ctx, reset.account.0, reset.second_factor).await?;
            let url = url(app, "reset", link.secret.expose()).await?;
            answer(&admin::Link { url, expires: Time(link.expires) })
        }
        Command::InvitationsCreate(create) => {
            let new = NewInvitation {
                role: from_wire::role(create.role),
                local: create.local,
                display_name: create.display_name,
                hours: create.hours,
            };
            let (made, secret) = app.create_invitation(ctx, new).await?;
            let url = url(app, "invite", secret.expose()).await?;
            answer(&admin::NewInvitation { invitation: invitation(made), url })
        }
        Command::InvitationsList(_) => {
            let invitations = app.list_invitations(ctx).await?.into_iter().map(invitation).collect();
            answer(&admin::Invitations { invitations })
        }
        Command::InvitationsRevoke(revoke) => done(app.revoke_invitation(ctx, revoke.invitation.0).await),
        Command::OrganisationUpdate(update) => {
            app.rename_organisation(ctx, &update.name).await?;
            answer(&server_info(app).await?)
        }
        Command::AuditList(list) => {
            let rows = app.list_audit(ctx, list.before, list.limit).await?;
            let entries = rows.into_iter().map(|row| admin::AuditEntry {
                seq: row.seq,
                time: Time(row.entry.time),
                actor: row.entry.actor,
                action: row.entry.action,
                target: row.entry.target,
                outcome: row.entry.outcome,
                origin: row.entry.origin,
            });
            answer(&admin::Audit { entries: entries.collect() })
        }
        Command::TasksList(_) => {
            let reports = app.list_tasks(ctx).await?;
            let tasks = reports.into_iter().map(|report| admin::TaskReport {
                name: report.task,
                last_run: Some(Time(report.time)),
                changed: report.changed,
                error: report.error,
            });
            answer(&admin::Tasks { tasks: tasks.collect() })
        }
        // Every command stands in one of the three tables; a new one that stands in none is told as unknown.
        _ => Err(Reason::CommandUnknown.into()),
    }
}

fn codes(codes: rempart_app::Outcome<Vec<Secret<String>>>) -> Answer {
    answer(&wire::RecoveryCodes { codes: codes?.into_iter().map(Secret::into_inner).collect() })
}

async fn domain(app: &App) -> Result<String, ProblemAnswer> {
    Ok(app.organisation().await?.ok_or(Reason::NotReady)?.domain.clone())
}

/// A page of the client with a secret behind `#`, which browsers keep to themselves.
async fn url(app: &App, page: &str, secret: &str) -> Result<String, ProblemAnswer> {
    let organisation = app.organisation().await?.ok_or(Reason::NotReady)?;
    Ok(format!("https://{}/{page}#{secret}", organisation.host))
}

fn person(app: &App, domain: &str, account: Account) -> wire::Person {
    wire::Person {
        presence: to_wire::presence(app.presence_of(account.id)),
        account: Id(account.id),
        address: format!("{}@{domain}", account.local),
        display_name: account.display_name,
        title: account.title,
        department: account.department,
        role: to_wire::role(account.role),
        active: account.active,
    }
}

async fn people(app: &App, accounts: Vec<Account>) -> Result<Vec<wire::Person>, ProblemAnswer> {
    let domain = domain(app).await?;
    Ok(accounts.into_iter().map(|a| person(app, &domain, a)).collect())
}

async fn me(app: &App, me: Me) -> Answer {
    answer(&own(app, me).await?)
}

/// The person signed in, as a page or program sees them.
pub(crate) async fn own(app: &App, me: Me) -> Result<wire::Me, ProblemAnswer> {
    let domain = domain(app).await?;
    Ok(wire::Me {
        language: to_wire::language(me.account.language),
        person: person(app, &domain, me.account),
        device: Id(me.device),
        session: me.session.map(Id),
        may: me.may.into_iter().map(|action: Action| action.name().to_owned()).collect(),
        totp: me.totp,
        recovery_left: u32::try_from(me.recovery_left).unwrap_or(u32::MAX),
        must: me.must.into_iter().map(|duty| duty.name().to_owned()).collect(),
    })
}

async fn my_sessions(app: &App, ctx: &Ctx) -> Answer {
    let current = app.me(ctx).await?.session;
    let sessions = app.my_sessions(ctx).await?;
    let rows = sessions.into_iter().map(|row| wire::SessionInfo {
        session: Id(row.session.id),
        device: Id(row.device.id),
        name: row.device.name,
        created: Time(row.session.created),
        seen: Time(row.session.seen),
        current: Some(row.session.id) == current,
    });
    answer(&wire::Sessions { sessions: rows.collect() })
}

fn token(token: ApiToken) -> wire::ApiTokenInfo {
    wire::ApiTokenInfo {
        token: Id(token.id),
        name: token.name,
        scopes: token.scopes.into_iter().map(to_wire::scope).collect(),
        created: Time(token.created),
        expires: Time(token.expires),
        used: token.used.map(Time),
    }
}

async fn accounts(app: &App, ctx: &Ctx, list: admin::ListAccounts) -> Answer {
    let query = AccountQuery {
        query: list.query,
        role: list.role.map(from_wire::role),
        active: list.active,
        department: list.department,
        totp: list.totp,
        after: list.after,
        limit: list.limit,
    };
    let page = app.list_accounts(ctx, query).await?;
    let domain = domain(app).await?;
    answer(&admin::Accounts {
        accounts: page.accounts.into_iter().map(|row| detail(app, &domain, row)).collect(),
        next: page.next,
        total: page.total,
        without_factor: page.without_factor,
        locked: page.locked,
        departments: page.departments,
    })
}

fn detail(app: &App, domain: &str, row: AccountDetail) -> admin::AccountDetail {
    admin::AccountDetail {
        language: to_wire::language(row.account.language),
        seen: row.account.seen.map(Time),
        created: Time(row.account.created),
        person: person(app, domain, row.account),
        totp: row.totp,
        locked_until: row.locked_until.map(Time),
        devices: row.devices,
    }
}

fn invitation(invitation: Invitation) -> admin::Invitation {
    admin::Invitation {
        invitation: Id(invitation.id),
        role: to_wire::role(invitation.role),
        local: invitation.local,
        display_name: invitation.display_name,
        inviter: invitation.inviter.map(Id),
        created: Time(invitation.created),
        expires: Time(invitation.expires),
    }
}
