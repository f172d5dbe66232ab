//! LDAP messages (RFC 4511 §4): the requests that are sent, the answers that are read.
//!
//! Reading is strict and of fixed depth: the shape of every answer is known, so nothing recurses, and a broken
//! element is an error instead of a shorter list. Elements that RFC 4511 §4 lets servers add are skipped.
//!
//! The answers are not read with `ldap3_proto` (0.9.0; the tests use it as a second opinion) because its decoder
//! drops referrals, refuses result codes it does not know, ends the read at a DN that is not UTF-8, and keeps the
//! part of a list that came before a truncated element, so that members would be missing without a word.

use crate::ber::{self, BerError, Reader, Writer};
use crate::result::{LdapResult, ResultCode};

/// How many attributes and values one entry may have. Empty values would otherwise let a small message
/// fill the memory.
pub(crate) const MAX_VALUES: usize = 1 << 20;

/// How many controls, or referrals, one message may have.
const MAX_LIST: usize = 1024;

pub(crate) const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
pub(crate) const NOTICE_OF_DISCONNECTION: &str = "1.3.6.1.4.1.1466.20036";
pub(crate) const WHO_AM_I: &str = "1.3.6.1.4.1.4203.1.11.3";

const BIND_REQUEST: u8 = 0x60;
const UNBIND_REQUEST: u8 = 0x42;
const ABANDON_REQUEST: u8 = 0x50;
const EXTENDED_REQUEST: u8 = 0x77;
const BIND_RESPONSE: u8 = 0x61;
const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const SEARCH_REFERENCE: u8 = 0x73;
const EXTENDED_RESPONSE: u8 = 0x78;
const INTERMEDIATE_RESPONSE: u8 = 0x79;
const CONTROLS: u8 = 0xa0;

/// A control (RFC 4511 §4.1.11), with its value as raw bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// The object identifier in dotted form.
    pub oid: String,
    /// Whether the server must refuse the request when it does not know the control.
    pub critical: bool,
    /// The value, BER for most controls.
    pub value: Option<Vec<u8>>,
}

/// An entry that a search returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LdapEntry {
    /// The DN as the server wrote it.
    pub dn: String,
    /// Attribute descriptions (options such as `;range=0-1499` included) with their values, in the
    /// server's order.
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl LdapEntry {
    /// The values under this attribute description, compared without regard to case.
    pub fn values(&self, name: &str) -> &[Vec<u8>] {
        let found = self
            .attributes
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name));
        found
            .map(|(_, values)| values.as_slice())
            .unwrap_or_default()
    }

    /// The first value under this attribute description, if it is UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values(name)
            .first()
            .and_then(|value| std::str::from_utf8(value).ok())
    }

    /// All values under this attribute description that are UTF-8.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let values = self.values(name).iter();
        values
            .filter_map(|value| String::from_utf8(value.clone()).ok())
            .collect()
    }
}

/// An entry that the server returned but that cannot be used. It never ends a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableEntry {
    /// The DN with bytes that are not UTF-8 replaced, as far as it is known.
    pub dn: String,
    /// What is wrong, in words.
    pub problem: String,
}

/// An answer of the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Entry(LdapEntry),
    Unreadable(UnreadableEntry),
    Reference(Vec<String>),
    Done(LdapResult),
    Bind(LdapResult),
    Extended {
        result: LdapResult,
        name: Option<String>,
        value: Option<Vec<u8>>,
    },
    Intermediate,
}

impl Reply {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Entry(_) | Self::Unreadable(_) => "an entry",
            Self::Reference(_) => "a reference",
            Self::Done(_) => "the end of a search",
            Self::Bind(_) => "a bind response",
            Self::Extended { .. } => "an extended response",
            Self::Intermediate => "an intermediate response",
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) id: i32,
    pub(crate) reply: Reply,
    pub(crate) controls: Vec<Control>,
}

