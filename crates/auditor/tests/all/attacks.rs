//! Attacks on officers, auditors and archives. Each is what a malicious server or member would really do, and each test says
//! who finds it: the officer's tool, the auditor's, or whoever verifies.

use rempart_capsule::capsule::Target;
use rempart_capsule::{Capsule, EpochKey};
use rempart_export::Line;
use rempart_merkle::leaf::content_hash;

use crate::opening::{TUESDAY, case};
use crate::world::{Conversation, MONDAY, World, sha, witness};
use crate::{Run, run};

fn verify(world: &World, export: &std::path::Path) -> Run {
    run(&["verify", "--public", &world.file("keys/public.json"), "--export", export.to_str().unwrap()], "")
}

fn lines(world: &World) -> Vec<Line> {
    world.entries.iter().map(|entry| entry.line.clone()).collect()
}

/// The position of a conversation's entry.
fn position(world: &World, conversation: Conversation, seq: u64) -> usize {
    world
        .entries
        .iter()
        .position(|entry| entry.line.leaf.conversation == conversation.id && entry.line.leaf.seq == seq)
        .unwrap()
}

/// Decryption oracle: an insider who is in Tuesday's conversation wants an epoch of another conversation opened, and posts
/// the other's capsule as a "repair" of his own. Found by the officer's tool: no partial is made for it.
#[test]
fn a_capsule_copied_from_another_conversation_is_not_answered() {
    let mut case = case(&[]);
    let victim = case.world.epoch(case.other, 2, MONDAY + 1);
    let stolen = case.world.right_capsule(&victim);
    let tuesday = case.tuesday.clone();
    case.world.send(&tuesday, 1, &stolen, MONDAY + 1);
    let at = case.world.entries.len() - 1;
    let export = case.requested();
    let mut answers = Vec::new();
    for officer in [1, 2, 3] {
        let said = case.world.release(&export, officer, "tuesday").succeeds();
        assert!(
            said.out.contains(&format!("position {at}: the capsule was not made for this conversation")),
            "{}",
            said.out
        );
        assert!(said.out.contains("capsules: 1, not answered: 1"), "{}", said.out);
        answers.push(said);
    }
    let done = case.world.open(&export, &[1, 2, 3], "tuesday", "report");
    assert!(done.out.contains("2 entries, 2 readable"), "{}", done.out);
    let keys = case.world.everything("report");
    assert!(!keys.contains(&data_encoding::HEXLOWER.encode(victim.key.as_bytes())));
    assert!(keys.contains(&data_encoding::HEXLOWER.encode(tuesday.key.as_bytes())));
}

/// The same with the stolen R blinded: R' = R + t·G, and everything else recomputed for the insider's own place as far as
/// somebody can who does not know the logarithm. Found by the officer's tool.
#[test]
fn a_blinded_capsule_is_not_answered() {
    let mut case = case(&[]);
    let victim = case.world.epoch(case.other, 2, MONDAY + 1);
    let stolen = case.world.right_capsule(&victim).encode();
    let tuesday = case.tuesday.clone();
    let own = case.world.right_capsule(&tuesday).encode();
    // R and the second element blinded by the insider's own capsule's, whose logarithms he knows.
    let add = |at: std::ops::Range<usize>| {
        use curve25519_dalek::ristretto::CompressedRistretto;
        let point = |bytes: &[u8]| CompressedRistretto::from_slice(&bytes[at.clone()]).unwrap().decompress().unwrap();
        (point(&stolen) + point(&own)).compress().to_bytes()
    };
    let (r, r_bar) = (add(1..33), add(1153..1185));
    for base in [&own, &stolen] {
        let mut blinded = base.clone();
        blinded[1..33].copy_from_slice(&r);
        blinded[1153..1185].copy_from_slice(&r_bar);
        let person = usize::from(base == &stolen);
        case.world.send(&tuesday, person, &Capsule::decode(&blinded).unwrap(), MONDAY + 1);
    }
    let export = case.requested();
    let said = case.world.release(&export, 1, "tuesday").succeeds();
    assert!(said.out.contains("capsules: 1, not answered: 2"), "{}", said.out);
}

