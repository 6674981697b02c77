//! The OpenAPI 3.1 document, from the types of `rempart_wire`.
//!
//! What a client sends and what the server sends are described apart: an absent field is the client's right, while the
//! server always sends every field. Where one type is on both sides and the descriptions differ, the client's is `…Input`.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use rempart_wire::{Command, Empty, Problem, feed, file, session as s};
use schemars::generate::{Contract, SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// An endpoint that is not a command.
struct Endpoint {
    method: &'static str,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    /// Whether a session or an API token is needed.
    signed_in: bool,
    body: Body,
    answer: Answer,
}

enum Body {
    None,
    Json(SchemaOf),
    /// A chunk of a file, with its `Upload-Offset` header.
    Chunk,
}

enum Answer {
    Json(SchemaOf),
    /// Of this media type.
    Bytes(&'static str),
    Feed,
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: "get",
        path: "/api/v1/server",
        id: "server.info",
        summary: "What anybody may know of this server.",
        signed_in: false,
        body: Body::None,
        answer: Answer::Json(of::<s::ServerInfo>),
    },
    Endpoint {
        method: "post",
        path: "/api/v1/setup/check",
        id: "setup.check",
        summary: "Asks whether a setup link holds.",
        signed_in: false,
        body: Body::Json(of::<s::TokenCheck>),
        answer: Answer::Json(of::<s::SetupOffer>),
    },
    Endpoint {
        method: "post",
        path: "/api/v1/setup",
        id: "setup.finish",
        summary: "Makes the organisation and its first owner, and signs the owner in.",
        signed_in: false,
        body: Body::Json(of::<s::Setup>),
        answer: Answer::Json(of::<s::SignedIn>),
    },
    Endpoint {
        method: "get",
        path: "/api/v1/session",
        id: "session.now",
        summary: "Who this browser is signed in as, or nobody.",
        signed_in: false,
        body: Body::None,
        answer: Answer::Json(of::<s::SessionNow>),
    },
    Endpoint {
        method: "post",
        path: "/api/v1/session",
        id: "session.begin",
        summary: "Signs in by address and password.",
        signed_in: false,
        body: Body::Json(of::<s::SignIn>),
        answer: Answer::Json(of::<s::SignInAnswer>),
    },
    Endpoint {
        method: "post",
        path: "/api/v1/session/factor",
        id: "session.factor",
        summary: "Answers the second step of signing in.",
        signed_in: false,
        body: Body::Json(of::<s::SecondFactor>),
        answer: Answer::Json(of::<s::SignedIn>),
    },
    Endpoint {
        method: "delete",
        path: "/api/v1/session",
        id: "session.end",
        summary: "Signs out.",
        signed_in: true,
        body: Body::None,
        answer: Answer::Json(of::<Empty>),
    },
    Endpoint {
        method: "post",
        path: "/api/v1/invitations/check",
        id: "invitations.check",
        summary: "Asks what an invitation offers.",
        signed_in: false,
        body: Body::Json(of::<s::TokenCheck>),
        answer: Answer::Json(of::<s::InvitationOffer>),
    },
    Endpoint {
        method: "post",
        path: "/api/v1/invitations/accept",
        id: "invitations.accept",
        summary: "Takes an invitation up, and signs in.",
        signed_in: false,
        body: Body::Json(of::<s::AcceptInvitation>),
        answer: Answer::Json(of::<s::SignedIn>),
    },
    Endpoint {
        method: "post",
        path: "/api/v1/reset/check",
        id: "reset.check",
        summary: "Asks what a reset link is for.",
        signed_in: false,
        body: Body::Json(of::<s::TokenCheck>),
        answer: Answer::Json(of::<s::ResetOffer>),
    },
    Endpoint {
        method: "post",
        path: "/api/v1/reset",
        id: "reset.finish",
        summary: "Chooses a new password by a reset link.",
        signed_in: false,
        body: Body::Json(of::<s::ResetPassword>),
        answer: Answer::Json(of::<Empty>),
    },
    Endpoint {
        method: "post",
        path: "/api/v1/password/check",
        id: "password.check",
        summary: "Asks whether a password would be taken. Nothing is kept of it.",
        signed_in: false,
        body: Body::Json(of::<s::PasswordCheck>),
        answer: Answer::Json(of::<s::PasswordVerdict>),
    },
    Endpoint {
        method: "post",
        path: "/api/v1/uploads",
        id: "uploads.begin",
        summary: "Begins an upload.",
        signed_in: true,
        body: Body::Json(of::<file::BeginUpload>),
        answer: Answer::Json(of::<file::Upload>),
    },
    Endpoint {
        method: "get",
        path: "/api/v1/uploads/{upload}",
        id: "uploads.get",
        summary: "Asks where to go on with an upload.",
        signed_in: true,
        body: Body::None,
        answer: Answer::Json(of::<file::Upload>),
    },
    Endpoint {
        method: "patch",
        path: "/api/v1/uploads/{upload}",
        id: "uploads.append",
        summary: "Sends the next bytes, at most 4 MiB; 409 `upload_offset` names the right offset.",
        signed_in: true,
        body: Body::Chunk,
        answer: Answer::Json(of::<file::Upload>),
    },
    Endpoint {
        method: "delete",
        path: "/api/v1/uploads/{upload}",
        id: "uploads.drop",
        summary: "Gives an upload up.",
        signed_in: true,
        body: Body::None,
        answer: Answer::Json(of::<Empty>),
    },
    Endpoint {
        method: "get",
        path: "/api/v1/conversations/{conversation}/blobs/{blob}",
        id: "blobs.read",
        summary: "The bytes of a file; `Range` is served.",
        signed_in: true,
        body: Body::None,
        answer: Answer::Bytes("application/octet-stream"),
    },
    Endpoint {
        method: "get",
        path: "/api/v1/log/checkpoint",
        id: "log.head",
        summary: "The newest signed head of the archive log (C2SP tlog-checkpoint).",
        signed_in: true,
        body: Body::None,
        answer: Answer::Bytes("text/plain"),
    },
    Endpoint {
        method: "get",
        path: "/api/v1/log/tile/{path}",
        id: "log.tile",
        summary: "Hashes of the archive log; the path is one of C2SP tlog-tiles, slashes and all, such as `0/x001/x234/067`.",
        signed_in: true,
        body: Body::None,
        answer: Answer::Bytes("application/octet-stream"),
    },
    Endpoint {
        method: "get",
        path: "/api/v1/feed",
        id: "feed",
        summary: "Becomes a WebSocket (RFC 6455): commands `{id, op, params}` one way, `Frame` the other.",
        signed_in: true,
        body: Body::None,
        answer: Answer::Feed,
    },
];

/// A command's name and the names of its schemas.
pub(crate) struct CommandTypes {
    pub(crate) op: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) params: String,
    pub(crate) answer: String,
}

