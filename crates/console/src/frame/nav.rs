//! Where things are: the menu.

use usher_engine::admin::{Operator, Permission};

/// A part of the menu.
pub(crate) struct Area {
    pub(crate) label: &'static str,
    pub(crate) items: Vec<Item>,
}

/// A place.
pub(crate) struct Item {
    pub(crate) label: &'static str,
    pub(crate) href: &'static str,
    /// Whether the page shown stands there or below.
    pub(crate) here: bool,
}

const AREAS: &[(&str, &[(&str, &str)])] = &[
    ("", &[("Home", "/")]),
    (
        "Identity Provider",
        &[("SP Connections", "/sp-connections")],
    ),
    (
        "Operate",
        &[
            ("Channels", "/channels"),
            ("People and groups", "/subjects"),
            ("Held and parked", "/waiting"),
            ("Log", "/log"),
        ],
    ),
    (
        "System",
        &[
            ("Data Stores", "/system/data-stores"),
            ("Protocol Settings", "/system/protocol-settings"),
            ("Certificates", "/system/certificates"),
            ("Alerts", "/system/alerts"),
            ("Operators", "/system/operators"),
            ("Backups", "/system/backups"),
        ],
    ),
];

/// The menu as this operator sees it on the page at `path`.
pub(crate) fn areas(operator: &Operator, path: &str) -> Vec<Area> {
    if !operator.may(Permission::Look) {
        return Vec::new();
    }
    let area = |(label, items): &(&'static str, &'static [(&'static str, &'static str)])| Area {
        label,
        items: items.iter().map(|one| item(one, path)).collect(),
    };
    AREAS.iter().map(area).collect()
}

fn item(&(label, href): &(&'static str, &'static str), path: &str) -> Item {
    let below = |rest: &str| rest.is_empty() || rest.starts_with('/');
    let here = path == href || (href != "/" && path.strip_prefix(href).is_some_and(below));
    Item { label, href, here }
}

#[cfg(test)]
mod tests {
    use usher_engine::admin::Operator;

    use super::areas;

    fn here(path: &str) -> Vec<&'static str> {
        let areas = areas(&Operator::local("ana"), path);
        let items = areas.iter().flat_map(|area| &area.items);
        items
            .filter(|item| item.here)
            .map(|item| item.label)
            .collect()
    }

    #[test]
    fn a_page_stands_at_one_place_of_the_menu() {
        assert_eq!(here("/"), ["Home"]);
        assert_eq!(here("/sp-connections/drafts/1/target"), ["SP Connections"]);
        assert_eq!(here("/channels"), ["Channels"]);
        assert_eq!(here("/channels-of-others"), Vec::<&str>::new());
    }
}
