//! Entry point of the binary `rempart`.

use std::process::ExitCode;

fn main() -> ExitCode {
    rempart_server::run(std::env::args_os())
}
