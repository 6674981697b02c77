//! Roles and what they may do (IAM-15): one table, kept as a snapshot by its test.

/// What an account may do, from most to least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Everything, and naming owners and administrators.
    Owner,
    /// Administration.
    Admin,
    /// Holds a share of the archive key.
    Officer,
    /// Reads the administration journal and verifies the archive.
    Auditor,
    /// Ordinary member.
    Member,
    /// From outside; only where invited.
    Guest,
}

/// What a program's token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Read conversations of the account.
    Read,
    /// Post into conversations of the account.
    Post,
    /// Administration that the account may do.
    Admin,
}

macro_rules! named {
    ($kind:ident $($variant:ident $name:literal),+ $(,)?) => {
        impl $kind {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable name, as stored and in the API.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// From the stable name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use named;

named!(Role Owner "owner", Admin "admin", Officer "officer", Auditor "auditor", Member "member", Guest "guest");
named!(Scope Read "read", Post "post", Admin "admin");

/// An action that a role allows or not. Rules of single conversations are in [`crate::conversation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// See the directory.
    PeopleSee,
    /// Make a direct conversation.
    DirectCreate,
    /// Make a group.
    GroupCreate,
    /// Make a channel.
    ChannelCreate,
    /// See and join channels.
    ChannelJoin,
    /// Send files.
    FileSend,
    /// Invite guests.
    GuestInvite,
    /// Invite members.
    MemberInvite,
    /// See and change accounts below administrator.
    AccountsManage,
    /// Name and change owners and administrators.
    AdminsManage,
    /// Change the organisation.
    OrganisationManage,
    /// Read the administration journal.
    AuditRead,
    /// See background tasks and health.
    HealthSee,
    /// Verify the archive log in full.
    ArchiveVerify,
    /// Have API tokens.
    TokensHave,
}

named!(Action
    PeopleSee "people.see", DirectCreate "direct.create", GroupCreate "group.create", ChannelCreate "channel.create",
    ChannelJoin "channel.join", FileSend "file.send", GuestInvite "guest.invite", MemberInvite "member.invite",
    AccountsManage "accounts.manage", AdminsManage "admins.manage", OrganisationManage "organisation.manage",
    AuditRead "audit.read", HealthSee "health.see", ArchiveVerify "archive.verify", TokensHave "tokens.have");

impl Role {
    /// Whether this role allows an action.
    #[must_use]
    pub const fn allows(self, action: Action) -> bool {
        use Action as A;
        match action {
            A::DirectCreate | A::FileSend => true,
            A::PeopleSee | A::GroupCreate | A::ChannelJoin | A::GuestInvite | A::TokensHave => {
                !matches!(self, Self::Guest)
            }
            A::ChannelCreate => !matches!(self, Self::Guest),
            A::MemberInvite | A::AccountsManage | A::OrganisationManage | A::HealthSee => {
                matches!(self, Self::Owner | Self::Admin)
            }
            A::AdminsManage => matches!(self, Self::Owner),
            A::AuditRead | A::ArchiveVerify => matches!(self, Self::Owner | Self::Admin | Self::Auditor),
        }
    }

    /// Whether an account of this role must have a second factor (IAM-9).
    #[must_use]
    pub const fn needs_factor(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Role};

    /// The whole table as text: a row an action, a column a role.
    fn matrix() -> String {
        let mut out = format!("{:<22}", "");
        Role::ALL.iter().for_each(|role| out += &format!("{:<9}", role.name()));
        for action in Action::ALL {
            out = format!("{}\n{:<22}", out.trim_end(), action.name());
            Role::ALL.iter().for_each(|role| out += &format!("{:<9}", if role.allows(*action) { "yes" } else { "-" }));
        }
        out = format!("{}\n{:<22}", out.trim_end(), "second factor");
        Role::ALL.iter().for_each(|role| out += &format!("{:<9}", if role.needs_factor() { "must" } else { "may" }));
        format!("{}\n", out.trim_end())
    }

    #[test]
    fn permissions_are_as_agreed() {
        let (agreed, found) = (include_str!("permissions.txt"), matrix());
        assert!(
            agreed == found,
            "what roles may do has changed. If that is meant, put this into crates/domain/src/permissions.txt and say why \
             in the commit:\n{found}"
        );
    }
}
