//! Commands of keys: the key log, key packages, the keyring, requests of new devices.

use std::sync::Arc;

use rempart_app::devices::{KeyringRecord, LinkOutcome, LinkRecord, TakenKeyPackage};
use rempart_app::{App, Ctx};
use rempart_wire::{B64, Command, Id, Time, journal, keys};

use crate::dispatch::{Answer, answer, done};

/// Runs a command of keys; what is not one of them is given back.
pub(crate) async fn run(app: &Arc<App>, ctx: &Ctx, command: Command) -> Result<Answer, Box<Command>> {
    Ok(match command {
        Command::KeysStatus(_) => status(app, ctx).await,
        Command::KeysLog(read) => page(app, ctx, &read).await,
        Command::KeysPublish(publish) => {
            let entries: Vec<Vec<u8>> = publish.entries.into_iter().map(|entry| entry.0).collect();
            size(app.publish_keys(ctx, &entries).await)
        }
        Command::KeysPackagesPut(put) => {
            let one_time = put.one_time.into_iter().map(|package| package.0).collect();
            match app.put_key_packages(ctx, one_time, put.last_resort.map(|package| package.0)).await {
                Ok(one_time) => answer(&keys::KeyPackageCount { one_time }),
                Err(failure) => Err(failure.into()),
            }
        }
        Command::KeysPackagesClaim(claim) => {
            let devices: Vec<_> = claim.devices.into_iter().map(|device| device.0).collect();
            claimed(app.claim_key_packages(ctx, &devices).await)
        }
        Command::KeysKeyringGet(_) => keyring(app.keyring(ctx).await),
        Command::KeysKeyringPut(put) => keyring(app.put_keyring(ctx, put.follows, put.sealed.0).await.map(Some)),
        Command::KeysLinkAsk(ask) => state(app.ask_link(ctx, ask.public.0).await.map(Some)),
        Command::KeysLinkState(_) => state(app.link_state(ctx).await),
        Command::KeysLinkList(_) => links(app, ctx).await,
        Command::KeysLinkAnswer(given) => {
            let sealed = given.sealed.as_ref().map(|sealed| sealed.0.as_slice());
            done(app.answer_link(ctx, given.device.0, &given.public.0, sealed).await)
        }
        other => return Err(Box::new(other)),
    })
}

async fn status(app: &App, ctx: &Ctx) -> Answer {
    let status = app.key_status(ctx).await?;
    answer(&keys::KeyStatus {
        identity: status.identity.map(|key| B64(key.to_vec())),
        enrolled: status.enrolled,
        packages: status.packages,
        last_resort: status.last_resort,
        keyring_version: status.keyring_version,
        external_sender: B64(status.external_sender.to_vec()),
    })
}

async fn page(app: &App, ctx: &Ctx, read: &keys::ReadKeyLog) -> Answer {
    let page = app.read_key_log(ctx, read.after, read.limit).await?;
    answer(&keys::KeyLogPage {
        leaves: page.leaves.into_iter().map(B64).collect(),
        checkpoint: page.head.map(|(note, key)| journal::Checkpoint { note, key }),
        size: page.size,
    })
}

fn size(outcome: rempart_app::Outcome<u64>) -> Answer {
    answer(&keys::KeyLogSize { size: outcome? })
}

fn claimed(outcome: rempart_app::Outcome<Vec<TakenKeyPackage>>) -> Answer {
    let package = |taken: TakenKeyPackage| keys::ClaimedKeyPackage {
        account: Id(taken.account),
        device: Id(taken.device),
        package: B64(taken.package),
    };
    answer(&keys::ClaimedKeyPackages { packages: outcome?.into_iter().map(package).collect() })
}

fn keyring(outcome: rempart_app::Outcome<Option<KeyringRecord>>) -> Answer {
    answer(&match outcome? {
        Some(keyring) => keys::Keyring {
            version: keyring.version,
            sealed: Some(B64(keyring.sealed)),
            written: Some(Time(keyring.written)),
        },
        None => keys::Keyring { version: 0, sealed: None, written: None },
    })
}

fn state(outcome: rempart_app::Outcome<Option<LinkRecord>>) -> Answer {
    let (state, sealed) = match outcome?.map(|link| link.outcome) {
        None => (keys::LinkAnswer::None, None),
        Some(LinkOutcome::Waiting) => (keys::LinkAnswer::Waiting, None),
        Some(LinkOutcome::Refused) => (keys::LinkAnswer::Refused, None),
        Some(LinkOutcome::Answered(sealed)) => (keys::LinkAnswer::Answered, Some(B64(sealed))),
    };
    answer(&keys::LinkState { state, sealed })
}

async fn links(app: &App, ctx: &Ctx) -> Answer {
    let links = app.links(ctx).await?;
    let request = |(link, name): (LinkRecord, String)| keys::LinkRequest {
        device: Id(link.device),
        name,
        public: B64(link.public),
        expires: Time(link.expires),
    };
    answer(&keys::Links { links: links.into_iter().map(request).collect() })
}
