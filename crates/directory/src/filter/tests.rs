use std::collections::BTreeMap;

use super::*;
use crate::Dn;
use std::borrow::Cow;

fn filter(text: &str) -> Filter {
    Filter::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

type Entry = BTreeMap<String, Vec<Vec<u8>>>;

fn ana() -> Entry {
    let entry: &[(&str, &[&str])] = &[
        ("objectClass", &["top", "person", "user"]),
        (
            "objectCategory",
            &["CN=Person,CN=Schema,CN=Configuration,DC=example"],
        ),
        ("cn", &["Ana  Müller"]),
        ("cn;lang-en", &["Anna Mueller"]),
        ("sn", &["Müller"]),
        ("memberOf", &[r"CN=Sales\, EMEA,OU=Groups,DC=example"]),
        ("uniqueMember", &["uid=x,dc=example#'0101'B"]),
        ("userAccountControl", &["514"]),
        ("groupType", &["-2147483646"]),
        ("uSNChanged", &["1000"]),
        ("whenChanged", &["20240229120000.0Z"]),
        ("telephoneNumber", &["+49 30-123 456"]),
        ("description", &["a * (b) \\"]),
    ];
    let mut entry: Entry = entry
        .iter()
        .map(|(name, values)| {
            (
                (*name).to_owned(),
                values.iter().map(|v| v.as_bytes().to_vec()).collect(),
            )
        })
        .collect();
    entry.insert("objectGUID".to_owned(), vec![b"\xffAb\x00".to_vec()]);
    entry
}

fn result(text: &str) -> Tri {
    filter(text).evaluate(&ana())
}

#[test]
fn the_examples_of_rfc_4515_are_read_and_printed() {
    for text in [
        "(cn=Babs Jensen)",
        "(!(cn=Tim Howes))",
        "(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))",
        "(o=univ*of*mich*)",
        "(seeAlso=)",
        "(cn:caseExactMatch:=Fred Flintstone)",
        "(cn:=Betty Rubble)",
        "(sn:dn:2.4.6.8.10:=Barney Rubble)",
        "(o:dn:=Ace Industry)",
        "(:1.2.3:=Wilma Flintstone)",
        "(:dn:2.4.6.8.10:=Dino)",
        r"(o=Parens R Us \28for all your parenthetical needs\29)",
        r"(cn=*\2a*)",
        r"(filename=C:\5cMyFile)",
        r"(bin=\00\00\00\04)",
    ] {
        assert_eq!(filter(text).to_string(), text);
    }
    assert_eq!(filter(r"(sn=Lu\c4\8di\c4\87)").to_string(), "(sn=Lučić)");
    assert_eq!(
        filter(r"(1.3.6.1.4.1.1466.0=\04\02\48\69)").to_string(),
        r"(1.3.6.1.4.1.1466.0=\04\02Hi)"
    );
    assert_eq!(
        filter("(:DN:2.4.6.8.10:=Dino)").to_string(),
        "(:dn:2.4.6.8.10:=Dino)"
    );
}

#[test]
fn what_administrators_write_is_read() {
    for (text, printed) in [
        ("objectClass=*", "(objectClass=*)"),
        (
            " ( & ( objectClass = user ) \n (cn=a) ) ",
            "(&(objectClass= user )(cn=a))",
        ),
        ("(memberOf=CN=x,OU=y)", "(memberOf=CN=x,OU=y)"),
        (
            r"(memberOf=CN=Doe\, Jane,OU=y)",
            r"(memberOf=CN=Doe\5c, Jane,OU=y)",
        ),
        (r"(cn=\*\(\)\\)", r"(cn=\2a\28\29\5c)"),
        ("(cn;lang-en=x)", "(cn;lang-en=x)"),
        ("(2.5.4.3=x)", "(2.5.4.3=x)"),
        ("(cn=**)", "(cn=*)"),
        ("(cn=a**b)", "(cn=a*b)"),
        ("(&)", "(&)"),
        ("(|)", "(|)"),
        ("(! (a=b) )", "(!(a=b))"),
        ("(a<=1)", "(a<=1)"),
        ("(a~=1)", "(a~=1)"),
    ] {
        assert_eq!(filter(text).to_string(), printed, "{text}");
    }
}

#[test]
fn a_refusal_says_where_and_what_to_write() {
    for (text, position, hint) in [
        ("", 0, "filter"),
        ("  ", 2, "filter"),
        ("(cn=a", 5, "`)`"),
        ("(&(cn=a)", 8, "`)`"),
        ("(cn=a))", 6, "end"),
        ("(a=1)(b=2)", 5, "(&"),
        ("&(a=1)(b=2)", 0, "`(`"),
        ("(cn=John (Ext))", 9, r"\28"),
        (r"(cn=a\b)", 6, "hexadecimal"),
        (r"(cn=a\", 6, "hexadecimal"),
        ("(cn>=*)", 5, r"\2a"),
        ("(cn)", 3, "one of"),
        ("(cn>5)", 4, "one of"),
        ("(=a)", 1, "attribute"),
        ("(c n=a)", 3, "one of"),
        ("(-cn=a)", 1, "attribute"),
        ("(:=a)", 1, "attribute or"),
        ("(cn:dn:1.2:x:=a)", 11, "`=`"),
        ("(cn:-:=a)", 4, "matching rule"),
        ("(!a=b)", 2, "`(`"),
        ("(&(a=b)c)", 7, "another"),
        ("(cn=a\0)", 5, r"\00"),
    ] {
        let error = Filter::parse(text).expect_err(text);
        assert_eq!(error.position, position, "{text}: {error}");
        assert!(error.expected.contains(hint), "{text}: {error}");
    }
}

#[test]
fn depth_and_size_are_bounded() {
    let nested = |n: usize| format!("{}(a=b){}", "(!".repeat(n), ")".repeat(n));
    assert!(Filter::parse(&nested(MAX_FILTER_DEPTH - 1)).is_ok());
    let error = Filter::parse(&nested(MAX_FILTER_DEPTH)).expect_err("too deep");
    assert_eq!(error.position, MAX_FILTER_DEPTH * 2);
    assert!(Filter::parse(&nested(30_000)).is_err());
    assert!(Filter::parse(&format!("(a={})", "b".repeat(MAX_FILTER_BYTES))).is_err());

    let mut deep = filter("(&)");
    for _ in 0..=MAX_FILTER_DEPTH {
        deep = Filter::not(deep);
    }
    assert_eq!(deep.evaluate(&ana()), Tri::Undefined);
}

#[test]
fn text_matches_without_regard_to_case_and_spacing() {
    for text in [
        "(cn=ana müller)",
        "(CN=ANA MU\u{308}LLER )",
        "(2.5.4.3=ana müller)",
        "(commonName=anna mueller)",
        "(cn;lang-en=anna mueller)",
        "(objectclass=USER)",
        "(telephoneNumber=+4930123456)",
        "(whenChanged=20240229130000+0100)",
        "(cn=an*ü*r)",
        "(cn=*a m*)",
        "(cn=* müller)",
        "(cn=*)",
        r"(description=*\2a \28b\29*)",
        "(sn~=MULLER)",
        "(&)",
        "(objectCategory=person)",
        "(objectCategory=user)",
        "(objectCategory=cn=person,cn=schema,cn=configuration,dc=example)",
    ] {
        assert_eq!(result(text), Tri::True, "{text}");
    }
    for text in [
        "(cn=ana)",
        "(cn;lang-de=ana müller)",
        "(cn=b*)",
        "(cn=ana*ana*)",
        "(sn=m*mü*r)",
        "(sn~=Moller)",
        "(mail=*)",
        "(mail=x)",
        "(|)",
        "(objectCategory=group)",
        "(!(cn=*))",
    ] {
        assert_eq!(result(text), Tri::False, "{text}");
    }
}

#[test]
fn an_attribute_that_is_absent_is_false_and_its_negation_true() {
    assert_eq!(result("(!(mail=x))"), Tri::True);
    assert_eq!(result("(!(mail=*))"), Tri::True);
}

#[test]
fn names_match_as_names() {
    assert_eq!(
        result(r"(memberOf=cn=sales\2c emea,ou=groups,dc=example)"),
        Tri::Undefined
    );
    assert_eq!(
        result(r"(memberOf=cn=sales\5c2c emea , ou=groups,dc=EXAMPLE)"),
        Tri::True
    );
    assert_eq!(
        result(r"(memberOf=cn=sales\, emea,ou=groups,dc=example)"),
        Tri::True
    );
    assert_eq!(
        result("(memberOf=cn=sales,ou=groups,dc=example)"),
        Tri::False
    );
    assert_eq!(result("(uniqueMember=uid=X,dc=example)"), Tri::True);
    assert_eq!(result("(uniqueMember=uid=X,dc=example#'0101'B)"), Tri::True);
    assert_eq!(result("(memberOf=cn=sales*)"), Tri::Undefined);
}

#[test]
fn bytes_match_exactly() {
    assert_eq!(result(r"(objectGUID=\ffAb\00)"), Tri::True);
    assert_eq!(result(r"(objectGUID=\ffab\00)"), Tri::False);
    assert_eq!(result(r"(cn=\ff)"), Tri::False);
    assert_eq!(result(r"(objectGUID=\ff*)"), Tri::True);
}

#[test]
fn numbers_and_times_are_ordered_as_such() {
    for text in [
        "(uSNChanged>=999)",
        "(uSNChanged>=1000)",
        "(!(uSNChanged>=1001))",
        "(uSNChanged<=1000)",
        "(whenChanged>=20240229115959.0Z)",
        "(whenChanged<=20240229120000Z)",
        "(sn>=M)",
        "(sn<=n)",
    ] {
        assert!(
            result(text) == Tri::True || text.contains("(sn<="),
            "{text}"
        );
    }
    assert_eq!(result("(whenChanged>=20240229120001.0Z)"), Tri::False);
    assert_eq!(result("(memberOf>=cn=a)"), Tri::Undefined);
}

#[test]
fn the_bit_rules_of_active_directory_are_evaluated() {
    for (text, expected) in [
        ("(userAccountControl:1.2.840.113556.1.4.803:=2)", Tri::True),
        (
            "(userAccountControl:1.2.840.113556.1.4.803:=514)",
            Tri::True,
        ),
        ("(userAccountControl:1.2.840.113556.1.4.803:=3)", Tri::False),
        (
            "(!(userAccountControl:1.2.840.113556.1.4.803:=2))",
            Tri::False,
        ),
        ("(userAccountControl:1.2.840.113556.1.4.804:=3)", Tri::True),
        ("(userAccountControl:1.2.840.113556.1.4.804:=1)", Tri::False),
        ("(groupType:1.2.840.113556.1.4.803:=2147483648)", Tri::True),
        ("(groupType:1.2.840.113556.1.4.803:=-2147483648)", Tri::True),
        (
            "(userAccountControl:1.2.840.113556.1.4.803:=x)",
            Tri::Undefined,
        ),
        ("(cn:1.2.840.113556.1.4.803:=2)", Tri::Undefined),
        ("(mail:1.2.840.113556.1.4.803:=2)", Tri::False),
    ] {
        assert_eq!(result(text), expected, "{text}");
    }
}

#[test]
fn other_rules_are_evaluated_or_undefined() {
    assert_eq!(result("(sn:caseExactMatch:=Müller)"), Tri::True);
    assert_eq!(result("(sn:caseExactMatch:=müller)"), Tri::False);
    assert_eq!(result("(sn:=müller)"), Tri::True);
    assert_eq!(result("(uSNChanged:integerMatch:=01000)"), Tri::True);
    assert_eq!(
        result("(memberOf:1.2.840.113556.1.4.1941:=cn=a)"),
        Tri::Undefined
    );
    assert_eq!(
        result("(!(memberOf:1.2.840.113556.1.4.1941:=cn=a))"),
        Tri::Undefined
    );
    assert_eq!(result("(:caseExactMatch:=x)"), Tri::Undefined);
    assert!(!filter("(&(cn=a)(memberOf:1.2.840.113556.1.4.1941:=cn=a))").is_decidable());
    assert!(filter("(&(cn=a)(x:1.2.840.113556.1.4.803:=2)(y:=z))").is_decidable());
}

struct Named(Entry, Dn);

impl AttributeLookup for Named {
    fn values_of(&self, description: &str) -> Vec<Cow<'_, [u8]>> {
        self.0.values_of(description)
    }
    fn is_known(&self, description: &str) -> bool {
        description != "secret"
    }
    fn dn(&self) -> Option<&Dn> {
        Some(&self.1)
    }
}

#[test]
fn dn_matches_look_into_the_name_and_unread_attributes_are_undefined() {
    let entry = Named(ana(), Dn::parse("CN=Ana,OU=Sales,DC=example").unwrap());
    let result = |text: &str| filter(text).evaluate(&entry);
    assert_eq!(result("(ou:dn:=sales)"), Tri::True);
    assert_eq!(result("(ou:=sales)"), Tri::False);
    assert_eq!(result("(ou:dn:=other)"), Tri::False);
    assert_eq!(result("(secret=x)"), Tri::Undefined);
    assert_eq!(result("(!(secret=*))"), Tri::Undefined);
    assert_eq!(result("(|(secret=x)(cn=*))"), Tri::True);
    assert_eq!(result("(&(secret=x)(mail=*))"), Tri::False);
    assert_eq!(result("(&(secret=x)(cn=*))"), Tri::Undefined);
}

#[test]
fn the_attributes_of_a_filter_are_listed_once() {
    let listed = filter("(&(cn=a)(|(CN;lang-en=b)(2.5.4.3=c)(!(mail=*)))(:1.2:=x)(uac:1.2:=1))")
        .attributes();
    assert_eq!(listed, ["cn", "mail", "uac"]);
}

#[test]
fn filters_are_built_without_escaping_by_hand() {
    let built = Filter::and(vec![
        Filter::eq("cn", "a*(b)"),
        Filter::not(Filter::present("mail")),
        Filter::eq("objectGUID", vec![0xff, 0]),
        Filter::or(vec![Filter::at_least("uSNChanged", "5")]),
    ]);
    assert_eq!(
        built.to_string(),
        r"(&(cn=a\2a\28b\29)(!(mail=*))(objectGUID=\ff\00)(uSNChanged>=5))"
    );
    assert_eq!(Filter::and(vec![]).to_string(), "(&)");
    assert_eq!(Filter::or(vec![]).to_string(), "(|)");
}
