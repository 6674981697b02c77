//! The three ways in which this crate turns bytes into keys and scalars.

use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Key, Nonce, Tag};
use curve25519_dalek::scalar::Scalar;
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256, Sha512};
use zeroize::{Zeroize as _, Zeroizing};

/// Bytes of an AES-GCM tag.
pub(crate) const TAG: usize = 16;

/// `HKDF-SHA-256(secret, salt, info)` (RFC 5869), `N` ≤ 64 bytes. The parts of `info` are simply joined.
pub(crate) fn hkdf<const N: usize>(secret: &[u8], salt: &[u8], info: &[&[u8]]) -> Zeroizing<[u8; N]> {
    const { assert!(N <= 64, "HKDF-SHA-256 gives at most 255 blocks; nothing here needs more than two") };
    let mut out = Zeroizing::new([0; N]);
    let whole = info.concat();
    // The only refusal of `expand` is an output over 255 blocks, which the assertion above rules out.
    let _: Result<(), hkdf::InvalidLength> = Hkdf::<Sha256>::new(Some(salt), secret).expand(&whole, out.as_mut());
    out
}

/// `SHA-512(label ‖ parts)` reduced to a scalar: a public challenge.
pub(crate) fn challenge(label: &[u8], parts: &[&[u8]]) -> Scalar {
    let mut hash = Sha512::new_with_prefix(label);
    for part in parts {
        hash.update(part);
    }
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

/// `HMAC-SHA-512(secret, label ‖ parts)` reduced to a scalar: a nonce that is fresh whenever anything signed differs.
pub(crate) fn nonce(secret: &[u8], label: &[u8], parts: &[&[u8]]) -> Zeroizing<Scalar> {
    // HMAC takes keys of any length; this form asks for one block, so the key is brought to it as RFC 2104 says.
    let mut key = Zeroizing::new([0_u8; 128]);
    for (to, from) in key.iter_mut().zip(secret) {
        *to = *from;
    }
    debug_assert!(secret.len() <= 128, "a longer key would have to be hashed first");
    let mut mac = Hmac::<Sha512>::new(&(*key).into());
    mac.update(label);
    for part in parts {
        mac.update(part);
    }
    let mut wide: [u8; 64] = mac.finalize().into_bytes().into();
    let scalar = Zeroizing::new(Scalar::from_bytes_mod_order_wide(&wide));
    wide.zeroize();
    scalar
}

/// `SHA-256` of the parts joined.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// AES-256-GCM without associated data, in place, the tag appended. `None` only beyond the 64 GiB that GCM allows.
pub(crate) fn seal(key: &[u8; 32], nonce: &[u8; 12], plain: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(plain.len() + TAG);
    out.extend_from_slice(plain);
    let tag = Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
        .encrypt_inout_detached(&Nonce::from(*nonce), b"", out.as_mut_slice().into())
        .ok()?;
    out.extend_from_slice(&tag);
    Some(out)
}

/// The reverse of [`seal`]; `None` if anything was altered.
pub(crate) fn open(key: &[u8; 32], nonce: &[u8; 12], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (body, tag) = sealed.split_last_chunk::<TAG>()?;
    let mut out = Zeroizing::new(body.to_vec());
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
        .decrypt_inout_detached(&Nonce::from(*nonce), b"", out.as_mut_slice().into(), &Tag::from(*tag))
        .ok()?;
    Some(out)
}

/// Splits 44 derived bytes into key and nonce.
pub(crate) fn key_and_nonce(bytes: &[u8; 44]) -> (Zeroizing<[u8; 32]>, [u8; 12]) {
    let mut key = Zeroizing::new([0; 32]);
    let mut nonce = [0; 12];
    for (to, from) in key.iter_mut().chain(nonce.iter_mut()).zip(bytes) {
        *to = *from;
    }
    (key, nonce)
}
