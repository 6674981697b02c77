//! A text frame of the feed, from either side: the server reads requests, a client reads frames.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rempart_wire::Command;
use rempart_wire::feed::{Frame, Hello, Request};

fuzz_target!(|text: &str| {
    if let Ok(request) = serde_json::from_str::<Request>(text) {
        let params = request.params.map_or("{}", serde_json::value::RawValue::get);
        let _ = serde_json::from_str::<Hello>(params);
        let _ = Command::parse(&request.op, params);
    }
    if let Ok(frame) = serde_json::from_str::<Frame>(text) {
        let written = serde_json::to_string(&frame).expect("a frame that was read can be written");
        let again: Frame = serde_json::from_str(&written).expect("a frame that was written can be read");
        assert_eq!(serde_json::to_string(&again).expect("as before"), written);
    }
});
