//! Requests and releases, from the officers to whoever asked.

use proptest::prelude::*;
use rempart_capsule::opening::OpeningError;
use rempart_capsule::partial::combine;
use rempart_capsule::{Capsule, FormatError, OuterKey, Partial, Release, Request, SealedRelease};

use crate::{Archive, archive, key, rng, seed};

pub(crate) const ONE_TIME: [u8; 32] = [77; 32];

pub(crate) fn request(archive: &Archive) -> Request {
    Request {
        key_id: archive.record.keys().id(),
        group: b"group".to_vec(),
        first_day: 20_779,
        last_day: 20_781,
        case: "2026/114".to_owned(),
        requester: "Direction juridique".to_owned(),
        basis: "ordonnance du 3 novembre 2026".to_owned(),
        one_time_key: Box::new(OuterKey::from_seed(&ONE_TIME).public()),
    }
}

#[test]
fn k_releases_open_the_days_asked_for() {
    let archive = archive(3, 5, 1);
    let request = request(&archive);
    let places: Vec<_> = (0..4).map(|epoch| archive.target.place(b"group", [epoch; 32]).unwrap()).collect();
    let capsules: Vec<Capsule> =
        places.iter().zip(0..).map(|(place, i)| Capsule::make(place, &seed(i), &key(i)).unwrap()).collect();
    let sealed: Vec<Vec<u8>> = [0, 2, 4]
        .map(|i| {
            let share = &archive.shares[i];
            let answers: Vec<Partial> = capsules
                .iter()
                .zip(&places)
                .map(|(capsule, place)| share.partial(&capsule.verify(place).unwrap(), &[8; 32]).unwrap())
                .collect();
            Release::new(&request, share, answers).unwrap().seal(&request, &mut rng(i as u8)).unwrap().encode()
        })
        .to_vec();

    let one_time = OuterKey::from_seed(&ONE_TIME);
    let releases: Vec<Release> =
        sealed.iter().map(|bytes| SealedRelease::decode(bytes).unwrap().open(&request, &one_time).unwrap()).collect();
    let outer: Vec<_> = releases.iter().map(|release| release.outer().clone()).collect();
    let outer = archive.record.rebuild_outer(&outer).unwrap();
    for ((capsule, place), i) in capsules.iter().zip(&places).zip(0..) {
        let checked = capsule.verify(place).unwrap();
        let partials: Vec<Partial> =
            releases.iter().map(|release| release.partial(checked.hash()).unwrap().clone()).collect();
        let inner = combine(&checked, &archive.record, &partials).unwrap();
        assert_eq!(checked.open(&inner, &outer), Ok(key(i)));
    }
    // Another epoch, not answered for: the outer key is rebuilt and opens nothing.
    let place = archive.target.place(b"group", [9; 32]).unwrap();
    let unasked = Capsule::make(&place, &seed(9), &key(9)).unwrap();
    assert!(releases.iter().all(|release| release.partial(&unasked.hash()).is_none()));
}

#[test]
fn a_release_serves_one_request_and_one_key() {
    let archive = archive(2, 3, 1);
    let asked = request(&archive);
    let release = Release::new(&asked, &archive.shares[0], Vec::new()).unwrap();
    let sealed = release.seal(&asked, &mut rng(1)).unwrap();
    assert_eq!(SealedRelease::decode(&sealed.encode()), Ok(sealed.clone()));
    let one_time = OuterKey::from_seed(&ONE_TIME);
    assert_eq!(sealed.open(&asked, &one_time), Ok(release.clone()));
    assert_eq!(sealed.open(&asked, &OuterKey::from_seed(&[1; 32])), Err(OpeningError::Unopened(1)));

    let later = Request { last_day: asked.last_day + 1, ..asked.clone() };
    assert_eq!(sealed.open(&later, &one_time), Err(OpeningError::OtherRequest(1)));
    assert_eq!(release.seal(&later, &mut rng(1)), Err(OpeningError::OtherRequest(1)));
    let mut moved = sealed.encode();
    moved[1..33].copy_from_slice(&later.hash().unwrap());
    assert_eq!(SealedRelease::decode(&moved).unwrap().open(&later, &one_time), Err(OpeningError::Unopened(1)));
    let mut renamed = sealed.encode();
    renamed[33] = 2;
    assert_eq!(SealedRelease::decode(&renamed).unwrap().open(&asked, &one_time), Err(OpeningError::Unopened(2)));

    let other = crate::archive(2, 3, 2);
    assert_eq!(Release::new(&request(&other), &archive.shares[0], Vec::new()), Err(OpeningError::OtherKey));
}

#[test]
fn a_release_carries_its_officers_answers_once() {
    let archive = archive(2, 3, 1);
    let asked = request(&archive);
    let place = archive.target.place(b"group", [7; 32]).unwrap();
    let capsule = Capsule::make(&place, &seed(1), &key(1)).unwrap();
    let checked = capsule.verify(&place).unwrap();
    let mine = archive.shares[0].partial(&checked, &[1; 32]).unwrap();
    let others = archive.shares[1].partial(&checked, &[1; 32]).unwrap();
    assert_eq!(Release::new(&asked, &archive.shares[0], vec![others]), Err(OpeningError::OtherOfficer(1)));
    assert_eq!(
        Release::new(&asked, &archive.shares[0], vec![mine.clone(), mine]),
        Err(OpeningError::Format(FormatError::Order("the capsules answered for")))
    );
}

#[test]
fn a_count_from_outside_reserves_nothing() {
    let archive = archive(2, 3, 1);
    let mut bytes = Release::new(&request(&archive), &archive.shares[0], Vec::new()).unwrap().encode().to_vec();
    let at = bytes.len() - 4;
    bytes[at..].fill(0xff);
    assert_eq!(Release::decode(&bytes), Err(OpeningError::Format(FormatError::Limit("the number of answers"))));
}

#[test]
fn requests_are_strict() {
    let asked = request(&archive(2, 3, 1));
    let bytes = asked.encode().unwrap();
    assert_eq!(Request::decode(&bytes).as_ref(), Ok(&asked));
    for cut in 0..bytes.len() {
        assert!(Request::decode(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    let backwards = Request { last_day: 1, ..asked.clone() };
    assert_eq!(backwards.encode(), Err(FormatError::Limit("the request's days")));
    let nobody = Request { requester: String::new(), ..asked.clone() };
    assert_eq!(nobody.encode(), Err(FormatError::Limit("the requester")));
    let mut not_text = bytes;
    let at = not_text.windows(4).position(|four| four == b"2026").unwrap();
    not_text[at] = 0xff;
    assert_eq!(Request::decode(&not_text), Err(FormatError::Limit("the case")));
    let weak = Request { one_time_key: Box::new([0; 1216]), ..asked };
    assert_eq!(weak.encode(), Err(FormatError::OuterKey));
}

proptest! {
    #[test]
    fn an_altered_release_does_not_open(place in 1_usize..1300, bit in 0_u8..8) {
        let archive = archive(2, 3, 1);
        let asked = request(&archive);
        let sealed = Release::new(&asked, &archive.shares[0], Vec::new()).unwrap().seal(&asked, &mut rng(1)).unwrap();
        let mut bytes = sealed.encode();
        let place = place % bytes.len();
        bytes[place] ^= 1 << bit;
        if let Ok(sealed) = SealedRelease::decode(&bytes) {
            prop_assert!(sealed.open(&asked, &OuterKey::from_seed(&ONE_TIME)).is_err());
        }
    }
}