/// An insider repeats the committer's job with other capsules again and again, to have officers answer many. Found by the
/// officer's tool: one capsule a device and epoch.
#[test]
fn a_device_has_one_capsule_an_epoch() {
    let mut case = case(&[]);
    let tuesday = case.tuesday.clone();
    for extra in 0..3_u8 {
        let wide: Vec<u8> = (0..4_u8).flat_map(|part| sha(&[b"more", &[extra, part]])).collect();
        let seed = rempart_capsule::Seed::from_bytes(wide.try_into().unwrap());
        case.world.capsule(&tuesday, 1, &EpochKey::from_bytes([extra; 32]), &seed, MONDAY + 1);
    }
    let export = case.requested();
    let said = case.world.release(&export, 1, "tuesday").succeeds();
    assert!(said.out.contains("capsules: 2, not answered: 2"), "{}", said.out);
    assert!(said.out.contains("a second capsule of the same device for one epoch"));
}

/// The server makes a capsule of its own for the place, says that it is Bruno's, and logs it before the repair that Bruno
/// really sends. Found by the officer's tool through the key log; the repair is answered.
#[test]
fn a_capsule_that_the_server_puts_under_a_persons_name_does_not_take_the_repairs_place() {
    let mut case = case(&[]);
    let tuesday = case.tuesday.clone();
    let ours = case.world.people[1].key.clone();
    case.world.people[1].key = ed25519_dalek::SigningKey::from_bytes(&[3; 32]);
    let seed = rempart_capsule::Seed::from_bytes([5; 128]);
    case.world.capsule(&tuesday, 1, &EpochKey::from_bytes([5; 32]), &seed, MONDAY + 1);
    let forged = case.world.entries.len() - 1;
    case.world.people[1].key = ours;
    case.world.capsule(&tuesday, 1, &tuesday.key.clone(), &tuesday.seed.clone(), MONDAY + 1);
    let export = case.requested();
    let said = case.world.release(&export, 1, "tuesday").succeeds();
    assert!(said.out.contains("capsules: 2, not answered: 1"), "{}", said.out);
    assert!(said.out.contains(&format!("position {forged}: the capsule is not signed by the device")), "{}", said.out);
}

/// The committer blinds the archive with a capsule of another key, rightly made for its place. The first honest member
/// repaired it; the auditor takes the one that the entries are committed to, and says so.
#[test]
fn a_wrong_capsule_is_passed_over_for_its_repair() {
    let mut world = World::new();
    let conversation = world.conversation(7);
    let epoch = world.silent_epoch(conversation, 1, MONDAY + 1);
    let seed = rempart_capsule::Seed::from_bytes([9; 128]);
    world.capsule(&epoch, 0, &EpochKey::from_bytes([66; 32]), &seed, MONDAY + 1);
    let wrong = world.entries.len() - 1;
    // The repair comes after midnight: it belongs to the epoch's day all the same.
    world.say(&epoch, 1, "CANARY-REPAIRED", &[]);
    world.capsule(&epoch, 1, &epoch.key.clone(), &epoch.seed.clone(), MONDAY + 2);
    let before = world.export("before", &[conversation]);
    world.request(&before, conversation, TUESDAY, TUESDAY, "tuesday").succeeds();
    world.log_request(&world.dir.path().join("tuesday.request"));
    let export = world.export("after", &[conversation]);
    for officer in [2, 3, 4] {
        world.release(&export, officer, "tuesday").succeeds();
    }
    let done = world.open(&export, &[2, 3, 4], "tuesday", "report");
    assert!(done.out.contains("1 entries, 1 readable, 0 files, 1 findings"), "{}", done.out);
    assert!(done.out.contains(&format!("position {wrong}: the capsule held another key")), "{}", done.out);
    let report = world.everything("report");
    assert!(report.contains("CANARY-REPAIRED"));
}