/// Writes a whole message; `fill` writes the operation.
pub(crate) fn request(id: i32, controls: &[Control], fill: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.nested(ber::SEQUENCE, |message| {
        message.number(ber::INTEGER, id);
        fill(message);
        if !controls.is_empty() {
            message.nested(CONTROLS, |list| {
                for one in controls {
                    control(list, one);
                }
            });
        }
    });
    writer.into_bytes()
}

fn control(list: &mut Writer, control: &Control) {
    list.nested(ber::SEQUENCE, |one| {
        one.text(&control.oid);
        if control.critical {
            one.boolean(true);
        }
        if let Some(value) = &control.value {
            one.bytes(ber::OCTET_STRING, value);
        }
    });
}

/// A simple bind (RFC 4511 §4.2).
pub(crate) fn bind(id: i32, dn: &str, password: &str) -> Vec<u8> {
    request(id, &[], |message| {
        message.nested(BIND_REQUEST, |bind| {
            bind.number(ber::INTEGER, 3);
            bind.text(dn);
            bind.bytes(0x80, password.as_bytes());
        });
    })
}

pub(crate) fn unbind(id: i32) -> Vec<u8> {
    request(id, &[], |message| message.bytes(UNBIND_REQUEST, &[]))
}

pub(crate) fn abandon(id: i32, target: i32) -> Vec<u8> {
    request(id, &[], |message| message.number(ABANDON_REQUEST, target))
}

/// An extended operation without a value (RFC 4511 §4.12).
pub(crate) fn extended(id: i32, oid: &str) -> Vec<u8> {
    request(id, &[], |message| {
        message.nested(EXTENDED_REQUEST, |inner| inner.bytes(0x80, oid.as_bytes()));
    })
}

/// Reads one whole message.
pub(crate) fn read(frame: &[u8]) -> Result<Message, BerError> {
    let mut outer = Reader::new(frame);
    let mut message = Reader::new(outer.take(ber::SEQUENCE, "a message")?);
    let id = message_id(&mut message)?;
    let Some((tag, content)) = message.any()? else {
        return Err(BerError::Missing {
            expected: "an operation",
        });
    };
    let reply = read_reply(tag, Reader::new(content))?;
    let controls = match message.take_if(CONTROLS)? {
        Some(list) => read_controls(Reader::new(list))?,
        None => Vec::new(),
    };
    message.finish()?;
    Ok(Message {
        id,
        reply,
        controls,
    })
}

fn message_id(message: &mut Reader<'_>) -> Result<i32, BerError> {
    let id = message.number(ber::INTEGER, "a message id")?;
    match i32::try_from(id) {
        Ok(id) if id >= 0 => Ok(id),
        _ => Err(BerError::Value("a message id outside 0 to 2147483647")),
    }
}

/// Reads message id and DN of an entry of which only the start is there.
pub(crate) fn read_start_of_entry(start: &[u8]) -> Option<(i32, String)> {
    let inside = |bytes: &'_ [u8], tag: u8| -> Option<usize> {
        let head = ber::head(bytes).ok().flatten()?;
        (head.tag == tag).then_some(head.head)
    };
    let message = start.get(inside(start, ber::SEQUENCE)?..)?;
    let head = ber::head(message).ok().flatten()?;
    let id_end = head.head.checked_add(usize::try_from(head.content).ok()?)?;
    let id = message_id(&mut Reader::new(message.get(..id_end)?)).ok()?;
    let operation = message.get(id_end..)?;
    let mut content = Reader::new(operation.get(inside(operation, SEARCH_ENTRY)?..)?);
    let dn = content.take(ber::OCTET_STRING, "a DN").ok()?;
    Some((id, lossy(dn)))
}