/// The document and the table of commands.
pub(crate) struct Api {
    pub(crate) document: Value,
    pub(crate) commands: Vec<CommandTypes>,
}

const REF: &str = "#/components/schemas/";

/// Two generators, one a direction.
struct Sides {
    from_client: SchemaGenerator,
    from_server: SchemaGenerator,
}

fn generator(contract: Contract) -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12();
    settings.contract = contract;
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    settings.into_generator()
}

/// Makes the document.
///
/// # Errors
/// When two types have one name.
pub(crate) fn build() -> Result<Api> {
    let mut sides =
        Sides { from_client: generator(Contract::Deserialize), from_server: generator(Contract::Serialize) };
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut specs = Vec::new();

    for endpoint in ENDPOINTS {
        let operation = operation(endpoint, &mut sides);
        paths.entry(endpoint.path.to_owned()).or_default().insert(endpoint.method.to_owned(), operation);
    }
    for spec in Command::SPECS {
        let params = (spec.params)(&mut sides.from_client).to_value();
        let answer = (spec.answer)(&mut sides.from_server).to_value();
        let operation = json!({
            "operationId": spec.op,
            "tags": [spec.op.split('.').next()],
            "summary": spec.summary,
            "security": [{ "session": [] }, { "token": [] }],
            "requestBody": { "required": true, "content": { "application/json": { "schema": params } } },
            "responses": responses(json_content(answer.clone())),
        });
        let path = format!("/api/v1/commands/{}", spec.op);
        paths.entry(path).or_default().insert("post".to_owned(), operation);
        specs.push((spec, params, answer));
    }
    sides.from_client.subschema_for::<feed::Hello>();
    sides.from_server.subschema_for::<feed::Welcome>();
    sides.from_server.subschema_for::<feed::Frame>();
    sides.from_server.subschema_for::<Problem>();

    let (schemas, renamed) = merge(sides)?;
    let mut paths = json!(paths);
    for operations in paths.as_object_mut().into_iter().flat_map(Map::values_mut) {
        for operation in operations.as_object_mut().into_iter().flat_map(Map::values_mut) {
            if let Some(body) = operation.get_mut("requestBody") {
                rename(body, &renamed);
            }
        }
    }
    let commands = specs
        .into_iter()
        .map(|(spec, mut params, answer)| {
            rename(&mut params, &renamed);
            Ok(CommandTypes { op: spec.op, summary: spec.summary, params: name(&params)?, answer: name(&answer)? })
        })
        .collect::<Result<_>>()?;
    Ok(Api { document: document(paths, json!(schemas)), commands })
}