/// The server serves a log of its own making to the officers: signed by its key, with a request that the public log never had.
/// Found by the officer's tool, for want of witnesses.
#[test]
fn an_inclusion_proof_from_a_split_view_is_refused_for_want_of_witnesses() {
    let keys: Vec<String> = (1..=3).map(|number| witness(number).0.to_string()).collect();
    let mut more = vec!["--witnesses-needed", "2"];
    for key in &keys {
        more.extend(["--witness", key]);
    }
    let mut case = case(&more);
    // Everybody's log is witnessed by all three, and the request can be written from it.
    case.world.witnesses = (1..=3).map(|number| witness(number).1).collect();
    let public = case.world.export("public", &[case.asked]);
    case.world.request(&public, case.asked, TUESDAY, TUESDAY, "tuesday").succeeds();
    case.world.log_request(&case.world.dir.path().join("tuesday.request"));
    // One witness alone colludes.
    case.world.witnesses.truncate(1);
    let split = case.world.export("split", &[case.asked]);
    case.world.release(&split, 1, "tuesday").refuses("signed by 1 of 3 witnesses, 2 are needed");
    verify(&case.world, &split).refuses("signed by 1 of 3 witnesses");
    // A witness's signature over another head, pasted below this one.
    let (good, bad) = (public.join("log/checkpoint"), split.join("log/checkpoint"));
    let stolen: Vec<String> = std::fs::read_to_string(good)
        .unwrap()
        .lines()
        .filter(|l| l.starts_with("— witness"))
        .map(str::to_owned)
        .collect();
    let mut note = std::fs::read_to_string(&bad).unwrap();
    note = note.lines().filter(|line| !line.starts_with("— witness")).map(|line| line.to_owned() + "\n").collect();
    std::fs::write(&bad, note + &stolen.join("\n") + "\n").unwrap();
    case.world.release(&split, 1, "tuesday").refuses("a witness's signature");
    // The honest way.
    case.world.witnesses = (1..=3).map(|number| witness(number).1).collect();
    let honest = case.world.export("honest", &[case.asked]);
    let said = case.world.release(&honest, 1, "tuesday").succeeds();
    assert!(said.out.contains("the witnesses signed this head"), "an old head is said to be old: {}", said.out);
}

/// Without witnesses, the officer's own memory: a log that does not go on from the head seen before. Found by the officer's tool.
#[test]
fn a_log_that_forgets_what_the_officer_saw_is_refused() {
    let mut case = case(&[]);
    let export = case.requested();
    case.world.release(&export, 1, "tuesday").succeeds();
    // The same history but for one message of Monday, and a further request.
    let at = position(&case.world, case.asked, 4);
    let mut line = case.world.entries[at].line.clone();
    line.body = Some(([1; 32], b"never said".to_vec()));
    line.leaf.content_hash = content_hash(&[1; 32], b"never said");
    line.leaf.content_len = 10;
    line.leaf_bytes = line.leaf.encode().unwrap();
    case.world.entries[at].line = line;
    case.world.log_request(&case.world.dir.path().join("tuesday.request"));
    let other = case.world.export("other", &[case.asked]);
    let path = case.world.file("tuesday.request");
    std::fs::remove_file(case.world.dir.path().join("tuesday.release-1")).unwrap();
    case.world.release_with(&other, 1, "tuesday", &["--request", &path]).refuses("two different logs were shown");
    // And an older one is not taken for the newest.
    let older = case.world.dir.path().join("before");
    case.world.release_with(&older, 1, "tuesday", &["--request", &path]).refuses("take a newer export");
    // Whoever verifies with a head kept since finds the same.
    let kept = export.join("log/checkpoint");
    run(
        &[
            "verify",
            "--public",
            &case.world.file("keys/public.json"),
            "--export",
            other.to_str().unwrap(),
            "--since",
            kept.to_str().unwrap(),
        ],
        "",
    )
    .refuses("two different logs were shown");
}

/// An epoch that a malicious server let run over midnight: answering for it on Tuesday would open Wednesday too.
#[test]
fn an_epoch_with_content_of_another_day_is_not_answered() {
    let mut case = case(&[]);
    let late = crate::world::Epoch { day: MONDAY + 2, ..case.tuesday.clone() };
    case.world.say(&late, 0, "CANARY-AFTER-MIDNIGHT", &[]);
    let export = case.requested();
    case.world.release(&export, 1, "tuesday").refuses("nothing in this export is in the scope of the request");
}

/// The officers' own archive keys: a server that seals to a key of its own making, certified by nobody.
#[test]
fn a_policy_of_the_servers_making_is_no_place_to_answer_at() {
    let mut case = case(&[]);
    let mut policy = case.world.policy.clone();
    policy.notice_hash = [1; 32];
    let target = Target::new(&policy);
    let tuesday = case.tuesday.clone();
    let place = target.place(&tuesday.conversation.group, tuesday.reference).unwrap();
    let capsule = Capsule::make(&place, &tuesday.seed, &tuesday.key).unwrap();
    case.world.send(&tuesday, 1, &capsule, MONDAY + 1);
    let export = case.requested();
    // The policy is not in the export: the capsule fits no policy that anybody agreed on.
    let said = case.world.release(&export, 1, "tuesday").succeeds();
    assert!(said.out.contains("capsules: 1, not answered: 1"), "{}", said.out);
}

