//! Style sheet, script and icon. Their addresses hold a digest of what they are, so they are kept for good.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use sha2::{Digest as _, Sha256};
use usher_admin_api::Api;

struct Asset {
    name: &'static str,
    end: &'static str,
    kind: &'static str,
    body: &'static str,
}

const ASSETS: &[Asset] = &[
    Asset {
        name: "console",
        end: "css",
        kind: "text/css; charset=utf-8",
        body: include_str!("../assets/console.css"),
    },
    Asset {
        name: "script",
        end: "js",
        kind: "text/javascript; charset=utf-8",
        body: include_str!("../assets/console.js"),
    },
    Asset {
        name: "htmx",
        end: "js",
        kind: "text/javascript; charset=utf-8",
        body: include_str!("../assets/htmx-4.0.1.min.js"),
    },
    Asset {
        name: "icon",
        end: "svg",
        kind: "image/svg+xml",
        body: include_str!("../assets/icon.svg"),
    },
];

static FILES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let file = |asset: &Asset| {
        let digest = hex::encode(Sha256::digest(asset.body));
        let short: String = digest.chars().take(12).collect();
        format!("{}-{short}.{}", asset.name, asset.end)
    };
    ASSETS.iter().map(file).collect()
});

/// The address of an asset.
pub(crate) fn address(name: &str) -> String {
    let named = ASSETS
        .iter()
        .zip(FILES.iter())
        .find(|(a, _)| a.name == name);
    named.map_or_else(String::new, |(_, file)| format!("/assets/{file}"))
}

pub(crate) fn routes() -> Router<Api> {
    Router::new().route("/assets/{file}", get(asset))
}

async fn asset(Path(file): Path<String>) -> Response {
    let found = ASSETS.iter().zip(FILES.iter()).find(|(_, f)| **f == file);
    let Some((asset, _)) = found else {
        return (StatusCode::NOT_FOUND, "there is no such file\n").into_response();
    };
    let mut response = asset.body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
    headers.insert(header::CACHE_CONTROL, kept);
    response
}
