//! Known answers, and X-Wing beside another implementation.

use ed25519_dalek::{Signer as _, SigningKey};
use libcrux_kem::{Algorithm, Ct, PublicKey};
use rempart_capsule::partial::combine;
use rempart_capsule::{
    Capsule, Entry, EpochKey, FileCipher, FileKey, OfficerShare, OuterKey, OuterShare, Partial, Policy, Record, Seed,
    Target,
};
use serde_json::{Value, json};

use crate::content::{header, signer};
use crate::{archive, key, seed};

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

/// What the committed file was written from.
fn made() -> Value {
    let archive = archive(2, 3, 200);
    let cases: Vec<Value> = [(b"g".to_vec(), 1_u8), (vec![0xab; 16], 2), (vec![0xcd; 255], 3)]
        .into_iter()
        .map(|(group, n)| {
            let place = archive.target.place(&group, [n; 32]).unwrap();
            let capsule = Capsule::make(&place, &seed(n), &key(n)).unwrap();
            let checked = capsule.verify(&place).unwrap();
            let partials: Vec<Partial> =
                archive.shares[..2].iter().map(|share| share.partial(&checked, &[n; 32]).unwrap()).collect();
            let inner = combine(&checked, &archive.record, &partials).unwrap();
            json!({
                "group": hex(group), "epoch_ref": hex([n; 32]), "seed": hex(seed(n).as_bytes()),
                "key": hex(key(n).as_bytes()), "capsule": hex(capsule.encode()), "inner_secret": hex(inner.as_bytes()),
            })
        })
        .collect();
    let unsigned = Entry::seal(header(), &key(1), "{\"v\":1,\"type\":\"text\"}".as_bytes()).unwrap();
    let signature = signer().sign(&unsigned.signature_input()).to_bytes();
    let file = FileCipher::new(&FileKey::from_bytes([9; 32]));
    json!({
        "policy": hex(archive.policy.encode()),
        "ctx": hex(archive.policy.ctx()),
        "record": hex(archive.record.encode()),
        "shares": archive.shares.iter().map(|share| hex(share.encode())).collect::<Vec<_>>(),
        "capsules": cases,
        "entry": {
            "key": hex(key(1).as_bytes()), "leaf_private_key": hex(signer().to_bytes()),
            "header": hex(header().encode().unwrap()), "content": hex("{\"v\":1,\"type\":\"text\"}"),
            "entry": hex(unsigned.sign(signature).encode()),
        },
        "file": {
            "key": hex([9; 32]), "plain": hex("a short file"),
            "sealed": hex([file.header().as_slice(), &file.seal_chunk(0, true, b"a short file").unwrap()].concat()),
        },
    })
}

fn committed() -> Value {
    serde_json::from_str(include_str!("../../vectors/capsule.json")).unwrap()
}

#[test]
#[ignore = "writes vectors/capsule.json anew: run it only when a format changes, with a decision record"]
fn write_vectors() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/capsule.json");
    std::fs::write(path, serde_json::to_string_pretty(&made()).unwrap() + "\n").unwrap();
}

#[test]
fn capsules_are_those_committed() {
    let file = committed();
    let policy = Policy::decode(&bytes(&file["policy"])).unwrap();
    assert_eq!(policy.ctx(), array::<32>(&file["ctx"]));
    let target = Target::new(&policy);
    let record = Record::decode(&bytes(&file["record"])).unwrap();
    assert_eq!(record.keys(), policy.keys);
    let shares: Vec<OfficerShare> =
        file["shares"].as_array().unwrap().iter().map(|share| OfficerShare::decode(&bytes(share)).unwrap()).collect();
    let outer: Vec<OuterShare> = shares[1..].iter().map(|share| share.outer().clone()).collect();
    let outer = record.rebuild_outer(&outer).unwrap();
    let cases = file["capsules"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let place = target.place(&bytes(&case["group"]), array(&case["epoch_ref"])).unwrap();
        let key = EpochKey::from_bytes(array(&case["key"]));
        let capsule = Capsule::make(&place, &Seed::from_bytes(array(&case["seed"])), &key).unwrap();
        assert_eq!(hex(capsule.encode()), case["capsule"].as_str().unwrap());
        let checked = capsule.verify(&place).unwrap();
        let partials: Vec<Partial> =
            shares[1..].iter().map(|share| share.partial(&checked, &[0; 32]).unwrap()).collect();
        let inner = combine(&checked, &record, &partials).unwrap();
        assert_eq!(inner.as_bytes(), &array::<32>(&case["inner_secret"]));
        assert_eq!(checked.open(&inner, &outer), Ok(key));
    }
}

#[test]
fn entry_and_file_are_those_committed() {
    let file = committed();
    let case = &file["entry"];
    let entry = Entry::decode(&bytes(&case["entry"])).unwrap();
    let signer = SigningKey::from_bytes(&array(&case["leaf_private_key"]));
    let key = EpochKey::from_bytes(array(&case["key"]));
    assert_eq!(entry.verify(&signer.verifying_key().to_bytes()), Ok(()));
    assert_eq!(entry.open(&key).unwrap().as_slice(), bytes(&case["content"]));
    let unsigned = Entry::seal(entry.header().clone(), &key, &bytes(&case["content"])).unwrap();
    let signature = signer.sign(&unsigned.signature_input()).to_bytes();
    assert_eq!(hex(unsigned.sign(signature).encode()), case["entry"].as_str().unwrap());

    let case = &file["file"];
    let cipher = FileCipher::new(&FileKey::from_bytes(array(&case["key"])));
    let sealed = cipher.seal_chunk(0, true, &bytes(&case["plain"])).unwrap();
    assert_eq!(hex([cipher.header().as_slice(), &sealed].concat()), case["sealed"].as_str().unwrap());
}

#[test]
fn what_writes_the_vectors_has_not_changed() {
    assert_eq!(made(), committed());
}

/// The X-Wing part of every committed capsule, computed and opened by libcrux.
#[test]
fn xwing_agrees_with_another_implementation() {
    let file = committed();
    let algorithm = Algorithm::XWingKemDraft06;
    for (n, case) in (0_u8..).zip(file["capsules"].as_array().unwrap()) {
        let capsule = bytes(&case["capsule"]);
        let policy = Policy::decode(&bytes(&file["policy"])).unwrap();
        let theirs = PublicKey::decode(algorithm, &policy.keys.outer_bytes()).unwrap();
        let (_, ciphertext) = theirs.encapsulate_derand(&bytes(&case["seed"])[..64]).unwrap();
        assert_eq!(hex(ciphertext.encode()), hex(&capsule[33..33 + 1120]));

        // Both ways with a key of our own making: same public key from the seed, same shared secret.
        let seed = [n; 32];
        let ours = OuterKey::from_seed(&seed);
        let (secret, public) = libcrux_kem::key_gen_derand(algorithm, &seed).unwrap();
        assert_eq!(hex(public.encode()), hex(ours.public()));
        let theirs = PublicKey::decode(algorithm, &ours.public()).unwrap();
        let (shared, ciphertext) = theirs.encapsulate_derand(&[n; 64]).unwrap();
        let key = x_wing::EncapsulationKey::try_from(ours.public().as_slice()).unwrap();
        let (our_ciphertext, our_shared) = key.encapsulate_deterministic(&[n; 64].into());
        assert_eq!(hex(ciphertext.encode()), hex(our_ciphertext));
        assert_eq!(hex(shared.encode()), hex(our_shared));
        let opened = Ct::decode(algorithm, &our_ciphertext).unwrap().decapsulate(&secret).unwrap();
        assert_eq!(hex(opened.encode()), hex(our_shared));
    }
}
