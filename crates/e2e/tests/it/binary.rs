//! Attributes whose values are bytes.

use usher_core::model::{CycleMode, MappingRule};

use crate::world::{World, plain};

/// The picture's bytes in base64, as LDIF writes them and as mapping sees them.
const PICTURE: &str = "/9j/4AAQSkZJRgAB/9k=";

#[tokio::test]
async fn a_picture_reaches_the_target_as_base64_once_it_is_called_binary() {
    let company = plain(3, 1);
    let Some(mut world) = World::of(&company).await else {
        return;
    };
    let ana = company.people().next().expect("somebody");
    world.change(&format!(
        "dn: {}\nchangetype: modify\nadd: jpegPhoto\njpegPhoto:: {PICTURE}\n",
        crate::ldif::ascii(&ana.dn)
    ));
    let mapping = &mut world.channel().mapping;
    mapping.retain(|rule| rule.field != "title");
    mapping.push(MappingRule {
        field: "title".to_owned(),
        attributes: vec!["jpegPhoto".to_owned()],
        expression: Some("'p:' ~ jpegPhoto if jpegPhoto else ''".to_owned()),
        ..MappingRule::default()
    });
    world.save().await;
    world.first_sync().await;
    let title = |world: &World| world.users()[&ana.uid]["title"].clone();
    assert_eq!(title(&world), serde_json::Value::Null, "bytes are no text");

    world.ldap().binary_attributes = vec!["jpegPhoto".to_owned()];
    world.save().await;
    world.sync(CycleMode::Full).await;
    assert_eq!(title(&world), format!("p:{PICTURE}"));
    world.forget_requests();
    world.sync(CycleMode::Full).await;
    world.assert_nothing_written();
}
