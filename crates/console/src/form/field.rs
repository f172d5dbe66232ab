//! A field as a page shows it: label, control, help, and what is wrong with it.

use std::collections::BTreeMap;

use askama::Template;

/// Something wrong with what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// The field's name; empty for the whole form.
    pub(crate) field: String,
    /// What was expected, what was found, what to do.
    pub(crate) words: String,
}

/// Everything wrong with what was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mistakes(Vec<Mistake>);

impl Mistakes {
    pub(crate) fn add(&mut self, field: impl Into<String>, words: impl Into<String>) {
        self.0.push(Mistake {
            field: field.into(),
            words: words.into(),
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of a field: of its own name, or of something below it.
    pub(crate) fn of(&self, name: &str) -> Vec<String> {
        let found = self.0.iter().filter(|one| is_below(&one.field, name));
        found.map(|one| one.words.clone()).collect()
    }

    /// Those of these names, and of what is below them.
    pub(crate) fn among(&self, names: &[&str]) -> Self {
        let is_among = |one: &&Mistake| names.iter().any(|name| is_below(&one.field, name));
        Self(self.0.iter().filter(is_among).cloned().collect())
    }

    /// Those that are of none of these names, nor of what is below them.
    pub(crate) fn without(&self, names: &[&str]) -> Self {
        let is_other = |one: &&Mistake| !names.iter().any(|name| is_below(&one.field, name));
        Self(self.0.iter().filter(is_other).cloned().collect())
    }

    /// What each says.
    pub(crate) fn words(&self) -> Vec<String> {
        self.0.iter().map(|one| one.words.clone()).collect()
    }

    /// With the place of each as it is called elsewhere.
    pub(crate) fn renamed(self, name: impl Fn(&str) -> String) -> Self {
        let renamed = self.0.into_iter().map(|one| Mistake {
            field: name(&one.field),
            ..one
        });
        Self(renamed.collect())
    }

    /// All, for the summary on top: with the label of the field that each is about, and its anchor.
    pub(crate) fn summary(&self, fields: &[&Field]) -> Vec<Summed> {
        let labels: BTreeMap<&str, &Field> = fields.iter().map(|f| (f.name.as_str(), *f)).collect();
        let of = |one: &Mistake| {
            let found = labels.iter().find(|(name, _)| is_below(&one.field, name));
            Summed {
                anchor: found.map(|(_, field)| field.id()).unwrap_or_default(),
                label: found.map_or_else(|| one.field.clone(), |(_, field)| field.label.clone()),
                words: one.words.clone(),
            }
        };
        self.0.iter().map(of).collect()
    }
}

/// Whether a place is that of a name, or below it.
fn is_below(place: &str, name: &str) -> bool {
    place
        .strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// A line of the summary of what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Summed {
    /// The id of the field's control; empty when it is about no field of the page.
    pub(crate) anchor: String,
    /// The field's label, or its path.
    pub(crate) label: String,
    /// What is wrong.
    pub(crate) words: String,
}

/// What can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
}

impl Choice {
    pub(crate) fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            label: label.into(),
        }
    }
}

/// The control of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    Text,
    Number,
    /// Several lines.
    Area,
    /// A box to tick.
    Box,
    /// One of a list.
    Select(Vec<Choice>),
    /// One of a few, all visible.
    Radio(Vec<Choice>),
    /// A secret: never shown; empty keeps what is there, if something is.
    Secret {
        kept: bool,
    },
    /// A day, written `YYYY-MM-DD`.
    Date,
    /// A file to choose.
    File,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "form/field.html")]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) control: Control,
    pub(crate) value: String,
    pub(crate) required: bool,
    /// Shown, but cannot be changed here.
    pub(crate) fixed: bool,
    /// A sentence, always shown.
    pub(crate) help: String,
    /// More, one click away.
    pub(crate) more: String,
    /// What is wrong with it.
    pub(crate) wrong: Vec<String>,
    /// What somebody else saved here meanwhile, where it differs.
    pub(crate) theirs: Option<String>,
}

impl Field {
    pub(crate) fn new(name: &str, label: &str, control: Control) -> Self {
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            control,
            value: String::new(),
            required: false,
            fixed: false,
            help: String::new(),
            more: String::new(),
            wrong: Vec::new(),
            theirs: None,
        }
    }

    pub(crate) fn text(name: &str, label: &str) -> Self {
        Self::new(name, label, Control::Text)
    }

    #[must_use]
    pub(crate) fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    #[must_use]
    pub(crate) fn ticked(self, ticked: bool) -> Self {
        self.value(if ticked { "true" } else { "" })
    }

    #[must_use]
    pub(crate) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    #[must_use]
    pub(crate) fn more(mut self, more: impl Into<String>) -> Self {
        self.more = more.into();
        self
    }

    #[must_use]
    pub(crate) fn wrong(mut self, mistakes: &Mistakes) -> Self {
        self.wrong = mistakes.of(&self.name);
        self
    }

    /// The id of its control.
    pub(crate) fn id(&self) -> String {
        let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        format!("f-{}", self.name.chars().map(safe).collect::<String>())
    }

    fn is_ticked(&self) -> bool {
        self.value == "true"
    }

    /// Whether what is there is none of these.
    fn is_other(&self, choices: &[Choice]) -> bool {
        choices.iter().all(|choice| choice.value != self.value)
    }

    /// What a screen reader reads with it.
    fn described(&self) -> String {
        let id = self.id();
        let mut ids = Vec::new();
        if !self.help.is_empty() {
            ids.push(format!("{id}-help"));
        }
        if !self.wrong.is_empty() {
            ids.push(format!("{id}-wrong"));
        }
        ids.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::{Choice, Control, Field, Mistakes};

    #[test]
    fn hostile_text_is_text_and_mistakes_stand_beside_their_field() {
        let mut mistakes = Mistakes::default();
        mistakes.add("a.b", "expected <b>, found \"x\"");
        mistakes.add("elsewhere", "no");
        let field = Field::text("a", "A & B")
            .value("\"><script>alert(1)</script>")
            .required()
            .help("Say <it>.")
            .wrong(&mistakes);
        let html = field.to_string();
        assert!(
            !html.contains("<script>") && !html.contains("<b>"),
            "{html}"
        );
        assert!(
            html.contains("aria-describedby=\"f-a-help f-a-wrong\""),
            "{html}"
        );
        assert!(html.contains("aria-invalid=\"true\""), "{html}");
        let summary = mistakes.summary(&[&field]);
        let lines: Vec<(&str, &str)> = summary
            .iter()
            .map(|one| (one.anchor.as_str(), one.label.as_str()))
            .collect();
        assert_eq!(lines, [("f-a", "A & B"), ("", "elsewhere")]);
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Control::Secret { kept: true };
        let html = Field::new("key", "API key", secret)
            .value("hush")
            .to_string();
        assert!(!html.contains("hush"), "{html}");
    }

    #[test]
    fn what_is_there_stays_chosen_also_when_it_is_no_choice() {
        let choices = vec![Choice::new("a", "A"), Choice::new("b", "B")];
        let html = |value: &str| {
            Field::new("x", "X", Control::Select(choices.clone()))
                .value(value)
                .to_string()
        };
        assert!(html("b").contains("<option value=\"b\" selected>"));
        assert!(html("c").contains("<option value=\"c\" selected>"));
    }
}
