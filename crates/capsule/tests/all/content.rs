//! Recorded entries and files: one reading, one author, one form.

use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;
use rempart_capsule::content::{ContentError, Entry, Header};
use rempart_capsule::file::{CHUNK, FILE_HEADER, FileCipher, FileError, chunks, sealed_len};
use rempart_capsule::{EpochKey, FileKey, FormatError};

use crate::key;

pub(crate) fn header() -> Header {
    Header {
        group: b"group".to_vec(),
        epoch_ref: [1; 32],
        leaf: 3,
        certificate: [2; 32],
        counter: 41,
        client_id: [5; 16],
        salt: [6; 32],
        refers_to: 12,
        blobs: vec![[7; 32], [8; 32]],
    }
}

pub(crate) fn signer() -> SigningKey {
    SigningKey::from_bytes(&[42; 32])
}

fn entry(header: Header, key: &EpochKey, content: &[u8]) -> Entry {
    let unsigned = Entry::seal(header, key, content).unwrap();
    let signature = signer().sign(&unsigned.signature_input()).to_bytes();
    unsigned.sign(signature)
}

#[test]
fn an_entry_opens_and_shows_its_author() {
    let made = entry(header(), &key(1), b"bonjour");
    let read = Entry::decode(&made.encode()).unwrap();
    assert_eq!(read, made);
    assert_eq!((read.header(), read.content_len()), (&header(), 7));
    assert_eq!(read.verify(&signer().verifying_key().to_bytes()), Ok(()));
    assert_eq!(read.open(&key(1)).unwrap().as_slice(), b"bonjour");
    assert!(read.fits(&key(1)));

    let stranger = SigningKey::from_bytes(&[43; 32]).verifying_key().to_bytes();
    assert_eq!(read.verify(&stranger), Err(ContentError::Signature));
    assert_eq!(read.verify(&[0; 32]), Err(ContentError::Signature), "a weak key verifies nothing");
    assert_eq!(read.open(&key(2)), Err(ContentError::OtherKey));
    assert!(!read.fits(&key(2)));
}

