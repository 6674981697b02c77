//! Invitations: made by administrators (and, for guests, by members), taken up by whoever holds the link, once.

use rempart_base::{InvitationId, Secret};
use rempart_domain::account::{self, Changer};
use rempart_domain::invitation::{self, Invitation};
use rempart_domain::refusal::Reason;
use rempart_domain::role::{Action, Role};
use rempart_domain::text;

use super::setup::{DeviceInfo, Fields, NewAccount, Opened};
use super::{expect, secrets, unique};
use crate::{App, Ctx, Outcome};

/// How the API names the fields of the account that takes an invitation up.
const ACCOUNT: Fields =
    Fields { local: "account.local", display_name: "account.display_name", password: "account.password" };

/// An invitation to be made.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// The role offered.
    pub role: Role,
    /// The address proposed: the part before `@`.
    pub local: Option<String>,
    /// The name proposed.
    pub display_name: Option<String>,
    /// 1 to 720.
    pub hours: u32,
}

/// What an invitation offers.
#[derive(Clone, Debug)]
pub struct InvitationOffer {
    /// The organisation's name.
    pub organisation: String,
    /// The domain of addresses.
    pub domain: String,
    /// Who invites, by display name; empty: the operator.
    pub inviter: String,
    /// The invitation.
    pub invitation: Invitation,
}

impl App {
    /// Invites; the secret of the link is given this once.
    ///
    /// # Errors
    /// `not_allowed` names the rule; `address_invalid`, `address_look_alike`, `address_taken`, `name_invalid`,
    /// `duration_invalid`.
    pub async fn create_invitation(&self, ctx: &Ctx, new: NewInvitation) -> Outcome<(Invitation, Secret<String>)> {
        let changer = Self::administrator(ctx, Action::GuestInvite)?;
        changer.may_invite(new.role)?;
        let expires = invitation::expires(new.hours, ctx.now)?;
        let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let local = filled(new.local).map(|local| account::local(&local, "local")).transpose()?;
        if let Some(local) = &local
            && self.store.account_by_local(local).await?.is_some()
        {
            return Err(rempart_domain::Refusal::field(Reason::AddressTaken, "local").into());
        }
        let display_name = filled(new.display_name).map(|name| text::name(&name, "display_name")).transpose()?;
        let secret = self.fresh_secret();
        let invitation = Invitation {
            id: self.new_id(InvitationId::from_bytes),
            secret: secrets::hash(secret.expose()),
            role: new.role,
            local,
            display_name,
            inviter: match changer {
                Changer::Account(id, _) => Some(id),
                Changer::Operator => None,
            },
            created: ctx.now,
            expires,
        };
        self.store.put_invitation(&invitation).await?;
        self.audit_done(ctx, &format!("invitations.create.{}", new.role.name()), invitation.id).await?;
        Ok((invitation, secret))
    }

    /// Invitations that wait, and those past for less than 30 days, newest first: all for administrators, one's own for
    /// others.
    ///
    /// # Errors
    /// `not_allowed` for guests.
    pub async fn list_invitations(&self, ctx: &Ctx) -> Outcome<Vec<Invitation>> {
        let changer = Self::administrator(ctx, Action::GuestInvite)?;
        let mut invitations = self.store.invitations(ctx.now.plus_millis(-invitation::LISTED)).await?;
        if let Changer::Account(own, role) = changer
            && !role.allows(Action::MemberInvite)
        {
            invitations.retain(|invitation| invitation.inviter == Some(own));
        }
        Ok(invitations)
    }

    /// Takes an invitation back: one's own, or one that one might have made, for administrators.
    ///
    /// # Errors
    /// `invitation_unknown`; `not_allowed` names the rule.
    pub async fn revoke_invitation(&self, ctx: &Ctx, id: InvitationId) -> Outcome<()> {
        let seen = self.list_invitations(ctx).await?;
        let invitation = seen.iter().find(|invitation| invitation.id == id).ok_or(Reason::InvitationUnknown)?;
        Self::administrator(ctx, Action::GuestInvite)?.may_invite(invitation.role)?;
        let revoked = self.store.revoke_invitation(id).await;
        revoked.map_err(|error| expect(error, Reason::InvitationUnknown))?;
        self.audit_done(ctx, "invitations.revoke", id).await
    }

    /// What an invitation offers. One whose inviter was closed, or may not invite so any more, is worth nothing.
    ///
    /// # Errors
    /// `link_invalid`, `not_ready`.
    pub async fn check_invitation(&self, ctx: &Ctx, token: &str) -> Outcome<InvitationOffer> {
        let organisation = self.ready_organisation().await?;
        let invitation = self.store.invitation(secrets::hash(token), ctx.now).await?.ok_or(Reason::LinkInvalid)?;
        let inviter = match invitation.inviter {
            None => String::new(),
            Some(id) => {
                let inviter = self.store.account(id).await?.filter(|inviter| {
                    inviter.active && Changer::Account(id, inviter.role).may_invite(invitation.role).is_ok()
                });
                inviter.ok_or(Reason::LinkInvalid)?.display_name
            }
        };
        Ok(InvitationOffer {
            organisation: organisation.name.clone(),
            domain: organisation.domain.clone(),
            inviter,
            invitation,
        })
    }

    /// Takes an invitation up: makes the account and signs it in. Of two who try at once, one succeeds.
    ///
    /// # Errors
    /// `link_invalid`; refusals of the account name fields such as `account.local`.
    pub async fn accept_invitation(
        &self,
        ctx: &Ctx,
        token: &str,
        new: NewAccount,
        device: DeviceInfo,
    ) -> Outcome<Opened> {
        let offer = self.check_invitation(ctx, token).await?;
        let organisation = self.ready_organisation().await?;
        text::short(&device.name, rempart_base::limits::NAME_CHARS, "device.name")?;
        let made = self.prepare(ctx, &new, offer.invitation.role, &organisation, ACCOUNT).await?;
        self.store
            .accept_invitation(secrets::hash(token), ctx.now, &made.account, &made.skeleton, &made.credentials)
            .await
            .map_err(|error| unique(error, ACCOUNT.local))?;
        self.audit_done(ctx, "invitations.accept", made.account.id).await?;
        self.open_session(ctx, &made.account, device, false).await
    }
}
