//! Policy, certificate, set of officers: strictness, and who may name an archive key.

use proptest::prelude::*;
use rempart_capsule::officers::{CertificateError, GRACE_MS};
use rempart_capsule::policy::POLICY;
use rempart_capsule::{
    ArchiveKeys, Certificate, FormatError, Grant, OfficerSet, Period, Policy, Record, Retention, SetChange, Standing,
    Threshold,
};

use crate::{archive, officers, sign};

fn grant() -> Grant {
    let archive = archive(3, 5, 1);
    Grant {
        keys: archive.record.keys(),
        period: archive.policy.period,
        retention: archive.policy.retention,
        threshold: archive.policy.threshold,
        not_before_ms: 1_000_000,
        not_after_ms: 2_000_000,
        record_hash: archive.record.hash(),
        set_hash: officers().1.hash(),
    }
}

#[test]
fn a_policy_has_one_spelling() {
    let policy = archive(3, 5, 1).policy;
    let bytes = policy.encode();
    assert_eq!(bytes.len(), POLICY);
    assert_eq!(Policy::decode(&bytes), Ok(policy));
    for cut in 0..bytes.len() {
        assert!(Policy::decode(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(Policy::decode(&longer), Err(FormatError::Trailing));
    for (place, value, error) in [
        (0, 2, FormatError::Suite(2)),
        (1, bytes[1] ^ 1, FormatError::KeyId),
        (POLICY - 72, 5, FormatError::Limit("the archive key's period")),
    ] {
        let mut wrong = bytes.clone();
        wrong[place] = value;
        assert_eq!(Policy::decode(&wrong), Err(error), "byte {place}");
    }
}

#[test]
fn every_field_is_in_the_context() {
    let policy = archive(3, 5, 1).policy;
    let others = [
        Policy { keys: archive(3, 5, 2).policy.keys, ..policy.clone() },
        Policy { period: Period::new(2027, 1).unwrap(), ..policy.clone() },
        Policy { retention: Retention::new(2, 60).unwrap(), ..policy.clone() },
        Policy { retention: Retention::new(1, 61).unwrap(), ..policy.clone() },
        Policy { threshold: Threshold::new(2, 5).unwrap(), ..policy.clone() },
        Policy { witnesses: 3, ..policy.clone() },
        Policy { notice_hash: [5; 32], ..policy.clone() },
    ];
    for other in others {
        assert_ne!(other.ctx(), policy.ctx());
    }
}

#[test]
fn numbers_of_officers() {
    for (needed, all) in [(2, 3), (3, 3), (3, 5), (255, 255)] {
        assert!(!Threshold::new(needed, all).unwrap().alone());
    }
    assert!(Threshold::new(1, 1).unwrap().alone(), "one alone is allowed, and told apart");
    for (needed, all) in [(0, 0), (0, 3), (1, 2), (1, 3), (2, 2), (4, 3)] {
        assert!(Threshold::new(needed, all).is_err(), "{needed} of {all}");
    }
}

#[test]
fn unusable_keys_are_refused() {
    let keys = archive(2, 3, 1).policy.keys;
    assert_eq!(
        ArchiveKeys::new([0; 32], &keys.outer_bytes()),
        Err(FormatError::Point("the archive's ristretto key")),
        "the neutral element would make a secret that everybody knows"
    );
    assert!(ArchiveKeys::new([0xff; 32], &keys.outer_bytes()).is_err(), "not canonical");
    let mut small_order = keys.outer_bytes();
    small_order[1184..].fill(0);
    assert_eq!(ArchiveKeys::new(keys.inner_bytes(), &small_order), Err(FormatError::OuterKey));
    let mut no_modulus = keys.outer_bytes();
    no_modulus[..3].fill(0xff);
    assert_eq!(ArchiveKeys::new(keys.inner_bytes(), &no_modulus), Err(FormatError::OuterKey));
}

#[test]
fn a_certificate_needs_enough_pinned_officers() {
    let (keys, set) = officers();
    let grant = grant();
    let message = grant.signature_input();
    let made = |who: &[u8]| Certificate::new(grant.clone(), sign(&keys, who, &message)).unwrap();
    for who in [&[0, 1, 2][..], &[0, 2, 4], &[0, 1, 2, 3, 4]] {
        let certificate = made(who);
        assert_eq!(certificate.verify(&set), Ok(()));
        assert_eq!(Certificate::decode(&certificate.encode()), Ok(certificate));
    }
    assert_eq!(made(&[1, 3]).verify(&set), Err(CertificateError::TooFew { given: 2, needed: 3 }));
    assert_eq!(
        Certificate::new(grant.clone(), sign(&keys, &[1, 1, 1], &message)),
        Err(FormatError::Order("the officers who signed")),
        "one officer does not count three times"
    );
    assert!(Certificate::new(grant.clone(), Vec::new()).is_err());

    let mut forged = sign(&keys, &[0, 1, 2], &message);
    forged[1].1[5] ^= 1;
    assert_eq!(Certificate::new(grant.clone(), forged).unwrap().verify(&set), Err(CertificateError::BadSignature(1)));
    let mut stranger = sign(&keys, &[0, 1, 2], &message);
    stranger[2].0 = 9;
    assert_eq!(
        Certificate::new(grant.clone(), stranger).unwrap().verify(&set),
        Err(CertificateError::UnknownOfficer(9))
    );
    let without_label = sign(&keys, &[0, 1, 2], &message[1..]);
    assert!(Certificate::new(grant.clone(), without_label).unwrap().verify(&set).is_err());

    // The server names its own key: signed by officers it invented.
    let own: Vec<_> = (30..33).map(|byte| ed25519_dalek::SigningKey::from_bytes(&[byte; 32])).collect();
    let own_set = OfficerSet::new(2, [0; 32], own.iter().map(|key| key.verifying_key().to_bytes()).collect()).unwrap();
    let own_grant = Grant { set_hash: own_set.hash(), ..grant };
    let own_certificate =
        Certificate::new(own_grant.clone(), sign(&own, &[0, 1], &own_grant.signature_input())).unwrap();
    assert_eq!(own_certificate.verify(&own_set), Ok(()));
    assert_eq!(own_certificate.verify(&set), Err(CertificateError::OtherOfficers));
}

#[test]
fn a_certificate_covers_one_policy() {
    let policy = archive(3, 5, 1).policy;
    let grant = grant();
    assert_eq!(grant.covers(&policy), Ok(()));
    let differs = |policy: Policy| grant.covers(&policy).unwrap_err();
    assert_eq!(
        differs(Policy { keys: archive(3, 5, 2).policy.keys, ..policy.clone() }),
        CertificateError::OtherPolicy("the key")
    );
    assert_eq!(
        differs(Policy { period: Period::new(2027, 1).unwrap(), ..policy.clone() }),
        CertificateError::OtherPolicy("the period")
    );
    assert_eq!(
        differs(Policy { retention: Retention::new(1, 12).unwrap(), ..policy.clone() }),
        CertificateError::OtherPolicy("the retention")
    );
    assert_eq!(
        differs(Policy { threshold: Threshold::new(1, 1).unwrap(), ..policy }),
        CertificateError::OtherPolicy("the number of officers")
    );
}

#[test]
fn time_and_grace() {
    let grant = grant();
    for (now, standing) in [
        (0, Standing::NotYet),
        (999_999, Standing::NotYet),
        (1_000_000, Standing::Valid),
        (2_000_000, Standing::Valid),
        (2_000_001, Standing::Grace),
        (2_000_000 + GRACE_MS, Standing::Grace),
        (2_000_001 + GRACE_MS, Standing::Expired),
        (u64::MAX, Standing::Expired),
    ] {
        assert_eq!(grant.standing(now), standing, "at {now}");
    }
    assert_eq!(GRACE_MS, 2_592_000_000);
    let backwards = Grant { not_before_ms: 3_000_000, ..grant };
    assert_eq!(Certificate::new(backwards, vec![(0, [0; 64])]), Err(FormatError::Limit("the certificate's time")));
}

#[test]
fn officers_are_changed_by_officers() {
    let (keys, set) = officers();
    let new_keys: Vec<[u8; 32]> =
        (50..53).map(|byte| ed25519_dalek::SigningKey::from_bytes(&[byte; 32]).verifying_key().to_bytes()).collect();
    let next = OfficerSet::new(2, set.hash(), new_keys.clone()).unwrap();
    let message = SetChange::signature_input(&next);
    let change = SetChange::new(next.clone(), sign(&keys, &[1, 2, 4], &message)).unwrap();
    assert_eq!(change.verify(&set), Ok(&next));
    assert_eq!(SetChange::decode(&change.encode()), Ok(change));

    let few = SetChange::new(next.clone(), sign(&keys, &[1, 2], &message)).unwrap();
    assert_eq!(few.verify(&set), Err(CertificateError::TooFew { given: 2, needed: 3 }));
    let unchained = OfficerSet::new(2, [7; 32], new_keys.clone()).unwrap();
    let signatures = sign(&keys, &[0, 1, 2], &SetChange::signature_input(&unchained));
    assert_eq!(SetChange::new(unchained, signatures).unwrap().verify(&set), Err(CertificateError::NotSuccessor));

    let twice = vec![new_keys[0], new_keys[1], new_keys[0]];
    assert!(OfficerSet::new(2, set.hash(), twice).is_err(), "a key that counts twice");
    assert!(OfficerSet::new(2, set.hash(), vec![new_keys[0], new_keys[1], [0; 32]]).is_err(), "a weak key");
    assert_eq!(OfficerSet::decode(&next.encode()), Ok(next));
}

proptest! {
    #[test]
    fn an_altered_certificate_is_refused(place in 0_usize..1400, bit in 0_u8..8) {
        let (keys, set) = officers();
        let grant = grant();
        let certificate = Certificate::new(grant.clone(), sign(&keys, &[0, 1, 2], &grant.signature_input())).unwrap();
        let mut bytes = certificate.encode();
        let place = place % bytes.len();
        bytes[place] ^= 1 << bit;
        if let Ok(other) = Certificate::decode(&bytes) {
            prop_assert_eq!(other.encode(), bytes);
            prop_assert!(other.verify(&set).is_err());
        }
    }

    #[test]
    fn noise_never_reads(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        let _ = (Policy::decode(&bytes), Certificate::decode(&bytes), SetChange::decode(&bytes), Record::decode(&bytes));
    }
}
