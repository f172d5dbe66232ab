//! Names in many scripts, each with a form in ASCII for user names and addresses; departments, titles, towns.

/// A name as its owner writes it, and in ASCII.
pub(super) type Name = (&'static str, &'static str);

/// A language: how often it occurs (in a thousand), given names, family names.
pub(super) struct Tongue {
    pub(super) weight: u32,
    pub(super) given: &'static [Name],
    pub(super) family: &'static [Name],
}

const fn tongue(weight: u32, given: &'static [Name], family: &'static [Name]) -> Tongue {
    Tongue {
        weight,
        given,
        family,
    }
}

/// Every language; the weights add up to 1,000.
pub(super) const TONGUES: &[Tongue] = &[
    tongue(
        280,
        &[
            ("Harriet", "Harriet"),
            ("Miles", "Miles"),
            ("Beatrice", "Beatrice"),
            ("Owen", "Owen"),
            ("Clara", "Clara"),
            ("Declan", "Declan"),
            ("Saoirse", "Saoirse"),
            ("Anne-Marie", "Anne-Marie"),
            ("Theo", "Theo"),
            ("Ruth", "Ruth"),
        ],
        &[
            ("Ashworth", "Ashworth"),
            ("Pemberton", "Pemberton"),
            ("O'Hara", "O'Hara"),
            ("MacLeod", "MacLeod"),
            ("Whitfield", "Whitfield"),
            ("D'Arcy", "D'Arcy"),
            ("Hughes-Bell", "Hughes-Bell"),
            ("Marsh", "Marsh"),
            ("Oakley", "Oakley"),
        ],
    ),
    tongue(
        110,
        &[
            ("Jörn", "Joern"),
            ("Käthe", "Kaethe"),
            ("Günter", "Guenter"),
            ("Silke", "Silke"),
            ("Matthias", "Matthias"),
            ("Änne", "Aenne"),
        ],
        &[
            ("Böttcher", "Boettcher"),
            ("Strauß", "Strauss"),
            ("Kühn", "Kuehn"),
            ("Lindemann", "Lindemann"),
            ("Groß-Bölting", "Gross-Boelting"),
            ("von der Heide", "vonderHeide"),
        ],
    ),
    tongue(
        90,
        &[
            ("Anaïs", "Anais"),
            ("Benoît", "Benoit"),
            ("Cécile", "Cecile"),
            ("Noël", "Noel"),
            ("Maël", "Mael"),
            ("Solène", "Solene"),
        ],
        &[
            ("Lécuyer", "Lecuyer"),
            ("Château", "Chateau"),
            ("d'Étienne", "dEtienne"),
            ("Garçon", "Garcon"),
            ("Rousseau", "Rousseau"),
        ],
    ),
    tongue(
        80,
        &[
            ("Ximena", "Ximena"),
            ("Álvaro", "Alvaro"),
            ("Iñaki", "Inaki"),
            ("Concepción", "Concepcion"),
            ("João", "Joao"),
            ("Conceição", "Conceicao"),
        ],
        &[
            ("Ordóñez", "Ordonez"),
            ("Yáñez Peña", "YanezPena"),
            ("Magalhães", "Magalhaes"),
            ("de la Cruz", "delaCruz"),
            ("Quiñones", "Quinones"),
        ],
    ),
    tongue(
        60,
        &[
            ("Zdzisław", "Zdzislaw"),
            ("Świetłana", "Swietlana"),
            ("Bořivoj", "Borivoj"),
            ("Žofie", "Zofie"),
            ("Đorđe", "Djordje"),
        ],
        &[
            ("Brzęczyszczykiewicz", "Brzeczyszczykiewicz"),
            ("Ździebło", "Zdzieblo"),
            ("Křeček", "Krecek"),
            ("Šťastný", "Stastny"),
            ("Čolić", "Colic"),
        ],
    ),
    tongue(
        45,
        &[
            ("Åke", "Ake"),
            ("Øystein", "Oystein"),
            ("Þórdís", "Thordis"),
            ("Sølvi", "Solvi"),
            ("Ægir", "Aegir"),
        ],
        &[
            ("Håkansson", "Hakansson"),
            ("Sørlie", "Sorlie"),
            ("Guðmundsdóttir", "Gudmundsdottir"),
            ("Næss", "Naess"),
        ],
    ),
    tongue(
        45,
        &[
            ("İlknur", "Ilknur"),
            ("Çağrı", "Cagri"),
            ("Işın", "Isin"),
            ("Gökçe", "Gokce"),
        ],
        &[
            ("Yıldırım", "Yildirim"),
            ("Çelikoğlu", "Celikoglu"),
            ("Ünsal", "Unsal"),
            ("Şimşek", "Simsek"),
        ],
    ),
    tongue(
        55,
        &[
            ("Фёдор", "Fyodor"),
            ("Людмила", "Lyudmila"),
            ("Аркадий", "Arkadiy"),
            ("Зоя", "Zoya"),
        ],
        &[
            ("Щукин", "Shchukin"),
            ("Воробьёва", "Vorobyova"),
            ("Ильичёв", "Ilyichyov"),
            ("Мельник", "Melnik"),
        ],
    ),
    tongue(
        30,
        &[
            ("Ὀδυσσεύς", "Odysseus"),
            ("Ζωή", "Zoe"),
            ("Σταμάτης", "Stamatis"),
        ],
        &[
            ("Μαυρομιχάλης", "Mavromichalis"),
            ("Δημητρίου", "Dimitriou"),
            ("Ξενάκης", "Xenakis"),
        ],
    ),
    tongue(
        55,
        &[
            ("雨桐", "Yutong"),
            ("志强", "Zhiqiang"),
            ("晓燕", "Xiaoyan"),
            ("博", "Bo"),
        ],
        &[
            ("赵", "Zhao"),
            ("司马", "Sima"),
            ("周", "Zhou"),
            ("吴", "Wu"),
        ],
    ),
    tongue(
        50,
        &[
            ("陽菜", "Hina"),
            ("健", "Ken"),
            ("みどり", "Midori"),
            ("蓮", "Ren"),
        ],
        &[
            ("渡邉", "Watanabe"),
            ("髙田", "Takada"),
            ("五十嵐", "Igarashi"),
            ("東海林", "Shoji"),
        ],
    ),
    tongue(
        30,
        &[("은지", "Eunji"), ("도윤", "Doyun"), ("하늘", "Haneul")],
        &[("최", "Choi"), ("황보", "Hwangbo"), ("정", "Jeong")],
    ),
    tongue(
        40,
        &[
            ("ياسمين", "Yasmin"),
            ("طارق", "Tariq"),
            ("שירה", "Shira"),
            ("אלון", "Alon"),
        ],
        &[
            ("القاسمي", "AlQasimi"),
            ("منصور", "Mansour"),
            ("ברזילי", "Barzilay"),
            ("מזרחי", "Mizrahi"),
        ],
    ),
    tongue(
        30,
        &[
            ("Hương", "Huong"),
            ("Thắng", "Thang"),
            ("मीरा", "Meera"),
            ("கவிதா", "Kavitha"),
            ("มาลี", "Malee"),
        ],
        &[
            ("Đoàn", "Doan"),
            ("Võ", "Vo"),
            ("कपूर", "Kapoor"),
            ("முருகன்", "Murugan"),
            ("ศรีสุข", "Srisuk"),
        ],
    ),
];

/// Departments.
pub(super) const DEPARTMENTS: &[&str] = &[
    "Propulsion",
    "Sales & Alliances",
    "Treasury",
    "Legal, Risk",
    "People",
    "Field Service (North)",
    "Data + Insight",
    "Fertigung",
    "Recherche/Essais",
    "品質保証",
];

/// Job titles.
pub(super) const TITLES: &[&str] = &[
    "Fitter",
    "Senior Fitter",
    "Head of Yard",
    "Buyer",
    "Controller, Plant",
    "Prüfmeisterin",
    "Chargé d'études",
    "Director",
    "係長",
    "Apprentice",
];

/// Towns.
pub(super) const TOWNS: &[&str] = &[
    "Bergen",
    "Leiden",
    "Göttingen",
    "São Luís",
    "Aarhus",
    "Łomża",
    "Hobart",
    "金沢",
    "Besançon",
];

/// Words for names of groups.
pub(super) const WORDS: &[&str] = &[
    "Readers",
    "Approvers",
    "On Call",
    "Newsletter",
    "Crew",
    "Stewards",
    "Night Shift",
    "Reviewers",
];
