//! Addresses with filters, and how a request goes to its end.

use std::future::Future;

use axum::http::StatusCode;
use url::form_urlencoded::Serializer;
use usher_engine::EngineError;
use usher_engine::admin::Admin;

use super::fault::Fault;

/// A path with what is not empty of these.
pub(crate) fn href(path: &str, query: &[(&str, &str)]) -> String {
    let mut pairs = Serializer::new(String::new());
    pairs.extend_pairs(query.iter().filter(|(_, value)| !value.is_empty()));
    let query = pairs.finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

/// Ends what reads a directory or asks a target and takes too long, and begins only so much at once.
pub(crate) async fn patient<T>(
    admin: &Admin,
    work: impl Future<Output = Result<T, EngineError>>,
) -> Result<T, Fault> {
    match Box::pin(admin.patient(work)).await {
        Ok(ended) => Ok(ended?),
        Err(error) => Err(Fault::told(
            StatusCode::SERVICE_UNAVAILABLE,
            "No answer yet",
            error.to_string(),
            "Load the page again in a moment.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::href;

    #[test]
    fn an_address_has_what_is_asked_for_and_nothing_empty() {
        assert_eq!(href("/log", &[("q", ""), ("tab", "")]), "/log");
        let all = href("/log", &[("q", "a&b=ä"), ("tab", "sent")]);
        assert_eq!(all, "/log?q=a%26b%3D%C3%A4&tab=sent");
    }
}