#[test]
fn limits_of_entries() {
    let long = vec![0; 65_536];
    assert_eq!(entry(header(), &key(1), &long).open(&key(1)).unwrap().len(), 65_536);
    let longer = vec![0; 65_537];
    assert_eq!(Entry::seal(header(), &key(1), &longer).err(), Some(ContentError::TooLong));
    let many = Header { blobs: vec![[0; 32]; 21], ..header() };
    let error = FormatError::Limit("the number of blobs");
    assert_eq!(Entry::seal(many, &key(1), b"").err(), Some(ContentError::Format(error)));
    let nowhere = Header { group: Vec::new(), ..header() };
    assert!(Entry::seal(nowhere, &key(1), b"").is_err());

    let bytes = entry(header(), &key(1), b"").encode();
    for cut in 0..bytes.len() {
        // A shorter entry can only be read if nothing but its content could have been cut: here there is none.
        assert!(Entry::decode(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    let mut too_long = entry(header(), &key(1), &long).encode();
    too_long.push(0);
    assert_eq!(Entry::decode(&too_long), Err(FormatError::Limit("the content")));
}

#[test]
fn a_sender_who_seals_wrongly_is_told_from_another_key() {
    let mut bytes = entry(header(), &key(1), b"bonjour").encode();
    let at = bytes.len() - 64 - 1;
    bytes[at] ^= 1;
    let read = Entry::decode(&bytes).unwrap();
    assert_eq!(read.verify(&signer().verifying_key().to_bytes()), Err(ContentError::Signature));
    assert_eq!(read.open(&key(1)), Err(ContentError::Damaged));
}

/// Multiplication in the field of GHASH (NIST SP 800-38D §6.3), bits reflected.
fn gf128_mul(x: u128, y: u128) -> u128 {
    let (mut z, mut v) = (0, y);
    for bit in (0..128).rev() {
        if x >> bit & 1 == 1 {
            z ^= v;
        }
        v = if v & 1 == 1 { v >> 1 ^ 0xe1 << 120 } else { v >> 1 };
    }
    z
}

fn gf128_inverse(x: u128) -> u128 {
    // x^(2^128 - 2).
    let (mut result, mut square) = (1_u128 << 127, x);
    for _ in 1..128 {
        square = gf128_mul(square, square);
        result = gf128_mul(result, square);
    }
    result
}

/// The first key-stream block of a key (the tag's mask), and its GHASH key, through GCM itself.
fn mask_and_hash_key(key: [u8; 32]) -> (u128, u128) {
    let gcm = Aes256Gcm::new(&Key::<Aes256Gcm>::from(key));
    let tag = |data: &mut [u8]| {
        let tag = gcm.encrypt_inout_detached(&Nonce::from([0; 12]), b"", data.into()).unwrap();
        u128::from_be_bytes(tag.into())
    };
    let empty = tag(&mut []);
    // GHASH of nothing is zero, so that the tag is the mask. Of one block c: (c·H + len)·H.
    let mut stream = [0; 16];
    let _ = tag(&mut stream);
    // Encrypting the key stream itself gives a block of zeros, whose GHASH is len·H.
    let mut zeros = stream;
    let len_times_h = tag(&mut zeros) ^ empty;
    assert_eq!(zeros, [0; 16]);
    (empty, gf128_mul(len_times_h, gf128_inverse(128)))
}

/// The attack on AES-GCM that the commitment is there for: one ciphertext and tag, two keys, two readings (Dodis,
/// Grubbs, Ristenpart, Woodage, *Fast Message Franking: From Invisible Salamanders to Encryptment*, CRYPTO '18).
fn two_readings(one: [u8; 32], two: [u8; 32]) -> [u8; 32] {
    let ((mask1, h1), (mask2, h2)) = (mask_and_hash_key(one), mask_and_hash_key(two));
    let len = 128_u128;
    let tag = |mask: u128, h: u128, c: u128| mask ^ gf128_mul(gf128_mul(c, h) ^ len, h);
    // mask1 + c·h1² + len·h1 = mask2 + c·h2² + len·h2
    let left = gf128_mul(h1, h1) ^ gf128_mul(h2, h2);
    let right = mask1 ^ mask2 ^ gf128_mul(len, h1) ^ gf128_mul(len, h2);
    let c = gf128_mul(right, gf128_inverse(left));
    assert_eq!(tag(mask1, h1, c), tag(mask2, h2, c));
    [c.to_be_bytes(), tag(mask1, h1, c).to_be_bytes()].as_flattened().try_into().unwrap()
}

fn gcm_opens(key: [u8; 32], sealed: &[u8; 32]) -> Option<[u8; 16]> {
    let (mut body, tag) = (<[u8; 16]>::try_from(&sealed[..16]).unwrap(), <[u8; 16]>::try_from(&sealed[16..]).unwrap());
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(key))
        .decrypt_inout_detached(&Nonce::from([0; 12]), b"", body.as_mut_slice().into(), &tag.into())
        .ok()
        .map(|()| body)
}

fn one_time_key(epoch: &EpochKey, header: &Header) -> [u8; 32] {
    let mut both = [0; 64];
    hkdf::Hkdf::<sha2::Sha256>::new(Some(&header.salt), epoch.as_bytes())
        .expand(&[b"rempart content 1".as_slice(), &header.encode().unwrap()].concat(), &mut both)
        .unwrap();
    both[32..].try_into().unwrap()
}

#[test]
fn a_ciphertext_with_two_readings_opens_at_most_once() {
    let (one, two) = (key(1), key(2));
    let keys = [one_time_key(&one, &header()), one_time_key(&two, &header())];
    let sealed = two_readings(keys[0], keys[1]);
    let readings = keys.map(|key| gcm_opens(key, &sealed).expect("plain AES-GCM opens it under both keys"));
    assert_ne!(readings[0], readings[1]);

    // The insider sends it as an entry, honestly signed, with either commitment.
    for (honest, other) in [(&one, &two), (&two, &one)] {
        let good = entry(header(), honest, &[0; 16]).encode();
        let at = good.len() - 64 - 32;
        let mut bytes = good;
        bytes[at..at + 32].copy_from_slice(&sealed);
        let forged = Entry::decode(&bytes).unwrap();
        assert!(forged.open(honest).is_ok());
        assert_eq!(forged.open(other), Err(ContentError::OtherKey));
    }
}

#[test]
fn a_file_with_two_readings_opens_at_most_once() {
    let files = [FileKey::from_bytes([1; 32]), FileKey::from_bytes([2; 32])];
    let ciphers = files.each_ref().map(FileCipher::new);
    // Nonces differ with the key, so that the attack above needs both streams; the header decides before any of it.
    assert_eq!(ciphers[0].check_header(&ciphers[0].header()), Ok(()));
    assert_eq!(ciphers[1].check_header(&ciphers[0].header()), Err(FileError::OtherKey));
    assert_eq!(ciphers[0].check_header(&[9; FILE_HEADER]), Err(FileError::Suite(9)));
}

#[test]
fn chunks_keep_their_places() {
    let cipher = FileCipher::new(&FileKey::from_bytes([1; 32]));
    let (first, second) = (vec![1; CHUNK], vec![2; CHUNK]);
    let sealed = [
        cipher.seal_chunk(0, false, &first).unwrap(),
        cipher.seal_chunk(1, false, &second).unwrap(),
        cipher.seal_chunk(2, true, b"end").unwrap(),
    ];
    assert_eq!(cipher.open_chunk(0, false, &sealed[0]).unwrap().as_slice(), first);
    assert_eq!(cipher.open_chunk(1, false, &sealed[1]).unwrap().as_slice(), second);
    assert_eq!(cipher.open_chunk(2, true, &sealed[2]).unwrap().as_slice(), b"end");
    let total = FILE_HEADER + sealed.iter().map(Vec::len).sum::<usize>();
    assert_eq!(sealed_len(2 * CHUNK as u64 + 3), Ok(total as u64));

    assert_eq!(cipher.open_chunk(1, false, &sealed[0]), Err(FileError::Damaged(1)), "moved");
    assert_eq!(cipher.open_chunk(1, true, &sealed[1]), Err(FileError::Damaged(1)), "cut off at a chunk's end");
    assert_eq!(cipher.open_chunk(2, true, &sealed[2][..18]), Err(FileError::Damaged(2)), "cut off inside");
    assert_eq!(cipher.open_chunk(2, false, &sealed[2]), Err(FileError::Length(2)), "continued after its end");
    let other = FileCipher::new(&FileKey::from_bytes([2; 32]));
    assert_eq!(other.open_chunk(0, false, &sealed[0]), Err(FileError::Damaged(0)), "another file's");
}

#[test]
fn a_file_has_one_form() {
    let cipher = FileCipher::new(&FileKey::from_bytes([1; 32]));
    let mib = CHUNK as u64;
    for (len, count) in [(0, 1), (1, 1), (mib, 1), (mib + 1, 2), (2 * mib, 2), (2 * mib + 1, 3)] {
        assert_eq!(chunks(len), Ok(count));
    }
    assert_eq!(chunks(u64::MAX), Err(FileError::TooLong));
    assert_eq!(sealed_len(u64::MAX), Err(FileError::TooLong));
    let empty = cipher.seal_chunk(0, true, b"").unwrap();
    assert_eq!(cipher.open_chunk(0, true, &empty).unwrap().as_slice(), b"");
    assert_eq!(cipher.seal_chunk(1, true, b""), Err(FileError::Length(1)), "an empty chunk after a full one");
    assert_eq!(cipher.seal_chunk(0, false, b"short"), Err(FileError::Length(0)));
    assert_eq!(cipher.seal_chunk(0, true, &vec![0; CHUNK + 1]), Err(FileError::Length(0)));
    assert_eq!(cipher.open_chunk(0, true, &[0; 15]), Err(FileError::Length(0)));
}

proptest! {
    #[test]
    fn an_altered_entry_is_refused(content in proptest::collection::vec(any::<u8>(), 0..200), place in any::<usize>(), bit in 0_u8..8) {
        let mut bytes = entry(header(), &key(1), &content).encode();
        let place = place % bytes.len();
        bytes[place] ^= 1 << bit;
        if let Ok(read) = Entry::decode(&bytes) {
            prop_assert_eq!(read.encode(), bytes);
            prop_assert_eq!(read.verify(&signer().verifying_key().to_bytes()), Err(ContentError::Signature));
        }
    }

    #[test]
    fn no_entry_opens_under_two_keys(one in any::<[u8; 32]>(), two in any::<[u8; 32]>(), salt in any::<[u8; 32]>()) {
        prop_assume!(one != two);
        let made = entry(Header { salt, ..header() }, &EpochKey::from_bytes(one), b"one reading");
        prop_assert!(made.open(&EpochKey::from_bytes(one)).is_ok());
        prop_assert_eq!(made.open(&EpochKey::from_bytes(two)), Err(ContentError::OtherKey));
    }
}
