//! Capsules: the same bytes for everybody, and what insiders may try with them.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use proptest::prelude::*;
use rempart_capsule::capsule::{CAPSULE, CapsuleError};
use rempart_capsule::partial::combine;
use rempart_capsule::{Capsule, EpochKey, FormatError, OuterShare, Partial, Policy, Seed, Target};
use sha2::{Digest as _, Sha512};

use crate::{Archive, archive, key, seed};

const R: usize = 1;
const XWING: usize = R + 32;
const R_BAR: usize = XWING + 1120;
const E: usize = R_BAR + 32;
const F: usize = E + 32;
const SEALED: usize = F + 32;

fn open(archive: &Archive, capsule: &Capsule, group: &[u8], epoch: [u8; 32], who: &[usize]) -> Option<EpochKey> {
    let place = archive.target.place(group, epoch).unwrap();
    let checked = capsule.verify(&place).ok()?;
    let partials: Vec<Partial> = who.iter().map(|i| archive.shares[*i].partial(&checked, &[1; 32]).unwrap()).collect();
    let outer: Vec<OuterShare> = who.iter().map(|i| archive.shares[*i].outer().clone()).collect();
    let inner = combine(&checked, &archive.record, &partials).ok()?;
    checked.open(&inner, &archive.record.rebuild_outer(&outer).ok()?).ok()
}

fn scalar(bytes: &[u8], at: usize) -> Scalar {
    Scalar::from_canonical_bytes(bytes[at..at + 32].try_into().unwrap()).unwrap()
}

fn point(bytes: &[u8], at: usize) -> RistrettoPoint {
    CompressedRistretto(bytes[at..at + 32].try_into().unwrap()).decompress().unwrap()
}

/// The second base as the protocol's page describes it.
fn second_base(policy: &Policy) -> RistrettoPoint {
    let hash = Sha512::new()
        .chain_update(b"rempart archive 1 second base")
        .chain_update([1])
        .chain_update(policy.keys.inner_bytes());
    RistrettoPoint::from_uniform_bytes(&hash.finalize().into())
}

#[test]
fn every_member_computes_the_same_bytes() {
    let archive = archive(3, 5, 1);
    let place = archive.target.place(b"group", [7; 32]).unwrap();
    let capsule = Capsule::make(&place, &seed(1), &key(1)).unwrap();
    let again = Target::new(&Policy::decode(&archive.policy.encode()).unwrap());
    let again = Capsule::make(&again.place(b"group", [7; 32]).unwrap(), &seed(1), &key(1)).unwrap();
    assert_eq!(capsule.encode(), again.encode());
    assert_eq!(capsule.encode().len(), CAPSULE);
    assert_eq!(Capsule::decode(&capsule.encode()), Ok(capsule.clone()));
    assert_eq!(open(&archive, &capsule, b"group", [7; 32], &[0, 2, 4]), Some(key(1)));
}

#[test]
fn a_capsule_fits_its_place_alone() {
    let (mine, other) = (archive(3, 5, 1), archive(3, 5, 2));
    let place = mine.target.place(b"group", [7; 32]).unwrap();
    let capsule = Capsule::make(&place, &seed(1), &key(1)).unwrap();
    let same_key = Policy { witnesses: 9, ..mine.policy.clone() };
    let other_policy = Target::new(&same_key);
    for (what, place) in [
        ("group", mine.target.place(b"groupe", [7; 32]).unwrap()),
        ("epoch", mine.target.place(b"group", [8; 32]).unwrap()),
        ("archive key", other.target.place(b"group", [7; 32]).unwrap()),
        ("policy under the same key", other_policy.place(b"group", [7; 32]).unwrap()),
    ] {
        assert_eq!(capsule.verify(&place).err(), Some(CapsuleError::Proof), "other {what}");
    }
    assert!(mine.target.place(b"", [7; 32]).is_err());
    assert!(mine.target.place(&[0; 256], [7; 32]).is_err());
}

