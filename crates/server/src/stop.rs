//! The sign to stop, heard by everything that runs.

use tokio::sync::watch;

/// Waits for the sign; also returns when whoever gives it is gone.
pub async fn told(stop: &mut watch::Receiver<bool>) {
    // An error means that nobody is left to give the sign, which is a reason to stop.
    drop(stop.wait_for(|stop| *stop).await);
}
