//! Being written.
pub(crate) fn run() -> anyhow::Result<()> {
    Ok(())
}