/// An insider of A wants the officers, who answer for A, to open B: he posts in A a "repair" made from B's capsule.
#[test]
fn officers_are_no_decryption_oracle() {
    let archive = archive(3, 5, 1);
    let a = archive.target.place(b"group A", [1; 32]).unwrap();
    let b = archive.target.place(b"group B", [2; 32]).unwrap();
    let victim = Capsule::make(&b, &seed(2), &key(2)).unwrap().encode();
    let own = Capsule::make(&a, &seed(1), &key(1)).unwrap().encode();
    let refused = |what: &str, bytes: &[u8]| {
        let capsule = Capsule::decode(bytes).unwrap();
        assert_eq!(capsule.verify(&a).err(), Some(CapsuleError::Proof), "{what}");
    };
    refused("the whole capsule copied", &victim);

    let mut copied = own.clone();
    copied[R..XWING].copy_from_slice(&victim[R..XWING]);
    refused("only R copied", &copied);
    copied[R_BAR..SEALED].copy_from_slice(&victim[R_BAR..SEALED]);
    refused("R copied with its proof", &copied);

    // Blinded by addition: R' = R + t·G. The response f + e·t satisfies both equations for the *old* challenge.
    let t = Scalar::from(123_456_789_u64);
    let (e, f) = (scalar(&victim, E), scalar(&victim, F));
    let mut blinded = victim.clone();
    let r = point(&victim, R) + RistrettoPoint::mul_base(&t);
    let r_bar = point(&victim, R_BAR) + t * second_base(&archive.policy);
    blinded[R..XWING].copy_from_slice(r.compress().as_bytes());
    blinded[R_BAR..E].copy_from_slice(r_bar.compress().as_bytes());
    blinded[F..SEALED].copy_from_slice((f + e * t).as_bytes());
    let w = RistrettoPoint::mul_base(&(f + e * t)) - e * r;
    assert_eq!(w, RistrettoPoint::mul_base(&f) - e * point(&victim, R), "the equations would hold");
    refused("R blinded by addition", &blinded);
    assert!(Capsule::decode(&blinded).unwrap().verify(&b).is_err(), "at its own place as well");

    // Blinded by a factor: R' = t·R, with the challenge divided by t.
    let mut scaled = victim.clone();
    scaled[R..XWING].copy_from_slice((t * point(&victim, R)).compress().as_bytes());
    scaled[R_BAR..E].copy_from_slice((t * point(&victim, R_BAR)).compress().as_bytes());
    scaled[E..F].copy_from_slice((e * t.invert()).as_bytes());
    refused("R blinded by a factor", &scaled);
}

#[test]
fn a_known_r_with_another_second_element_is_refused() {
    let archive = archive(2, 3, 1);
    let place = archive.target.place(b"group", [7; 32]).unwrap();
    let mut bytes = Capsule::make(&place, &seed(1), &key(1)).unwrap().encode();
    let twice = RistrettoPoint::mul_base(&Scalar::from(2_u8)) + point(&bytes, R_BAR);
    bytes[R_BAR..E].copy_from_slice(twice.compress().as_bytes());
    assert_eq!(Capsule::decode(&bytes).unwrap().verify(&place).err(), Some(CapsuleError::Proof));
}

/// With the nonce derived from seed and label alone, these two capsules would give away r.
#[test]
fn one_seed_used_twice_does_not_give_away_its_secret() {
    let archive = archive(2, 3, 1);
    let place = archive.target.place(b"group", [7; 32]).unwrap();
    let one = Capsule::make(&place, &seed(1), &key(1)).unwrap().encode();
    let two = Capsule::make(&place, &seed(1), &key(2)).unwrap().encode();
    assert_eq!(one[R..E], two[R..E], "the same R, R̄ and X-Wing ciphertext, another sealed key");
    let (e, f) = (scalar(&one, E) - scalar(&two, E), scalar(&one, F) - scalar(&two, F));
    assert_ne!(e, Scalar::ZERO);
    assert_ne!(RistrettoPoint::mul_base(&(f * e.invert())), point(&one, R));
}

#[test]
fn elements_and_scalars_must_be_canonical() {
    let archive = archive(2, 3, 1);
    let place = archive.target.place(b"group", [7; 32]).unwrap();
    let bytes = Capsule::make(&place, &seed(1), &key(1)).unwrap().encode();
    for (at, error) in
        [(R, FormatError::Point("the capsule's R")), (R_BAR, FormatError::Point("the capsule's second element"))]
    {
        for fill in [0, 0xff] {
            let mut wrong = bytes.clone();
            wrong[at..at + 32].fill(fill);
            assert_eq!(Capsule::decode(&wrong), Err(error));
        }
    }
    let mut wrong = bytes.clone();
    wrong[F..SEALED].fill(0xff);
    assert_eq!(Capsule::decode(&wrong), Err(FormatError::Scalar("the proof's response")));
    for cut in [0, 1, 33, CAPSULE - 1] {
        assert_eq!(Capsule::decode(&bytes[..cut]), Err(FormatError::Truncated));
    }
    wrong = bytes;
    wrong.push(0);
    assert_eq!(Capsule::decode(&wrong), Err(FormatError::Trailing));
}