fn document(paths: Value, schemas: Value) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Rempart",
            "version": "1",
            "description": "Additive within /api/v1. Fields unknown to the server are refused; fields unknown to a client are to be ignored.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "session": { "type": "apiKey", "in": "cookie", "name": "__Host-rempart" },
                "token": { "type": "http", "scheme": "bearer" },
            },
        },
    })
}

fn operation(endpoint: &Endpoint, sides: &mut Sides) -> Value {
    let success = match endpoint.answer {
        Answer::Json(schema) => json_content(schema(&mut sides.from_server).to_value()),
        Answer::Bytes(media_type) => json!({ "description": "The bytes.", "content": { media_type: {} } }),
        Answer::Feed => json!({ "description": "Switching protocols." }),
    };
    let responses = match endpoint.answer {
        Answer::Feed => json!({ "101": success, "default": problem() }),
        Answer::Json(_) | Answer::Bytes(_) => responses(success),
    };
    let security = if endpoint.signed_in { json!([{ "session": [] }, { "token": [] }]) } else { json!([]) };
    let mut operation = Map::from_iter([
        ("operationId".to_owned(), json!(endpoint.id)),
        ("tags".to_owned(), json!([endpoint.id.split('.').next()])),
        ("summary".to_owned(), json!(endpoint.summary)),
        ("security".to_owned(), security),
        ("responses".to_owned(), responses),
    ]);
    let mut parameters: Vec<Value> = endpoint
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    if endpoint.id == "blobs.read" {
        parameters.push(json!({
            "name": "name", "in": "query", "required": false, "schema": { "type": "string" },
            "description": "The file name of a download.",
        }));
    }
    match endpoint.body {
        Body::None => {}
        Body::Json(schema) => {
            let schema = schema(&mut sides.from_client).to_value();
            let body = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
            operation.insert("requestBody".to_owned(), body);
        }
        Body::Chunk => {
            parameters.push(json!({
                "name": "Upload-Offset", "in": "header", "required": true,
                "schema": { "type": "integer", "minimum": 0 },
                "description": "Where these bytes begin: the `offset` of the last answer.",
            }));
            let body = json!({ "required": true, "content": { "application/octet-stream": {} } });
            operation.insert("requestBody".to_owned(), body);
        }
    }
    if !parameters.is_empty() {
        operation.insert("parameters".to_owned(), json!(parameters));
    }
    Value::Object(operation)
}

fn json_content(schema: Value) -> Value {
    json!({ "description": "Done.", "content": { "application/json": { "schema": schema } } })
}

fn problem() -> Value {
    json!({
        "description": "Refused, or failed (RFC 9457).",
        "content": { "application/problem+json": { "schema": { "$ref": format!("{REF}Problem") } } },
    })
}

fn responses(success: Value) -> Value {
    json!({ "200": success, "default": problem() })
}

type Schemas = BTreeMap<String, Value>;

/// One table of schemas from both sides, and the client's that got another name.
fn merge(mut sides: Sides) -> Result<(Schemas, BTreeMap<String, String>)> {
    let client: Schemas = sides.from_client.take_definitions(true).into_iter().collect();
    let server: Schemas = sides.from_server.take_definitions(true).into_iter().collect();
    for name in client.keys().chain(server.keys()) {
        // schemars tells two types of one name apart by a number at the end.
        ensure!(!name.ends_with(|c: char| c.is_ascii_digit()), "two types of the API are called {name}: rename one");
    }
    Ok(merge_tables(client, server))
}

