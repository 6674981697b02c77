//! From request to report.

use crate::world::{Conversation, Epoch, MONDAY, World};

/// Two conversations over three days; what is asked for is Tuesday of the first.
pub(crate) struct Case {
    pub world: World,
    pub asked: Conversation,
    pub other: Conversation,
    pub tuesday: Epoch,
}

pub(crate) fn case(more: &[&str]) -> Case {
    let mut world = World::with_ceremony(more);
    let asked = world.conversation(7);
    let other = world.conversation(8);
    let monday = world.epoch(asked, 1, MONDAY);
    world.say(&monday, 0, "CANARY-MONDAY", &[]);
    let elsewhere = world.epoch(other, 1, MONDAY + 1);
    world.say(&elsewhere, 1, "CANARY-ELSEWHERE", &[]);
    let tuesday = world.epoch(asked, 2, MONDAY + 1);
    world.say(&tuesday, 0, "CANARY-TUESDAY <script>alert(1)</script>", &[]);
    world.say(&tuesday, 1, "", &[("CANARY-NAME.txt", b"CANARY-FILE")]);
    let wednesday = world.epoch(asked, 3, MONDAY + 2);
    world.say(&wednesday, 1, "CANARY-WEDNESDAY", &[]);
    Case { world, asked, other, tuesday }
}

pub(crate) const TUESDAY: &str = "2026-10-06";

impl Case {
    /// Request, logged, and an export with it.
    pub(crate) fn requested(&mut self) -> std::path::PathBuf {
        let before = self.world.export("before", &[self.asked]);
        self.world.request(&before, self.asked, TUESDAY, TUESDAY, "tuesday").succeeds();
        self.world.log_request(&self.world.dir.path().join("tuesday.request"));
        self.world.export("after", &[self.asked, self.other])
    }
}

