//! Reading the metadata of SAML 2.0 service providers (OASIS saml-metadata-2.0-os): who a partner is. Nothing else of it
//! is used, so signatures and keys are not looked at.
//!
//! What is read comes from anywhere: documents with a document type are refused (no entity is ever expanded), size and
//! count of nodes are bounded (the parser goes through nested elements without recursion), and whatever is not known is passed over.
#![deny(missing_docs)]

use roxmltree::{Document, Node, ParsingOptions};

/// Largest document, bytes.
pub const MOST_BYTES: usize = 1 << 20;
/// Most elements, attributes and texts.
const MOST_NODES: u32 = 100_000;
/// Longest entity id (saml-metadata-2.0-os §2.2.1).
const LONGEST_ID: usize = 1024;
/// Longest name that is taken, characters.
const LONGEST_NAME: usize = 200;

/// The namespace of SAML metadata.
const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
/// That of names for people.
const MDUI: &str = "urn:oasis:names:tc:SAML:metadata:ui";
/// What a service provider of SAML 2.0 says that it speaks.
const SAML2: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

/// A service provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceProvider {
    /// Its entity id.
    pub entity_id: String,
    /// What people call it, if it says so.
    pub name: Option<String>,
    /// Where its first assertion consumer service is, if it says so.
    pub location: Option<String>,
    /// Until when what it says holds, as written.
    pub valid_until: Option<String>,
    /// The company of its organization, if it says so.
    pub company: Option<String>,
}

/// Why a document cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// It is too large.
    #[error("expected at most 1 MiB, found {0} bytes")]
    TooLarge(usize),
    /// It is not text.
    #[error(
        "expected XML in UTF-8, found a byte at position {0} that is none; save the file as UTF-8"
    )]
    NotUtf8(usize),
    /// It is not well-formed, has a document type, or is far too large inside.
    #[error("expected XML without a document type, found: {0}")]
    NotXml(String),
    /// Another kind of document.
    #[error(
        "expected `EntityDescriptor` or `EntitiesDescriptor` of SAML 2.0 metadata as the root, found `{0}`; choose the metadata file of the service provider"
    )]
    WrongRoot(String),
    /// Nobody in it is a service provider.
    #[error(
        "expected a service provider (`SPSSODescriptor` of SAML 2.0), found none; an identity provider's metadata does not describe a target"
    )]
    NoServiceProvider,
    /// An entity without a usable id.
    #[error("expected an `entityID` of 1 to 1024 characters on one line, found {0}")]
    EntityId(String),
}

/// The service providers that a document describes, in its order. There is at least one.
pub fn read(bytes: &[u8]) -> Result<Vec<ServiceProvider>, MetadataError> {
    if bytes.len() > MOST_BYTES {
        return Err(MetadataError::TooLarge(bytes.len()));
    }
    let text = std::str::from_utf8(bytes).map_err(|e| MetadataError::NotUtf8(e.valid_up_to()))?;
    let text = text.trim_start_matches('\u{feff}');
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options)
        .map_err(|error| MetadataError::NotXml(error.to_string()))?;
    let root = document.root_element();
    let is_ours = root.tag_name().namespace() == Some(MD);
    let entities: Vec<Node<'_, '_>> = match root.tag_name().name() {
        "EntityDescriptor" if is_ours => vec![root],
        "EntitiesDescriptor" if is_ours => root
            .descendants()
            .filter(|node| node.has_tag_name((MD, "EntityDescriptor")))
            .collect(),
        other => return Err(MetadataError::WrongRoot(cut(other))),
    };
    let found: Result<Vec<_>, _> = entities.into_iter().filter_map(provider).collect();
    let found = found?;
    if found.is_empty() {
        return Err(MetadataError::NoServiceProvider);
    }
    Ok(found)
}

fn provider(entity: Node<'_, '_>) -> Option<Result<ServiceProvider, MetadataError>> {
    let role = entity.children().find(|node| {
        let speaks = node
            .attribute("protocolSupportEnumeration")
            .unwrap_or_default();
        node.has_tag_name((MD, "SPSSODescriptor"))
            && speaks.split_whitespace().any(|protocol| protocol == SAML2)
    })?;
    let id = entity.attribute("entityID").unwrap_or_default().trim();
    if id.is_empty() || id.chars().count() > LONGEST_ID || id.chars().any(char::is_control) {
        let found = if id.is_empty() { "none" } else { "another one" };
        return Some(Err(MetadataError::EntityId(found.to_owned())));
    }
    let organization = entity
        .children()
        .find(|node| node.has_tag_name((MD, "Organization")));
    let of_organization = |name: &str| {
        let names = organization.iter().flat_map(Node::children);
        best(names.filter(|node| node.has_tag_name((MD, name))))
    };
    let shown = role
        .descendants()
        .filter(|node| node.has_tag_name((MDUI, "DisplayName")));
    let location = role
        .children()
        .find(|node| node.has_tag_name((MD, "AssertionConsumerService")))
        .and_then(|node| node.attribute("Location"));
    let valid = role
        .attribute("validUntil")
        .or(entity.attribute("validUntil"));
    let whole = entity.document().root_element().attribute("validUntil");
    Some(Ok(ServiceProvider {
        entity_id: id.to_owned(),
        name: best(shown).or_else(|| of_organization("OrganizationDisplayName")),
        location: location.map(cut),
        valid_until: valid.or(whole).map(cut),
        company: of_organization("OrganizationName"),
    }))
}

/// The English text of several, or the first.
fn best<'a, 'i: 'a>(nodes: impl Iterator<Item = Node<'a, 'i>>) -> Option<String> {
    let lang = ("http://www.w3.org/XML/1998/namespace", "lang");
    let mut first = None;
    for node in nodes {
        let text = node.text().map(line).filter(|text| !text.is_empty());
        let Some(text) = text else { continue };
        if node
            .attribute(lang)
            .is_some_and(|lang| lang.starts_with("en"))
        {
            return Some(text);
        }
        first = first.or(Some(text));
    }
    first
}

/// One line, not too long.
fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    cut(&words.join(" "))
}

fn cut(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests;
