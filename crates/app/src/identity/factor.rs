//! The second factor: codes of an authenticator application (RFC 6238: SHA-1, six digits, 30 s, one step of tolerance, each
//! step once) and printed recovery codes.

use data_encoding::{BASE32_NOPAD, Encoding};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use rempart_base::time::{MINUTE, SECOND};
use rempart_base::{AccountId, Secret};
use rempart_domain::account::Credentials;
use rempart_domain::refusal::Reason;
use rempart_domain::{Actor, Refusal};
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

use super::Signal;
use crate::error::Fault;
use crate::seal::DataKey;
use crate::{App, Ctx, Outcome};

/// Recovery codes made at once.
pub const RECOVERY_CODES: usize = 10;
/// Symbols of a recovery code: 5 bits each, 60 in all.
const SYMBOLS: usize = 12;
/// Crockford's base 32: no I, L, O, U, so that print cannot be misread.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// A factor is replaced by another only in a session this young, in milliseconds.
const RECENT: i64 = 15 * MINUTE;

/// A secret offered for an authenticator application; not in force until confirmed.
#[derive(Clone, Debug)]
pub struct TotpOffer {
    /// Base32, to type by hand.
    pub secret: Secret<String>,
    /// `otpauth://` address.
    pub uri: Secret<String>,
    /// The same as a picture: SVG text.
    pub qr: Secret<String>,
}

fn totp(secret: &[u8]) -> Result<Totp, Fault> {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(secret.to_vec())
        .build()
        .map_err(|_| Fault::Crypto("use the secret of a second factor"))
}

/// Everything but letters, digits and `-._~` as `%XX` (RFC 3986 §2.1).
fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}

/// A recovery code as it is compared: without groups, and with what people misread put right.
fn plain(code: &str) -> Zeroizing<String> {
    let symbol = |c: char| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    Zeroizing::new(code.chars().filter(|c| c.is_ascii_alphanumeric()).map(symbol).collect())
}

impl App {
    fn seal_totp(&self, account: AccountId, secret: &[u8]) -> Outcome<Vec<u8>> {
        let place = [b"totp", account.as_bytes().as_slice()].concat();
        Ok(DataKey::new(&self.keys.at_rest)?.seal(self.entropy.as_ref(), &place, &[secret])?)
    }

    fn open_totp(&self, account: AccountId, sealed: &[u8]) -> Outcome<Totp> {
        let place = [b"totp", account.as_bytes().as_slice()].concat();
        let secret = Zeroizing::new(DataKey::new(&self.keys.at_rest)?.open(&place, sealed)?);
        Ok(totp(&secret)?)
    }

    fn recovery_mac(&self, account: AccountId, code: &str) -> Vec<u8> {
        self.mac("recovery code", &[account.as_bytes(), plain(code).as_bytes()]).as_ref().to_vec()
    }

