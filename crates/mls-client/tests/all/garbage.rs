//! An insider with its own MLS program: it seals garbage in place of one member's path secret, then signs.

use openmls::group::{MlsGroup, MlsGroupJoinConfig, PURE_PLAINTEXT_WIRE_FORMAT_POLICY};
use openmls::prelude::{
    AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeCiphertext, HpkeConfig, HpkeKeyPair, KemOutput,
    SignatureScheme,
};
use openmls::prelude::{
    BasicCredential, Capabilities, CredentialType, CredentialWithKey, ExtensionType, KeyPackage, MlsMessageBodyIn,
    MlsMessageIn, OpenMlsCrypto, OpenMlsProvider as _, ProtocolVersion, StagedWelcome,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_libcrux_crypto::{CryptoProvider, Provider};
use rempart_base::DeviceId;
use rempart_group_policy::{ARCHIVE_EXTENSION, DeviceClaim, DeviceCredential};
use rempart_mls_client::{Changes, Leaves, Suite};
use tls_codec::{Deserialize as _, SecretVLBytes, Serialize as _};

use crate::world::{World, account, account_key, device};

/// A device of account `a` that is not our program.
pub(crate) struct Insider {
    provider: Provider,
    signer: SignatureKeyPair,
    group: MlsGroup,
}

impl Insider {
    pub(crate) fn join(world: &mut World, by: DeviceId, a: u8, n: u8) -> Self {
        let (provider, suite) = (Provider::new().unwrap(), world.suite);
        let signer = SignatureKeyPair::new(SignatureScheme::ED25519).unwrap();
        let claim = DeviceClaim::member(account(a), device(a, n), world.known.now);
        let key: [u8; 32] = signer.public().try_into().unwrap();
        let signature = account_key(a).sign(&claim.to_sign(&key));
        let credential = BasicCredential::new(DeviceCredential { claim, signature }.encode());
        let with_key = CredentialWithKey { credential: credential.into(), signature_key: signer.public().into() };
        let capabilities = Capabilities::new(
            Some(&[ProtocolVersion::Mls10]),
            Some(&Suite::ALL.map(Suite::mls)),
            Some(&[ExtensionType::Unknown(ARCHIVE_EXTENSION)]),
            None,
            Some(&[CredentialType::Basic]),
        );
        let builder = KeyPackage::builder().leaf_node_capabilities(capabilities);
        let package = builder.build(suite.mls(), &provider, &signer, with_key).unwrap();
        let add = vec![package.key_package().tls_serialize_detached().unwrap()];
        let welcome = world.commit(by, &Changes { add, ..Changes::default() }).unwrap().unwrap();
        let MlsMessageBodyIn::Welcome(welcome) = MlsMessageIn::tls_deserialize_exact(&welcome).unwrap().extract()
        else {
            panic!("a Welcome is expected")
        };
        let config = MlsGroupJoinConfig::builder().wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY).build();
        let staged = StagedWelcome::new_from_welcome(&provider, &config, welcome, None).unwrap();
        let group = staged.into_group(&provider).unwrap();
        Self { provider, signer, group }
    }

    pub(crate) fn follow(&mut self, commit: &[u8]) {
        let message = MlsMessageIn::tls_deserialize_exact(commit).unwrap().try_into_protocol_message().unwrap();
        let processed = self.group.process_message(&self.provider, message).unwrap();
        let openmls::prelude::ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            panic!("a commit is expected")
        };
        self.group.merge_staged_commit(&self.provider, *staged).unwrap();
    }

    /// A commit whose path secret for `victim` is garbage.
    pub(crate) fn garbage(&mut self, victim: DeviceId) -> Vec<u8> {
        let index = Leaves::new(self.group.members()).unwrap().index(victim).unwrap();
        let key = self.group.members().find(|m| m.index.u32() == index).unwrap().encryption_key;
        let evil = Evil { honest: self.provider.crypto(), victim: key };
        let bundle = self
            .group
            .commit_builder()
            .force_self_update(true)
            .load_psks(self.provider.storage())
            .unwrap()
            .build(self.provider.rand(), &evil, &self.signer, |_| true)
            .unwrap()
            .stage_commit(&self.provider)
            .unwrap();
        bundle.into_commit().to_bytes().unwrap()
    }
}

