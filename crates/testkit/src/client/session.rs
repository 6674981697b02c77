//! Signing in: the setup link, passwords, second factor, invitations.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use rempart_base::{AccountId, DeviceId};
use rempart_wire::account::{Me, RecoveryCodes, TotpOffer};
use rempart_wire::session::{DeviceInfo, Language, NewAccount, SignInAnswer, SignedIn};
use rempart_wire::{Empty, Id};
use serde_json::{Value, json};

use super::{Client, Failure, Target};

/// Seconds of a step of the authenticator's code (RFC 6238).
const STEP: u64 = 30;

#[expect(clippy::disallowed_methods, reason = "an authenticator has a clock of its own")]
fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// An authenticator application.
#[derive(Debug)]
pub struct Authenticator {
    totp: totp_rs::Totp,
    /// The last step whose code was given: each is good once.
    used: u64,
}

impl Authenticator {
    /// Takes a secret as the server shows it, base32.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(secret: &str) -> Result<Self> {
        let secret = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).context("a secret in base32")?;
        let totp = totp_rs::Builder::new()
            .with_algorithm(totp_rs::Algorithm::SHA1)
            .with_digits(6)
            .with_step_duration(STEP)
            .with_secret(secret)
            .build()
            .map_err(|e| anyhow::anyhow!("{e}"))?;
        Ok(Self { totp, used: 0 })
    }

    /// A code that was not given before: of this step, or of the next, which servers take from clocks that go fast.
    /// Waits when both were given.
    pub async fn code(&mut self) -> String {
        let step = loop {
            let now = seconds() / STEP;
            let step = now.max(self.used + 1);
            if step <= now + 1 {
                break step;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        self.used = step;
        self.totp.generate(step * STEP).to_string()
    }

    /// A code that is not right now nor in the steps beside.
    #[must_use]
    pub fn wrong(&self) -> String {
        let now = seconds();
        let right: Vec<String> =
            (0..5).map(|n| self.totp.generate((now + STEP * n).saturating_sub(2 * STEP)).to_string()).collect();
        (0..10).map(|n| format!("{n}00000")).find(|code| !right.contains(code)).unwrap_or_default()
    }
}

/// Somebody who is signed in.
#[derive(Debug)]
pub struct Person {
    /// Their browser.
    pub client: Client,
    /// Their account.
    pub account: Id<AccountId>,
    /// Their device.
    pub device: Id<DeviceId>,
    /// The part of their address before `@`.
    pub local: String,
    /// Their password.
    pub password: String,
    /// Their second factor, where they have one.
    pub authenticator: Option<Authenticator>,
    /// Recovery codes not used yet.
    pub recovery: Vec<String>,
}

fn device() -> DeviceInfo {
    DeviceInfo { device: None, name: "Testkit sur Linux".to_owned() }
}

/// The secret after `#` of a link.
///
/// # Errors
/// When there is none.
pub fn secret_of(link: &str) -> Result<&str> {
    link.split_once('#').map(|(_, secret)| secret).filter(|s| !s.is_empty()).context("a link with a secret")
}

/// A password that every rule takes, different for every word.
#[must_use]
pub fn password_for(word: &str) -> String {
    format!("Une haie de {word} borde 47 canaux!")
}

impl Person {
    fn new(client: Client, signed: &SignedIn, local: &str, password: &str) -> Self {
        Self {
            client,
            account: signed.account,
            device: signed.device,
            local: local.to_owned(),
            password: password.to_owned(),
            authenticator: None,
            recovery: Vec::new(),
        }
    }

    /// Sets a server up by its setup link; gives its owner, second factor in force.
    ///
    /// # Errors
    /// What was refused.
    pub async fn owner(target: &Target, link: &str, local: &str, name: &str) -> Result<Self, Failure> {
        let client = Client::new(target);
        let password = password_for("sureau");
        let signed: SignedIn = client
            .post(
                "/api/v1/setup",
                &json!({
                    "token": secret_of(link)?, "organisation": "Clinique Kerbrat", "domain": "kerbrat.example",
                    "host": target.host(), "device": device(),
                    "owner": { "local": local, "display_name": name, "password": password, "language": "fr" },
                }),
            )
            .await?;
        let mut owner = Self::new(client, &signed, local, &password);
        owner.enrol().await?;
        Ok(owner)
    }

    /// Takes an invitation's link up.
    ///
    /// # Errors
    /// What was refused.
    pub async fn accept(target: &Target, link: &str, local: &str, name: &str) -> Result<Self, Failure> {
        let client = Client::new(target);
        let password = password_for("troène");
        let account = NewAccount {
            local: local.to_owned(),
            display_name: name.to_owned(),
            password: password.clone(),
            language: Language::Fr,
        };
        let asked = json!({ "token": secret_of(link)?, "account": account, "device": device() });
        let signed: SignedIn = client.post("/api/v1/invitations/accept", &asked).await?;
        Ok(Self::new(client, &signed, local, &password))
    }

    /// Invites somebody, who takes it up.
    ///
    /// # Errors
    /// What was refused.
    pub async fn invite(&self, role: &str, local: &str, name: &str) -> Result<Self, Failure> {
        let invited =
            self.client.command("invitations.create", json!({ "role": role, "local": local, "hours": 24 })).await?;
        let link = invited.get("url").and_then(Value::as_str).context("the link of an invitation")?;
        Self::accept(&self.client.target(), link, local, name).await
    }

    /// Signs in by password, and by the second factor where there is one.
    ///
    /// # Errors
    /// What was refused.
    pub async fn sign_in(
        target: &Target,
        local: &str,
        password: &str,
        authenticator: Option<&mut Authenticator>,
    ) -> Result<Self, Failure> {
        let client = Client::new(target);
        let asked = json!({ "address": local, "password": password, "device": device() });
        let signed = match client.post("/api/v1/session", &asked).await? {
            SignInAnswer::SignedIn(signed) => signed,
            SignInAnswer::SecondFactor { ticket } => {
                let code = authenticator.context("a second factor is asked")?.code().await;
                client.post("/api/v1/session/factor", &json!({ "ticket": ticket, "code": code })).await?
            }
        };
        Ok(Self::new(client, &signed, local, password))
    }

    /// The same person in another browser.
    ///
    /// # Errors
    /// What was refused.
    pub async fn again(&mut self) -> Result<Self, Failure> {
        Self::sign_in(&self.client.target(), &self.local, &self.password, self.authenticator.as_mut()).await
    }

    /// Sets a second factor up.
    ///
    /// # Errors
    /// What was refused.
    pub async fn enrol(&mut self) -> Result<(), Failure> {
        let offer: TotpOffer = self.client.ask("me.totp.begin", &Empty {}).await?;
        let mut authenticator = Authenticator::new(&offer.secret)?;
        let code = authenticator.code().await;
        let codes: RecoveryCodes = self.client.ask("me.totp.confirm", &json!({ "code": code })).await?;
        self.authenticator = Some(authenticator);
        self.recovery = codes.codes;
        Ok(())
    }

    /// Who the server says they are.
    ///
    /// # Errors
    /// What was refused.
    pub async fn me(&self) -> Result<Me, Failure> {
        self.client.ask("me.get", &Empty {}).await
    }
}
