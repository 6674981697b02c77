//! What people type: names, short texts, passwords.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rempart_domain::{password, text};

fuzz_target!(|typed: &str| {
    if let Ok(name) = text::name(typed, "display_name") {
        assert_eq!(text::name(&name, "display_name").as_ref(), Ok(&name), "what was taken once is taken as it is");
    }
    let _ = text::short(typed, 120, "text");
    let folded = text::fold(typed);
    assert_eq!(text::fold(&folded), folded);
    let verdict = password::judge(typed, 80, ["kerbrat", "anne"], |word| word == "azerty", false);
    assert!(verdict.bits >= 80 || !verdict.refused.is_empty());
});
