//! `rempart archive verify`.

use std::process::ExitCode;

use anyhow::{Result, bail};

use super::account::bar;
use crate::operator::reach::Reach;
use crate::operator::{Answer, Order};

/// Verifies; prints each finding; fails when there is one.
///
/// # Errors
/// When the store cannot be read.
pub async fn verify(reach: &mut Reach) -> Result<ExitCode> {
    let bar = bar(0);
    let answer = {
        let mut progress = |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        };
        reach.order(Order::Verify, &mut progress).await
    };
    bar.finish_and_clear();
    let Answer::Verified(found) = answer? else { bail!("the server gave an unexpected answer") };
    for finding in &found.findings {
        println!("{finding}");
    }
    println!(
        "{} entries in the log, {} conversations, {} waiting for a position, {} with an erased body: {}",
        found.entries,
        found.conversations,
        found.waiting,
        found.erased,
        match found.findings.len() {
            0 => "all is well".to_owned(),
            1 => "1 finding".to_owned(),
            n => format!("{n} findings"),
        }
    );
    Ok(if found.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
