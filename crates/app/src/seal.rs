//! Envelope encryption at rest: the server's key wraps data keys, data keys seal bodies and files. AES-256-GCM (NIST SP
//! 800-38D) with random 96-bit nonces, each sealed text bound to its place by associated data.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use rempart_ports::Entropy;

use crate::error::Fault;

/// Bytes that sealing adds: nonce and tag.
pub const OVERHEAD: usize = NONCE_LEN + 16;

/// A key for one conversation, file or purpose.
pub struct DataKey(LessSafeKey);

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey")
    }
}

impl DataKey {
    /// From 32 bytes.
    ///
    /// # Errors
    /// Never for 32 bytes; a fault otherwise.
    pub fn new(key: &[u8]) -> Result<Self, Fault> {
        UnboundKey::new(&AES_256_GCM, key)
            .map(|k| Self(LessSafeKey::new(k)))
            .map_err(|_| Fault::Crypto("make a data key"))
    }

    /// Seals the parts of a text, one after the other: nonce ‖ ciphertext ‖ tag.
    ///
    /// # Errors
    /// A fault when the cipher refuses (it does not for texts of these sizes).
    pub fn seal(&self, entropy: &dyn Entropy, place: &[u8], parts: &[&[u8]]) -> Result<Vec<u8>, Fault> {
        let mut nonce = [0u8; NONCE_LEN];
        entropy.fill(&mut nonce);
        let length: usize = parts.iter().map(|p| p.len()).sum();
        let mut out = Vec::with_capacity(length + OVERHEAD);
        out.extend_from_slice(&nonce);
        parts.iter().for_each(|p| out.extend_from_slice(p));
        let Some(text) = out.get_mut(NONCE_LEN..) else { return Err(Fault::Crypto("seal a text")) };
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), text)
            .map_err(|_| Fault::Crypto("seal a text"))?;
        out.extend_from_slice(tag.as_ref());
        Ok(out)
    }

    /// Opens what [`DataKey::seal`] made for the same place.
    ///
    /// # Errors
    /// A fault when key, place or text is another.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Fault> {
        const WHAT: Fault = Fault::Crypto("open a sealed text: wrong key or altered data");
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(WHAT)?;
        let mut text = text.to_vec();
        let length = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(place), &mut text)
            .map_err(|_| WHAT)?
            .len();
        text.truncate(length);
        Ok(text)
    }
}

impl crate::App {
    /// Makes a data key for a place: the key, and the key wrapped for the store.
    pub(crate) fn new_data_key(&self, place: &[u8]) -> Result<(DataKey, Vec<u8>), Fault> {
        let mut key = zeroize::Zeroizing::new([0u8; 32]);
        self.entropy.fill(key.as_mut());
        let wrapped = DataKey::new(&self.keys.at_rest)?.seal(self.entropy.as_ref(), place, &[key.as_ref()])?;
        Ok((DataKey::new(key.as_ref())?, wrapped))
    }

    /// Unwraps the data key of a place.
    pub(crate) fn data_key(&self, place: &[u8], wrapped: &[u8]) -> Result<DataKey, Fault> {
        let key = zeroize::Zeroizing::new(DataKey::new(&self.keys.at_rest)?.open(place, wrapped)?);
        DataKey::new(&key)
    }
}