struct Evil<'a> {
    honest: &'a CryptoProvider,
    victim: Vec<u8>,
}

type Done<T> = Result<T, CryptoError>;

impl OpenMlsCrypto for Evil<'_> {
    fn hpke_seal(&self, c: HpkeConfig, to: &[u8], info: &[u8], aad: &[u8], text: &[u8]) -> Done<HpkeCiphertext> {
        let garbage = vec![0xBA; text.len()];
        let text = if to == self.victim { &garbage } else { text };
        self.honest.hpke_seal(c, to, info, aad, text)
    }
    fn supports(&self, suite: Ciphersuite) -> Done<()> {
        self.honest.supports(suite)
    }
    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        self.honest.supported_ciphersuites()
    }
    fn hkdf_extract(&self, h: HashType, salt: &[u8], ikm: &[u8]) -> Done<SecretVLBytes> {
        self.honest.hkdf_extract(h, salt, ikm)
    }
    fn hmac(&self, h: HashType, key: &[u8], message: &[u8]) -> Done<SecretVLBytes> {
        self.honest.hmac(h, key, message)
    }
    fn hkdf_expand(&self, h: HashType, prk: &[u8], info: &[u8], len: usize) -> Done<SecretVLBytes> {
        self.honest.hkdf_expand(h, prk, info, len)
    }
    fn hash(&self, h: HashType, data: &[u8]) -> Done<Vec<u8>> {
        self.honest.hash(h, data)
    }
    fn aead_encrypt(&self, a: AeadType, key: &[u8], data: &[u8], nonce: &[u8], aad: &[u8]) -> Done<Vec<u8>> {
        self.honest.aead_encrypt(a, key, data, nonce, aad)
    }
    fn aead_decrypt(&self, a: AeadType, key: &[u8], ct: &[u8], nonce: &[u8], aad: &[u8]) -> Done<Vec<u8>> {
        self.honest.aead_decrypt(a, key, ct, nonce, aad)
    }
    fn signature_key_gen(&self, alg: SignatureScheme) -> Done<(Vec<u8>, Vec<u8>)> {
        self.honest.signature_key_gen(alg)
    }
    fn verify_signature(&self, alg: SignatureScheme, data: &[u8], pk: &[u8], signature: &[u8]) -> Done<()> {
        self.honest.verify_signature(alg, data, pk, signature)
    }
    fn sign(&self, alg: SignatureScheme, data: &[u8], key: &[u8]) -> Done<Vec<u8>> {
        self.honest.sign(alg, data, key)
    }
    fn hpke_open(&self, c: HpkeConfig, ct: &HpkeCiphertext, sk: &[u8], info: &[u8], aad: &[u8]) -> Done<Vec<u8>> {
        self.honest.hpke_open(c, ct, sk, info, aad)
    }
    fn hpke_setup_sender_and_export(
        &self,
        c: HpkeConfig,
        to: &[u8],
        info: &[u8],
        context: &[u8],
        len: usize,
    ) -> Done<(KemOutput, ExporterSecret)> {
        self.honest.hpke_setup_sender_and_export(c, to, info, context, len)
    }
    fn hpke_setup_receiver_and_export(
        &self,
        c: HpkeConfig,
        enc: &[u8],
        sk: &[u8],
        info: &[u8],
        context: &[u8],
        len: usize,
    ) -> Done<ExporterSecret> {
        self.honest.hpke_setup_receiver_and_export(c, enc, sk, info, context, len)
    }
    fn derive_hpke_keypair(&self, c: HpkeConfig, ikm: &[u8]) -> Done<HpkeKeyPair> {
        self.honest.derive_hpke_keypair(c, ikm)
    }
}
