//! Whose a DN is, and was.

use usher_core::model::{ChannelId, Hash128, Kind, SubjectId, SubjectState};

use super::Place;
use super::desk::{Desk, write};

/// Those who are gone are no members; of those who left, the source must say.
pub async fn members_are_resolved_by_the_hash_of_their_dn(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let mut removed = desk.subject(Kind::User, "gone");
    removed.state = SubjectState::Removed;
    // A leaver whose name a newcomer has now.
    let mut former = desk.subject(Kind::User, "former");
    former.dn_hash = desk.subject(Kind::User, "ana").dn_hash;
    former.in_scope = false;
    let mut left = desk.subject(Kind::User, "left");
    left.in_scope = false;
    let ids = desk
        .plan(&[
            write(desk.subject(Kind::User, "ana"), Vec::new()),
            write(desk.subject(Kind::Group, "team"), Vec::new()),
            write(removed, Vec::new()),
            write(former, Vec::new()),
            write(left, Vec::new()),
        ])
        .await;
    let hash = |name: &str| Hash128::of(format!("cn={name},ou=people,dc=example").as_bytes());
    let asked = ["ana", "nobody", "team", "gone", "left"].map(hash);
    let mut found = desk.store.by_dn(&desk.channel, &asked).await.unwrap();
    found.sort_by_key(|(_, id, _)| *id);
    let expected = [
        (hash("ana"), ids[0], Kind::User),
        (hash("team"), ids[1], Kind::Group),
    ];
    assert_eq!(found, expected);
    let elsewhere = ChannelId::new("elsewhere");
    assert_eq!(desk.store.by_dn(&elsewhere, &asked).await.unwrap(), []);
}

/// Whoever is renamed is still found under the name that he had, however often it happens, and as long as
/// he is there.
pub async fn people_are_found_by_the_names_that_they_had(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let hash = |name: &str| Hash128::of(format!("cn={name},ou=people,dc=example").as_bytes());
    let ids = desk
        .plan(&[
            write(desk.subject(Kind::User, "ana"), Vec::new()),
            write(desk.subject(Kind::User, "ben"), Vec::new()),
            write(desk.subject(Kind::Group, "team"), Vec::new()),
        ])
        .await;
    let rename = async |id: SubjectId, name: &str, in_scope: bool| {
        let mut subject = desk.store.subjects(&[id]).await.unwrap().remove(0);
        subject.dn_hash = hash(name);
        subject.in_scope = in_scope;
        desk.plan(&[write(subject, Vec::new())]).await;
    };
    let asked = ["ana", "ana-2", "ana-3", "ben", "team", "nobody"].map(hash);
    let former = async || {
        let found = desk.store.by_former_dn(&desk.channel, &asked).await;
        let mut found = found.unwrap();
        found.sort_by_key(|(hash, id)| (*id, asked.iter().position(|asked| asked == hash)));
        found
    };
    assert_eq!(former().await, []);
    rename(ids[0], "ana-2", true).await;
    rename(ids[0], "ana-3", true).await;
    rename(ids[1], "ben", true).await;
    rename(ids[2], "crew", true).await;
    let twice = [(hash("ana"), ids[0]), (hash("ana-2"), ids[0])];
    assert_eq!(former().await, twice);
    let elsewhere = ChannelId::new("elsewhere");
    let found = desk.store.by_former_dn(&elsewhere, &asked).await.unwrap();
    assert_eq!(found, []);
    rename(ids[0], "ana-3", false).await;
    assert_eq!(former().await, [], "of those who left, the source must say");
}
