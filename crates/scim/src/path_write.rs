//! Setting and removing by path.

use crate::Map;
use crate::path::{Path, PathError, ValueFilter, find, kind_of};
use serde_json::Value;

impl Path {
    fn holder_mut<'a>(&self, document: &'a mut Map) -> Option<&'a mut Map> {
        match self.schema() {
            None => Some(document),
            Some(urn) => find_mut(document, urn)?.as_object_mut(),
        }
    }

    /// Sets the value at this path and makes what is missing on the way: the extension's object, the complex value, the element
    /// that the condition describes. A `null` removes.
    ///
    /// A path with a sub-attribute and without a condition sets it on every element of a list that is there.
    ///
    /// # Errors
    /// [`PathError::Kind`] when the document holds a value of another kind on the way; the document is then as it was.
    pub fn set(&self, document: &mut Map, value: Value) -> Result<(), PathError> {
        if value.is_null() {
            self.remove(document);
            return Ok(());
        }
        if self.filter.is_some() && self.sub.is_none() && !value.is_object() {
            return Err(self.kind(&value, "an object as the new element"));
        }
        let holder = match self.schema() {
            None => document,
            Some(urn) => match entry(document, urn).or_insert_with(|| Value::Object(Map::new())) {
                Value::Object(map) => map,
                other => return Err(self.kind(other, "an object")),
            },
        };
        match (&self.filter, &self.sub) {
            (None, None) => {
                *entry(holder, &self.attribute).or_insert(Value::Null) = value;
                Ok(())
            }
            (None, Some(sub)) => self.set_sub(holder, sub, value),
            (Some(filter), sub) => self.set_element(holder, filter, sub.as_deref(), value),
        }
    }

    fn set_sub(&self, holder: &mut Map, sub: &str, value: Value) -> Result<(), PathError> {
        let place = entry(holder, &self.attribute).or_insert(Value::Null);
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        match place {
            Value::Object(map) => put(map, sub, value),
            Value::Array(items) => {
                for map in items.iter_mut().filter_map(Value::as_object_mut) {
                    put(map, sub, value.clone());
                }
            }
            other => return Err(self.kind(other, "an object or a list")),
        }
        Ok(())
    }

    fn set_element(
        &self,
        holder: &mut Map,
        filter: &ValueFilter,
        sub: Option<&str>,
        value: Value,
    ) -> Result<(), PathError> {
        let mut value = match (sub, value) {
            (Some(sub), value) => Map::from_iter([(sub.to_owned(), value)]),
            (None, Value::Object(map)) => map,
            (None, other) => return Err(self.kind(&other, "an object as the new element")),
        };
        let place = entry(holder, &self.attribute).or_insert(Value::Null);
        match place {
            Value::Array(_) => {}
            Value::Null => *place = Value::Array(Vec::new()),
            Value::Object(_) => *place = Value::Array(vec![place.take()]),
            other => return Err(self.kind(other, "a list")),
        }
        let Value::Array(items) = place else {
            return Ok(());
        };
        let mut hit = false;
        let matching = items.iter_mut().filter(|item| filter.matches(item));
        for map in matching.filter_map(Value::as_object_mut) {
            hit = true;
            for (name, value) in &value {
                put(map, name, value.clone());
            }
        }
        if !hit {
            if find(&value, &filter.attribute).is_none() {
                value.insert(filter.attribute.clone(), filter.value.to_json());
            }
            items.push(Value::Object(value));
        }
        Ok(())
    }

    /// Removes what is at this path; true if something was there. A complex value, list or extension object that becomes empty goes
    /// too, and so does an element of a list that loses its `value`, since the rest of it describes nothing.
    pub fn remove(&self, document: &mut Map) -> bool {
        let Some(holder) = self.holder_mut(document) else {
            return false;
        };
        let Some(key) = key_of(holder, &self.attribute) else {
            return false;
        };
        let Some(place) = holder.get_mut(&key) else {
            return false;
        };
        let removed = if self.filter.is_none() && self.sub.is_none() {
            *place = Value::Null;
            true
        } else {
            self.remove_inside(place)
        };
        if is_hollow(place) {
            holder.remove(&key);
        }
        if let Some(key) = self.schema().and_then(|urn| key_of(document, urn))
            && document.get(&key).is_some_and(is_hollow)
        {
            document.remove(&key);
        }
        removed
    }

    fn remove_inside(&self, place: &mut Value) -> bool {
        let hit = |v: &Value| self.filter.as_ref().is_none_or(|filter| filter.matches(v));
        match (place, self.sub.as_deref()) {
            (Value::Array(items), None) => {
                let before = items.len();
                items.retain(|item| !hit(item));
                items.len() != before
            }
            (Value::Array(items), Some(sub)) => {
                let mut removed = false;
                items.retain_mut(|item| {
                    let gone = hit(item) && take(item, sub);
                    removed |= gone;
                    !(gone && (sub.eq_ignore_ascii_case("value") || is_hollow(item)))
                });
                removed
            }
            (single, sub) if hit(single) => match sub {
                Some(sub) => take(single, sub),
                None => !std::mem::take(single).is_null(),
            },
            _ => false,
        }
    }

    fn kind(&self, found: &Value, expected: &'static str) -> PathError {
        PathError::Kind {
            path: self.to_string(),
            found: kind_of(found),
            expected,
        }
    }
}

fn find_mut<'a>(map: &'a mut Map, name: &str) -> Option<&'a mut Value> {
    let key = key_of(map, name)?;
    map.get_mut(&key)
}

fn key_of(map: &Map, name: &str) -> Option<String> {
    if map.contains_key(name) {
        return Some(name.to_owned());
    }
    map.keys()
        .find(|key| key.eq_ignore_ascii_case(name))
        .cloned()
}

fn entry<'a>(map: &'a mut Map, name: &str) -> serde_json::map::Entry<'a> {
    let key = key_of(map, name).unwrap_or_else(|| name.to_owned());
    map.entry(key)
}

fn put(map: &mut Map, name: &str, value: Value) {
    *entry(map, name).or_insert(Value::Null) = value;
}

fn take(value: &mut Value, name: &str) -> bool {
    let Some(map) = value.as_object_mut() else {
        return false;
    };
    key_of(map, name).and_then(|key| map.remove(&key)).is_some()
}

fn is_hollow(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}
