//! The binary `rempart-auditor`.

use std::process::ExitCode;

fn main() -> ExitCode {
    rempart_auditor::cli::run()
}
