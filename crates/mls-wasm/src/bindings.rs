//! How JavaScript sees an [`Installation`]: one method each, no logic.

use js_sys::{Error, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_bytes::ByteBuf;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::Zeroizing;

use crate::aside::Entries;
use crate::installation::Installation;
use crate::key_log::LogCopy;
use crate::refused::Refused;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.d.ts");

/// An [`Installation`], for the worker. Refusals are thrown as `Error` with a `code`.
#[wasm_bindgen(js_name = Installation)]
pub struct Bound(Installation);

type Thrown<T> = Result<T, JsValue>;

#[wasm_bindgen(js_class = Installation)]
#[expect(clippy::missing_errors_doc, reason = "each throws what the method of the same name refuses")]
impl Bound {
    /// [`Installation::enrol`].
    pub fn enrol(
        #[wasm_bindgen(unchecked_param_type = "Enrolment")] as_whom: JsValue,
        seed: Option<Vec<u8>>,
    ) -> Thrown<Self> {
        let seed = seed.map(Zeroizing::new);
        Installation::enrol(&read(as_whom)?, seed.as_ref().map(|s| s.as_slice())).map(Self).map_err(thrown)
    }

    /// [`Installation::open`].
    pub fn open(#[wasm_bindgen(unchecked_param_type = "Entries")] kept: JsValue) -> Thrown<Self> {
        Installation::open(entries(kept)?).map(Self).map_err(thrown)
    }

    /// [`Installation::reload`].
    pub fn reload(&mut self, #[wasm_bindgen(unchecked_param_type = "Entries")] kept: JsValue) -> Thrown<()> {
        self.0.reload(entries(kept)?).map_err(thrown)
    }

    /// [`Installation::take_batch`].
    #[wasm_bindgen(js_name = takeBatch, unchecked_return_type = "Batch | null")]
    pub fn take_batch(&mut self) -> Thrown<JsValue> {
        let Some(batch) = self.0.take_batch() else { return Ok(JsValue::NULL) };
        let mut out = BatchOut::default();
        for (key, value) in batch {
            match value {
                Some(mut value) => out.put.push((ByteBuf::from(key), ByteBuf::from(std::mem::take(&mut *value)))),
                None => out.delete.push(ByteBuf::from(key)),
            }
        }
        let written = write(&out);
        for (_, value) in &mut out.put {
            zeroize::Zeroize::zeroize(&mut **value);
        }
        written
    }

    /// [`Installation::written`].
    pub fn written(&mut self) -> Thrown<()> {
        self.0.written().map_err(thrown)
    }

    /// [`Installation::identity`].
    #[wasm_bindgen(unchecked_return_type = "Identity")]
    pub fn identity(&self) -> Thrown<JsValue> {
        write(&self.0.identity())
    }

    /// [`Installation::key_packages`].
    #[wasm_bindgen(js_name = keyPackages, unchecked_return_type = "Uint8Array[]")]
    pub fn key_packages(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Suite")] suite: &str,
        one_time: u32,
        last_resort: bool,
        now: f64,
    ) -> Thrown<JsValue> {
        write(&self.0.key_packages(suite, one_time, last_resort, now).map_err(thrown)?)
    }

    /// [`Installation::create`].
    pub fn create(
        &mut self,
        group: &[u8],
        #[wasm_bindgen(unchecked_param_type = "Suite")] suite: &str,
        archive: Option<Vec<u8>>,
        #[wasm_bindgen(unchecked_param_type = "Beliefs")] beliefs: JsValue,
    ) -> Thrown<Vec<u8>> {
        self.0.create(group, suite, archive.as_deref(), read(beliefs)?).map_err(thrown)
    }

    /// [`Installation::commit`].
    #[wasm_bindgen(unchecked_return_type = "Outgoing")]
    pub fn commit(
        &mut self,
        group: &[u8],
        #[wasm_bindgen(unchecked_param_type = "Changes")] changes: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Beliefs")] beliefs: JsValue,
    ) -> Thrown<JsValue> {
        write(&self.0.commit(group, read(changes)?, read(beliefs)?).map_err(thrown)?)
    }

    /// [`Installation::confirm`].
    pub fn confirm(&mut self, group: &[u8]) -> Thrown<Vec<u8>> {
        self.0.confirm(group).map_err(thrown)
    }

    /// [`Installation::withdraw`].
    pub fn withdraw(&mut self, group: &[u8]) -> Thrown<()> {
        self.0.withdraw(group).map_err(thrown)
    }

    /// [`Installation::join`].
    #[wasm_bindgen(unchecked_return_type = "Joined")]
    pub fn join(
        &mut self,
        welcome: &[u8],
        #[wasm_bindgen(unchecked_param_type = "Beliefs")] beliefs: JsValue,
    ) -> Thrown<JsValue> {
        write(&self.0.join(welcome, read(beliefs)?).map_err(thrown)?)
    }

    /// [`Installation::receive`].
    #[wasm_bindgen(unchecked_return_type = "Opened[]")]
    pub fn receive(
        &mut self,
        group: &[u8],
        #[wasm_bindgen(unchecked_param_type = "readonly Uint8Array[]")] messages: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Beliefs")] beliefs: JsValue,
    ) -> Thrown<JsValue> {
        let messages: Vec<ByteBuf> = read(messages)?;
        write(&self.0.receive(group, &messages, read(beliefs)?).map_err(thrown)?)
    }

    /// [`Installation::seal`].
    pub fn seal(&mut self, group: &[u8], content: &[u8]) -> Thrown<Vec<u8>> {
        self.0.seal(group, content).map_err(thrown)
    }

    /// [`Installation::archive_secrets`].
    #[wasm_bindgen(js_name = archiveSecrets, unchecked_return_type = "ArchiveSecrets | null")]
    pub fn archive_secrets(&mut self, group: &[u8]) -> Thrown<JsValue> {
        write(&self.0.archive_secrets(group).map_err(thrown)?)
    }

    /// [`Installation::export`].
    #[wasm_bindgen(js_name = exportSecret)]
    pub fn export(&mut self, group: &[u8], label: &str, context: &[u8], len: u32) -> Thrown<Vec<u8>> {
        let mut secret = self.0.export(group, label, context, len).map_err(thrown)?;
        Ok(std::mem::take(&mut *secret))
    }

    /// [`Installation::epoch`].
    #[wasm_bindgen(unchecked_return_type = "Epoch")]
    pub fn epoch(&mut self, group: &[u8]) -> Thrown<JsValue> {
        write(&self.0.epoch(group).map_err(thrown)?)
    }

    /// [`Installation::leaves`].
    #[wasm_bindgen(unchecked_return_type = "Leaf[]")]
    pub fn leaves(&mut self, group: &[u8]) -> Thrown<JsValue> {
        write(&self.0.leaves(group).map_err(thrown)?)
    }

    /// [`Installation::statement`].
    pub fn statement(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Verdict")] verdict: &str,
        group: &[u8],
        epoch_ref: &[u8],
    ) -> Thrown<Vec<u8>> {
        self.0.statement(verdict, group, epoch_ref).map_err(thrown)
    }

    /// [`Installation::settled`].
    pub fn settled(&mut self, group: &[u8], epoch: f64) -> Thrown<()> {
        // An epoch's number beyond 2⁵³ is not reached in any life.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates: NaN and below are 0"
        )]
        self.0.settled(group, epoch as u64).map_err(thrown)
    }

    /// [`Installation::go_back`].
    #[wasm_bindgen(js_name = goBack)]
    pub fn go_back(&mut self, group: &[u8], epoch_ref: &[u8]) -> Thrown<()> {
        self.0.go_back(group, epoch_ref).map_err(thrown)
    }

    /// [`Installation::forget`].
    pub fn forget(&mut self, group: &[u8]) -> Thrown<()> {
        self.0.forget(group).map_err(thrown)
    }

    /// [`Installation::identity_entry`].
    #[wasm_bindgen(js_name = identityEntry)]
    pub fn identity_entry(&self) -> Thrown<Vec<u8>> {
        self.0.identity_entry().map_err(thrown)
    }

    /// [`Installation::device_entry`].
    #[wasm_bindgen(js_name = deviceEntry)]
    pub fn device_entry(&self) -> Thrown<Vec<u8>> {
        self.0.device_entry().map_err(thrown)
    }

    /// [`Installation::revocation_entry`].
    #[wasm_bindgen(js_name = revocationEntry)]
    pub fn revocation_entry(&self, device: &str) -> Thrown<Vec<u8>> {
        self.0.revocation_entry(device).map_err(thrown)
    }
}

