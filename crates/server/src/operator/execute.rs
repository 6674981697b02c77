//! Carrying out orders: each is a use case of the application, done by the operator.

use rempart_app::identity::accounts::{AccountDetail, AccountQuery};
use rempart_app::identity::operator::NewPerson;
use rempart_app::{Ctx, Failure, Outcome};
use rempart_base::{Chain, RequestId, Secret, limits};
use rempart_domain::account::Language;
use rempart_domain::actor::Actor;
use rempart_domain::refusal::{Reason, Refusal};
use rempart_domain::role::Role;

use super::{Answer, Event, Health, Link, Order, Person, Row, Verified};
use crate::wiring::Node;

/// Hears of progress: so many of so many.
pub type Progress<'a> = &'a mut (dyn FnMut(u64, u64) + Send);

/// Carries out an order.
pub async fn execute(node: &Node, order: Order, progress: Progress<'_>) -> Event {
    match carry_out(node, order, progress).await {
        Ok(answer) => Event::Done(answer),
        Err(Failure::Refused(refusal)) => Event::Refused {
            code: refusal.reason.code().to_owned(),
            field: refusal.field.map(str::to_owned),
            words: refusal.to_string(),
        },
        Err(Failure::Fault(fault)) => {
            tracing::error!(error = %Chain(&fault), "an order of the operator failed");
            Event::Failed(Chain(&fault).to_string())
        }
    }
}

async fn carry_out(node: &Node, order: Order, progress: Progress<'_>) -> Outcome<Answer> {
    let ctx = context(node);
    match order {
        Order::Ping => Ok(Answer::Here(env!("CARGO_PKG_VERSION").to_owned())),
        Order::Add(person) => add(node, &ctx, person).await,
        Order::List { after } => list(node, &ctx, after).await,
        Order::SetActive { address, active } => {
            let account = node.app.account_of_address(&ctx, &address).await?;
            if active {
                node.app.enable_account(&ctx, account.id).await?;
            } else {
                node.app.disable_account(&ctx, account.id).await?;
            }
            Ok(Answer::Changed { address: full(node, &account.local).await? })
        }
        Order::Reset { address, second_factor } => {
            let account = node.app.account_of_address(&ctx, &address).await?;
            let link = node.app.reset_account(&ctx, account.id, second_factor).await?;
            Ok(Answer::Link {
                address: full(node, &account.local).await?,
                link: shown(node, link.secret.expose(), link.expires.millis()).await?,
            })
        }
        Order::Verify => verify(node, progress).await.map(Answer::Verified),
        Order::Health => Ok(Answer::Health(health(node).await)),
    }
}

fn context(node: &Node) -> Ctx {
    let now = node.app.now();
    Ctx { actor: Actor::Operator, origin: None, now, request: RequestId::from_bytes(node.outside.entropy.uuid_v7(now)) }
}

async fn add(node: &Node, ctx: &Ctx, person: Person) -> Outcome<Answer> {
    let role = Role::from_name(&person.role).ok_or_else(|| Refusal::field(Reason::RequestInvalid, "role"))?;
    let new = NewPerson {
        local: person.local,
        display_name: person.display_name,
        title: person.title,
        department: person.department,
        role,
        language: if person.french { Language::French } else { Language::English },
        password: person.password.map(|password| Secret::new(password.as_str().to_owned())),
    };
    let added = node.app.add_people(ctx, vec![new]).await?;
    let Some(added) = added.into_iter().next().transpose()? else { return Err(Reason::RequestInvalid.into()) };
    let link = match added.link {
        Some(link) => Some(shown(node, link.secret.expose(), link.expires.millis()).await?),
        None => None,
    };
    Ok(Answer::Added { address: full(node, &added.account.local).await?, link })
}

async fn list(node: &Node, ctx: &Ctx, after: Option<String>) -> Outcome<Answer> {
    let query = AccountQuery { after, limit: limits::LIST_PAGE, ..AccountQuery::default() };
    let page = node.app.list_accounts(ctx, query).await?;
    let domain = node.app.organisation().await?.map(|o| o.domain.clone()).unwrap_or_default();
    let row = |detail: AccountDetail| Row {
        address: format!("{}@{domain}", detail.account.local),
        display_name: detail.account.display_name,
        role: detail.account.role.name().to_owned(),
        active: detail.account.active,
        second_factor: detail.totp,
        devices: detail.devices,
    };
    Ok(Answer::People { rows: page.accounts.into_iter().map(row).collect(), next: page.next })
}

async fn full(node: &Node, local: &str) -> Outcome<String> {
    let organisation = node.app.organisation().await?.ok_or(Reason::NotReady)?;
    Ok(format!("{local}@{}", organisation.domain))
}

async fn shown(node: &Node, secret: &str, expires: i64) -> Outcome<Link> {
    let organisation = node.app.organisation().await?.ok_or(Reason::NotReady)?;
    Ok(Link { url: format!("https://{}/reset#{secret}", organisation.host), expires })
}

async fn verify(node: &Node, progress: Progress<'_>) -> Outcome<Verified> {
    let summary = node.app.verify_archive(|p| progress(p.done, p.total)).await?;
    let line = |finding: rempart_app::archive::Finding| {
        let mut line = match finding.position {
            Some(position) => format!("position {position}: {}", finding.what),
            None => format!("no position: {}", finding.what),
        };
        if let Some(conversation) = finding.conversation {
            line.push_str(&format!(" (conversation {conversation}"));
            if let Some(seq) = finding.seq {
                line.push_str(&format!(", entry {seq}"));
            }
            line.push(')');
        }
        line
    };
    Ok(Verified {
        entries: summary.entries,
        conversations: summary.conversations,
        waiting: summary.waiting,
        erased: summary.erased,
        findings: summary.findings.into_iter().map(line).collect(),
    })
}

async fn health(node: &Node) -> Health {
    let outside = &node.outside;
    let reports = outside.store.reports().await.unwrap_or_default();
    Health {
        host: outside.store.organisation().await.ok().flatten().map(|organisation| organisation.host),
        store: outside.store.check().await.err().map(|error| Chain(&error).to_string()),
        integrity: match outside.store.integrity().await {
            Ok(findings) => findings,
            Err(error) => vec![Chain(&error).to_string()],
        },
        bus: outside.bus.subscribe().await.err().map(|error| Chain(&error).to_string()),
        blobs: outside.blobs.check().await.err().map(|error| Chain(&error).to_string()),
        keys: node.keys.clone(),
        tasks: reports
            .into_iter()
            .filter_map(|report| report.error.map(|error| format!("{}: {error}", report.task)))
            .collect(),
        bytes: outside.store.size().await.ok().flatten(),
    }
}