    /// The step of 30 seconds that a code is of, if it is right now and later than the last one taken.
    fn step_of(&self, ctx: &Ctx, totp: &Totp, code: &str, last: i64) -> Option<i64> {
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let shaped = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit());
        let seconds = u64::try_from(ctx.now.millis() / SECOND).ok()?;
        let step = totp.check(&digits, seconds).filter(|_| shaped)?;
        i64::try_from(step).ok().filter(|step| *step > last)
    }

    /// The credentials after a code was used: a later step, or one recovery code fewer. Nothing when it is not right.
    pub(super) fn take_code(
        &self,
        ctx: &Ctx,
        account: AccountId,
        credentials: &Credentials,
        code: &str,
    ) -> Outcome<Option<Credentials>> {
        let Some(sealed) = &credentials.totp else { return Ok(None) };
        let totp = self.open_totp(account, sealed)?;
        if let Some(totp_step) = self.step_of(ctx, &totp, code, credentials.totp_step) {
            return Ok(Some(Credentials { totp_step, ..credentials.clone() }));
        }
        let mac = self.recovery_mac(account, code);
        // All are compared: the time says nothing about which.
        let kept: Vec<Vec<u8>> = credentials
            .recovery
            .iter()
            .filter(|kept| aws_lc_rs::constant_time::verify_slices_are_equal(kept, &mac).is_err())
            .cloned()
            .collect();
        let used = kept.len() < credentials.recovery.len();
        Ok(used.then(|| Credentials { recovery: kept, ..credentials.clone() }))
    }

    /// New recovery codes, and what is kept of them.
    fn draw_recovery(&self, account: AccountId) -> (Vec<Secret<String>>, Vec<Vec<u8>>) {
        (0..RECOVERY_CODES)
            .map(|_| {
                let mut random = Zeroizing::new([0u8; SYMBOLS]);
                self.entropy.fill(random.as_mut());
                // 32 divides 256: every symbol is as likely.
                let symbol = |byte: &u8| ALPHABET.get(usize::from(byte % 32)).copied().map_or('0', char::from);
                let code = random.iter().map(symbol).enumerate().fold(String::new(), |mut out, (n, c)| {
                    if n > 0 && n % 4 == 0 {
                        out.push('-');
                    }
                    out.push(c);
                    out
                });
                let mac = self.recovery_mac(account, &code);
                (Secret::new(code), mac)
            })
            .unzip()
    }

    /// Offers a new secret. While a factor is in force it is replaced only in a session just signed in.
    ///
    /// # Errors
    /// `not_signed_in` also where signing in again is needed; `scope_missing` for a token.
    pub async fn totp_begin(&self, ctx: &Ctx) -> Outcome<TotpOffer> {
        let (who, session) = ctx.in_person()?;
        let organisation = self.ready_organisation().await?;
        let account = self.known_account(who.account).await?;
        let credentials = self.own_credentials(who.account).await?;
        if credentials.totp.is_some() {
            let sessions = self.store.sessions(who.account).await?;
            let recent = |row: &&rempart_ports::store::SessionOverview| {
                row.session.id == session && ctx.now.since(row.session.created) < RECENT
            };
            sessions.iter().find(recent).ok_or(Reason::NotSignedIn)?;
        }
        let mut secret = Zeroizing::new([0u8; 20]);
        self.entropy.fill(secret.as_mut());
        let offered = Some(self.seal_totp(account.id, secret.as_ref())?);
        let new = Credentials { totp_offered: offered, ..credentials.clone() };
        self.store.replace_credentials(account.id, &credentials, &new).await?;
        let secret = readable(&BASE32_NOPAD, secret.as_ref());
        let (issuer, address) =
            (escape(&organisation.name), escape(&format!("{}@{}", account.local, organisation.domain)));
        let uri = format!(
            "otpauth://totp/{issuer}:{address}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period=30",
            secret.expose()
        );
        let code = QrCode::with_error_correction_level(uri.as_bytes(), EcLevel::M)
            .map_err(|_| Fault::Crypto("draw the secret of a second factor"))?;
        let qr = code.render::<svg::Color<'_>>().min_dimensions(240, 240).build();
        Ok(TotpOffer { secret, uri: Secret::new(uri), qr: Secret::new(qr) })
    }

    /// Proves that the application works: the factor is in force, other sessions end, and recovery codes are given, once.
    ///
    /// # Errors
    /// `factor_not_offered`, `factor_failed`, `slowed`, `locked`.
    pub async fn totp_confirm(&self, ctx: &Ctx, code: &str) -> Outcome<Vec<Secret<String>>> {
        let (who, session) = ctx.in_person()?;
        let account = self.known_account(who.account).await?;
        let credentials = self.own_credentials(who.account).await?;
        let offered = credentials.totp_offered.clone().ok_or(Reason::FactorNotOffered)?;
        let tried = self.begin_try(ctx, self.subject(ctx, &account.local, Some(account.id)), false).await?;
        let totp = self.open_totp(account.id, &offered)?;
        let Some(totp_step) = self.step_of(ctx, &totp, code, i64::MIN) else {
            self.try_failed(ctx, &tried, None, "me.totp.confirm", Reason::FactorFailed.code()).await?;
            return Err(Refusal::field(Reason::FactorFailed, "code").into());
        };
        let (codes, recovery) = self.draw_recovery(account.id);
        let new = Credentials { totp: Some(offered), totp_offered: None, totp_step, recovery, ..credentials.clone() };
        self.store.replace_credentials(account.id, &credentials, &new).await?;
        self.try_passed(&tried, true).await?;
        self.end_other_sessions(account.id, session).await?;
        self.tell(Signal::Refreshed(account.id));
        self.note_settings(ctx, account.id).await?;
        self.audit_done(ctx, "me.totp.confirm", account.id).await?;
        Ok(codes)
    }

    /// Removes the second factor; whoever administers must keep one.
    ///
    /// # Errors
    /// `factor_required` for owners and administrators; `factor_not_set`, `password_wrong`, `factor_failed`, `slowed`, `locked`.
    pub async fn totp_remove(&self, ctx: &Ctx, password: &str, code: &str) -> Outcome<()> {
        let (who, _) = ctx.in_person()?;
        if who.role.needs_factor() {
            return Err(Reason::FactorRequired.into());
        }
        self.prove_password(ctx, who.account, password, "me.totp.remove", "password").await?;
        self.prove_code(ctx, who.account, code, "me.totp.remove").await?;
        self.remove_factor(who.account).await?;
        self.tell(Signal::Refreshed(who.account));
        self.note_settings(ctx, who.account).await?;
        self.audit_done(ctx, "me.totp.remove", who.account).await
    }

    /// Makes new recovery codes; the former ones stop working.
    ///
    /// # Errors
    /// `factor_not_set`, `factor_failed`, `slowed`, `locked`.
    pub async fn recovery_renew(&self, ctx: &Ctx, code: &str) -> Outcome<Vec<Secret<String>>> {
        let (who, _) = ctx.in_person()?;
        self.prove_code(ctx, who.account, code, "me.recovery.renew").await?;
        let credentials = self.own_credentials(who.account).await?;
        let (codes, recovery) = self.draw_recovery(who.account);
        let new = Credentials { recovery, ..credentials.clone() };
        self.store.replace_credentials(who.account, &credentials, &new).await?;
        self.audit_done(ctx, "me.recovery.renew", who.account).await?;
        Ok(codes)
    }

    /// Asks for a code again, in a session; a wrong one costs what it costs at sign-in.
    async fn prove_code(&self, ctx: &Ctx, id: AccountId, code: &str, action: &str) -> Outcome<()> {
        let account = self.known_account(id).await?;
        if self.own_credentials(id).await?.totp.is_none() {
            return Err(Reason::FactorNotSet.into());
        }
        let tried = self.begin_try(ctx, self.subject(ctx, &account.local, Some(id)), false).await?;
        if self.spend_code(ctx, id, code).await? {
            return self.try_passed(&tried, true).await;
        }
        self.try_failed(ctx, &tried, None, action, Reason::FactorFailed.code()).await?;
        Err(Refusal::field(Reason::FactorFailed, "code").into())
    }

    /// Takes second factor and recovery codes away.
    pub(super) async fn remove_factor(&self, id: AccountId) -> Outcome<()> {
        self.change_credentials(id, |credentials| Credentials {
            totp: None,
            totp_offered: None,
            recovery: Vec::new(),
            ..credentials
        })
        .await
    }

    /// What an account signs in with; it must be there.
    pub(super) async fn own_credentials(&self, id: AccountId) -> Outcome<Credentials> {
        self.store.credentials(id).await?.ok_or_else(|| Reason::AccountUnknown.into())
    }

    /// Whether whoever acts is the operator.
    pub(super) const fn is_operator(ctx: &Ctx) -> bool {
        matches!(ctx.actor, Actor::Operator)
    }
}

fn readable(encoding: &Encoding, bytes: &[u8]) -> Secret<String> {
    Secret::new(encoding.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_codes_are_read_as_printed_and_as_misread() {
        assert_eq!(plain("7K2M-0Q1X-ZZ00").as_str(), "7K2M0Q1XZZ00");
        assert_eq!(plain(" 7k2m oqlx zzOo ").as_str(), "7K2M0Q1XZZ00");
    }

    #[test]
    fn names_in_addresses_are_escaped() {
        assert_eq!(escape("Clinique Kerbrat & Fils: é"), "Clinique%20Kerbrat%20%26%20Fils%3A%20%C3%A9");
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // RFC 6238 appendix B, SHA-1: the last six of eight digits.
        let totp = totp(b"12345678901234567890").unwrap();
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(totp.check(code, seconds), Some(seconds / 30));
            assert_eq!(totp.check(code, seconds + 30), Some(seconds / 30), "one step late");
            assert_eq!(totp.check(code, seconds + 60), None, "two steps late");
        }
    }
}
