//! The account's sealed keyring, and how a new device asks the others for it. The server sees sealed bytes only.

use rempart_base::DeviceId;
use rempart_base::time::MINUTE;
use rempart_domain::Refusal;
use rempart_domain::actor::Ctx;
use rempart_domain::refusal::Reason;
use rempart_ports::store::{KeyringRecord, LinkOutcome, LinkRecord, StoreError};

use super::{at_a_device, enrolled};
use crate::App;
use crate::error::Outcome;

/// Largest sealed keyring, in bytes.
const SEALED: usize = 256 * 1024;
/// How long a new device's request waits.
const LINK_HOLDS: i64 = 10 * MINUTE;

fn sealed_fits(sealed: &[u8]) -> Result<(), Refusal> {
    if (1..=SEALED).contains(&sealed.len()) { Ok(()) } else { Err(Refusal::field(Reason::KeyringInvalid, "sealed")) }
}

impl App {
    /// One's own keyring, if there is one.
    ///
    /// # Errors
    /// `not_signed_in` and duties; `scope_missing` for programs' tokens.
    pub async fn keyring(&self, ctx: &Ctx) -> Outcome<Option<KeyringRecord>> {
        let who = at_a_device(ctx)?;
        Ok(self.store.keyring(who.account).await?)
    }

    /// Replaces the keyring of version `follows` (0: there was none).
    ///
    /// # Errors
    /// `scope_missing` for programs' tokens; `keyring_invalid` when empty or over 256 KiB; `device_not_enrolled` from a device
    /// without keys once the account has an identity key: a session alone must not make the recovery code worthless;
    /// `keyring_conflict` when another device was faster.
    pub async fn put_keyring(&self, ctx: &Ctx, follows: u64, sealed: Vec<u8>) -> Outcome<KeyringRecord> {
        let who = at_a_device(ctx)?;
        sealed_fits(&sealed)?;
        let known = self.known_keys().await?;
        if known.identity(who.account).is_some() {
            enrolled(&known, who, ctx.now)?;
        }
        match self.store.put_keyring(who.account, follows, &sealed, ctx.now).await {
            Err(StoreError::Stale) => return Err(Reason::KeyringConflict.into()),
            other => other?,
        }
        self.note_keys(ctx, who.account).await?;
        Ok(KeyringRecord { version: follows + 1, sealed, written: ctx.now })
    }

    /// Asks the account's other devices for the keyring, for ten minutes; a former request of this device ends.
    ///
    /// # Errors
    /// `scope_missing` for programs' tokens; `request_invalid` unless the key has 32 to 2,048 bytes; `too_many_requests`.
    pub async fn ask_link(&self, ctx: &Ctx, public: Vec<u8>) -> Outcome<LinkRecord> {
        let who = at_a_device(ctx)?;
        if !(32..=2_048).contains(&public.len()) {
            return Err(Refusal::field(Reason::RequestInvalid, "public").into());
        }
        self.devices.entries.take(who.account, 1, ctx.now)?;
        let link = LinkRecord {
            device: who.device,
            account: who.account,
            public,
            asked: ctx.now,
            expires: ctx.now.plus_millis(LINK_HOLDS),
            outcome: LinkOutcome::Waiting,
        };
        self.store.ask_link(&link).await?;
        self.note_keys(ctx, who.account).await?;
        Ok(link)
    }

    /// What became of this device's request; nothing where there is none or it ended.
    ///
    /// # Errors
    /// `not_signed_in` and duties; `scope_missing` for programs' tokens.
    pub async fn link_state(&self, ctx: &Ctx) -> Outcome<Option<LinkRecord>> {
        let who = at_a_device(ctx)?;
        let link = self.store.device_link(who.device, ctx.now).await?;
        Ok(link.filter(|link| link.account == who.account))
    }

    /// Requests of the account's other devices that wait, with the devices' names, oldest first.
    ///
    /// # Errors
    /// `not_signed_in` and duties; `scope_missing` for programs' tokens.
    pub async fn links(&self, ctx: &Ctx) -> Outcome<Vec<(LinkRecord, String)>> {
        let who = at_a_device(ctx)?;
        let mut links = self.store.waiting_links(who.account, ctx.now).await?;
        links.retain(|(link, _)| link.device != who.device);
        Ok(links)
    }

    /// Hands the keyring, sealed to the request's key, to a new device; or refuses, without one.
    ///
    /// # Errors
    /// `scope_missing` for programs' tokens; `device_not_enrolled`; `keyring_invalid`; `device_link_unknown` when the request
    /// ended, was answered, or shows another key than the one that was compared.
    pub async fn answer_link(&self, ctx: &Ctx, device: DeviceId, public: &[u8], sealed: Option<&[u8]>) -> Outcome<()> {
        let who = at_a_device(ctx)?;
        let known = self.known_keys().await?;
        enrolled(&known, who, ctx.now)?;
        sealed.map_or(Ok(()), sealed_fits)?;
        if device == who.device {
            return Err(Reason::DeviceLinkUnknown.into());
        }
        match self.store.answer_link(who.account, device, public, sealed, ctx.now).await {
            Err(StoreError::Missing("link")) => return Err(Reason::DeviceLinkUnknown.into()),
            other => other?,
        }
        self.note_keys(ctx, who.account).await?;
        let action = if sealed.is_some() { "keys.link.answer" } else { "keys.link.refuse" };
        self.audit(ctx, action, &device.to_string(), "done").await
    }
}
