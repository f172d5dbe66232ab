//! System > Certificates: the authorities that are trusted beside those of the system.

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};
use usher_admin_api::Api;
use usher_admin_api::documents::{self, Refused, Wanted};
use usher_engine::admin::Permission;
use usher_pf::{Mode, Resource, ca_view};

use crate::form::{Control, Field, Mistakes, Summed};
use crate::frame::text::Shown;
use crate::frame::{Done, Fault, Frame, Notice, Posted, SignedIn, page, page_as, see_done};

const LIST: &str = "/system/certificates";

pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route(LIST, get(shown))
        .route(
            "/system/certificates/import",
            get(import_shown).post(import),
        )
        .route(
            "/system/certificates/{id}/delete",
            get(delete_shown).post(delete),
        )
}

struct Row {
    id: String,
    subject: Shown,
    issuer: Shown,
    names: Shown,
    serial: Shown,
    fingerprint: String,
    key: String,
    from: String,
    to: String,
    tone: &'static str,
    status: &'static str,
}

#[derive(Template)]
#[template(path = "certificates/list.html")]
struct ListPage {
    frame: Frame,
    rows: Vec<Row>,
    may: bool,
}

#[derive(Template)]
#[template(path = "certificates/import.html")]
struct ImportPage {
    frame: Frame,
    file: Field,
    pem: Field,
    summary: Vec<Summed>,
}

#[derive(Template)]
#[template(path = "certificates/delete.html")]
struct DeletePage {
    frame: Frame,
    row: Row,
}

fn row(view: &Value) -> Row {
    let text = |key: &str| view.get(key).and_then(Value::as_str).unwrap_or_default();
    let names = view
        .get("subjectAlternativeNames")
        .and_then(Value::as_array);
    let names: Vec<&str> = names
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let (tone, status) = match text("status") {
        "VALID" => ("good", "valid"),
        "EXPIRED" => ("bad", "expired"),
        _ => ("warn", "not yet valid"),
    };
    let bits = view
        .get("keySize")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    let day = |key: &str| text(key).chars().take(10).collect();
    Row {
        id: text("id").to_owned(),
        subject: Shown::line(text("subjectDN")),
        issuer: Shown::line(text("issuerDN")),
        names: Shown::line(&names.join(", ")),
        serial: Shown::line(text("serialNumber")),
        fingerprint: text("sha256Fingerprint").to_owned(),
        key: format!("{} {bits}", text("keyAlgorithm")),
        from: day("validFrom"),
        to: day("expires"),
        tone,
        status,
    }
}

async fn rows(who: &SignedIn) -> Result<Vec<Row>, Fault> {
    let configuration = who.admin.configuration_to_show().await?;
    let now = who.admin.engine.clock.now();
    let all = configuration.ca_certificates.iter();
    Ok(all.map(|one| row(&ca_view(one, now))).collect())
}

async fn shown(who: SignedIn) -> Result<Response, Fault> {
    page(&ListPage {
        frame: Frame::new(&who, "Certificates").crumb("System", ""),
        rows: rows(&who).await?,
        may: who.may(Permission::ManageCertificates),
    })
}

fn import_page(who: &SignedIn, pem: &str, wrong: &Mistakes) -> ImportPage {
    let file = Field::new("file", "Certificate file", Control::File).help(
        "PEM or DER, of one authority; neither its key nor the certificates of servers are needed.",
    );
    let pem = Field::new("pem", "Or its text", Control::Area)
        .value(pem)
        .help("From -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----. Used when no file is chosen.")
        .wrong(wrong);
    let summary = wrong.summary(&[&file, &pem]);
    ImportPage {
        frame: Frame::new(who, "Import a certificate")
            .crumb("System", "")
            .crumb("Certificates", LIST),
        file,
        pem,
        summary,
    }
}

async fn import_shown(who: SignedIn) -> Result<Response, Fault> {
    who.admin.require(Permission::ManageCertificates)?;
    page(&import_page(&who, "", &Mistakes::default()))
}

async fn import(Posted { who, form }: Posted) -> Result<Response, Fault> {
    who.admin.require(Permission::ManageCertificates)?;
    let typed = form.text("pem");
    let data = match form.file("file") {
        Some(file) => match std::str::from_utf8(&file.bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => base64(&file.bytes),
        },
        None => typed.to_owned(),
    };
    let document = json!({"fileData": data});
    let wanted = Wanted {
        resource: Resource::CaCertificate,
        mode: Mode::Create,
        document: &document,
        policies: None,
        ask: true,
    };
    match Box::pin(documents::save(&who.admin, wanted, |_| Ok(()))).await {
        Ok(saved) if saved.warnings.is_empty() => Ok(see_done(LIST, Done::Saved)),
        Ok(saved) => listed(&who, StatusCode::OK, Notice::warn(saved.warnings)).await,
        Err(refused) => {
            let mut wrong = Mistakes::default();
            for words in lines(refused) {
                wrong.add("pem", words);
            }
            let made = import_page(&who, typed, &wrong);
            page_as(StatusCode::UNPROCESSABLE_ENTITY, &made)
        }
    }
}

/// What was refused: each mistake, or the whole.
fn lines(refused: Refused) -> Vec<String> {
    if refused.mistakes.is_empty() {
        return vec![refused.message];
    }
    let mistakes = refused.mistakes.into_iter();
    mistakes.map(|(_, words)| words).collect()
}

async fn listed(who: &SignedIn, status: StatusCode, notice: Notice) -> Result<Response, Fault> {
    let made = ListPage {
        frame: Frame::new(who, "Certificates")
            .crumb("System", "")
            .notice(notice),
        rows: rows(who).await?,
        may: who.may(Permission::ManageCertificates),
    };
    page_as(status, &made)
}

/// The bytes of a file as the published document has them.
fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

async fn delete_shown(who: SignedIn, Path(id): Path<String>) -> Result<Response, Fault> {
    who.admin.require(Permission::ManageCertificates)?;
    let mut rows = rows(&who).await?.into_iter();
    let row = rows.find(|row| row.id == id);
    let row = row.ok_or_else(|| Fault::missing(format!("There is no certificate `{id}`.")))?;
    let frame = Frame::new(&who, "Delete this certificate?")
        .crumb("System", "")
        .crumb("Certificates", LIST);
    page(&DeletePage { frame, row })
}

async fn delete(Path(id): Path<String>, Posted { who, .. }: Posted) -> Result<Response, Fault> {
    who.admin.require(Permission::ManageCertificates)?;
    match Box::pin(documents::remove_certificate(&who.admin, &id)).await {
        Ok(saved) if saved.warnings.is_empty() => Ok(see_done(LIST, Done::Deleted)),
        Ok(saved) => listed(&who, StatusCode::OK, Notice::warn(saved.warnings)).await,
        Err(refused) => {
            let notice = Notice::bad(lines(refused));
            listed(&who, StatusCode::UNPROCESSABLE_ENTITY, notice).await
        }
    }
}
