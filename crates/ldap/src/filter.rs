//! Filters on the wire (RFC 4511 §4.5.1.7). Values are bytes, so a binary GUID can be asked for.

use usher_directory::{Filter, MAX_FILTER_DEPTH};

use crate::ber::{self, Writer};
use crate::error::LdapError;

const AND: u8 = 0xa0;
const OR: u8 = 0xa1;
const NOT: u8 = 0xa2;
const EQUALITY: u8 = 0xa3;
const SUBSTRINGS: u8 = 0xa4;
const GREATER_OR_EQUAL: u8 = 0xa5;
const LESS_OR_EQUAL: u8 = 0xa6;
const PRESENT: u8 = 0x87;
const APPROX: u8 = 0xa8;
const EXTENSIBLE: u8 = 0xa9;

/// Writes a filter.
///
/// # Errors
/// [`LdapError::Request`] when it is nested deeper than [`MAX_FILTER_DEPTH`].
pub(crate) fn write(out: &mut Writer, filter: &Filter) -> Result<(), LdapError> {
    write_at(out, filter, 0)
}

fn write_at(out: &mut Writer, filter: &Filter, depth: usize) -> Result<(), LdapError> {
    // Filters may be wrapped once or twice by those who build requests.
    if depth > MAX_FILTER_DEPTH + 8 {
        return Err(LdapError::Request {
            detail: format!("the filter is nested deeper than {MAX_FILTER_DEPTH}: make it flatter"),
        });
    }
    match filter {
        Filter::And(parts) => write_set(out, AND, parts, depth),
        Filter::Or(parts) => write_set(out, OR, parts, depth),
        Filter::Not(inner) => out.nested(NOT, |out| write_at(out, inner, depth + 1)),
        Filter::Equality { attribute, value } => {
            write_assertion(out, EQUALITY, attribute, value);
            Ok(())
        }
        Filter::GreaterOrEqual { attribute, value } => {
            write_assertion(out, GREATER_OR_EQUAL, attribute, value);
            Ok(())
        }
        Filter::LessOrEqual { attribute, value } => {
            write_assertion(out, LESS_OR_EQUAL, attribute, value);
            Ok(())
        }
        Filter::Approx { attribute, value } => {
            write_assertion(out, APPROX, attribute, value);
            Ok(())
        }
        Filter::Present(attribute) => {
            out.bytes(PRESENT, attribute.as_bytes());
            Ok(())
        }
        Filter::Substrings {
            attribute,
            initial,
            any,
            last,
        } => {
            let pieces = initial.iter().map(|piece| (0x80, piece));
            let pieces = pieces.chain(any.iter().map(|piece| (0x81, piece)));
            let pieces = pieces.chain(last.iter().map(|piece| (0x82, piece)));
            out.nested(SUBSTRINGS, |out| {
                out.text(attribute);
                out.nested(ber::SEQUENCE, |out| {
                    for (tag, piece) in pieces {
                        out.bytes(tag, piece);
                    }
                });
            });
            Ok(())
        }
        Filter::Extensible {
            attribute,
            rule,
            dn,
            value,
        } => {
            out.nested(EXTENSIBLE, |out| {
                if let Some(rule) = rule {
                    out.bytes(0x81, rule.as_bytes());
                }
                if let Some(attribute) = attribute {
                    out.bytes(0x82, attribute.as_bytes());
                }
                out.bytes(0x83, value);
                if *dn {
                    out.bytes(0x84, &[0xff]);
                }
            });
            Ok(())
        }
    }
}

fn write_set(out: &mut Writer, tag: u8, parts: &[Filter], depth: usize) -> Result<(), LdapError> {
    out.nested(tag, |out| {
        parts
            .iter()
            .try_for_each(|part| write_at(out, part, depth + 1))
    })
}