#[test]
fn a_whole_export_verifies() {
    let mut case = case(&[]);
    case.requested();
    case.world.whole_log = true;
    let export = case.world.export("whole", &[case.asked, case.other]);
    let said = verify(&case.world, &export).succeeds();
    assert!(said.out.contains("all is well"), "{}", said.out);
    assert!(said.out.contains("1 opening requests, 1 files (0 not in the export)"), "{}", said.out);
    assert!(!said.out.contains("CANARY"));
    let key = case.world.log.verifier().to_string();
    run(&["verify", "--log", &key, "--export", export.to_str().unwrap()], "").succeeds();
    let other =
        rempart_merkle::LogKey::from_seed("rempart.example/messages", &[42; 32]).unwrap().verifier().to_string();
    run(&["verify", "--log", &other, "--export", export.to_str().unwrap()], "").refuses("not signed as it must be");
}

/// What happens to an export on its way, or in the hands of whoever keeps it. Found by whoever verifies, named by position.
#[test]
fn an_altered_missing_moved_or_made_up_entry_is_named_by_its_position() {
    let mut case = case(&[]);
    case.requested();
    let all = lines(&case.world);
    let at = position(&case.world, case.asked, 4);
    let found = |name: &str, lines: &[Line], words: &str| {
        let export = case.world.export_as(name, &[case.asked], lines);
        let said = verify(&case.world, &export);
        assert!(!said.ok, "{name} passed: {}", said.out);
        assert!(said.out.contains(words), "{name}: {}", said.out);
        assert!(said.out.contains("the first bad position is"), "{}", said.out);
    };

    let mut altered = all.clone();
    altered[at].body.as_mut().unwrap().1[60] ^= 1;
    found("altered", &altered, &format!("position {at}: the content of entry 4 is not the one"));

    let mut relabelled = all.clone();
    relabelled[at].leaf.server_time_ms += 1;
    relabelled[at].leaf_bytes = relabelled[at].leaf.encode().unwrap();
    found("relabelled", &relabelled, &format!("position {at}: entry 4 is not the one that the log has here"));

    let mut missing = all.clone();
    missing.remove(at);
    found("missing", &missing, "before entry 5, entries 4 to 4 of the conversation are missing, after position 3");

    let mut reordered = all.clone();
    let next = position(&case.world, case.asked, 5);
    reordered.swap(at, next);
    found("reordered", &reordered, &format!("position {at}: entry 4 is out of order"));

    let mut moved = all.clone();
    moved[at].position = next.try_into().unwrap();
    found("moved", &moved, &format!("position {next}: entry 4 is not the one that the log has here"));

    let mut twice = all.clone();
    twice.insert(at, all[at].clone());
    found("twice", &twice, &format!("position {at}: entry 4 is out of order or given twice"));

    let mut foreign = all.clone();
    let theirs = position(&case.world, case.other, 4);
    let mut line = all[theirs].clone();
    line.leaf.conversation = case.asked.id;
    line.leaf_bytes = line.leaf.encode().unwrap();
    foreign[at] = line;
    found("foreign", &foreign, &format!("position {theirs}: entry 4 is not the one that the log has here"));

    let mut cut = all.clone();
    let last = all.iter().rposition(|line| line.leaf.conversation == case.asked.id).unwrap();
    cut.remove(last);
    found("cut", &cut, "the journal ends with entry 10, the export says that it has 11");
}

/// The last entries dropped and the table of contents made to fit: only the leaves of the whole log show it.
#[test]
fn an_end_cut_off_with_the_manifest_is_found_by_the_leaves_of_the_whole_log() {
    let mut case = case(&[]);
    case.requested();
    case.world.whole_log = true;
    let mut cut = lines(&case.world);
    let last = cut.iter().rposition(|line| line.leaf.conversation == case.asked.id).unwrap();
    cut.remove(last);
    let export = case.world.export_as("cut", &[case.asked], &cut);
    let manifest = export.join("export.json");
    let text = std::fs::read_to_string(&manifest).unwrap().replace("\"entries\": 11", "\"entries\": 10");
    std::fs::write(&manifest, text).unwrap();
    let said = verify(&case.world, &export);
    assert!(!said.ok);
    assert!(said.out.contains(&format!("position {last}: entry 11 of conversation")), "{}", said.out);
}

