//! A form of a page as a browser sends it: everything in it, with some fields changed.

use crate::rig::{Browser, Page, Rig, between};

/// The fields of the form with that action, as they are shown.
pub(crate) fn fields(page: &Page, action: &str) -> Vec<(String, String)> {
    let start = format!("<form method=\"post\" action=\"{action}\"");
    let form = between(&page.text, &start, "</form>")
        .unwrap_or_else(|| panic!("no form for {action} in {}", page.text));
    let mut fields = Vec::new();
    let mut rest = form;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        let end = rest.find('>').expect("a whole tag");
        let (tag, after) = (&rest[..end], &rest[end + 1..]);
        let name = attribute(tag, "name");
        if tag.starts_with("<input") {
            let kind = attribute(tag, "type").unwrap_or_default();
            let is_off =
                ["checkbox", "radio"].contains(&kind.as_str()) && !tag.contains(" checked");
            if let (Some(name), false) = (name, is_off) {
                fields.push((name, attribute(tag, "value").unwrap_or_default()));
            }
        } else if tag.starts_with("<textarea") {
            let text = after.split("</textarea>").next().expect("an end");
            let text = plain(text.strip_prefix('\n').unwrap_or(text));
            fields.extend(name.map(|name| (name, text)));
        } else if tag.starts_with("<select") {
            let options = after.split("</select>").next().expect("an end");
            let chosen = options
                .split("<option")
                .find(|one| one.contains(" selected"));
            let chosen = chosen.or_else(|| options.split("<option").nth(1));
            let value = chosen.and_then(|one| attribute(one.split('>').next()?, "value"));
            fields.extend(name.map(|name| (name, value.unwrap_or_default())));
        }
        rest = after;
    }
    fields
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    between(tag, &format!(" {name}=\"")[..], "\"").map(plain)
}

fn plain(text: &str) -> String {
    let mut text = text.to_owned();
    for (code, plain) in [
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
    ] {
        text = text.replace(code, plain);
    }
    text
}

/// Opens a page and sends its form with these fields changed; a `-` takes one out, such as a box that is cleared.
pub(crate) async fn send(
    rig: &Rig,
    browser: &mut Browser,
    path: &str,
    changed: &[(&str, &str)],
) -> Page {
    let page = rig.get(browser, path).await.ok();
    send_again(rig, browser, &page, path, changed).await
}

/// Sends the form of a page that is shown already.
pub(crate) async fn send_again(
    rig: &Rig,
    browser: &mut Browser,
    page: &Page,
    path: &str,
    changed: &[(&str, &str)],
) -> Page {
    let mut all = fields(page, path);
    all.retain(|(name, _)| name != "csrf" && changed.iter().all(|(known, _)| known != name));
    let kept = changed.iter().filter(|(_, value)| *value != "-");
    all.extend(kept.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let all: Vec<(&str, &str)> = all.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    rig.post(browser, path, &all).await
}

/// What a page shows in a field.
pub(crate) fn value(page: &Page, action: &str, name: &str) -> Option<String> {
    let all = fields(page, action);
    all.into_iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value)
}