fn read_reply(tag: u8, mut content: Reader<'_>) -> Result<Reply, BerError> {
    match tag {
        SEARCH_ENTRY => read_entry(content),
        SEARCH_DONE => {
            let result = read_result(&mut content)?;
            content.finish()?;
            Ok(Reply::Done(result))
        }
        SEARCH_REFERENCE => Ok(Reply::Reference(read_texts(content)?)),
        BIND_RESPONSE => {
            let result = read_result(&mut content)?;
            content.finish()?;
            Ok(Reply::Bind(result))
        }
        EXTENDED_RESPONSE => {
            let result = read_result(&mut content)?;
            let name = content.take_if(0x8a)?.map(lossy);
            let value = content.take_if(0x8b)?.map(<[u8]>::to_vec);
            content.finish()?;
            Ok(Reply::Extended {
                result,
                name,
                value,
            })
        }
        INTERMEDIATE_RESPONSE => {
            content.finish()?;
            Ok(Reply::Intermediate)
        }
        found => Err(BerError::Tag {
            expected: "an answer",
            found,
        }),
    }
}

fn read_result(content: &mut Reader<'_>) -> Result<LdapResult, BerError> {
    let code = content.number(ber::ENUMERATED, "a result code")?;
    let code = u32::try_from(code).map_err(|_| BerError::Value("a negative result code"))?;
    let matched_dn = lossy(content.take(ber::OCTET_STRING, "a matched DN")?);
    let message = lossy(content.take(ber::OCTET_STRING, "a diagnostic message")?);
    let referrals = match content.take_if(0xa3)? {
        Some(list) => read_texts(Reader::new(list))?,
        None => Vec::new(),
    };
    Ok(LdapResult {
        code: ResultCode(code),
        matched_dn,
        message,
        referrals,
    })
}

fn read_texts(mut list: Reader<'_>) -> Result<Vec<String>, BerError> {
    let mut texts = Vec::new();
    while !list.is_empty() {
        if texts.len() >= MAX_LIST {
            return Err(BerError::Value("more than 1024 referrals"));
        }
        texts.push(lossy(list.take(ber::OCTET_STRING, "a URL")?));
    }
    Ok(texts)
}

fn read_controls(mut list: Reader<'_>) -> Result<Vec<Control>, BerError> {
    let mut controls = Vec::new();
    while !list.is_empty() {
        if controls.len() >= MAX_LIST {
            return Err(BerError::Value("more than 1024 controls"));
        }
        let mut one = Reader::new(list.take(ber::SEQUENCE, "a control")?);
        let oid = lossy(one.take(ber::OCTET_STRING, "the OID of a control")?);
        let critical = one
            .take_if(ber::BOOLEAN)?
            .is_some_and(|value| value.first() > Some(&0));
        let value = one.take_if(ber::OCTET_STRING)?.map(<[u8]>::to_vec);
        one.finish()?;
        controls.push(Control {
            oid,
            critical,
            value,
        });
    }
    Ok(controls)
}

fn read_entry(mut content: Reader<'_>) -> Result<Reply, BerError> {
    let dn = content.take(ber::OCTET_STRING, "the DN of an entry")?;
    let mut list = Reader::new(content.take(ber::SEQUENCE, "the attributes of an entry")?);
    content.finish()?;
    let mut attributes = Vec::with_capacity(16);
    let mut count = 0usize;
    let mut odd_name = None;
    while !list.is_empty() {
        let (name, values) = read_attribute(&mut list, &mut count)?;
        match std::str::from_utf8(name) {
            Ok(name) => attributes.push((name.to_owned(), values)),
            Err(_) => odd_name = Some(lossy(name)),
        }
    }
    let unreadable = |problem: String| {
        Reply::Unreadable(UnreadableEntry {
            dn: lossy(dn),
            problem,
        })
    };
    let Ok(text) = std::str::from_utf8(dn) else {
        return Ok(unreadable("its DN is not UTF-8".to_owned()));
    };
    if let Some(name) = odd_name {
        return Ok(unreadable(format!(
            "the name of its attribute \"{name}\" is not UTF-8"
        )));
    }
    Ok(Reply::Entry(LdapEntry {
        dn: text.to_owned(),
        attributes,
    }))
}

