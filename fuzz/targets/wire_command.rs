//! A command as it comes over HTTP or the feed: its name, a line end, its parameters.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rempart_wire::Command;

fuzz_target!(|text: &str| {
    let (op, params) = text.split_once('\n').unwrap_or((text, "{}"));
    if let Ok(command) = Command::parse(op, params) {
        assert_eq!(command.op(), op);
    }
});
