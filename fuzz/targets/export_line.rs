//! Lines and manifests of exports, bundles of leaves: what is read can be written and reads the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rempart_export::{KeyLine, Line, Manifest, lines};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(line) = Line::decode(bytes) {
        let text = line.encode().expect("a line that was read can be written");
        assert_eq!(Line::decode(text.as_bytes()).as_ref(), Ok(&line));
        let _ = line.body_fits();
    }
    if let Ok(line) = KeyLine::decode(bytes) {
        let text = line.encode().expect("a line that was read can be written");
        assert_eq!(KeyLine::decode(text.as_bytes()), Ok(line));
    }
    if let Ok(manifest) = Manifest::decode(bytes) {
        let text = manifest.encode().expect("a manifest that was read can be written");
        assert_eq!(Manifest::decode(text.as_bytes()), Ok(manifest));
    }
    if let Ok(leaves) = lines::bundle(bytes) {
        let written: usize = leaves.iter().map(|leaf| leaf.len() + 2).sum();
        assert_eq!(written, bytes.len());
    }
});
