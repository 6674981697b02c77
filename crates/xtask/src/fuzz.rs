//! Being written.
pub(crate) fn run(_s: u32, _t: Option<&str>, _g: bool) -> anyhow::Result<()> {
    Ok(())
}
