//! Those who are not like the others.

use crate::directory::DemoEntry;

use super::person::Person;

/// People with unusual names who get an account like everybody else, and those of whom the
/// demonstration tells.
pub(super) fn with_an_account() -> Vec<DemoEntry> {
    let mut all = told_of();
    all.extend(scripts());
    all.extend(special_characters());
    all
}

fn told_of() -> Vec<DemoEntry> {
    vec![
        Person::new("Ana", "Díaz", "ana.diaz")
            .title("Site Reliability Engineer")
            .phone("+1-202-555-0142".to_owned())
            .language("es")
            .entry("Engineering"),
        // The target has a record of her, with a typing error in her name.
        Person::new("Lena", "Hoffmann", "lena.hoffmann")
            .title("Counsel")
            .language("de")
            .entry("Legal"),
        Person::new("Petra", "Lind", "petra.lind")
            .title("Account Executive")
            .language("sv")
            .entry("Sales"),
        // Locked out after wrong passwords; that passes, and is no reason to disable anybody.
        Person::new("Marek", "Dvořák", "marek.dvorak")
            .locked("20240902074500Z")
            .entry("Support"),
    ]
}

fn scripts() -> Vec<DemoEntry> {
    vec![
        Person::new("Zoë", "Ångström", "zoe.angstrom").entry("Marketing"),
        Person::new("Łukasz", "Żółtowski", "lukasz.zoltowski")
            .language("pl")
            .entry("Engineering"),
        Person::new("Ánh", "Nguyễn", "anh.nguyen")
            .cn("Nguyễn Thị Ánh")
            .language("vi")
            .entry("Support"),
        // The same letter as in Zoë, but as two characters: e and a combining diaeresis.
        Person::new("Chloe\u{308}", "Martin", "chloe.martin")
            .language("fr")
            .entry("Sales"),
        Person::new("小明", "王", "wang.xiaoming")
            .cn("王小明")
            .rdn("cn=王小明")
            .language("zh-CN")
            .entry("Engineering"),
        Person::new("花子", "佐藤", "sato.hanako")
            .cn("佐藤 花子")
            .language("ja")
            .entry("Engineering"),
        // Its first character takes four bytes.
        Person::new("一郎", "𠮷田", "yoshida.ichiro")
            .cn("𠮷田 一郎")
            .rdn("cn=𠮷田 一郎")
            .language("ja")
            .entry("Sales"),
        Person::new("ليلى", "حداد", "layla.haddad")
            .rdn("cn=ليلى حداد")
            .language("ar")
            .entry("Sales"),
        Person::new("נועה", "לוי", "noa.levi")
            .language("he")
            .entry("Engineering"),
        Person::new("Ольга", "Соколова", "olga.sokolova")
            .rdn("cn=Ольга Соколова")
            .language("ru")
            .entry("Finance"),
        Person::named("Madhavi", "madhavi")
            .title("Engineering Manager")
            .entry("Engineering"),
    ]
}

fn special_characters() -> Vec<DemoEntry> {
    vec![
        Person::new("Maeve", "O'Neil", "maeve.oneil")
            .cn("O'Neil, Maeve")
            .rdn(r"cn=O'Neil\, Maeve")
            .entry("Legal"),
        Person::new("Gianni", "D'Angelo", "gianni.dangelo")
            .language("it")
            .entry("Marketing"),
        Person::new("Sam", "Lee", "sam.lee")
            .cn("Sam Lee (R+D)")
            .rdn(r"cn=Sam Lee (R\+D)")
            .entry("Engineering"),
        // Two values name the entry together.
        Person::new("Chris", "Doyle", "chris.doyle2")
            .rdn("cn=Chris Doyle+uid=chris.doyle2")
            .entry("Support"),
        Person::new("Robert", "Tran", "robert.tran")
            .cn(r#"Robert "Bobby" Tran"#)
            .rdn(r#"cn=Robert \"Bobby\" Tran"#)
            .entry("Operations"),
        Person::new("Dana", "Petrov", "dana.petrov")
            .cn("#1 Dana Petrov")
            .rdn(r"cn=\#1 Dana Petrov")
            .entry("Sales"),
        Person::new(
            "Jean-Luc",
            "de la Fontaine-Beauregard",
            "jean-luc.delafontaine",
        )
        .language("fr")
        .entry("Finance"),
        // Capital letters in the address, and blanks around the title.
        Person::new("Kim", "Silva", "kim.silva")
            .mail("Kim.SILVA@example.com")
            .title("  Recruiter ")
            .entry("People"),
    ]
}

/// People who get none, each for a reason of their own.
pub(super) fn without_an_account() -> Vec<DemoEntry> {
    let mut all = vec![
        // One address, written in two ways.
        Person::new("Jonas", "Berg", "jonas.berg").entry("Sales"),
        Person::new("Jonas", "Bergman", "jonas.bergman")
            .mail("Jonas.Berg@Example.com")
            .entry("Operations"),
        Person::new("Ravi", "Menon", "ravi.menon")
            .without_mail()
            .entry("Support"),
        Person::new("Paolo", "Ricci", "paolo.ricci")
            .mail("paolo.ricci@partner.example")
            .kind("contractor")
            .entry("Marketing"),
    ];
    let left = [
        ("Hanna", "Vogel", "hanna.vogel", "Engineering"),
        ("Peter", "Quist", "peter.quist", "Sales"),
        ("Ayo", "Bello", "ayo.bello", "Support"),
        ("Sofia", "Marques", "sofia.marques", "Finance"),
        ("Ken", "Ito", "ken.ito", "Operations"),
        ("Ruth", "Alder", "ruth.alder", "Legal"),
    ];
    let disabled = |(given, family, uid, department): (&str, &str, &str, &str)| {
        Person::new(given, family, uid).disabled().entry(department)
    };
    all.extend(left.map(disabled));
    let guests = [
        ("Mira", "Guest", "mira.guest"),
        ("Olaf", "Guest", "olaf.guest"),
        ("Tess", "Guest", "tess.guest"),
        ("Ugo", "Guest", "ugo.guest"),
    ];
    let guest = |(given, family, uid): (&str, &str, &str)| {
        Person::new(given, family, uid)
            .kind("guest")
            .entry("Operations")
    };
    all.extend(guests.map(guest));
    all
}
