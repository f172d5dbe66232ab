use std::io::{self, BufRead, Read};

use super::*;
use crate::{Filter, Tri};

fn read(text: &[u8]) -> Vec<Result<LdifRecord, LdifError>> {
    LdifReader::new(text).collect()
}

fn records(text: &str) -> Vec<LdifRecord> {
    read(text.as_bytes())
        .into_iter()
        .map(|r| r.unwrap_or_else(|e| panic!("{e}")))
        .collect()
}

fn entry(record: &LdifRecord) -> &LdifEntry {
    match record {
        LdifRecord::Content(entry) => entry,
        LdifRecord::Change(_) => panic!("a change"),
    }
}

fn operation(text: &str) -> LdifOperation {
    match records(text).remove(0) {
        LdifRecord::Change(change) => change.operation,
        LdifRecord::Content(_) => panic!("an entry"),
    }
}

fn value(attribute: &str, value: &str) -> LdifValue {
    LdifValue {
        attribute: attribute.to_owned(),
        value: value.as_bytes().to_vec(),
    }
}

#[test]
fn entries_with_folded_lines_base64_and_options_are_read() {
    let text = "version: 1
# a comment
#  goes
  on
dn: cn=Barbara Jensen, ou=Product Development,
  dc=airius, dc=com
objectclass: top
description:Babs is a big
  sailing fan.

dn:: b3U95Za25qWt6YOoLG89QWlyaXVz
ou;lang-ja:: 5Za25qWt6YOo
empty:
";
    let found = records(text);
    assert_eq!(found.len(), 2);
    let barbara = entry(&found[0]);
    assert_eq!(barbara.line, 5);
    assert_eq!(
        barbara.dn.to_string(),
        "cn=Barbara Jensen,ou=Product Development,dc=airius,dc=com"
    );
    assert_eq!(
        barbara.attributes,
        [
            value("objectclass", "top"),
            value("description", "Babs is a big sailing fan.")
        ]
    );
    let ou = entry(&found[1]);
    assert_eq!(
        (ou.line, ou.dn.to_string().as_str()),
        (11, "ou=営業部,o=Airius")
    );
    assert_eq!(
        ou.attributes,
        [value("ou;lang-ja", "営業部"), value("empty", "")]
    );
}

#[test]
fn windows_line_breaks_and_a_byte_order_mark_do_not_matter() {
    let text = "\u{feff}dn: cn=a\r\ncn: a\r\n b\r\n\r\n\r\ndn: cn=b\r\ncn: b";
    let found = records(text);
    assert_eq!(entry(&found[0]).attributes, [value("cn", "ab")]);
    assert_eq!(entry(&found[1]).attributes, [value("cn", "b")]);
    assert_eq!(records("\u{feff}version: 1\n\ndn: cn=a\n").len(), 1);
    assert_eq!(
        records("\u{feff}# comment\n# more\nversion: 1\ndn: cn=a\n").len(),
        1
    );
    assert!(records("").is_empty());
}

#[test]
fn changes_are_read() {
    assert_eq!(
        operation("dn: cn=a\nchangetype: add\ncn: a\n"),
        LdifOperation::Add(vec![value("cn", "a")])
    );
    assert_eq!(
        operation("dn: cn=a\nChangeType: Delete\n"),
        LdifOperation::Delete
    );
    let modify = "dn: cn=a
control: 1.2.840.113556.1.4.805 true: x
changetype: modify
add: post;lang-en
post;lang-en: one
POST;lang-en:: dHdv
-
delete: fax
-
replace: mail
mail: m
";
    let LdifRecord::Change(change) = records(modify).remove(0) else {
        panic!("an entry")
    };
    assert_eq!(
        change.controls,
        [LdifControl {
            oid: "1.2.840.113556.1.4.805".to_owned(),
            critical: true,
            value: Some(b"x".to_vec())
        }]
    );
    let modification = |kind, attribute: &str, values: &[&str]| LdifModification {
        kind,
        attribute: attribute.to_owned(),
        values: values.iter().map(|v| v.as_bytes().to_vec()).collect(),
    };
    assert_eq!(
        change.operation,
        LdifOperation::Modify(vec![
            modification(LdifModificationKind::Add, "post;lang-en", &["one", "two"]),
            modification(LdifModificationKind::Delete, "fax", &[]),
            modification(LdifModificationKind::Replace, "mail", &["m"]),
        ])
    );
    assert_eq!(
        operation(
            "dn: cn=a,o=x\nchangetype: modrdn\nnewrdn: cn=b\ndeleteoldrdn: 1\nnewsuperior: o=y\n"
        ),
        LdifOperation::ModifyDn {
            new_rdn: Rdn::new("cn", "b").unwrap(),
            delete_old_rdn: true,
            new_superior: Some(Dn::parse("o=y").unwrap()),
        }
    );
}