/// A [`LogCopy`], for the worker. Refusals are thrown as `Error` with a `code` that begins with `log_`.
#[wasm_bindgen(js_name = LogCopy)]
pub struct BoundLog(LogCopy);

#[wasm_bindgen(js_class = LogCopy)]
#[expect(clippy::missing_errors_doc, reason = "each throws what the method of the same name refuses")]
impl BoundLog {
    /// [`LogCopy::begin`].
    pub fn begin(origin: &str, key: &str) -> Thrown<Self> {
        LogCopy::begin(origin, key).map(Self).map_err(thrown)
    }

    /// [`LogCopy::open`].
    pub fn open(kept: &[u8]) -> Thrown<Self> {
        LogCopy::open(kept).map(Self).map_err(thrown)
    }

    /// [`LogCopy::keep`].
    #[must_use]
    pub fn keep(&self) -> Vec<u8> {
        self.0.keep()
    }

    /// [`LogCopy::next`].
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a log of 2⁵³ entries does not fit anywhere")]
    pub fn next(&self) -> f64 {
        self.0.next() as f64
    }

    /// [`LogCopy::take`].
    #[wasm_bindgen(unchecked_return_type = "Taken")]
    pub fn take(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "readonly Uint8Array[]")] leaves: JsValue,
        note: &str,
        key: &str,
    ) -> Thrown<JsValue> {
        let leaves: Vec<ByteBuf> = read(leaves)?;
        write(&self.0.take(&leaves, note, key).map_err(thrown)?)
    }

    /// [`LogCopy::view`].
    #[wasm_bindgen(unchecked_return_type = "LogView")]
    pub fn view(&self, now: f64) -> Thrown<JsValue> {
        write(&self.0.view(now).map_err(thrown)?)
    }

    /// [`LogCopy::compare`].
    #[wasm_bindgen(unchecked_return_type = "Comparison | null")]
    pub fn compare(&self, one: &str, other: &str) -> Thrown<JsValue> {
        write(&self.0.compare(one, other).map_err(thrown)?)
    }
}

