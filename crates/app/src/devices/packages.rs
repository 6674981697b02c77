//! Key packages: kept for a device that is away, taken by whoever adds it to a group.

use aws_lc_rs::digest::{SHA256, digest};
use rempart_base::DeviceId;
use rempart_domain::Refusal;
use rempart_domain::actor::Ctx;
use rempart_domain::refusal::Reason;
use rempart_domain::role::Scope;
use rempart_mls_delivery::package;
use rempart_ports::store::{NewKeyPackage, StoreError, TakenKeyPackage};

use super::{at_a_device, enrolled};
use crate::App;
use crate::error::{Fault, Outcome};

/// One-time packages of one request.
const AT_ONCE: usize = 100;
/// One-time packages in store.
const MOST: u32 = 200;
/// Devices of one claim.
const CLAIMED: usize = 200;

impl App {
    /// Puts key packages of the device that asks in store; one of last resort replaces the one before. Gives how many one-time
    /// ones there are.
    ///
    /// # Errors
    /// `scope_missing` for programs' tokens; `request_invalid` for more than 100; `device_not_enrolled`; `package_invalid` for
    /// one that is not this device's, of another suite or time, or names the field it does not belong in; `too_many_packages`.
    pub async fn put_key_packages(
        &self,
        ctx: &Ctx,
        one_time: Vec<Vec<u8>>,
        last_resort: Option<Vec<u8>>,
    ) -> Outcome<u32> {
        let who = at_a_device(ctx)?;
        if one_time.len() > AT_ONCE {
            return Err(Refusal::field(Reason::RequestInvalid, "one_time").into());
        }
        let known = self.known_keys().await?;
        let keys = enrolled(&known, who, ctx.now)?.clone();
        let now = ctx.now;
        let work = tokio::task::spawn_blocking(move || {
            let one_time = one_time.into_iter().map(|bytes| (bytes, false));
            let all = one_time.chain(last_resort.map(|bytes| (bytes, true)));
            let checked = all.map(|(bytes, last_resort)| {
                let read = package(&bytes, now).ok().filter(|read| {
                    read.leaf.key == keys.leaf_key
                        && read.leaf.credential == keys.credential
                        && read.last_resort == last_resort
                })?;
                let mut hash = [0; 32];
                hash.copy_from_slice(digest(&SHA256, &bytes).as_ref());
                let expires = read.not_after.min(keys.credential.claim.not_after);
                Some(NewKeyPackage { hash, package: bytes, last_resort, expires })
            });
            checked.collect::<Option<Vec<_>>>()
        });
        let packages = work.await.map_err(|_| Fault::Ended("reading key packages"))?.ok_or(Reason::PackageInvalid)?;
        match self.store.put_key_packages(who.device, &packages, MOST, now).await {
            Err(StoreError::Missing("device")) => Err(Reason::DeviceNotEnrolled.into()),
            Err(StoreError::Exists("key_packages")) => Err(Refusal::field(Reason::TooManyPackages, "one_time").into()),
            other => Ok(other?),
        }
    }

    /// Takes one key package of each device; one without any is left out.
    ///
    /// # Errors
    /// `not_signed_in` and duties; `request_invalid` for none or more than 200 devices; `too_many_requests` after 600 devices an
    /// hour, with how long to wait.
    pub async fn claim_key_packages(&self, ctx: &Ctx, devices: &[DeviceId]) -> Outcome<Vec<TakenKeyPackage>> {
        let who = ctx.ready(Scope::Post)?;
        if !(1..=CLAIMED).contains(&devices.len()) {
            return Err(Refusal::field(Reason::RequestInvalid, "devices").into());
        }
        self.devices.claims.take(who.account, devices.len(), ctx.now)?;
        Ok(self.store.claim_key_packages(devices, ctx.now).await?)
    }
}