#[test]
fn three_of_five_open_the_days_asked_for_with_proofs_and_nothing_else() {
    let mut case = case(&[]);
    let export = case.requested();
    for officer in [1, 3, 5] {
        let said = case.world.release(&export, officer, "tuesday").succeeds();
        for words in ["2026/114", "Direction juridique", "ordonnance du 3 novembre 2026", TUESDAY, "capsules: 1"] {
            assert!(said.out.contains(words), "{words}: {}", said.out);
        }
    }
    let done = case.world.open(&export, &[1, 3, 5], "tuesday", "report").succeeds();
    assert!(done.out.contains("2 entries, 2 readable, 1 files, 0 findings"), "{}", done.out);
    assert!(!done.out.contains("CANARY") && !done.err.contains("CANARY"), "sealed content never on the terminal");

    let all = case.world.everything("report");
    assert!(all.contains("CANARY-FILE") && all.contains("CANARY-NAME.txt"));
    for absent in ["CANARY-MONDAY", "CANARY-WEDNESDAY", "CANARY-ELSEWHERE"] {
        assert!(!all.contains(absent), "{absent}");
    }
    let page = std::fs::read_to_string(case.world.dir.path().join("report/report.html")).unwrap();
    assert!(page.contains("CANARY-TUESDAY &lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("Alice &lt;b&gt;Martin&lt;/b&gt;"));
    assert!(!page.contains("<script") && !page.contains("http:") && !page.contains("https:"), "nothing from elsewhere");
    assert!(page.contains("It is proved that no entry of these days was left out."));
    let json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(case.world.dir.path().join("report/report.json")).unwrap()).unwrap();
    assert_eq!(json["officers"], serde_json::json!([1, 3, 5]));
    assert_eq!(json["entries"][0]["account"], case.world.people[0].account.to_string());
    assert_eq!(json["epochs"].as_array().unwrap().len(), 1, "the key of one epoch, and no other");
}

#[test]
fn the_report_is_in_french_for_the_french() {
    let mut case = case(&[]);
    let export = case.requested();
    for officer in [1, 2, 3] {
        case.world.release(&export, officer, "tuesday").succeeds();
    }
    let [public, request, key, report] =
        ["keys/public.json", "tuesday.request", "tuesday.key", "rapport"].map(|name| case.world.file(name));
    let releases = [1, 2, 3].map(|officer| case.world.file(&format!("tuesday.release-{officer}")));
    let mut args = vec![
        "open",
        "--export",
        export.to_str().unwrap(),
        "--public",
        &public,
        "--request",
        &request,
        "--key",
        &key,
        "--out",
        &report,
    ];
    for release in &releases {
        args.extend(["--release", release]);
    }
    let done = crate::run_in("fr_FR.UTF-8", &args, "la clé de la demande\n").succeeds();
    assert!(done.out.contains("2 entrées, 2 lisibles, 1 fichiers, 0 constats"), "{}", done.out);
    let page = std::fs::read_to_string(case.world.dir.path().join("rapport/report.html")).unwrap();
    assert!(page.starts_with("<!doctype html>\n<html lang=\"fr\">") && page.contains("Ouverture d'une archive"));
    assert!(page.contains("Il est prouvé qu&#39;aucune entrée de ces jours n&#39;a été omise."), "{page}");
}

#[test]
fn two_of_five_open_nothing_and_are_told_why() {
    let mut case = case(&[]);
    let export = case.requested();
    for officer in [2, 4] {
        case.world.release(&export, officer, "tuesday").succeeds();
    }
    case.world.open(&export, &[2, 4], "tuesday", "report").refuses("2 officers released, 3 are needed");
    case.world.open(&export, &[2, 4, 2], "tuesday", "report").refuses("2 officers released, 3 are needed");
    assert_eq!(case.world.everything("report"), "");
}

#[test]
fn releases_serve_their_own_request_alone() {
    let mut case = case(&[]);
    let export = case.requested();
    for officer in [1, 2, 3] {
        case.world.release(&export, officer, "tuesday").succeeds();
    }
    // Another request, for all three days, by somebody who has the releases of the first.
    case.world.request(&export, case.asked, "2026-10-05", "2026-10-07", "all").succeeds();
    case.world.log_request(&case.world.dir.path().join("all.request"));
    let export = case.world.export("both", &[case.asked]);
    for officer in [1, 2, 3] {
        let at = |name: &str| case.world.file(&format!("{name}.release-{officer}"));
        std::fs::copy(at("tuesday"), at("all")).unwrap();
    }
    case.world.open(&export, &[1, 2, 3], "all", "report").refuses("answers another request");
    // The one-time key of the second does not open what was sealed to the first.
    std::fs::copy(case.world.file("all.key"), case.world.file("tuesday.key")).unwrap();
    case.world.open(&export, &[1, 2, 3], "tuesday", "report").refuses("is the key of another request");
    assert_eq!(case.world.everything("report"), "");
}

#[test]
fn a_request_that_is_not_in_the_log_is_not_answered() {
    let case = case(&[]);
    let before = case.world.export("before", &[case.asked]);
    case.world.request(&before, case.asked, TUESDAY, TUESDAY, "tuesday").succeeds();
    let path = case.world.file("tuesday.request");
    case.world.release_with(&before, 1, "tuesday", &["--request", &path]).refuses("is not in the log of the export");
    case.world.release(&before, 1, "tuesday").refuses("is not in the log of the export");
    assert!(!case.world.dir.path().join("tuesday.release-1").exists());
}

#[test]
fn a_request_with_other_days_than_the_one_logged_is_not_answered() {
    let mut case = case(&[]);
    case.requested();
    // The server hands the officers a wider request at the place of the one that it logged.
    let mut lines: Vec<rempart_export::Line> = case.world.entries.iter().map(|entry| entry.line.clone()).collect();
    let opening = lines.last_mut().unwrap();
    let (salt, content) = opening.body.clone().unwrap();
    let mut request = rempart_capsule::Request::decode(&content).unwrap();
    request.first_day = MONDAY;
    let wider = request.encode().unwrap();
    opening.body = Some((salt, wider.clone()));
    let export = case.world.export_as("swapped", &[case.asked], &lines);
    case.world.release(&export, 1, "tuesday").refuses("the log does not prove this request");
    // And with a leaf that fits the content, but not the log.
    let opening = lines.last_mut().unwrap();
    opening.leaf.content_hash = rempart_merkle::leaf::content_hash(&salt, &wider);
    opening.leaf_bytes = opening.leaf.encode().unwrap();
    let export = case.world.export_as("forged", &[case.asked], &lines);
    case.world.release(&export, 1, "tuesday").refuses("the log does not prove this request");
}

#[test]
fn a_wrong_passphrase_opens_neither_share_nor_key() {
    let mut case = case(&[]);
    let export = case.requested();
    let (officer, out) = (case.world.officer(1), case.world.file("x"));
    let args = ["release", "--export", export.to_str().unwrap(), "--officer", &officer, "--out", &out, "--yes"];
    crate::run(&args, "not the passphrase\n").refuses("the passphrase is wrong, or the file was altered");
    crate::run(&args, "").refuses("no passphrase was given");
    for officer in [1, 2, 3] {
        case.world.release(&export, officer, "tuesday").succeeds();
    }
    let [public, request, key, report] =
        ["keys/public.json", "tuesday.request", "tuesday.key", "report"].map(|name| case.world.file(name));
    let releases = [1, 2, 3].map(|officer| case.world.file(&format!("tuesday.release-{officer}")));
    let mut args = vec![
        "open",
        "--export",
        export.to_str().unwrap(),
        "--public",
        &public,
        "--request",
        &request,
        "--key",
        &key,
        "--out",
        &report,
    ];
    for release in &releases {
        args.extend(["--release", release]);
    }
    crate::run(&args, "not the passphrase\n").refuses("the passphrase is wrong, or the file was altered");
    assert_eq!(case.world.everything("report"), "");
}

#[test]
fn days_of_another_quarter_are_not_this_keys() {
    let mut case = case(&[]);
    let export = case.requested();
    case.world
        .request(&export, case.asked, "2026-07-01", "2026-07-02", "july")
        .refuses("no capsule of this conversation");
    case.world.request(&export, case.asked, TUESDAY, "2026-10-05", "back").refuses("the last day is before the first");
    let stranger = Conversation { id: rempart_base::ConversationId::from_bytes([9; 16]), group: [9; 16] };
    case.world.request(&export, stranger, TUESDAY, TUESDAY, "none").refuses("the export does not have conversation");
}

/// How long an opening takes: `cargo nextest run -p rempart-auditor --run-ignored only`, with the number of messages in
/// `REMPART_MESSAGES` (default 5,000).
#[test]
#[ignore = "a measurement"]
fn many_messages_open_in_time_that_grows_with_their_number() {
    let wanted: u64 =
        std::env::var_os("REMPART_MESSAGES").and_then(|text| text.to_str()?.parse().ok()).unwrap_or(5_000);
    let mut world = World::new();
    let conversation = world.conversation(7);
    for number in 0..wanted.div_ceil(500) {
        let epoch = world.epoch(conversation, number + 1, MONDAY + 1);
        for message in 0..500 {
            world.say(&epoch, usize::from(message % 2 == 0), &format!("message {message} of epoch {number}"), &[]);
        }
    }
    let before = world.export("before", &[conversation]);
    world.request(&before, conversation, TUESDAY, TUESDAY, "tuesday").succeeds();
    world.log_request(&world.dir.path().join("tuesday.request"));
    let export = world.export("after", &[conversation]);
    let timed = |what: &str, run: &dyn Fn() -> crate::Run| {
        let started = std::time::Instant::now();
        let done = run().succeeds();
        eprintln!("{what}: {:.1} s; {}", started.elapsed().as_secs_f64(), done.out.lines().next().unwrap_or(""));
    };
    for officer in [1, 2, 3] {
        timed("release", &|| world.release(&export, officer, "tuesday"));
    }
    timed("open", &|| world.open(&export, &[1, 2, 3], "tuesday", "report"));
    let (public, report) = (world.file("keys/public.json"), world.file("report"));
    timed("verify", &|| crate::run(&["verify", "--public", &public, "--report", &report], ""));
}