fn read_attribute<'a>(
    list: &mut Reader<'a>,
    count: &mut usize,
) -> Result<(&'a [u8], Vec<Vec<u8>>), BerError> {
    let mut attribute = Reader::new(list.take(ber::SEQUENCE, "an attribute")?);
    let name = attribute.take(ber::OCTET_STRING, "the name of an attribute")?;
    let mut set = Reader::new(attribute.take(ber::SET, "the values of an attribute")?);
    attribute.finish()?;
    // Nearly all attributes have one value.
    let mut values = Vec::with_capacity(1);
    *count += 1;
    while !set.is_empty() {
        *count += 1;
        if *count > MAX_VALUES {
            return Err(BerError::Value(
                "an entry of more than 1048576 attributes and values",
            ));
        }
        values.push(set.take(ber::OCTET_STRING, "a value")?.to_vec());
    }
    Ok((name, values))
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use ldap3_proto::LdapCodec;
    use ldap3_proto::proto::{LdapMsg, LdapOp, LdapPartialAttribute, LdapSearchResultEntry};
    use proptest::prelude::*;
    use tokio_util::codec::Encoder as _;

    use super::*;

    /// What another implementation sends.
    fn encoded(message: LdapMsg) -> Vec<u8> {
        let mut buffer = BytesMut::new();
        LdapCodec::default()
            .encode(message, &mut buffer)
            .expect("BER");
        buffer.to_vec()
    }

    fn attributes() -> impl Strategy<Value = Vec<(String, Vec<Vec<u8>>)>> {
        let value = prop::collection::vec(any::<u8>(), 0..300);
        let values = prop::collection::vec(value, 0..5);
        prop::collection::vec(("[a-zA-Z;-]{0,20}", values), 0..5)
    }

    proptest! {
        #[test]
        fn entries_that_another_implementation_sends_are_read_as_they_are(
            id in 0..=i32::MAX,
            dn in "\\PC{0,200}",
            attributes in attributes(),
        ) {
            let list = attributes.iter().map(|(name, values)| LdapPartialAttribute {
                atype: name.clone(),
                vals: values.clone(),
            });
            let op = LdapOp::SearchResultEntry(LdapSearchResultEntry {
                dn: dn.clone(),
                attributes: list.collect(),
            });
            let bytes = encoded(LdapMsg::new(id, op));
            let expected = Message {
                id,
                reply: Reply::Entry(LdapEntry { dn: dn.clone(), attributes }),
                controls: Vec::new(),
            };
            prop_assert_eq!(read(&bytes), Ok(expected));
            prop_assert_eq!(read_start_of_entry(&bytes), Some((id, dn)));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
            let _ = read_start_of_entry(&bytes);
        }

        #[test]
        fn a_changed_message_is_read_or_refused(at in 0usize..200, byte in any::<u8>(), cut in 0usize..200) {
            let op = LdapOp::SearchResultEntry(LdapSearchResultEntry {
                dn: "cn=x,dc=example".into(),
                attributes: vec![LdapPartialAttribute { atype: "cn".into(), vals: vec![b"x".to_vec(); 9] }],
            });
            let mut bytes = encoded(LdapMsg::new(5, op));
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            bytes.truncate(cut.max(1));
            let _ = read(&bytes);
            let _ = read_start_of_entry(&bytes);
        }
    }

    #[test]
    fn a_password_is_in_the_bind_and_nowhere_else() {
        let bytes = bind(1, "cn=x", "secret");
        let mut buffer = BytesMut::from(bytes.as_slice());
        let read = tokio_util::codec::Decoder::decode(&mut LdapCodec::default(), &mut buffer);
        let op = read.expect("BER").expect("whole").op;
        let LdapOp::BindRequest(request) = op else {
            panic!("{op:?}")
        };
        assert_eq!((request.version, request.dn.as_str()), (3, "cn=x"));
    }
}
