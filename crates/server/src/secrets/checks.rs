//! Do these keys belong to this store? It keeps each key's id and check value, never a key.

use data_encoding::HEXLOWER;
use rempart_ports::store::KeyCheck;

use super::{Secret, SecretsError};

/// What a key makes of the fixed text of its purpose.
pub type CheckValue = fn(&Secret) -> Vec<u8>;

/// Compares; gives the checks that the store does not have yet.
///
/// # Errors
/// [`SecretsError::Mismatch`], naming the first key that is not the store's.
pub fn compare(secrets: &[Secret], stored: &[KeyCheck], value: CheckValue) -> Result<Vec<KeyCheck>, SecretsError> {
    let mut missing = Vec::new();
    for secret in secrets {
        let here = KeyCheck { purpose: secret.purpose.to_owned(), id: secret.id, check: value(secret) };
        match stored.iter().find(|check| check.purpose == secret.purpose) {
            None => missing.push(here),
            Some(there) if same(there, &here) => {}
            Some(there) => {
                return Err(SecretsError::Mismatch {
                    purpose: secret.purpose,
                    path: secret.path.clone(),
                    here: HEXLOWER.encode(&here.id),
                    there: HEXLOWER.encode(&there.id),
                });
            }
        }
    }
    Ok(missing)
}

fn same(a: &KeyCheck, b: &KeyCheck) -> bool {
    a.id == b.id && aws_lc_rs::constant_time::verify_slices_are_equal(&a.check, &b.check).is_ok()
}