#[test]
fn a_seed_without_a_secret_is_refused() {
    let archive = archive(2, 3, 1);
    let place = archive.target.place(b"group", [7; 32]).unwrap();
    let zero = Seed::from_bytes([0; 128]);
    assert_eq!(Capsule::make(&place, &zero, &key(1)).err(), Some(CapsuleError::Seed));
}

/// The maker of a capsule can make a valid proof over a wrong X-Wing part; then it does not open, and says so.
#[test]
fn a_swapped_ciphertext_does_not_open() {
    let archive = archive(2, 3, 1);
    let place = archive.target.place(b"group", [7; 32]).unwrap();
    let one = Capsule::make(&place, &seed(1), &key(1)).unwrap();
    let two = Capsule::make(&place, &seed(2), &key(2)).unwrap();
    let mut swapped = one.encode();
    swapped[XWING..R_BAR].copy_from_slice(&two.encode()[XWING..R_BAR]);
    assert_eq!(Capsule::decode(&swapped).unwrap().verify(&place).err(), Some(CapsuleError::Proof));
    let mut swapped = one.encode();
    swapped[SEALED..].copy_from_slice(&two.encode()[SEALED..]);
    assert_eq!(Capsule::decode(&swapped).unwrap().verify(&place).err(), Some(CapsuleError::Proof));

    // With the secrets of another valid capsule of the same place: refused by the seal itself.
    let (checked, other) = (one.verify(&place).unwrap(), two.verify(&place).unwrap());
    let partials: Vec<Partial> =
        archive.shares[..2].iter().map(|share| share.partial(&other, &[1; 32]).unwrap()).collect();
    let inner = combine(&other, &archive.record, &partials).unwrap();
    let outer: Vec<OuterShare> = archive.shares[..2].iter().map(|share| share.outer().clone()).collect();
    let outer = archive.record.rebuild_outer(&outer).unwrap();
    assert_eq!(other.open(&inner, &outer).unwrap(), key(2));
    assert_eq!(checked.open(&inner, &outer), Err(CapsuleError::Unopened));
    let stranger = rempart_capsule::OuterKey::from_seed(&[9; 32]);
    assert_eq!(other.open(&inner, &stranger), Err(CapsuleError::Unopened));
}

#[test]
fn secrets_do_not_print() {
    let archive = archive(2, 3, 1);
    let printed = format!("{:?} {:?} {:?} {:?}", key(0x5a), seed(1), archive.shares[0], archive.shares[0].outer());
    assert_eq!(printed, "EpochKey(…) Seed(…) OfficerShare(officer 1, …) OuterShare(officer 1, …)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_altered_capsule_is_refused(place in 1_usize..CAPSULE, bit in 0_u8..8) {
        let archive = archive(2, 3, 1);
        let at = archive.target.place(b"group", [7; 32]).unwrap();
        let mut bytes = Capsule::make(&at, &seed(1), &key(1)).unwrap().encode();
        bytes[place] ^= 1 << bit;
        if let Ok(capsule) = Capsule::decode(&bytes) {
            prop_assert_eq!(capsule.encode(), bytes);
            prop_assert_eq!(capsule.verify(&at).err(), Some(CapsuleError::Proof));
        }
    }

    #[test]
    fn whatever_is_sealed_opens(
        s in any::<[u8; 32]>(), k in any::<[u8; 32]>(), group in proptest::collection::vec(any::<u8>(), 1..=255), epoch in any::<[u8; 32]>(),
    ) {
        let archive = archive(2, 3, 1);
        let seed = Seed::from_bytes([s, k, epoch, s].as_flattened().try_into().unwrap());
        let place = archive.target.place(&group, epoch).unwrap();
        let capsule = Capsule::make(&place, &seed, &EpochKey::from_bytes(k)).unwrap();
        prop_assert_eq!(open(&archive, &capsule, &group, epoch, &[2, 0]), Some(EpochKey::from_bytes(k)));
    }
}
