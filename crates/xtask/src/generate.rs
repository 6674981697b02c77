//! `cargo xtask gen`: docs/reference/openapi.json, web/sdk/src/gen/api.ts and web/sdk/src/gen/commands.ts.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::openapi::{self, Api};
use crate::shell::{root, run as run_program, settle};
use crate::web;

const OPENAPI: &str = "docs/reference/openapi.json";
const TYPES: &str = "web/sdk/src/gen/api.ts";
const COMMANDS: &str = "web/sdk/src/gen/commands.ts";

/// Writes the files, or compares them.
///
/// # Errors
/// When a file differs (with `check`), or openapi-typescript is missing or fails.
pub(crate) fn run(check: bool) -> Result<()> {
    let root = root()?;
    let api = openapi::build()?;
    let mut document = serde_json::to_string_pretty(&api.document)?;
    document.push('\n');
    settle(&root, OPENAPI, document.as_bytes(), check)?;
    settle(&root, COMMANDS, commands(&api)?.as_bytes(), check)?;

    let web = root.join("web");
    web::install(&web)?;
    let made = root.join("target").join("api.ts");
    std::fs::create_dir_all(root.join("target"))?;
    run_program(
        Command::new("node")
            .arg(web.join("node_modules/openapi-typescript/bin/cli.js"))
            .arg(root.join(OPENAPI))
            .arg("--output")
            .arg(&made)
            // A field with a default need not be sent.
            .arg("--default-non-nullable=false")
            .current_dir(&web)
            .stdout(std::process::Stdio::null()),
    )?;
    let types = std::fs::read(&made).context("openapi-typescript wrote nothing")?;
    settle(&root, TYPES, &types, check)
}

/// The table of commands as TypeScript: name to parameters and answer, and the list of names.
fn commands(api: &Api) -> Result<String> {
    let mut text = String::from(
        "// Generated from the API's Rust types by `cargo xtask gen`. Do not edit.\n\n\
         import type { components } from \"./api\";\n\n\
         type S = components[\"schemas\"];\n\n\
         /** Every command: what goes in, what comes out. */\n\
         export interface Commands {\n",
    );
    for command in &api.commands {
        writeln!(text, "  /** {} */", command.summary)?;
        writeln!(
            text,
            "  \"{}\": {{ params: S[\"{}\"]; answer: S[\"{}\"] }};",
            command.op, command.params, command.answer
        )?;
    }
    text.push_str(
        "}\n\n\
         /** A command's name. */\n\
         export type Op = keyof Commands;\n\n\
         export type Params<O extends Op> = Commands[O][\"params\"];\n\
         export type Answer<O extends Op> = Commands[O][\"answer\"];\n\n\
         /** A schema of the API by its name. */\n\
         export type Schema<N extends keyof S> = S[N];\n\n\
         /** All names, in the order of the server's table. */\n\
         export const OPS: readonly Op[] = [\n",
    );
    for command in &api.commands {
        writeln!(text, "  \"{}\",", command.op)?;
    }
    text.push_str("];\n");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_names_parameters_and_answer() {
        let text = commands(&openapi::build().unwrap()).unwrap();
        assert!(text.contains("\"messages.post\": { params: S[\"PostEntry\"]; answer: S[\"Receipt\"] };"), "{text}");
    }
}
