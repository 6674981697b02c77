//! Canaries: what officers prove, and what they cannot be made to answer.

use rempart_capsule::canary::{CANARY, CanaryError};
use rempart_capsule::capsule::CapsuleError;
use rempart_capsule::partial::PartialError;
use rempart_capsule::{Canary, CanaryAnswer, Capsule, OfficerKey, OfficerShare};

use crate::{Archive, archive, key, seed};

fn officer(i: usize) -> OfficerKey {
    OfficerKey::from_seed(&[100 + u8::try_from(i).unwrap(); 32])
}

fn answer(archive: &Archive, canary: &Canary, i: usize) -> CanaryAnswer {
    CanaryAnswer::make(canary, &archive.record, &archive.shares[i], &officer(i), 1_800_000_000_000, &[5; 32]).unwrap()
}

#[test]
fn enough_answers_prove_the_archive_and_too_few_do_not() {
    let archive = archive(3, 5, 1);
    let canary = Canary::make(&archive.record, &[9; 64]).unwrap();
    assert_eq!(canary.encode().len(), CANARY);
    assert_eq!(Canary::decode(&canary.encode()), Ok(canary.clone()));
    let answers: Vec<CanaryAnswer> = [4, 0, 2].map(|i| answer(&archive, &canary, i)).to_vec();
    for (answer, i) in answers.iter().zip([4, 0, 2]) {
        assert_eq!(CanaryAnswer::decode(&answer.encode()).as_ref(), Ok(answer));
        answer.verify(&canary, &archive.record, &officer(i).public()).unwrap();
    }
    canary.opens(&archive.record, &answers).unwrap();
    assert_eq!(
        canary.opens(&archive.record, &answers[..2]),
        Err(CanaryError::Partial(PartialError::TooFew { given: 2, needed: 3 }))
    );
    let twice = [answers[0].clone(), answers[0].clone(), answers[1].clone()];
    assert!(canary.opens(&archive.record, &twice).is_err());
}

#[test]
fn a_conversations_capsule_dressed_as_canary_is_not_answered() {
    let archive = archive(3, 5, 1);
    let canary = Canary::make(&archive.record, &[9; 64]).unwrap();
    let place = archive.target.place(b"group", [7; 32]).unwrap();
    let capsule = Capsule::make(&place, &seed(1), &key(1)).unwrap();
    for nonce in [[7; 32], canary.encode()[33..65].try_into().unwrap()] {
        let mut dressed = canary.encode();
        dressed[33..65].copy_from_slice(&nonce);
        dressed[65..65 + 1297].copy_from_slice(&capsule.encode());
        let dressed = Canary::decode(&dressed).unwrap();
        let refused =
            CanaryAnswer::make(&dressed, &archive.record, &archive.shares[0], &officer(0), 0, &[5; 32]).unwrap_err();
        assert_eq!(refused, CanaryError::Capsule(CapsuleError::Proof));
    }
}

#[test]
fn answers_are_bound_to_officer_canary_and_key() {
    let archive = archive(3, 5, 1);
    let canary = Canary::make(&archive.record, &[9; 64]).unwrap();
    let other = Canary::make(&archive.record, &[8; 64]).unwrap();
    let answer = answer(&archive, &canary, 1);
    let key = officer(1).public();
    assert_eq!(answer.verify(&other, &archive.record, &key), Err(CanaryError::OtherCanary(2)));
    assert_eq!(answer.verify(&canary, &archive.record, &officer(2).public()), Err(CanaryError::Signature(2)));
    let bytes = answer.encode();
    for at in [1, 40, 41, 80, 140, bytes.len() - 1] {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        let held = CanaryAnswer::decode(&altered).map(|answer| answer.verify(&canary, &archive.record, &key));
        assert!(!matches!(held, Ok(Ok(()))), "byte {at}");
    }
    let strangers = crate::archive(3, 5, 2);
    assert!(answer.verify(&canary, &strangers.record, &key).is_err());
}

#[test]
fn a_damaged_outer_share_is_found_although_only_the_inner_one_answers() {
    let archive = archive(3, 5, 1);
    let canary = Canary::make(&archive.record, &[9; 64]).unwrap();
    let mut bytes = archive.shares[0].encode().to_vec();
    bytes[70] ^= 1;
    let damaged = OfficerShare::decode(&bytes).unwrap();
    let refused = CanaryAnswer::make(&canary, &archive.record, &damaged, &officer(0), 0, &[5; 32]).unwrap_err();
    assert_eq!(refused.to_string(), "the outer share of officer 1 is damaged: it does not fit the ceremony's record");
}