fn merge_tables(client: Schemas, server: Schemas) -> (Schemas, BTreeMap<String, String>) {
    let mut renamed: BTreeMap<String, String> = BTreeMap::new();
    // What refers to a renamed schema differs too, so this goes on until nothing is added.
    loop {
        let before = renamed.len();
        for (name, schema) in &client {
            let mut mine = schema.clone();
            rename(&mut mine, &renamed);
            if server.get(name).is_some_and(|theirs| *theirs != mine) {
                renamed.insert(name.clone(), format!("{name}Input"));
            }
        }
        if renamed.len() == before {
            break;
        }
    }
    let mut all = server;
    all.values_mut().for_each(split_references);
    for (name, mut schema) in client {
        rename(&mut schema, &renamed);
        split_references(&mut schema);
        all.insert(renamed.get(&name).cloned().unwrap_or(name), schema);
    }
    (all, renamed)
}

fn rename(value: &mut Value, renamed: &BTreeMap<String, String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(target) if key == "$ref" => {
                        if let Some(new) = target.strip_prefix(REF).and_then(|old| renamed.get(old)) {
                            *target = format!("{REF}{new}");
                        }
                    }
                    other => rename(other, renamed),
                }
            }
        }
        Value::Array(array) => array.iter_mut().for_each(|v| rename(v, renamed)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Turns a reference with properties beside it (a tagged variant that holds a struct) into `allOf`: the two mean the same,
/// but openapi-typescript, as OpenAPI 3.0 did, takes no notice of what stands beside a reference.
fn split_references(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(split_references);
            if object.contains_key("properties")
                && let Some(target) = object.remove("$ref")
            {
                let beside = Value::Object(std::mem::take(object));
                object.insert("allOf".to_owned(), json!([{ "$ref": target }, beside]));
            }
        }
        Value::Array(array) => array.iter_mut().for_each(split_references),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn name(schema: &Value) -> Result<String> {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix(REF));
    target.map(str::to_owned).ok_or_else(|| anyhow::anyhow!("a command's type has no name of its own: {schema}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_endpoint_is_there() {
        let api = build().unwrap();
        let paths = api.document["paths"].as_object().unwrap();
        for spec in Command::SPECS {
            assert!(paths.contains_key(&format!("/api/v1/commands/{}", spec.op)), "{}", spec.op);
        }
        for endpoint in ENDPOINTS {
            assert!(paths[endpoint.path].get(endpoint.method).is_some(), "{}", endpoint.path);
        }
    }

    #[test]
    fn every_reference_is_defined() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(object) => {
                    if let Some(Value::String(target)) = object.get("$ref") {
                        found.push(target.clone());
                    }
                    object.values().for_each(|v| references(v, found));
                }
                Value::Array(array) => array.iter().for_each(|v| references(v, found)),
                _ => {}
            }
        }
        let document = build().unwrap().document;
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 100);
        for target in found {
            let pointer = target.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{target}");
        }
    }

    #[test]
    fn the_server_sends_every_field_and_the_client_need_not() {
        let document = build().unwrap().document;
        let required = |name: &str| document["components"]["schemas"][name]["required"].clone();
        assert!(required("Entry").as_array().unwrap().contains(&json!("refers_to")));
        assert!(!required("PostEntry").as_array().unwrap().contains(&json!("refers_to")));
    }

    #[test]
    fn a_tagged_variant_keeps_its_tag() {
        let document = build().unwrap().document;
        let variant = &document["components"]["schemas"]["SignInAnswer"]["oneOf"][0]["allOf"];
        assert_eq!(variant[0]["$ref"], format!("{REF}SignedIn"));
        assert_eq!(variant[1]["properties"]["status"]["const"], "signed_in");
    }

    #[test]
    fn a_type_that_differs_by_side_gets_two_names_and_so_does_what_holds_it() {
        let side = |required: Value| {
            Schemas::from([
                ("Inner".to_owned(), json!({ "required": required })),
                ("Outer".to_owned(), json!({ "properties": { "inner": { "$ref": format!("{REF}Inner") } } })),
                ("Same".to_owned(), json!({ "type": "string" })),
            ])
        };
        let (all, renamed) = merge_tables(side(json!([])), side(json!(["a"])));
        assert_eq!(renamed.keys().collect::<Vec<_>>(), ["Inner", "Outer"]);
        assert_eq!(all["OuterInput"]["properties"]["inner"]["$ref"], format!("{REF}InnerInput"));
        assert_eq!(all["Outer"]["properties"]["inner"]["$ref"], format!("{REF}Inner"));
        assert!(!all.contains_key("SameInput"));
    }
}
