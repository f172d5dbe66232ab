//! One entry, as its author sees it.

use usher_directory::attribute;

/// An entry: a name and its attributes. Values are bytes; they need not be UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DemoEntry {
    /// The name as it is shown to clients.
    pub dn: String,
    /// Attribute descriptions with their values, in the order in which they are sent.
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl DemoEntry {
    /// An entry without attributes.
    pub fn new(dn: impl Into<String>) -> Self {
        Self {
            dn: dn.into(),
            attributes: Vec::new(),
        }
    }

    /// With one more value, as text.
    #[must_use]
    pub fn with(self, name: &str, value: impl Into<String>) -> Self {
        self.with_bytes(name, value.into().into_bytes())
    }

    /// With one more value, as bytes.
    #[must_use]
    pub fn with_bytes(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.add_value(name, value);
        self
    }

    /// The values of an attribute, its name compared as LDAP does.
    pub fn values(&self, name: &str) -> &[Vec<u8>] {
        self.position(name)
            .and_then(|at| self.attributes.get(at))
            .map(|(_, values)| values.as_slice())
            .unwrap_or_default()
    }

    /// The first value of an attribute, if it is UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values(name)
            .first()
            .and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Adds one value.
    pub fn add_value(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        match self
            .position(name)
            .and_then(|at| self.attributes.get_mut(at))
        {
            Some((_, values)) => values.push(value.into()),
            None => self.attributes.push((name.to_owned(), vec![value.into()])),
        }
    }

    /// Replaces all values of an attribute by one text.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.set_values(name, vec![value.into().into_bytes()]);
    }

    /// Replaces all values of an attribute; none removes it.
    pub fn set_values(&mut self, name: &str, values: Vec<Vec<u8>>) {
        if values.is_empty() {
            self.remove(name);
            return;
        }
        match self
            .position(name)
            .and_then(|at| self.attributes.get_mut(at))
        {
            Some((_, old)) => *old = values,
            None => self.attributes.push((name.to_owned(), values)),
        }
    }

    /// Removes an attribute; whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let at = self.position(name);
        if let Some(at) = at {
            self.attributes.remove(at);
        }
        at.is_some()
    }

    /// Removes one value, compared byte for byte; whether it was there.
    pub fn remove_value(&mut self, name: &str, value: &[u8]) -> bool {
        let mut values = self.values(name).to_vec();
        let before = values.len();
        values.retain(|one| one != value);
        let gone = values.len() < before;
        if gone {
            self.set_values(name, values);
        }
        gone
    }

    fn position(&self, name: &str) -> Option<usize> {
        let wanted = attribute::canonical_description(name);
        self.attributes
            .iter()
            .position(|(found, _)| attribute::canonical_description(found) == wanted)
    }
}
