//! Work that whoever asked for it cannot cut in the middle.

use tracing::Instrument as _;

/// Carries work out to its end, also if whoever waits for it goes away: a client that closes its connection
/// leaves nothing half done. What it logs belongs to the request that began it. Must be called inside a Tokio runtime. A panic of the work goes on here.
pub async fn to_its_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(work.in_current_span()).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Nobody cancels it but a runtime that ends, and with it ends whoever waits here.
            Err(_) => std::future::pending().await,
        },
    }
}