#[test]
fn an_altered_tile_head_key_log_or_file_is_found() {
    let mut case = case(&[]);
    case.requested();
    let export = case.world.export("whole", &[case.asked]);
    let size = case.world.entries.len();
    let alter = |name: &str, at: usize| {
        let path = export.join(name);
        let good = std::fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(&path, bad).unwrap();
        let said = verify(&case.world, &export);
        std::fs::write(&path, good).unwrap();
        assert!(!said.ok, "{name}: {}", said.out);
        said.err + &said.out
    };
    assert!(alter(&format!("log/tile/0/000.p/{size}"), 40).contains("do not make the root that was signed"));
    assert!(alter("log/checkpoint", 60).contains("head of the log is not signed"));
    assert!(alter("keys/checkpoint", 60).contains("head of the key log is not signed"));
    let blob = std::fs::read_dir(export.join("blobs")).unwrap().next().unwrap().unwrap().file_name();
    let said = alter(&format!("blobs/{}", blob.to_str().unwrap()), 40);
    assert!(said.contains("is not what its name says"), "{said}");
    std::fs::write(export.join("keys/leaves.jsonl"), "").unwrap();
    verify(&case.world, &export).refuses("the key log is not the one that was signed");
}

/// A message that the server put into the mouth of a person: signed with a key that is not the device's, or by a device that
/// the key log does not have. Found by whoever verifies, and by the auditor.
#[test]
fn words_that_nobody_signed_are_told_apart() {
    let mut case = case(&[]);
    let ours = case.world.people[1].key.clone();
    case.world.people[1].key = ed25519_dalek::SigningKey::from_bytes(&[3; 32]);
    let tuesday = case.tuesday.clone();
    case.world.say(&tuesday, 1, "CANARY-FORGED", &[]);
    case.world.people[1].key = ours;
    case.world.people[1].device = rempart_base::DeviceId::from_bytes([77; 16]);
    case.world.say(&tuesday, 1, "CANARY-GHOST", &[]);
    let ghost = case.world.entries.len() - 1;
    let export = case.requested();
    let said = verify(&case.world, &export);
    assert!(!said.ok);
    assert!(said.out.contains(&format!("position {}: the signature is not by the device", ghost - 1)), "{}", said.out);
    assert!(said.out.contains(&format!("position {ghost}: device 4d4d")), "{}", said.out);
    assert!(said.out.contains(&format!("the first bad position is {}", ghost - 1)));
    for officer in [1, 2, 3] {
        case.world.release(&export, officer, "tuesday").succeeds();
    }
    let done = case.world.open(&export, &[1, 2, 3], "tuesday", "report");
    assert!(!done.ok && done.out.contains("the signature is not by the device that the log names"), "{}", done.out);
}

/// The auditor's report in other hands.
#[test]
fn a_report_verifies_and_an_altered_one_does_not() {
    let mut case = case(&[]);
    let export = case.requested();
    for officer in [1, 2, 3] {
        case.world.release(&export, officer, "tuesday").succeeds();
    }
    case.world.open(&export, &[1, 2, 3], "tuesday", "report").succeeds();
    let (public, report) = (case.world.file("keys/public.json"), case.world.file("report"));
    let check = || run(&["verify", "--public", &public, "--report", &report], "");
    let said = check().succeeds();
    assert!(said.out.contains("all is well"), "{}", said.out);

    let path = case.world.dir.path().join("report/report.json");
    let good = std::fs::read_to_string(&path).unwrap();
    let alter = |change: &dyn Fn(&mut serde_json::Value), words: &str| {
        let mut value: serde_json::Value = serde_json::from_str(&good).unwrap();
        change(&mut value);
        std::fs::write(&path, value.to_string()).unwrap();
        let said = check();
        std::fs::write(&path, &good).unwrap();
        assert!(!said.ok && (said.out.clone() + &said.err).contains(words), "{}{}", said.out, said.err);
    };
    let words = "eyJ2IjoxLCJ0eXBlIjoibWVzc2FnZSIsInRleHQiOiJ4In0=";
    alter(&|v| v["entries"][0]["text"] = words.into(), "the text shown is not what the archived entry opens to");
    alter(&|v| v["entries"][0]["account"] = v["entries"][1]["account"].clone(), "the report names another account");
    alter(
        &|v| v["entries"][0]["entry"]["proof"][0] = v["entries"][0]["entry"]["proof"][1].clone(),
        "not in the signed log",
    );
    alter(&|v| v["entries"][0]["time_ms"] = 1.into(), "number or time are not those of the leaf");
    alter(
        &|v| v["epochs"][0]["key"] = "00".repeat(32).into(),
        "the text shown is not what the archived entry opens to",
    );
    alter(&|v| v["entries"].as_array_mut().unwrap().reverse(), "the entry is out of order");
    alter(&|v| v["public"]["officers"] = serde_json::json!([]), "the names of the officers");

    let file = case.world.dir.path().join("report/files");
    let file = std::fs::read_dir(file).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&file, "something else").unwrap();
    let said = check();
    assert!(!said.ok && said.out.contains("is not the one that was sent"), "{}", said.out);
}

