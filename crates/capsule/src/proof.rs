//! The one zero-knowledge proof of this crate, used twice: that two elements have the same discrete logarithm to two
//! bases (Chaum and Pedersen, *Wallet Databases with Observers*, CRYPTO '92), made non-interactive by hashing.
//!
//! **In a capsule** it is that of TDH2 (Shoup and Gennaro, *Securing Threshold Cryptosystems against Chosen Ciphertext
//! Attack*, J. Cryptology 15(2), 2002): the sealer shows that `R = r·G` and `R̄ = r·Ḡ` have one `r`, over a label.
//! What it buys: an officer's partial `x_i·R` reveals something only about an `R` that was made for this very place.
//!
//! - Somebody who copies `R` from another conversation cannot prove it under another label without knowing `r`.
//! - Somebody who blinds it, `R' = R + t·G` or `t·R`, does not know the logarithm of `R'` either; and if he did, the
//!   partials would tell him nothing new.
//! - Why partials of valid capsules are no oracle: a simulator that may set `Ḡ = t·X` for a known `t` finds `r·X` of any
//!   valid capsule as `(1/t)·R̄`, without a share; so it can answer as officers do, and their answers teach nothing. It
//!   must set `Ḡ` after `X`: hence `Ḡ` is hashed from `X`, one per archive key, the hash being a random oracle.
//!
//! The challenge covers everything in sight (label, policy, both elements, the X-Wing ciphertext, the sealed key), as
//! the paper's `H2(c, L, u, w, ū, w̄)` does. **The nonce is derived from the secret and from that same statement**: were
//! it derived from less, two capsules with one nonce and two challenges would give away `r`, as with repeated nonces in
//! ECDSA; were it random, members could not compare capsules byte by byte.
//!
//! **In a partial** it shows that the officer used the share that was committed to at the ceremony (TDH2's `e_i, f_i`).

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul as _;

use crate::codec::{FormatError, Reader};
use crate::derive::{challenge, nonce};

/// Bytes of a proof: `e[32] ‖ f[32]`.
pub const PROOF: usize = 64;

/// A proof: challenge and response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    e: Scalar,
    f: Scalar,
}

/// What a proof is about.
pub(crate) struct Claim<'a> {
    /// Keeps the two uses apart: `"…"` for the challenge, with `" nonce"` appended for the nonce.
    pub(crate) label: &'a [u8],
    /// Every public value of the claim, the elements below among them.
    pub(crate) statement: &'a [u8],
    /// The second base.
    pub(crate) base: &'a RistrettoPoint,
}

impl Proof {
    /// Shows knowledge of `x`, given that `x·G` and `x·base` are in the statement. `secret` (at most 128 bytes) makes
    /// the nonce, together with the statement.
    pub(crate) fn make(claim: &Claim<'_>, x: &Scalar, secret: &[u8]) -> Self {
        let s = nonce(secret, claim.label, &[b" nonce", claim.statement]);
        let e = claim.challenge(&RistrettoPoint::mul_base(&s), &(*s * claim.base));
        Self { e, f: *s + e * x }
    }

    /// Whether `first = x·G` and `second = x·base` for one `x`.
    pub(crate) fn verify(&self, claim: &Claim<'_>, first: &RistrettoPoint, second: &RistrettoPoint) -> bool {
        let minus_e = -self.e;
        let w = RistrettoPoint::vartime_double_scalar_mul_basepoint(&minus_e, first, &self.f);
        let w_bar = RistrettoPoint::vartime_multiscalar_mul([minus_e, self.f], [second, claim.base]);
        claim.challenge(&w, &w_bar) == self.e
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.e.as_bytes());
        out.extend_from_slice(self.f.as_bytes());
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, FormatError> {
        Ok(Self { e: reader.scalar("the proof's challenge")?, f: reader.scalar("the proof's response")? })
    }
}

impl Claim<'_> {
    fn challenge(&self, w: &RistrettoPoint, w_bar: &RistrettoPoint) -> Scalar {
        challenge(self.label, &[b" challenge", self.statement, w.compress().as_bytes(), w_bar.compress().as_bytes()])
    }
}
