//! Known answers, and X-Wing beside another implementation.

use ed25519_dalek::{Signer as _, SigningKey};
use libcrux_kem::{Algorithm, Ct, PublicKey};
use rempart_capsule::partial::combine;
use rempart_capsule::{
    Capsule, Certificate, Entry, EpochKey, FileCipher, FileKey, Grant, OfficerSet, OfficerShare, OuterKey, OuterShare,
    Partial, Policy, Record, Release, Request, SealedRelease, Seed, SentCapsule, SetChange, Target,
};
use serde_json::{Value, json};

use crate::content::{header, signer};
use crate::opening::{ONE_TIME, request};
use crate::{archive, key, officers, rng, seed, sign};

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
    let (officer_keys, set) = officers();
    let grant = Grant {
        keys: archive.record.keys(),
        period: archive.policy.period,
        retention: archive.policy.retention,
        threshold: archive.policy.threshold,
        not_before_ms: 1_790_812_800_000,
        not_after_ms: 1_798_761_599_999,
        record_hash: archive.record.hash(),
        set_hash: set.hash(),
    };
    let signatures = sign(&officer_keys, &[0, 2, 3], &grant.signature_input());
    let next = OfficerSet::new(2, set.hash(), set.keys()[1..4].to_vec()).unwrap();
    let change = sign(&officer_keys, &[0, 1, 4], &SetChange::signature_input(&next));
    let request = request(&archive);
    let place = archive.target.place(&request.group, [1; 32]).unwrap();
    let capsule = Capsule::make(&place, &seed(1), &key(1)).unwrap();
    let partial = archive.shares[1].partial(&capsule.verify(&place).unwrap(), &[1; 32]).unwrap();
    let sent = SentCapsule::prepare(&request.group, 5, [1; 32], [9; 32], &capsule).unwrap();
    let sent_signature = signer().sign(&sent.signature_input()).to_bytes();
    let release = Release::new(&request, &archive.shares[1], vec![partial]).unwrap();
    json!({
        "policy": hex(archive.policy.encode()),
        "ctx": hex(archive.policy.ctx()),
        "record": hex(archive.record.encode()),
        "shares": archive.shares.iter().map(|share| hex(share.encode())).collect::<Vec<_>>(),
        "capsules": cases,
        "officers": {
            "set": hex(set.encode()),
            "certificate": hex(Certificate::new(grant, signatures).unwrap().encode()),
            "change": hex(SetChange::new(next, change).unwrap().encode()),
        },
        "opening": {
            "one_time_seed": hex(ONE_TIME), "request": hex(request.encode().unwrap()),
            "epoch_ref": hex([1; 32]), "capsule": hex(capsule.encode()),
            "sent": hex(sent.sign(sent_signature).encode().unwrap()), "release": hex(release.encode()),
            "sealed_release": hex(release.seal(&request, &mut rng(1)).unwrap().encode()),
        },
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

#[test]
fn officers_and_openings_are_those_committed() {
    let file = committed();
    let set = OfficerSet::decode(&bytes(&file["officers"]["set"])).unwrap();
    let certificate = Certificate::decode(&bytes(&file["officers"]["certificate"])).unwrap();
    assert_eq!(certificate.verify(&set), Ok(()));
    let policy = Policy::decode(&bytes(&file["policy"])).unwrap();
    assert_eq!(certificate.grant.covers(&policy), Ok(()));
    let record = Record::decode(&bytes(&file["record"])).unwrap();
    assert_eq!(certificate.grant.record_hash, record.hash());
    let change = SetChange::decode(&bytes(&file["officers"]["change"])).unwrap();
    assert_eq!(change.verify(&set).unwrap().needed(), 2);

    let case = &file["opening"];
    let request = Request::decode(&bytes(&case["request"])).unwrap();
    let one_time = OuterKey::from_seed(&array(&case["one_time_seed"]));
    let sealed = SealedRelease::decode(&bytes(&case["sealed_release"])).unwrap();
    let release = sealed.open(&request, &one_time).unwrap();
    assert_eq!(hex(release.encode()), case["release"].as_str().unwrap());
    let target = Target::new(&policy);
    let place = target.place(&request.group, array(&case["epoch_ref"])).unwrap();
    let capsule = Capsule::decode(&bytes(&case["capsule"])).unwrap();
    let checked = capsule.verify(&place).unwrap();
    assert_eq!(release.partial(checked.hash()).unwrap().verify(&checked, &record), Ok(()));
    assert_eq!(record.verify_outer(release.outer()), Ok(()));
    let sent = SentCapsule::decode(&bytes(&case["sent"])).unwrap();
    assert_eq!(sent.verify(&signer().verifying_key().to_bytes()), Ok(()));
    assert_eq!(sent.capsule(), Ok(capsule));
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
