//! The officers: any k open, fewer do not, and who gives a wrong answer is named.

use curve25519_dalek::scalar::Scalar;
use proptest::prelude::*;
use rempart_capsule::partial::{PartialError, combine};
use rempart_capsule::threshold::{OFFICER_SHARE, ShareError};
use rempart_capsule::{Capsule, FormatError, OfficerShare, OuterShare, Partial, Record};

use crate::{archive, key, seed};

/// Every group of `size` of the first `n` numbers.
fn groups(n: usize, size: usize) -> Vec<Vec<usize>> {
    (0_u32..1 << n)
        .filter(|bits| bits.count_ones() as usize == size)
        .map(|bits| (0..n).filter(|i| bits >> i & 1 == 1).collect())
        .collect()
}

#[test]
fn any_k_open_and_agree_and_fewer_do_not() {
    for (needed, officers) in [(2, 3), (3, 3), (3, 5), (1, 1)] {
        let archive = archive(needed, officers, 1);
        let place = archive.target.place(b"group", [7; 32]).unwrap();
        let capsule = Capsule::make(&place, &seed(1), &key(1)).unwrap();
        let checked = capsule.verify(&place).unwrap();
        let partials: Vec<Partial> =
            archive.shares.iter().map(|share| share.partial(&checked, &[1; 32]).unwrap()).collect();
        let outers: Vec<OuterShare> = archive.shares.iter().map(|share| share.outer().clone()).collect();
        let mut seen = None;
        for size in 0..=usize::from(officers) {
            for group in groups(usize::from(officers), size) {
                let some: Vec<Partial> = group.iter().map(|i| partials[*i].clone()).collect();
                let outer: Vec<OuterShare> = group.iter().map(|i| outers[*i].clone()).collect();
                let inner = combine(&checked, &archive.record, &some);
                let outer = archive.record.rebuild_outer(&outer);
                if size < usize::from(needed) {
                    let (given, needed) = (size, usize::from(needed));
                    assert_eq!(inner, Err(PartialError::TooFew { given, needed }));
                    assert_eq!(outer.err(), Some(ShareError::TooFew { given, needed }));
                    continue;
                }
                let (inner, outer) = (inner.unwrap(), outer.unwrap());
                assert_eq!(outer.public(), archive.policy.keys.outer_bytes());
                assert_eq!(checked.open(&inner, &outer), Ok(key(1)), "{group:?} of {officers}");
                assert_eq!(*seen.get_or_insert(inner.clone()), inner, "two groups, one secret");
            }
        }
    }
}

#[test]
fn one_officer_twice_is_one_officer() {
    let archive = archive(2, 3, 1);
    let place = archive.target.place(b"group", [7; 32]).unwrap();
    let capsule = Capsule::make(&place, &seed(1), &key(1)).unwrap();
    let checked = capsule.verify(&place).unwrap();
    let share = &archive.shares[1];
    let twice: Vec<Partial> = (0..2).map(|i| share.partial(&checked, &[i; 32]).unwrap()).collect();
    assert_ne!(twice[0], twice[1], "fresh randomness, fresh proof");
    assert_eq!(combine(&checked, &archive.record, &twice), Err(PartialError::TooFew { given: 1, needed: 2 }));
    let outer = [share.outer().clone(), share.outer().clone()];
    assert_eq!(archive.record.rebuild_outer(&outer).err(), Some(ShareError::TooFew { given: 1, needed: 2 }));
}

#[test]
fn a_wrong_answer_is_named() {
    let archive = archive(3, 5, 1);
    let place = archive.target.place(b"group", [7; 32]).unwrap();
    let capsule = Capsule::make(&place, &seed(1), &key(1)).unwrap();
    let checked = capsule.verify(&place).unwrap();
    let good: Vec<Partial> = archive.shares.iter().map(|share| share.partial(&checked, &[1; 32]).unwrap()).collect();

    // Officer 2 holds a share that is off by one and proves, correctly, that he used it.
    let mut bytes = archive.shares[1].encode().to_vec();
    let inner = Scalar::from_canonical_bytes(bytes[36..68].try_into().unwrap()).unwrap() + Scalar::ONE;
    bytes[36..68].copy_from_slice(inner.as_bytes());
    let crooked = OfficerShare::decode(&bytes).unwrap();
    assert_eq!(archive.record.verify_share(&crooked), Err(ShareError::Inner(2)));
    let wrong = crooked.partial(&checked, &[1; 32]).unwrap();
    assert_eq!(wrong.verify(&checked, &archive.record), Err(PartialError::Wrong(2)));
    let answers = [good[0].clone(), wrong, good[2].clone()];
    assert_eq!(combine(&checked, &archive.record, &answers), Err(PartialError::Wrong(2)));

    // An answer for another capsule, and for a capsule under another key.
    let elsewhere = archive.target.place(b"group", [8; 32]).unwrap();
    let other = Capsule::make(&elsewhere, &seed(2), &key(2)).unwrap();
    let other = other.verify(&elsewhere).unwrap();
    assert_eq!(good[3].verify(&other, &archive.record), Err(PartialError::OtherCapsule(4)));
    let stranger = crate::archive(3, 5, 2);
    assert_eq!(stranger.shares[0].partial(&checked, &[1; 32]), Err(PartialError::OtherKey));
    assert_eq!(good[0].verify(&checked, &stranger.record), Err(PartialError::OtherKey));
    assert_eq!(combine(&checked, &stranger.record, &good), Err(PartialError::OtherKey));
}

