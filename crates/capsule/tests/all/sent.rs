//! Capsules on their way: who is to blame for wrong bytes.

use ed25519_dalek::{Signer as _, SigningKey};
use rempart_capsule::capsule::CAPSULE;
use rempart_capsule::sent::NotSigned;
use rempart_capsule::{Capsule, FormatError, SentCapsule};

use crate::{archive, key, seed};

fn leaf(byte: u8) -> SigningKey {
    SigningKey::from_bytes(&[byte; 32])
}

fn sent(by: &SigningKey) -> SentCapsule {
    let archive = archive(2, 3, 1);
    let capsule = Capsule::make(&archive.target.place(b"group", [7; 32]).unwrap(), &seed(1), &key(1)).unwrap();
    let unsigned = SentCapsule::prepare(b"group", 5, [7; 32], [9; 32], &capsule).unwrap();
    let signature = by.sign(&unsigned.signature_input()).to_bytes();
    unsigned.sign(signature)
}

#[test]
fn a_sent_capsule_is_its_senders() {
    let made = sent(&leaf(1));
    let bytes = made.encode().unwrap();
    assert_eq!(bytes.len(), 1 + 6 + 8 + 64 + CAPSULE + 64);
    let read = SentCapsule::decode(&bytes).unwrap();
    assert_eq!(read, made);
    assert_eq!((read.group(), read.epoch()), (b"group".as_slice(), 5));
    assert_eq!((read.epoch_ref(), read.commit()), (&[7; 32], &[9; 32]));
    assert_eq!(read.capsule().unwrap().encode(), read.capsule_bytes());
    assert_eq!(read.verify(&leaf(1).verifying_key().to_bytes()), Ok(()));
    assert_eq!(read.verify(&leaf(2).verifying_key().to_bytes()), Err(NotSigned));
    assert_eq!(read.verify(&[0; 32]), Err(NotSigned));
}

#[test]
fn whatever_the_server_alters_breaks_the_signature() {
    let bytes = sent(&leaf(1)).encode().unwrap();
    for place in 1..bytes.len() {
        let mut altered = bytes.clone();
        altered[place] ^= 1;
        if let Ok(read) = SentCapsule::decode(&altered) {
            assert_eq!(read.verify(&leaf(1).verifying_key().to_bytes()), Err(NotSigned), "byte {place}");
        }
    }
    for cut in 0..bytes.len() {
        assert!(SentCapsule::decode(&bytes[..cut]).is_err(), "cut at {cut}");
    }
}

/// A committer who sends rubbish is caught by his own signature, and the rubbish can be logged as it came.
#[test]
fn signed_rubbish_is_kept_as_evidence() {
    let mut bytes = sent(&leaf(1)).encode().unwrap();
    let at = 1 + 6 + 8 + 64;
    bytes[at..at + CAPSULE].fill(0xff);
    let body = bytes.len() - 64;
    let signature = leaf(1).sign(&[b"rempart capsule 1".as_slice(), &bytes[..body]].concat()).to_bytes();
    bytes[body..].copy_from_slice(&signature);
    let read = SentCapsule::decode(&bytes).unwrap();
    assert_eq!(read.verify(&leaf(1).verifying_key().to_bytes()), Ok(()));
    assert_eq!(read.capsule(), Err(FormatError::Suite(255)));
    assert_eq!(read.encode().unwrap(), bytes);
}