#[derive(Default, Serialize)]
struct BatchOut {
    put: Vec<(ByteBuf, ByteBuf)>,
    delete: Vec<ByteBuf>,
}

fn entries(kept: JsValue) -> Thrown<Entries> {
    let kept: Vec<(ByteBuf, ByteBuf)> = read(kept)?;
    Ok(kept.into_iter().map(|(key, value)| (key.into_vec(), Zeroizing::new(value.into_vec()))).collect())
}

fn read<T: DeserializeOwned>(value: JsValue) -> Thrown<T> {
    // What is wrong with a value may hold the value: only that something is goes out.
    serde_wasm_bindgen::from_value(value).map_err(|_| thrown(Refused::value("another shape is expected")))
}

fn write<T: Serialize>(value: &T) -> Thrown<JsValue> {
    let serializer = Serializer::new().serialize_missing_as_null(true).serialize_maps_as_objects(true);
    value.serialize(&serializer).map_err(|_| thrown(Refused::value("it cannot be handed out")))
}

fn thrown(refused: Refused) -> JsValue {
    let error = Error::new(&refused.message);
    error.set_name("MlsRefusal");
    // Setting a field of a new object cannot fail.
    let _set = Reflect::set(&error, &"code".into(), &refused.code.into());
    error.into()
}
