//! The odd people: what real directories hold and software stumbles over.

use super::person::{Boss, DOMAIN, Draft, Naming, Unit};
use super::{Company, Expected};

type Make = fn(&mut Draft);

/// How many there are.
pub(super) const COUNT: u32 = ODD.len() as u32;

const PIXEL: &[u8] = &[
    0xff, 0xd8, 0xff, 0xdb, 0x00, 0x43, 0x00, 0x03, 0x02, 0x02, 0x02, 0x02, 0x02, 0x03, 0xff, 0xd9,
];

/// An odd person.
pub(super) fn person(company: &Company, number: u32) -> Draft {
    let mut draft = company.ordinary(u32::MAX / 2 + number);
    let (tag, make) = ODD.get(number as usize).copied().unwrap_or(("", |_| {}));
    draft.number = number;
    draft.tag = Some(tag);
    draft.uid = vec![format!("odd.{tag}")];
    draft.cn = vec![format!("Odd {tag}")];
    draft.given = Some("Odd".to_owned());
    tag.clone_into(&mut draft.sn);
    draft.mail = vec![format!("odd.{tag}@{DOMAIN}")];
    draft.phones = vec!["+47 555 0100".to_owned()];
    draft.title = Some("Fitter".to_owned());
    draft.description.clear();
    draft.boss = Boss::None;
    draft.unit = Unit::Office;
    draft.naming = Naming::Cn;
    draft.employee_type = "employee";
    draft.disabled = false;
    draft.passing_lock = false;
    draft.expected = Expected::Provisioned;
    make(&mut draft);
    draft
}

fn cn(draft: &mut Draft, text: &str) {
    draft.cn = vec![text.to_owned()];
}

fn name(draft: &mut Draft, given: &str, family: &str) {
    cn(draft, &format!("{given} {family}"));
    draft.given = Some(given.to_owned());
    family.clone_into(&mut draft.sn);
}

fn mail(draft: &mut Draft, text: &str) {
    draft.mail = vec![text.to_owned()];
}

fn invalid(draft: &mut Draft, field: &'static str) {
    draft.expected = Expected::Invalid { field };
}

fn conflict(draft: &mut Draft, with: &[&str]) {
    draft.expected = Expected::Conflict {
        with: with.iter().map(|tag| format!("odd.{tag}")).collect(),
    };
}

