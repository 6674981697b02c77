//! First run, signing in and out, invitations and reset links: what is asked before somebody is signed in.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use rempart_app::Ctx;
use rempart_app::identity::setup;
use rempart_app::identity::sign_in::SignInAnswer;
use rempart_base::{RequestId, Secret};
use rempart_domain::Actor;
use rempart_domain::refusal::Reason;
use rempart_wire::{Empty, Id, Time, session as wire};

use crate::caller::{Caller, NO_COOKIE, cookie, from_our_pages, origin};
use crate::problem::{ProblemAnswer, detailed};
use crate::{Head, from_wire, identity, to_wire};

pub(crate) fn routes() -> Router<Head> {
    Router::new()
        .route("/server", get(server))
        .route("/setup/check", post(check_setup))
        .route("/setup", post(set_up))
        .route("/session", get(session_now).post(sign_in).delete(sign_out))
        .route("/session/factor", post(second_factor))
        .route("/invitations/check", post(check_invitation))
        .route("/invitations/accept", post(accept_invitation))
        .route("/reset/check", post(check_reset))
        .route("/reset", post(reset))
        .route("/password/check", post(check_password))
}

/// Somebody at the door: not signed in, from our pages, not too often.
struct Visitor(Ctx);

impl FromRequestParts<Head> for Visitor {
    type Rejection = ProblemAnswer;

    async fn from_request_parts(parts: &mut Parts, head: &Head) -> Result<Self, ProblemAnswer> {
        from_our_pages(parts)?;
        let origin = origin(parts);
        head.limits.take(origin, head.app.settings().anonymous_per_minute)?;
        let request = parts.extensions.get::<RequestId>().copied();
        Ok(Self(head.app.ctx(Actor::Anonymous, Some(origin), request)))
    }
}

/// The body of a request, or what is wrong with it.
///
/// # Errors
/// `request_invalid` with the place; `request_too_large`.
pub(crate) fn body<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, ProblemAnswer> {
    match body {
        Ok(Json(body)) => Ok(body),
        Err(JsonRejection::BytesRejection(error)) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Err(Reason::RequestTooLarge.into())
        }
        Err(JsonRejection::JsonDataError(error)) => Err(detailed(Reason::RequestInvalid.into(), Some(cause(&error)))),
        Err(JsonRejection::JsonSyntaxError(error)) => Err(detailed(Reason::RequestInvalid.into(), Some(cause(&error)))),
        Err(JsonRejection::MissingJsonContentType(_)) => {
            let words = "Send `Content-Type: application/json`.".to_owned();
            Err(detailed(Reason::RequestInvalid.into(), Some(words)))
        }
        Err(_) => Err(Reason::RequestInvalid.into()),
    }
}

/// The innermost cause: what serde says of fields and places, without the layers above.
fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

type Body<T> = Result<Json<T>, JsonRejection>;

async fn server(State(head): State<Head>) -> Result<Json<wire::ServerInfo>, ProblemAnswer> {
    Ok(Json(server_info(&head.app).await?))
}

