//! `mls-client` in the browser's worker: plain values in, plain values out, a batch to write in between.
//!
//! A worker has one [`Installation`]. Each operation changes memory and puts one batch aside; the worker takes it, writes it to
//! IndexedDB in one transaction, says [`Installation::written`], and only then lets the result out. While a batch is on its way
//! every other operation is refused; if writing fails, [`Installation::reload`] with what IndexedDB holds is the only way on.
//! What an operation needs to believe about others comes with the call, so that nothing here can be out of date.
//!
//! This crate must never know a network, a page or IndexedDB. Private keys leave it in batches only.
//!
//! Beside it stands a [`LogCopy`], this device's copy of the key log, which keeps nothing by itself.
//!
//! Reading order: [`installation`], [`aside`], [`key_log`], [`values`], [`refused`], [`bindings`] (how JavaScript sees it: no logic).

pub mod aside;
pub mod bindings;
pub mod installation;
pub mod key_log;
pub mod refused;
pub mod values;

pub use installation::Installation;
pub use key_log::LogCopy;
pub use refused::Refused;

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
use {getrandom_02 as _, getrandom_04 as _, openmls as _};
