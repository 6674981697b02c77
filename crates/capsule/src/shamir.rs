//! Shamir's secret sharing twice: over the scalars of ristretto255, and over GF(2⁸) for the X-Wing seed.
//!
//! The fields are those of kept crates; only the polynomials are here, because officers combine *partials*, not shares,
//! and because the sharing crates either use tables indexed by secrets or bring a generator of their own. Points are
//! officers' numbers, from 1; the secret is at 0 (Shamir, *How to Share a Secret*, CACM 22(11), 1979).

use curve25519_dalek::scalar::Scalar;
use rand_core::CryptoRng;
use vsss_rs::Gf256;
use zeroize::Zeroizing;

/// A uniform scalar.
pub(crate) fn random_scalar(rng: &mut (impl CryptoRng + ?Sized)) -> Scalar {
    let mut wide = Zeroizing::new([0; 64]);
    rng.fill_bytes(wide.as_mut_slice());
    Scalar::from_bytes_mod_order_wide(&wide)
}

/// The polynomial's value at an officer's number, coefficients from the constant one up.
pub(crate) fn evaluate(coefficients: &[Scalar], officer: u8) -> Scalar {
    let x = Scalar::from(officer);
    coefficients.iter().rev().fold(Scalar::ZERO, |acc, c| acc * x + c)
}

/// The factor of one officer's value in the value at 0, among these distinct officers.
pub(crate) fn lagrange(officer: u8, among: &[u8]) -> Scalar {
    let x = Scalar::from(officer);
    let (over, under) =
        among.iter().filter(|other| **other != officer).fold((Scalar::ONE, Scalar::ONE), |(over, under), other| {
            let other = Scalar::from(*other);
            (over * other, under * (other - x))
        });
    over * under.invert()
}

/// Shares of 32 bytes for officers 1 to `officers`, any `needed` of which give the bytes back.
pub(crate) fn split_bytes(
    secret: &[u8; 32],
    needed: u8,
    officers: u8,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Vec<Zeroizing<[u8; 32]>> {
    let mut coefficients = vec![Zeroizing::new(*secret)];
    for _ in 1..needed {
        let mut random = Zeroizing::new([0; 32]);
        rng.fill_bytes(random.as_mut_slice());
        coefficients.push(random);
    }
    (1..=officers)
        .map(|officer| {
            let mut share = Zeroizing::new([0; 32]);
            for coefficient in coefficients.iter().rev() {
                for (acc, byte) in share.iter_mut().zip(coefficient.iter()) {
                    *acc = (Gf256(*acc) * Gf256(officer) + Gf256(*byte)).0;
                }
            }
            share
        })
        .collect()
}

/// The bytes back from the shares of distinct officers; other bytes if there are too few.
pub(crate) fn join_bytes(shares: &[(u8, &[u8; 32])]) -> Zeroizing<[u8; 32]> {
    let mut secret = Zeroizing::new([0; 32]);
    for (officer, share) in shares {
        let factor: Gf256 = shares
            .iter()
            .filter(|(other, _)| other != officer)
            .map(|(other, _)| Gf256(*other) / (Gf256(*other) - Gf256(*officer)))
            .product();
        for (acc, byte) in secret.iter_mut().zip(share.iter()) {
            *acc = (Gf256(*acc) + factor * Gf256(*byte)).0;
        }
    }
    secret
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    #[test]
    fn the_field_is_that_of_aes() {
        // FIPS 197 §4.2: {57} • {83} = {c1}, {57} • {13} = {fe}; {53} and {ca} are inverse.
        assert_eq!((Gf256(0x57) * Gf256(0x83)).0, 0xc1);
        assert_eq!((Gf256(0x57) * Gf256(0x13)).0, 0xfe);
        assert_eq!((Gf256(1) / Gf256(0x53)).0, 0xca);
        for a in 1..=255_u8 {
            assert_eq!((Gf256(a) / Gf256(a)).0, 1);
            assert_eq!((Gf256(a) * (Gf256(1) / Gf256(a))).0, 1);
        }
    }

    #[test]
    fn shares_are_the_polynomials_values() {
        // f(x) = 0x2a + 0x57·x over GF(2⁸), computed by hand for x = 1, 2, 3.
        let share = |x: u8| [(Gf256(0x57) * Gf256(x) + Gf256(0x2a)).0; 32];
        assert_eq!([share(1)[0], share(2)[0], share(3)[0]], [0x7d, 0x84, 0xd3]);
        for (a, b) in [(1, 2), (2, 3), (3, 1)] {
            assert_eq!(*join_bytes(&[(a, &share(a)), (b, &share(b))]), [0x2a; 32]);
        }
    }

    #[test]
    fn every_coefficient_byte_is_uniform() {
        let mut rng = ChaCha20Rng::from_seed([5; 32]);
        let mut seen = [false; 256];
        for _ in 0..200 {
            // With two needed, share 1 minus the secret is the random coefficient itself.
            for byte in split_bytes(&[0; 32], 2, 3, &mut rng)[0].iter() {
                seen[usize::from(*byte)] = true;
            }
        }
        assert!(seen.iter().all(|seen| *seen), "no value of a coefficient is left out");
    }

    #[test]
    fn scalars_interpolate() {
        let mut rng = ChaCha20Rng::from_seed([6; 32]);
        let coefficients: Vec<Scalar> = (0..3).map(|_| random_scalar(&mut rng)).collect();
        for among in [[1, 2, 3], [5, 1, 4], [200, 7, 255]] {
            let secret: Scalar = among.iter().map(|i| lagrange(*i, &among) * evaluate(&coefficients, *i)).sum();
            assert_eq!(secret, coefficients[0]);
        }
    }
}