/// What anybody may know of this server.
pub(crate) async fn server_info(app: &rempart_app::App) -> Result<wire::ServerInfo, ProblemAnswer> {
    let organisation = app.organisation().await?;
    Ok(wire::ServerInfo {
        ready: organisation.is_some(),
        organisation: organisation.as_ref().map(|o| o.name.clone()),
        domain: organisation.as_ref().map(|o| o.domain.clone()),
        host: organisation.as_ref().map(|o| o.host.clone()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        password_bits: rempart_domain::password::ORDINARY_BITS,
        max_file: app.settings().max_file,
        now: Time(app.now()),
    })
}

fn new_account(new: wire::NewAccount) -> setup::NewAccount {
    setup::NewAccount {
        local: new.local,
        display_name: new.display_name,
        password: Secret::new(new.password),
        language: from_wire::language(new.language),
    }
}

fn device(device: wire::DeviceInfo) -> setup::DeviceInfo {
    setup::DeviceInfo { device: device.device.map(|d| d.0), name: device.name }
}

fn opened(head: &Head, opened: &setup::Opened) -> (wire::SignedIn, Option<HeaderValue>) {
    let signed_in =
        wire::SignedIn { account: Id(opened.account), device: Id(opened.device), session: Id(opened.session) };
    (signed_in, cookie(opened.secret.expose(), opened.ends, head.app.now()))
}

fn with_cookie<T: serde::Serialize>(answer: T, cookie: Option<HeaderValue>) -> Response {
    let mut response = Json(answer).into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

async fn check_setup(
    State(head): State<Head>,
    Visitor(ctx): Visitor,
    asked: Body<wire::TokenCheck>,
) -> Result<Json<wire::SetupOffer>, ProblemAnswer> {
    head.app.check_setup(&ctx, &body(asked)?.token).await?;
    let host = head.settings.host.clone();
    let name = host.split(':').next().unwrap_or("");
    // A machine's own name makes no domain of addresses; then the person says it.
    let domain = if name.contains('.') { name.strip_prefix("rempart.").unwrap_or(name) } else { "" };
    Ok(Json(wire::SetupOffer { domain: domain.to_owned(), host }))
}

async fn set_up(
    State(head): State<Head>,
    Visitor(ctx): Visitor,
    asked: Body<wire::Setup>,
) -> Result<Response, ProblemAnswer> {
    let asked = body(asked)?;
    let setup = setup::Setup {
        token: asked.token,
        organisation: asked.organisation,
        domain: asked.domain,
        host: asked.host,
        owner: new_account(asked.owner),
        device: device(asked.device),
    };
    let (answer, cookie) = opened(&head, &head.app.set_up(&ctx, setup).await?);
    Ok(with_cookie(answer, cookie))
}

/// Says who asks, or that it is nobody: a page that has no session yet asks too, and that is no error.
async fn session_now(
    State(head): State<Head>,
    caller: Result<Caller, ProblemAnswer>,
) -> Result<Json<wire::SessionNow>, ProblemAnswer> {
    match caller {
        Ok(caller) => {
            let me = head.app.me(&caller.ctx(&head.app)).await?;
            Ok(Json(wire::SessionNow { me: Some(identity::own(&head.app, me).await?) }))
        }
        Err(refused) if refused.signed_out() => Ok(Json(wire::SessionNow { me: None })),
        Err(refused) => Err(refused),
    }
}

async fn sign_in(
    State(head): State<Head>,
    Visitor(ctx): Visitor,
    asked: Body<wire::SignIn>,
) -> Result<Response, ProblemAnswer> {
    let asked = body(asked)?;
    let password = Secret::new(asked.password);
    match head.app.sign_in(&ctx, &asked.address, password.expose(), device(asked.device)).await? {
        SignInAnswer::Opened(session) => {
            let (answer, cookie) = opened(&head, &session);
            Ok(with_cookie(wire::SignInAnswer::SignedIn(answer), cookie))
        }
        SignInAnswer::SecondFactor { ticket } => Ok(Json(wire::SignInAnswer::SecondFactor { ticket }).into_response()),
    }
}

async fn second_factor(
    State(head): State<Head>,
    Visitor(ctx): Visitor,
    asked: Body<wire::SecondFactor>,
) -> Result<Response, ProblemAnswer> {
    let asked = body(asked)?;
    let session = head.app.second_factor(&ctx, &asked.ticket, &asked.code).await?;
    let (answer, cookie) = opened(&head, &session);
    Ok(with_cookie(answer, cookie))
}

async fn sign_out(State(head): State<Head>, caller: Caller) -> Result<Response, ProblemAnswer> {
    head.app.sign_out(&caller.ctx(&head.app)).await?;
    Ok(with_cookie(Empty {}, Some(NO_COOKIE)))
}

async fn check_invitation(
    State(head): State<Head>,
    Visitor(ctx): Visitor,
    asked: Body<wire::TokenCheck>,
) -> Result<Json<wire::InvitationOffer>, ProblemAnswer> {
    let offer = head.app.check_invitation(&ctx, &body(asked)?.token).await?;
    Ok(Json(wire::InvitationOffer {
        organisation: offer.organisation,
        domain: offer.domain,
        inviter: offer.inviter,
        role: to_wire::role(offer.invitation.role),
        local: offer.invitation.local,
        display_name: offer.invitation.display_name,
        expires: Time(offer.invitation.expires),
    }))
}

async fn accept_invitation(
    State(head): State<Head>,
    Visitor(ctx): Visitor,
    asked: Body<wire::AcceptInvitation>,
) -> Result<Response, ProblemAnswer> {
    let asked = body(asked)?;
    let session =
        head.app.accept_invitation(&ctx, &asked.token, new_account(asked.account), device(asked.device)).await?;
    let (answer, cookie) = opened(&head, &session);
    Ok(with_cookie(answer, cookie))
}

async fn check_reset(
    State(head): State<Head>,
    Visitor(ctx): Visitor,
    asked: Body<wire::TokenCheck>,
) -> Result<Json<wire::ResetOffer>, ProblemAnswer> {
    let (account, expires) = head.app.check_reset(&ctx, &body(asked)?.token).await?;
    let organisation = head.app.organisation().await?.ok_or(Reason::NotReady)?;
    let address = format!("{}@{}", account.local, organisation.domain);
    let password_bits = rempart_domain::password::min_bits(account.role);
    Ok(Json(wire::ResetOffer { address, password_bits, expires: Time(expires) }))
}

async fn reset(
    State(head): State<Head>,
    Visitor(ctx): Visitor,
    asked: Body<wire::ResetPassword>,
) -> Result<Json<Empty>, ProblemAnswer> {
    let asked = body(asked)?;
    let password = Secret::new(asked.password);
    head.app.reset_password(&ctx, &asked.token, password.expose()).await?;
    Ok(Json(Empty {}))
}

async fn check_password(
    State(head): State<Head>,
    Visitor(ctx): Visitor,
    asked: Body<wire::PasswordCheck>,
) -> Result<Json<wire::PasswordVerdict>, ProblemAnswer> {
    let asked = body(asked)?;
    if asked.context.len() > 16 {
        return Err(rempart_domain::Refusal::field(Reason::RequestInvalid, "context").into());
    }
    let password = Secret::new(asked.password);
    let verdict = head.app.check_password(&ctx, password.expose(), &asked.context)?;
    let refused = verdict.refused.iter().map(|r| r.code().to_owned()).collect();
    Ok(Json(wire::PasswordVerdict { bits: verdict.bits, refused }))
}
