use proptest::prelude::*;

use super::{MOST_BYTES, MetadataError, ServiceProvider, read};

const SP: &str = "<SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><AssertionConsumerService index=\"0\" Binding=\"b\" Location=\"https://sp.example/acs\"/></SPSSODescriptor>";

fn entity(id: &str, inner: &str) -> String {
    format!(
        "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{id}\">{inner}</EntityDescriptor>"
    )
}

fn one(text: &str) -> ServiceProvider {
    let mut found = read(text.as_bytes()).unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn refused(text: &str) -> MetadataError {
    read(text.as_bytes()).unwrap_err()
}

#[test]
fn a_service_provider_is_read_with_and_without_a_prefix_and_behind_a_byte_order_mark() {
    let plain = one(&format!(
        "\u{feff}<?xml version=\"1.0\"?>{}",
        entity("https://sp.example", SP)
    ));
    assert_eq!(plain.entity_id, "https://sp.example");
    assert_eq!(plain.location.as_deref(), Some("https://sp.example/acs"));
    let prefixed = one(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"x\" validUntil=\"2001-01-01T00:00:00Z\"><md:Extensions><other xmlns=\"urn:other\"/></md:Extensions><md:SPSSODescriptor protocolSupportEnumeration=\"a urn:oasis:names:tc:SAML:2.0:protocol\"/><md:Organization><md:OrganizationName xml:lang=\"de\">Firma</md:OrganizationName><md:OrganizationDisplayName xml:lang=\"de\">Die Firma</md:OrganizationDisplayName><md:OrganizationDisplayName xml:lang=\"en\"> The\n Company </md:OrganizationDisplayName></md:Organization></md:EntityDescriptor>",
    );
    assert_eq!(prefixed.name.as_deref(), Some("The Company"));
    assert_eq!(prefixed.company.as_deref(), Some("Firma"));
    assert_eq!(
        prefixed.valid_until.as_deref(),
        Some("2001-01-01T00:00:00Z")
    );
}

#[test]
fn of_several_entities_the_service_providers_can_be_chosen() {
    let idp = entity("https://idp.example", "<IDPSSODescriptor/>");
    let text = format!(
        "<EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" validUntil=\"2030-01-01T00:00:00Z\">{}{idp}<EntitiesDescriptor>{}</EntitiesDescriptor></EntitiesDescriptor>",
        entity("one", SP),
        entity("two", SP)
    );
    let found = read(text.as_bytes()).unwrap();
    let ids: Vec<&str> = found.iter().map(|one| one.entity_id.as_str()).collect();
    assert_eq!(ids, ["one", "two"]);
    assert_eq!(
        found[0].valid_until.as_deref(),
        Some("2030-01-01T00:00:00Z")
    );
}

#[test]
fn hostile_and_mistaken_documents_are_refused_with_the_reason() {
    let bomb = format!(
        "<!DOCTYPE a [<!ENTITY b \"bbbbbbbbbb\"><!ENTITY c \"&b;&b;&b;\">]>{}",
        entity("&c;", SP)
    );
    assert!(matches!(refused(&bomb), MetadataError::NotXml(_)));
    let outside = format!(
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{}",
        entity("&x;", SP)
    );
    assert!(matches!(refused(&outside), MetadataError::NotXml(_)));
    assert_eq!(
        refused("<html/>"),
        MetadataError::WrongRoot("html".to_owned())
    );
    let other = SP.replace("SAML:2.0:protocol", "SAML:1.1:protocol");
    assert_eq!(
        refused(&entity("x", &other)),
        MetadataError::NoServiceProvider
    );
    assert!(matches!(
        refused(&entity("", SP)),
        MetadataError::EntityId(_)
    ));
    assert!(matches!(refused("no xml"), MetadataError::NotXml(_)));
    let deep = format!("{}{}", "<a>".repeat(130_000), "</a>".repeat(130_000));
    assert!(matches!(refused(&deep), MetadataError::NotXml(_)));
    let deep = format!("{}{}", "<a>".repeat(90_000), "</a>".repeat(90_000));
    assert_eq!(refused(&deep), MetadataError::WrongRoot("a".to_owned()));
    let large = vec![b' '; MOST_BYTES + 1];
    assert_eq!(read(&large), Err(MetadataError::TooLarge(MOST_BYTES + 1)));
    assert_eq!(read(b"<a>\xff</a>"), Err(MetadataError::NotUtf8(3)));
}

proptest! {
    #[test]
    fn no_bytes_end_the_process(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = read(&bytes);
    }

    #[test]
    fn no_nesting_of_tags_ends_the_process(tags in "(<a>|</a>|<a/>|<!--|-->|<!\\[CDATA\\[|\\]\\]>|<\\?x|\\?>|'|\"|=){0,400}") {
        let _ = read(tags.as_bytes());
    }
}
