//! The store's contract on a real PostgreSQL, a server of its own for each case.

use std::sync::Arc;

use rempart_cluster::postgres;
use rempart_ports::Store;
use rempart_testkit::services::Postgres;

#[expect(clippy::unwrap_used, reason = "a case without its server fails")]
async fn make() -> (Arc<dyn Store>, Postgres) {
    let server = Postgres::start().unwrap();
    let store = postgres::connect(&server.database().unwrap()).await.unwrap();
    (Arc::new(store), server)
}

rempart_ports::store_contract!(crate::make);
