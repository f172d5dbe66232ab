//! Looking around, level by level.

use usher_connector::{Source as _, SourceError};

use crate::rig::*;

#[tokio::test]
async fn a_tree_is_looked_through_from_its_contexts_to_an_entry() {
    let mut tree = Tree::new();
    tree.people(5).group("staff", &[person("p0")]);
    let Some(slapd) = tree.start() else { return };
    let source = open(settings(&slapd));
    let root = source.children("", 10).await.expect("the contexts");
    assert_eq!(root.entries.len(), 1, "{root:?}");
    assert_eq!(root.entries[0].dn, BASE);
    let below = source.children(BASE, 10).await.expect("a level");
    assert!(!below.more && below.entries.len() >= 2, "{below:?}");
    assert!(
        below
            .entries
            .iter()
            .any(|entry| entry.has_children == Some(true))
    );
    let dn = person("p0");
    let (_, parent) = dn.split_once(',').expect("a parent");
    let some = source.children(parent, 2).await.expect("a part of a level");
    assert_eq!((some.entries.len(), some.more), (2, true), "{some:?}");
    assert_eq!(some.entries[0].has_children, Some(false), "{some:?}");

    let entry = source
        .tree_entry(&dn)
        .await
        .expect("asked")
        .expect("an entry");
    let names: Vec<&str> = entry
        .attributes
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(
        names.contains(&"entryUUID") && names.contains(&"uid"),
        "{names:?}"
    );
    assert!(
        entry
            .object_classes
            .iter()
            .any(|class| class == "inetOrgPerson")
    );
    let nobody = source.tree_entry(&person("nobody")).await.expect("asked");
    assert_eq!(nobody, None);
    let odd = source.children("nonsense", 2).await;
    assert!(matches!(odd, Err(SourceError::Settings(_))), "{odd:?}");
}

#[tokio::test]
async fn whoever_goes_by_a_name_is_found_without_the_scope_up_to_a_limit() {
    let mut tree = Tree::new();
    tree.people(5).group("staff", &[person("p0")]);
    let Some(slapd) = tree.start() else { return };
    let mut settings = settings(&slapd);
    settings.source.users.filter = Some("(uid=p1)".to_owned());
    let source = open(settings);
    let names = ["uid", "cn", "no name"].map(str::to_owned);
    let one = source.find("P0", &names, 2).await.expect("asked");
    assert_eq!(one.dns, [person("p0")]);
    let odd = source.find("p*)(uid=p0", &names, 2).await.expect("asked");
    assert_eq!(odd.dns, Vec::<String>::new());
    let class = ["objectClass".to_owned()];
    let many = source
        .find("inetOrgPerson", &class, 2)
        .await
        .expect("asked");
    assert_eq!((many.dns.len(), many.more), (2, true), "{many:?}");
}