const ODD: &[(&str, Make)] = &[
    // Names that a DN must escape.
    ("rdn-comma", |d| cn(d, "Quill, Norah")),
    ("rdn-plus", |d| cn(d, "Dock+Crane Desk")),
    ("rdn-backslash", |d| cn(d, "YARD\\nquill")),
    ("rdn-quotes", |d| cn(d, "Pia \"Riveter\" Moe")),
    ("rdn-hash", |d| cn(d, "#7 Slipway")),
    ("rdn-angles", |d| cn(d, "x<y>;p=q")),
    ("rdn-slash", |d| cn(d, "Stores/Tools")),
    ("rdn-filter", |d| cn(d, "Lea (Temp) *new* \\2a")),
    ("rdn-spaces", |d| cn(d, " Edgar  Spaced ")),
    ("rdn-utf8", |d| cn(d, "Þórunn Ångström-Łomża 漢")),
    ("rdn-two-parts", |d| d.naming = Naming::Both),
    ("rdn-equals", |d| cn(d, "cn=Looks,ou=Like,dc=A Name")),
    // Names of people.
    ("apostrophe", |d| name(d, "Róisín", "O'Shea-D'Arcy")),
    ("curly-apostrophe", |d| name(d, "Roisin", "O\u{2019}Shea")),
    ("composed", |d| name(d, "Ren\u{e9}", "Nu\u{f1}o")),
    ("decomposed", |d| {
        name(d, "Rene\u{301}", "Nun\u{303}o");
        d.unit = Unit::Field;
    }),
    ("han", |d| name(d, "曉明", "歐陽")),
    ("right-to-left", |d| name(d, "نادية", "الخوري")),
    ("direction-override", |d| {
        name(d, "Ola", "\u{202e}live\u{202c} Berg");
    }),
    ("beyond-bmp", |d| name(d, "Uma 🛠️👩🏾‍🔧", "𠮷村")),
    ("zero-width", |d| name(d, "Ze\u{200b}ro", "Wid\u{200d}th")),
    ("turkish-i", |d| name(d, "İrem", "Kılıç")),
    ("sharp-s", |d| name(d, "Jens", "Weiß")),
    ("final-sigma", |d| name(d, "Ἀλέξιος", "ΣΊΣΥΦΟΣ")),
    ("one-name", |d| {
        cn(d, "Madhuri");
        d.given = None;
        "Madhuri".clone_into(&mut d.sn);
    }),
    ("long-names", |d| {
        let (given, family) = ("Llan".repeat(16), "Wyn".repeat(30));
        name(d, &given, &family);
    }),
    ("long-display", |d| {
        d.display = Some("A Very Long Display Name ".repeat(10).trim().to_owned());
    }),
    ("language-tags", |d| {
        cn(d, "Ito Haru");
        d.more.push(("cn;lang-ja", "伊藤 春".as_bytes().to_vec()));
        d.more.push(("sn;lang-ja", "伊藤".as_bytes().to_vec()));
    }),
    ("several-names", |d| {
        d.cn = vec!["Tove Lund".to_owned(), "Tove Lund-Dahl".to_owned()];
    }),
    ("outer-spaces", |d| {
        d.given = Some("  Odd".to_owned());
        "Spaces  ".clone_into(&mut d.sn);
        d.title = Some(" Buyer ".to_owned());
    }),
    // Values that other programs take for orders.
    ("formula", |d| {
        name(d, "=2+5", "@SUM(A1:A9)");
        cn(d, "=cmd|'/c calc'!A1");
    }),
    ("markup", |d| {
        name(d, "<i>Ida</i>", "Angle&amp;Co");
        cn(d, "<script>alert('x')</script>");
    }),
    ("template", |d| name(d, "{{ 7*7 }}", "{% raw %}")),
    ("quoting", |d| {
        name(d, "Bobby'); --", "\"},{\"active\":false");
    }),
    ("line-breaks", |d| {
        d.title = Some("Fitter\r\nand\twelder\u{7}".to_owned());
        d.description = vec!["first line\r\nsecond line\n".to_owned()];
    }),
    // Sizes.
    ("long-description", |d| {
        d.description = vec!["Lang ist der Text. ".repeat(60)];
    }),
    ("huge-value", |d| {
        d.description = vec!["Größer als eine Seite. ".repeat(4_500)];
    }),
    ("photo", |d| d.more.push(("jpegPhoto", PIXEL.to_vec()))),
    // Addresses.
    ("no-mail", |d| {
        d.mail.clear();
        invalid(d, "workEmail");
    }),
    ("no-given-name-no-mail", |d| {
        d.given = None;
        d.mail.clear();
        invalid(d, "workEmail");
    }),
    ("shared-mail-lower", |d| {
        mail(d, "yard.desk@halden-yards.test");
        conflict(d, &["shared-mail-mixed", "shared-mail-same"]);
    }),
    ("shared-mail-mixed", |d| {
        mail(d, "Yard.Desk@HALDEN-Yards.test");
        conflict(d, &["shared-mail-lower", "shared-mail-same"]);
    }),
    ("shared-mail-same", |d| {
        mail(d, "yard.desk@halden-yards.test");
        conflict(d, &["shared-mail-lower", "shared-mail-mixed"]);
    }),
    ("mail-plus", |d| mail(d, "norah+slip@halden-yards.test")),
    ("mail-apostrophe", |d| {
        mail(d, "pat.o'shea@halden-yards.test");
    }),
    ("mail-spaces", |d| mail(d, "  roomy@halden-yards.test ")),
    ("mail-inner-space", |d| {
        mail(d, "ro omy@halden-yards.test");
        invalid(d, "workEmail");
    }),
    ("mail-no-address", |d| {
        mail(d, "ask reception");
        invalid(d, "workEmail");
    }),
    ("mail-two-in-one", |d| {
        mail(d, "one@halden-yards.test;two@halden-yards.test");
        invalid(d, "workEmail");
    }),
    ("mail-with-name", |d| {
        mail(d, "Norah<norah.q@halden-yards.test>");
        invalid(d, "workEmail");
    }),
    ("mail-no-domain", |d| {
        mail(d, "norah@");
        invalid(d, "workEmail");
    }),
    ("mail-mixed-case", |d| {
        mail(d, "Norah.QUILL@Halden-Yards.Test");
    }),
    ("mail-long", |d| {
        d.mail = vec![format!(
            "{}@{}halden-yards.test",
            "n".repeat(64),
            "pier.".repeat(18)
        )];
    }),
    ("several-mails", |d| {
        d.mail = vec![
            "first@halden-yards.test".to_owned(),
            "second@halden-yards.test".to_owned(),
        ];
    }),
    ("several-phones", |d| {
        d.phones = ["+47 555 0101", "(055) 0102 ext. 3", "+47 555 0103"]
            .map(str::to_owned)
            .to_vec();
    }),
    // Keys and names that meet.
    ("no-uid", |d| {
        d.uid.clear();
        invalid(d, "userName");
    }),
    ("several-uids", |d| d.uid.push("odd.also".to_owned())),
    ("uid-with-space", |d| d.uid = vec!["odd one out".to_owned()]),
    ("uid-utf8", |d| d.uid = vec!["odd.größe".to_owned()]),
    ("same-cn-office", |d| cn(d, "Kim Namesake")),
    ("same-cn-field", |d| {
        cn(d, "Kim Namesake");
        d.unit = Unit::Field;
    }),
    ("twin-uid-lower", |d| {
        d.uid = vec!["odd.twin".to_owned()];
        d.naming = Naming::Uid;
        d.expected = Expected::Conflict {
            with: vec!["ODD.Twin".to_owned()],
        };
    }),
    ("twin-uid-upper", |d| {
        d.uid = vec!["ODD.Twin".to_owned()];
        d.naming = Naming::Uid;
        d.unit = Unit::Contractors;
        d.expected = Expected::Conflict {
            with: vec!["odd.twin".to_owned()],
        };
    }),
    ("manager-self", |d| d.boss = Boss::Oneself),
    ("manager-nobody", |d| d.boss = Boss::Nobody),
    // Status.
    ("disabled", |d| {
        d.disabled = true;
        d.expected = Expected::Skipped;
    }),
    ("disabled-no-mail", |d| {
        d.disabled = true;
        d.mail.clear();
        invalid(d, "workEmail");
    }),
    ("passing-lock", |d| d.passing_lock = true),
    ("service", |d| {
        d.employee_type = "service";
        d.unit = Unit::Machines;
        d.expected = Expected::OutOfScope;
    }),
    ("administrator", |d| {
        mail(d, super::ADMINISTRATOR);
        d.expected = Expected::Protected;
    }),
];
