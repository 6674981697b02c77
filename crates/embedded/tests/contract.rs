//! The contract suites, run by the embedded adapters.
#![expect(clippy::unwrap_used, reason = "what cannot be made fails the test")]

mod store {
    use std::sync::Arc;

    use rempart_ports::Store;
    use tempfile::TempDir;

    async fn make() -> (Arc<dyn Store>, TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let store = rempart_embedded::sqlite::open(&directory.path().join("rempart.db")).unwrap();
        (Arc::new(store), directory)
    }

    rempart_ports::store_contract!(crate::store::make);
}

mod in_process {
    use std::sync::Arc;

    use rempart_embedded::InProcessBus;
    use rempart_ports::Bus;

    async fn make() -> (Arc<dyn Bus>, ()) {
        (Arc::new(InProcessBus::default()), ())
    }

    rempart_ports::bus_contract!(crate::in_process::make);
}

mod files {
    use std::sync::Arc;

    use rempart_embedded::FileBlobs;
    use rempart_ports::Blobs;
    use tempfile::TempDir;

    async fn make() -> (Arc<dyn Blobs>, TempDir) {
        let directory = tempfile::tempdir().unwrap();
        (Arc::new(FileBlobs::open(directory.path()).unwrap()), directory)
    }

    rempart_ports::blobs_contract!(crate::files::make);
}
