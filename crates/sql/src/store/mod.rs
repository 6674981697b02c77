//! The Store port over a [`Driver`], a file a noun.

use crate::driver::Driver;

/// The store over an engine.
#[derive(Clone, Debug)]
pub struct SqlStore<D> {
    driver: D,
}

impl<D: Driver> SqlStore<D> {
    /// Over an engine whose schema is up to date.
    pub const fn new(driver: D) -> Self {
        Self { driver }
    }

    /// The engine.
    pub const fn driver(&self) -> &D {
        &self.driver
    }

    /// Ends what was begun and lets go of the engine.
    pub async fn close(&self) {
        self.driver.close().await;
    }
}