#[test]
fn damaged_shares_are_named() {
    let archive = archive(3, 5, 1);
    for share in &archive.shares {
        assert_eq!(archive.record.verify_share(share), Ok(()));
        assert_eq!(OfficerShare::decode(&share.encode()).as_ref(), Ok(share));
    }
    let bytes = archive.shares[3].encode().to_vec();
    assert_eq!(bytes.len(), OFFICER_SHARE);
    let altered = |place: usize| {
        let mut bytes = bytes.clone();
        bytes[place] ^= 1;
        OfficerShare::decode(&bytes).unwrap()
    };
    assert_eq!(archive.record.verify_share(&altered(1)), Err(ShareError::OtherKey(4)));
    assert_eq!(archive.record.verify_share(&altered(33)), Err(ShareError::Inner(5)), "the number of another officer");
    assert_eq!(archive.record.verify_share(&altered(36)), Err(ShareError::Inner(4)));
    assert_eq!(archive.record.verify_share(&altered(68)), Err(ShareError::Outer(4)));
    assert_eq!(archive.record.verify_share(&altered(100)), Err(ShareError::Outer(4)), "its salt");
    let mut nobody = bytes;
    nobody[33] = 0;
    assert_eq!(OfficerShare::decode(&nobody), Err(FormatError::Limit("the officer's number")));
}

#[test]
fn a_record_that_lies_is_found_when_shares_are_joined() {
    let archive = archive(2, 3, 1);
    let other = crate::archive(2, 3, 2);
    // The record of one ceremony with the X-Wing key of another: every share fits, the key does not.
    let mut bytes = archive.record.encode();
    let at = 3 + 2 * 32;
    bytes[at..at + 1216].copy_from_slice(&other.policy.keys.outer_bytes());
    let lying = Record::decode(&bytes).unwrap();
    let outer: Vec<OuterShare> = archive.shares[..2].iter().map(|share| share.outer().clone()).collect();
    assert_eq!(lying.rebuild_outer(&outer).err(), Some(ShareError::Rebuilt));
    assert_eq!(Record::decode(&archive.record.encode()), Ok(archive.record));
}

#[test]
fn the_ceremony_ends_with_a_rehearsal() {
    let archive = archive(3, 5, 1);
    let group = |who: [usize; 3]| who.map(|i| OfficerShare::decode(&archive.shares[i].encode()).unwrap());
    let record = &archive.record;
    assert_eq!(record.rehearse(&group([0, 1, 2]), &group([2, 3, 4]), &[9; 32]), Ok(()));
    assert_eq!(record.rehearse(&group([0, 1, 2]), &group([2, 0, 1]), &[9; 32]), Err(ShareError::SameOfficers));
    let few = PartialError::TooFew { given: 2, needed: 3 };
    assert_eq!(record.rehearse(&group([0, 1, 2]), &group([3, 4, 3]), &[9; 32]), Err(ShareError::Partial(few)));
    let mut bytes = archive.shares[4].encode().to_vec();
    bytes[70] ^= 1;
    let damaged = [archive.shares[0].clone(), archive.shares[1].clone(), OfficerShare::decode(&bytes).unwrap()];
    assert_eq!(record.rehearse(&group([0, 1, 2]), &damaged, &[9; 32]), Err(ShareError::Outer(5)));

    let all = crate::archive(3, 3, 1);
    assert_eq!(all.record.rehearse(&all.shares, &all.shares, &[9; 32]), Ok(()), "only one group exists");
}

/// Two of a "three of five" doctor the public record to say that two are enough.
#[test]
fn a_doctored_record_does_not_lower_the_threshold() {
    let archive = archive(3, 5, 1);
    let place = archive.target.place(b"group", [7; 32]).unwrap();
    let capsule = Capsule::make(&place, &seed(1), &key(1)).unwrap();
    let checked = capsule.verify(&place).unwrap();
    let honest = archive.record.encode();
    let doctored = [&[1, 2, 5], &honest[3..3 + 64], &honest[3 + 96..]].concat();
    let doctored = Record::decode(&doctored).unwrap();
    assert_eq!(doctored.keys(), archive.record.keys());

    let outer: Vec<OuterShare> = archive.shares[..2].iter().map(|share| share.outer().clone()).collect();
    assert_eq!(doctored.rebuild_outer(&outer).err(), Some(ShareError::Rebuilt), "two points of a parabola");
    let partials: Vec<Partial> =
        archive.shares[..2].iter().map(|share| share.partial(&checked, &[1; 32]).unwrap()).collect();
    assert_eq!(combine(&checked, &doctored, &partials), Err(PartialError::Wrong(1)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn an_altered_answer_is_refused(place in 0_usize..32, bit in 0_u8..8, part in 0_usize..3) {
        let archive = archive(2, 3, 1);
        let at = archive.target.place(b"group", [7; 32]).unwrap();
        let capsule = Capsule::make(&at, &seed(1), &key(1)).unwrap();
        let checked = capsule.verify(&at).unwrap();
        let request = crate::opening::request(&archive);
        let partial = archive.shares[0].partial(&checked, &[1; 32]).unwrap();
        let release = rempart_capsule::Release::new(&request, &archive.shares[0], vec![partial]).unwrap();
        let mut bytes = release.encode().to_vec();
        let from = bytes.len() - 96 + part * 32 + place;
        bytes[from] ^= 1 << bit;
        if let Ok(release) = rempart_capsule::Release::decode(&bytes) {
            prop_assert_eq!(release.partials()[0].verify(&checked, &archive.record), Err(PartialError::Wrong(1)));
        }
    }
}