fn write_assertion(out: &mut Writer, tag: u8, attribute: &str, value: &[u8]) {
    out.nested(tag, |out| {
        out.text(attribute);
        out.bytes(ber::OCTET_STRING, value);
    });
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use ldap3_proto::LdapCodec;
    use ldap3_proto::proto::{LdapFilter, LdapOp, LdapSearchScope};
    use tokio_util::codec::Decoder as _;

    use super::*;
    use crate::search::{Scope, SearchRequest};

    /// What another implementation understands of our request.
    fn decoded(filter: &str) -> LdapFilter {
        let filter = Filter::parse(filter).expect("a filter");
        let request = SearchRequest::new("dc=example", filter)
            .scope(Scope::One)
            .attributes(["cn", "1.1"]);
        let bytes = request.encode(77, &[]).expect("a message");
        let mut buffer = BytesMut::from(bytes.as_slice());
        let message = LdapCodec::default()
            .decode(&mut buffer)
            .expect("BER")
            .expect("whole");
        assert_eq!((message.msgid, buffer.len()), (77, 0));
        let LdapOp::SearchRequest(search) = message.op else {
            panic!("not a search: {:?}", message.op);
        };
        assert_eq!(search.scope, LdapSearchScope::OneLevel);
        assert_eq!(
            (search.base.as_str(), search.attrs.len()),
            ("dc=example", 2)
        );
        search.filter
    }

    #[test]
    fn another_implementation_reads_our_filters_as_they_are_meant() {
        let eq = |a: &str, v: &str| LdapFilter::Equality(a.into(), v.into());
        assert_eq!(decoded("(cn=John Smith)"), eq("cn", "John Smith"));
        assert_eq!(decoded("(cn=a\\2ab)"), eq("cn", "a*b"));
        assert_eq!(
            decoded("(&(a=1)(|(b>=2)(c<=3))(!(d~=4))(e=*))"),
            LdapFilter::And(vec![
                eq("a", "1"),
                LdapFilter::Or(vec![
                    LdapFilter::GreaterOrEqual("b".into(), "2".into()),
                    LdapFilter::LessOrEqual("c".into(), "3".into()),
                ]),
                LdapFilter::Not(Box::new(LdapFilter::Approx("d".into(), "4".into()))),
                LdapFilter::Present("e".into()),
            ])
        );
        let LdapFilter::Substring(name, pieces) = decoded("(cn=a*b*c*d)") else {
            panic!("not substrings");
        };
        assert_eq!(name, "cn");
        assert_eq!(pieces.initial.as_deref(), Some("a"));
        assert_eq!(pieces.any, ["b", "c"]);
        assert_eq!(pieces.final_.as_deref(), Some("d"));
        let LdapFilter::Extensible(rule) = decoded("(memberOf:dn:1.2.840.113556.1.4.1941:=cn=x)")
        else {
            panic!("not extensible");
        };
        assert_eq!(
            rule.matching_rule.as_deref(),
            Some("1.2.840.113556.1.4.1941")
        );
        assert_eq!(
            (rule.type_.as_deref(), rule.match_value.as_str()),
            (Some("memberOf"), "cn=x")
        );
        assert!(rule.dn_attributes);
    }

    #[test]
    fn binary_values_are_written_as_they_are() {
        let mut out = Writer::new();
        let filter = Filter::parse("(objectGUID=\\ff\\00\\80)").expect("a filter");
        write(&mut out, &filter).expect("writes");
        let bytes = out.into_bytes();
        assert!(
            bytes.ends_with(&[0x04, 3, 0xff, 0x00, 0x80]),
            "{bytes:02x?}"
        );
    }

    #[test]
    fn a_filter_without_bottom_is_refused() {
        let mut filter = Filter::Present("cn".into());
        for _ in 0..200 {
            filter = Filter::Not(Box::new(filter));
        }
        let error = write(&mut Writer::new(), &filter).expect_err("too deep");
        assert!(error.to_string().contains("nested deeper"), "{error}");
    }
}