#[test]
fn one_bad_record_is_reported_with_its_line_and_the_next_is_read() {
    for (bad, line, hint) in [
        ("cn: a", 3, "`dn:`"),
        ("dn: nonsense", 3, "`=`"),
        ("dn: cn=a\nno colon", 4, "colon"),
        ("dn: cn=a\nc n: a", 4, "attribute"),
        ("dn: cn=a\ncn:: %%%", 4, "base64"),
        (
            "dn: cn=a\njpegPhoto:< file:///etc/passwd",
            4,
            "URLs are not followed",
        ),
        ("dn: cn=a\ncn: a\ndn: cn=b\ncn: b", 5, "blank line"),
        (" dn: cn=a\ncn: a", 3, "begins a record"),
        ("dn:: /w==\ncn: a", 3, "UTF-8"),
        ("dn: cn=a\nchangetype: explode", 4, "moddn"),
        ("dn: cn=a\nchangetype: delete\ncn: a", 5, "complete"),
        ("dn: cn=a\nchangetype: modify\ncn: a", 5, "`replace:`"),
        (
            "dn: cn=a\nchangetype: modify\nadd: cn\nsn: a",
            6,
            "a value of cn",
        ),
        ("dn: cn=a\nchangetype: modify\nadd: c n", 5, "attribute"),
        (
            "dn: cn=a\nchangetype: moddn\nnewrdn: cn=b",
            5,
            "`deleteoldrdn:`",
        ),
        (
            "dn: cn=a\nchangetype: moddn\nnewrdn: cn=b,o=x\ndeleteoldrdn: 0",
            5,
            "exactly one part",
        ),
        (
            "dn: cn=a\nchangetype: moddn\nnewrdn: cn=b\ndeleteoldrdn: 2",
            6,
            "0 or 1",
        ),
        ("dn: cn=a\ncontrol: 1.2\ncn: a", 5, "`changetype:`"),
        ("dn: cn=a\ncontrol: x", 4, "OID"),
        ("dn: cn=a\ncontrol: 1.2 maybe", 4, "true or false"),
        ("search: 2\nresult: 4 Size limit exceeded", 4, "result 0"),
    ] {
        let text = format!("version: 1\n\n{bad}\n\ndn: cn=good\ncn: good\n");
        let found = read(text.as_bytes());
        assert_eq!(found.len(), 2, "{bad}: {found:?}");
        let error = found[0].as_ref().expect_err(bad);
        assert_eq!(error.line, line, "{bad}: {error}");
        assert!(error.expected.contains(hint), "{bad}: {error}");
        assert_eq!(
            found[1].as_ref().unwrap().dn().to_string(),
            "cn=good",
            "{bad}"
        );
    }
}

#[test]
fn errors_do_not_repeat_values() {
    let error = read(b"dn: cn=a\nuserPassword secret\n")
        .remove(0)
        .expect_err("no colon");
    assert!(!error.to_string().contains("secret"), "{error}");
    let error = read(b"userPassword: secret\n")
        .remove(0)
        .expect_err("no dn");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn the_summary_of_a_successful_search_is_no_record() {
    let text =
        "dn: cn=a\ncn: a\n\n# search result\nsearch: 2\nresult: 0 Success\n\n# numEntries: 1\n";
    assert_eq!(records(text).len(), 1);
}

#[test]
fn another_version_and_utf16_end_the_reading() {
    let found = read(b"version: 2\ndn: cn=a\n\ndn: cn=b\n");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].as_ref().expect_err("version").line, 1);
    let found = read(b"\xff\xfed\0n\0:\0\n\0");
    assert_eq!(found.len(), 1);
    assert!(
        found[0]
            .as_ref()
            .expect_err("UTF-16")
            .found
            .contains("UTF-16")
    );
}