/// A file whose key or bytes are not those of the message is not shown as evidence.
#[test]
fn a_swapped_file_is_not_saved() {
    let mut case = case(&[]);
    let export = case.requested();
    for officer in [1, 2, 3] {
        case.world.release(&export, officer, "tuesday").succeeds();
    }
    let blob = std::fs::read_dir(export.join("blobs")).unwrap().next().unwrap().unwrap().path();
    std::fs::write(blob, "another file").unwrap();
    let done = case.world.open(&export, &[1, 2, 3], "tuesday", "report");
    assert!(done.out.contains("0 files, 1 findings"), "{}", done.out);
    assert!(done.out.contains("the file is not the one that the message names"));
    assert_eq!(std::fs::read_dir(case.world.dir.path().join("report/files")).unwrap().count(), 0);
}

/// A public part that somebody improved: each field that decides is covered by the officers' signatures. Found by whoever reads it.
#[test]
fn a_public_part_that_the_officers_did_not_sign_is_refused() {
    let case = case(&[]);
    let export = case.world.export("export", &[case.asked]);
    let path = case.world.dir.path().join("keys/public.json");
    let good = std::fs::read_to_string(&path).unwrap();
    let stranger = tempfile::tempdir().unwrap();
    crate::ceremony::five(stranger.path(), &["--retention", "1:60", "--period", "2026Q4"]).succeeds();
    let theirs = std::fs::read_to_string(stranger.path().join("keys/public.json")).unwrap();
    let theirs: serde_json::Value = serde_json::from_str(&theirs).unwrap();
    let alter = |change: &dyn Fn(&mut serde_json::Value), words: &str| {
        let mut value: serde_json::Value = serde_json::from_str(&good).unwrap();
        change(&mut value);
        std::fs::write(&path, value.to_string()).unwrap();
        verify(&case.world, &export).refuses(words);
    };
    alter(&|v| v["keys"][0] = theirs["keys"][0].clone(), "certified by officers other than those");
    alter(
        &|v| v["keys"][0]["record"] = theirs["keys"][0]["record"].clone(),
        "not the one that the officers signed for",
    );
    alter(&|v| v["keys"][0]["policy"] = v["keys"][1]["policy"].clone(), "the key differs");
    alter(&|v| v["keys"][0]["needed"] = 2.into(), "an archive key is not written as it must be");
    alter(&|v| v["log"] = witness(1).0.to_string().into(), "the key of the log");
    alter(&|v| v["witnesses_needed"] = 1.into(), "the number of witnesses needed");
    alter(&|v| v["rempart"] = "archive public 2".into(), "this is not");
}

/// An officer whose share is not the one dealt, by malice or a broken machine, is named; without that release the others open.
#[test]
fn an_officers_wrong_share_is_named_and_the_others_open() {
    use rempart_capsule::{OfficerShare, Release, Request};

    let mut case = case(&[]);
    let export = case.requested();
    for officer in [1, 2, 3] {
        case.world.release(&export, officer, "tuesday").succeeds();
    }
    // A fourth release, sealed as it must be, with a share that is not the one dealt.
    let text = std::fs::read_to_string(case.world.file("tuesday.request")).unwrap();
    let body: String = text.lines().skip(1).collect();
    let request =
        Request::decode(&base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).unwrap()).unwrap();
    let mut share = vec![1];
    share.extend(request.key_id);
    share.extend([4, 3, 5]);
    share.extend([1; 32].map(|byte: u8| byte & 0x0f));
    share.extend([7; 64]);
    let share = OfficerShare::decode(&share).unwrap();
    let forged = Release::new(&request, &share, Vec::new()).unwrap();
    let sealed = forged.seal(&request, &mut rempart_auditor::machine::random()).unwrap();
    let path = case.world.dir.path().join("tuesday.release-4");
    std::fs::write(&path, rempart_auditor::files::armour(rempart_auditor::files::RELEASE, &sealed.encode())).unwrap();
    case.world
        .open(&export, &[1, 2, 4], "tuesday", "report")
        .refuses("the outer share of officer 4 is damaged: it does not fit the ceremony's record");
    case.world.open(&export, &[1, 2, 3], "tuesday", "report").succeeds();
}
