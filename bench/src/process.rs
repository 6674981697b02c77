//! What the kernel counted of processes.

use std::fs;

use anyhow::{Context as _, Result};

/// Clock ticks a second in `/proc`: what Linux tells user space on every architecture that Rempart is built for.
const TICKS: f64 = 100.0;

/// Says on which machine this runs.
pub(crate) fn machine() -> Result<()> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let model =
        cpus.lines().find_map(|l| l.strip_prefix("model name")).unwrap_or("").trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism()?;
    let load = fs::read_to_string("/proc/loadavg")?;
    let load: Vec<&str> = load.split(' ').take(3).collect();
    println!("machine: {cores} × {model}; load before: {}", load.join(" "));
    Ok(())
}

/// CPU seconds of a process so far, user and system.
pub(crate) fn cpu(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold anything; fields are counted behind it: utime is the 12th, stime the 13th.
    let (_, fields) = stat.rsplit_once(')').context("a process's status")?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut ticks = || fields.next().and_then(|f| f.parse::<f64>().ok()).context("a process's times");
    Ok((ticks()? + ticks()?) / TICKS)
}

/// CPU seconds of several processes.
pub(crate) fn cpus(pids: &[u32]) -> Result<f64> {
    pids.iter().map(|pid| cpu(*pid)).sum()
}

/// Memory of a process's own, in bytes: what leaves with it.
pub(crate) fn memory(pid: u32) -> Result<f64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let kib = |name: &str| -> Result<f64> {
        let line = rollup.lines().find_map(|l| l.strip_prefix(name)).context("a process's memory")?;
        line.split_whitespace().next().and_then(|n| n.parse().ok()).context("a process's memory")
    };
    Ok((kib("Private_Clean:")? + kib("Private_Dirty:")?) * 1024.0)
}

/// The part of sorted values below which a share of them lies.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index of a vector in memory")]
    let at = (last as f64 * share).round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}