#[test]
fn lines_and_records_are_bounded() {
    let limits = LdifLimits {
        line: 20,
        record: 400,
    };
    let read = |text: &str| {
        LdifReader::with_limits(text.as_bytes(), limits)
            .map(|r| r.map(|r| r.dn().to_string()))
            .collect::<Vec<_>>()
    };
    let good = Ok("cn=b".to_owned());
    for (bad, line) in [
        (format!("dn: cn=a\ncn: {}", "x".repeat(100)), 2),
        (format!("dn: cn=a\ncn: {}", "x\n ".repeat(100)), 18),
        (format!("dn: cn=a{}", "\ncn: a".repeat(10)), 6),
    ] {
        let found = read(&format!("{bad}\n\ndn: cn=b\n"));
        assert_eq!(found.len(), 2, "{bad}: {found:?}");
        assert_eq!(
            found[0].as_ref().expect_err(&bad).line,
            line,
            "{bad}: {found:?}"
        );
        assert_eq!(found[1], good);
    }
    assert_eq!(
        read(&format!("dn: cn=b\r\ncn: {}\r\n", "x".repeat(16))),
        [good]
    );
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

impl BufRead for Broken {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Err(io::Error::other("the disk is gone"))
    }
    fn consume(&mut self, _: usize) {}
}

#[test]
fn a_failing_input_ends_the_reading_with_its_error() {
    let mut reader = LdifReader::new(b"dn: cn=a\ncn: a\n\ndn: cn=b\n".as_slice().chain(Broken));
    assert!(reader.next().unwrap().is_ok());
    let error = reader.next().unwrap().expect_err("broken");
    assert_eq!((error.line, error.found.as_str()), (5, "the disk is gone"));
    assert!(reader.next().is_none());
}

#[test]
fn records_are_written_safe_folded_and_in_order() {
    let mut writer = LdifWriter::new(Vec::new()).unwrap();
    let dn = Dn::parse("cn=Lučić,dc=example").unwrap();
    let long = "x".repeat(160);
    writer
        .entry(
            &dn,
            [
                ("cn", "plain".as_bytes()),
                ("sn", b""),
                ("a", b" leading"),
                ("b", b":colon"),
                ("c", b"trailing "),
                ("d", b"\xff\x00"),
                ("e", long.as_bytes()),
            ],
        )
        .unwrap();
    let text = String::from_utf8(writer.into_inner()).unwrap();
    let expected = format!(
        "version: 1\n\ndn:: Y249THXEjWnEhyxkYz1leGFtcGxl\ncn: plain\nsn:\na:: IGxlYWRpbmc=\n\
         b:: OmNvbG9u\nc:: dHJhaWxpbmcg\nd:: /wA=\ne: {}\n {}\n {}\n",
        "x".repeat(73),
        "x".repeat(75),
        "x".repeat(12)
    );
    assert_eq!(text, expected);
    assert_eq!(
        entry(&records(&text)[0]).attributes[6].value,
        long.as_bytes()
    );
}

#[test]
fn a_description_cannot_smuggle_lines_into_the_output() {
    let mut writer = LdifWriter::append(Vec::new());
    let error = writer
        .entry(&Dn::root(), [("cn\nsn", b"x".as_slice())])
        .expect_err("refused");
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn a_filter_looks_into_an_entry() {
    let found = records("dn: cn=a,ou=Sales\nCN;lang-en: Ana\n");
    let result = |text: &str| Filter::parse(text).unwrap().evaluate(entry(&found[0]));
    assert_eq!(result("(cn=ana)"), Tri::True);
    assert_eq!(result("(ou:dn:=sales)"), Tri::True);
    assert_eq!(result("(mail=*)"), Tri::False);
}
