//! The quarterly proof.

use crate::{ceremony, file, files, passphrase, run};

#[test]
fn officers_prove_that_the_archive_opens_and_losses_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    ceremony::five(dir.path(), &["--retention", "1:60", "--retention", "2:12", "--period", "2026Q4"]).succeeds();
    let (public, canary) = (file(dir.path(), "keys/public.json"), file(dir.path(), "canary"));
    run(&["canary", "make", "--public", &public, "--out", &canary], "").succeeds();
    let officers = files(&dir.path().join("keys"), "officer-");
    let answers: Vec<String> = (1..=5).map(|n| file(dir.path(), &format!("answer-{n}"))).collect();
    for ((officer, answer), number) in officers.iter().zip(&answers).zip(1..) {
        let officer = officer.to_str().unwrap();
        let said = run(
            &["canary", "answer", "--officer", officer, "--canary", &canary, "--out", answer],
            &(passphrase(number) + "\n"),
        )
        .succeeds();
        assert!(said.out.contains("4 of 4 canaries answered"), "{}", said.out);
    }
    let check = |numbers: &[usize]| {
        let mut args = vec!["canary", "check", "--public", &public, "--canary", &canary];
        for number in numbers {
            args.extend(["--answer", &answers[number - 1]]);
        }
        run(&args, "")
    };
    let said = check(&[1, 2, 3, 4, 5]).succeeds();
    assert_eq!(said.out.matches(": openable, proved ").count(), 4, "{}", said.out);
    assert!(said.out.contains("2026Q4, class 2: openable") && said.out.contains("5 of 5 shares survive"));
    let said = check(&[5, 2, 4, 2]);
    assert!(!said.ok, "a red state is no success");
    assert!(said.out.contains("3 of 5 shares survive (no answer: Alice Martin, Chloé Roux)"), "{}", said.out);
    assert!(said.out.contains("DANGER: the loss of one more closes the archive for ever"));
    let said = check(&[1, 2]);
    assert!(!said.ok && said.out.contains("NOT PROVED, 3 answers are needed"), "{}", said.out);

    // Answers to another canary, and those of somebody else's ceremony, prove nothing.
    let second = file(dir.path(), "second");
    run(&["canary", "make", "--public", &public, "--out", &second], "").succeeds();
    let said = run(&["canary", "check", "--public", &public, "--canary", &second, "--answer", &answers[0]], "");
    assert!(!said.ok && said.out.contains("an answer of Alice Martin is wrong"), "{}", said.out);
}
