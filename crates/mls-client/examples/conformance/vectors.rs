//! The MLS working group's test vectors against OpenMLS with our provider. Natively this is part of `conformance`, in WebAssembly of
//! an example of `mls-wasm`.

use openmls::group::{MIXED_PLAINTEXT_WIRE_FORMAT_POLICY, MlsGroup, MlsGroupJoinConfig};
use openmls::prelude::{
    Ciphersuite, HashType, HpkeCiphertext, HpkePrivateKey, KeyPackage, KeyPackageBundle, KeyPackageIn,
    MlsMessageBodyIn, MlsMessageIn, OpenMlsCrypto as _, OpenMlsProvider as _, ProcessedMessageContent, RatchetTreeIn,
    StagedWelcome,
};
use openmls::schedule::psk::{ExternalPsk, PreSharedKeyId, Psk};
use openmls_libcrux_crypto::Provider;
use openmls_traits::storage::StorageProvider as _;
use serde_json::{Value, json};
use tls_codec::{Deserialize as _, Serialize as _, VLBytes};

type Tested = Result<(), String>;
/// A file of vectors and what tries one of its cases.
type File = (&'static str, fn(&Value) -> Tested);

/// Every file that is run.
pub(crate) const FILES: &[File] = &[
    ("crypto-basics", crypto_basics),
    ("deserialization", deserialization),
    ("messages", messages),
    ("passive-client-welcome", passive_client),
    ("passive-client-handling-commit", passive_client),
    ("passive-client-random", passive_client),
];

/// What came of a file.
pub(crate) struct Outcome {
    pub(crate) passed: usize,
    /// In words, the first failure too.
    pub(crate) words: String,
}

/// Runs the cases of a file.
pub(crate) fn run(name: &str, test: fn(&Value) -> Tested, cases: &[Value]) -> Outcome {
    let (mut passed, mut other_suite, mut first) = (0, 0, None);
    for (i, case) in cases.iter().enumerate() {
        if case.get("cipher_suite").is_some_and(|s| suite(s).is_none()) {
            other_suite += 1;
            continue;
        }
        match test(case) {
            Ok(()) => passed += 1,
            Err(words) => {
                first.get_or_insert_with(|| format!("\n  first failure, case {i}: {words}"));
            }
        }
    }
    let tried = cases.len() - other_suite;
    let first = first.unwrap_or_default();
    let words = format!("{name}: {passed} of {tried} pass, {other_suite} in suites that we do not have{first}");
    Outcome { passed, words }
}

fn suite(value: &Value) -> Option<Ciphersuite> {
    match value.as_u64()? {
        1 => Some(Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519),
        3 => Some(Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519),
        _ => None,
    }
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_default();
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

fn word(e: impl std::fmt::Debug) -> String {
    format!("{e:?}")
}

fn same(what: &str, got: &[u8], expected: &Value) -> Tested {
    if got == hex(expected) { Ok(()) } else { Err(format!("{what} differs")) }
}

fn vl(bytes: &[u8]) -> Vec<u8> {
    VLBytes::new(bytes.to_vec()).tls_serialize_detached().unwrap()
}

fn labelled(label: &Value) -> Vec<u8> {
    vl(format!("MLS 1.0 {}", label.as_str().unwrap_or_default()).as_bytes())
}

/// RFC 9420 5.1, 5.2, 8: labels around the provider's primitives.
fn crypto_basics(case: &Value) -> Tested {
    let provider = Provider::new().map_err(word)?;
    let crypto = provider.crypto();
    let suite = suite(&case["cipher_suite"]).unwrap();
    let expand = |secret: &[u8], label: &Value, context: &[u8], len: u64| -> Result<Vec<u8>, String> {
        let len16 = u16::try_from(len).map_err(word)?;
        let info = [len16.to_be_bytes().to_vec(), labelled(label), vl(context)].concat();
        let out = crypto.hkdf_expand(HashType::Sha2_256, secret, &info, usize::from(len16)).map_err(word)?;
        Ok(out.as_slice().to_vec())
    };
    let v = &case["ref_hash"];
    let input = [vl(v["label"].as_str().unwrap().as_bytes()), vl(&hex(&v["value"]))].concat();
    same("ref_hash", &crypto.hash(HashType::Sha2_256, &input).map_err(word)?, &v["out"])?;
    let v = &case["expand_with_label"];
    let out = expand(&hex(&v["secret"]), &v["label"], &hex(&v["context"]), v["length"].as_u64().unwrap())?;
    same("expand_with_label", &out, &v["out"])?;
    let v = &case["derive_secret"];
    same("derive_secret", &expand(&hex(&v["secret"]), &v["label"], b"", 32)?, &v["out"])?;
    let v = &case["derive_tree_secret"];
    let generation = u32::try_from(v["generation"].as_u64().unwrap()).map_err(word)?.to_be_bytes();
    let out = expand(&hex(&v["secret"]), &v["label"], &generation, v["length"].as_u64().unwrap())?;
    same("derive_tree_secret", &out, &v["out"])?;
    let v = &case["sign_with_label"];
    let content = [labelled(&v["label"]), vl(&hex(&v["content"]))].concat();
    let (public, signature) = (hex(&v["pub"]), hex(&v["signature"]));
    crypto.verify_signature(suite.signature_algorithm(), &content, &public, &signature).map_err(word)?;
    let made = crypto.sign(suite.signature_algorithm(), &content, &hex(&v["priv"])).map_err(word)?;
    crypto.verify_signature(suite.signature_algorithm(), &content, &public, &made).map_err(word)?;
    let v = &case["encrypt_with_label"];
    let info = [labelled(&v["label"]), vl(&hex(&v["context"]))].concat();
    let sealed = HpkeCiphertext { kem_output: hex(&v["kem_output"]).into(), ciphertext: hex(&v["ciphertext"]).into() };
    let config = suite.hpke_config();
    let text = crypto.hpke_open(config, &sealed, &hex(&v["priv"]), &info, b"").map_err(word)?;
    same("encrypt_with_label", &text, &v["plaintext"])?;
    let config = suite.hpke_config();
    let made = crypto.hpke_seal(config, &hex(&v["pub"]), &info, b"", &text).map_err(word)?;
    let again = crypto.hpke_open(suite.hpke_config(), &made, &hex(&v["priv"]), &info, b"").map_err(word)?;
    same("encrypt_with_label, own", &again, &v["plaintext"])
}

/// RFC 9420 2.1.2: the length of a vector.
fn deserialization(case: &Value) -> Tested {
    let (header, length) = (hex(&case["vlbytes_header"]), case["length"].as_u64().unwrap());
    // Larger ones are never looked at: a handshake has at most 4 MiB.
    let length = usize::try_from(length).map_err(word)?;
    if length > 1 << 24 {
        return Ok(());
    }
    let bytes = [header, vec![0; length]].concat();
    let read = VLBytes::tls_deserialize_exact(&bytes).map_err(word)?;
    if read.as_slice().len() != length {
        return Err("another length".to_owned());
    }
    if read.tls_serialize_detached().map_err(word)? == bytes { Ok(()) } else { Err("not the shortest".to_owned()) }
}

/// Every kind of message is read to its last byte.
fn messages(case: &Value) -> Tested {
    let framed = [
        "mls_welcome",
        "mls_group_info",
        "mls_key_package",
        "public_message_application",
        "public_message_proposal",
        "public_message_commit",
        "private_message",
    ];
    for name in framed {
        MlsMessageIn::tls_deserialize_exact(hex(&case[name])).map_err(|e| format!("{name}: {e:?}"))?;
    }
    let tree = hex(&case["ratchet_tree"]);
    let read = RatchetTreeIn::tls_deserialize_exact(&tree).map_err(|e| format!("ratchet_tree: {e:?}"))?;
    same("ratchet_tree", &read.tls_serialize_detached().map_err(word)?, &case["ratchet_tree"])
}

/// A client whose keys are given joins, and follows without ever speaking.
fn passive_client(case: &Value) -> Tested {
    let provider = Provider::new().map_err(word)?;
    for psk in case["external_psks"].as_array().unwrap() {
        let suite = suite(&case["cipher_suite"]).unwrap();
        let id = Psk::External(ExternalPsk::new(hex(&psk["psk_id"])));
        let id = PreSharedKeyId::new(suite, provider.rand(), id).map_err(word)?;
        id.store(&provider, &hex(&psk["psk"])).map_err(word)?;
    }
    let package = hex(&case["key_package"]);
    let package = KeyPackageIn::tls_deserialize_exact(&package[4..]).map_err(word)?;
    // The vectors' packages expired years ago and OpenMLS's check reads the clock; the two types are written alike.
    let package: KeyPackage = serde_json::to_value(&package).and_then(serde_json::from_value).map_err(word)?;
    let reference = package.hash_ref(provider.crypto()).map_err(word)?;
    let private = |name: &str| serde_json::to_value(HpkePrivateKey::from(hex(&case[name]))).unwrap();
    let bundle: KeyPackageBundle = serde_json::from_value(json!({
        "key_package": serde_json::to_value(&package).unwrap(),
        "private_init_key": private("init_priv"),
        "private_encryption_key": { "key": private("encryption_priv") },
    }))
    .map_err(word)?;
    provider.storage().write_key_package(&reference, &bundle).map_err(word)?;

    let MlsMessageBodyIn::Welcome(welcome) =
        MlsMessageIn::tls_deserialize_exact(hex(&case["welcome"])).map_err(word)?.extract()
    else {
        return Err("no Welcome".to_owned());
    };
    let config = MlsGroupJoinConfig::builder()
        .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(true)
        .number_of_resumption_psks(16)
        .build();
    let mut join =
        StagedWelcome::build_from_welcome(&provider, &config, welcome).map_err(word)?.skip_lifetime_validation();
    if case["ratchet_tree"].is_string() {
        let tree = RatchetTreeIn::tls_deserialize_exact(hex(&case["ratchet_tree"])).map_err(word)?;
        join = join.with_ratchet_tree(tree);
    }
    let mut group = join.build().map_err(word)?.into_group(&provider).map_err(word)?;
    same("initial_epoch_authenticator", group.epoch_authenticator().as_slice(), &case["initial_epoch_authenticator"])?;
    for (i, epoch) in case["epochs"].as_array().unwrap().iter().enumerate() {
        follow(&provider, &mut group, epoch).map_err(|e| format!("epoch {i}: {e}"))?;
    }
    Ok(())
}

fn follow(provider: &Provider, group: &mut MlsGroup, epoch: &Value) -> Tested {
    let process = |group: &mut MlsGroup, message: &Value| -> Result<ProcessedMessageContent, String> {
        let message = MlsMessageIn::tls_deserialize_exact(hex(message)).map_err(word)?;
        let message = message.try_into_protocol_message().map_err(word)?;
        Ok(group.process_message(provider, message).map_err(word)?.into_content())
    };
    for proposal in epoch["proposals"].as_array().unwrap() {
        match process(group, proposal)? {
            ProcessedMessageContent::ProposalMessage(queued) => {
                group.store_pending_proposal(provider.storage(), *queued).map_err(word)?;
            }
            _ => return Err("not a proposal".to_owned()),
        }
    }
    match process(group, &epoch["commit"])? {
        ProcessedMessageContent::StagedCommitMessage(staged) => {
            group.merge_staged_commit(provider, *staged).map_err(word)?;
        }
        _ => return Err("not a commit".to_owned()),
    }
    same("epoch_authenticator", group.epoch_authenticator().as_slice(), &epoch["epoch_authenticator"])
}
