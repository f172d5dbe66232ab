//! Mapping expressions: compiled once, evaluated per entry within a fixed amount of work.

use std::sync::Arc;

use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};

use super::context::{Context, Variables};
use super::filters;
use super::scan::{self, Used};

/// Work that one evaluation may do.
const FUEL: u64 = 10_000;
/// Longest expression, in bytes.
const MAX_EXPRESSION: usize = 10_000;
/// Most words, strings and signs. The engine walks long chains of operators recursively and without
/// a bound of its own, so this keeps the stack safe.
const MAX_TOKENS: usize = 250;
/// Most brackets inside brackets.
const MAX_NESTING: usize = 24;
/// Most values that a list may have.
const MAX_LIST: usize = 1_000;
/// Deepest nesting while parsing.
const MAX_DEPTH: usize = 60;
/// The variable that takes the result; administrators cannot name it.
const RESULT: &str = "usher_result__";

/// All expressions of one channel.
pub(super) struct Expressions {
    env: Environment<'static>,
}

impl std::fmt::Debug for Expressions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Expressions(..)")
    }
}

/// Something wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExpressionProblem {
    pub(super) message: String,
    pub(super) line: Option<usize>,
    pub(super) column: Option<usize>,
}

/// The value of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Evaluated {
    /// Undefined or none.
    Empty,
    /// One text.
    Text(String),
    /// Several texts.
    List(Vec<String>),
}

impl Default for Expressions {
    fn default() -> Self {
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        env.set_fuel(Some(FUEL));
        env.set_recursion_limit(MAX_DEPTH);
        env.set_auto_escape_callback(|_| AutoEscape::None);
        env.set_debug(true);
        env.remove_global("debug");
        filters::register(&mut env);
        Self { env }
    }
}

impl Expressions {
    /// Compiles an expression under a name, or says everything that is wrong with it.
    pub(super) fn add(
        &mut self,
        name: &str,
        text: &str,
        attributes: &[String],
    ) -> Result<(), Vec<ExpressionProblem>> {
        if let Some(message) = too_long(text) {
            return Err(vec![at(text, 0, message)]);
        }
        self.check(text, attributes)?;
        // The text is a complete expression by now, so it cannot end the statement around it. A
        // statement, unlike an expression, can be kept in the environment.
        let statement = format!("{{% set {RESULT} = ({text}) %}}");
        self.env
            .add_template_owned(name.to_owned(), statement)
            .map_err(|error| vec![problem(text, &error)])?;
        self.try_out(name, text, attributes)
    }

    fn check(&self, text: &str, attributes: &[String]) -> Result<(), Vec<ExpressionProblem>> {
        let compiled = self
            .env
            .compile_expression_owned(text.to_owned())
            .map_err(|error| vec![problem(text, &error)])?;
        let mut problems = self.unknown_names(text, attributes);
        for path in compiled.undeclared_variables(true) {
            if let Some(message) = self.undeclared(&path, attributes) {
                let offset = text.find(&path).unwrap_or(0);
                problems.push(at(text, offset, message));
            }
        }
        problems.sort_by_key(|problem| (problem.line, problem.column));
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems)
        }
    }

    fn unknown_names(&self, text: &str, attributes: &[String]) -> Vec<ExpressionProblem> {
        let mut problems = Vec::new();
        for (used, offset) in scan::names(text) {
            let message = match used {
                Used::Filter(name) => (!self.has_filter(&name)).then(|| {
                    format!("unknown filter `{name}`: see the list of filters in the manual")
                }),
                Used::Test(name) => (!self.has_test(&name)).then(|| {
                    format!("unknown test `{name}`: tests are `defined`, `none`, `in`, `eq`, ...")
                }),
                Used::Subscript(name) => {
                    (!is_added(&name, attributes)).then(|| not_added(&name, attributes))
                }
            };
            problems.extend(message.map(|message| at(text, offset, message)));
        }
        problems
    }

    fn has_filter(&self, name: &str) -> bool {
        let tried = self.env.empty_state().apply_filter(name, &[]);
        !matches!(tried, Err(error) if error.kind() == ErrorKind::UnknownFilter)
    }

    fn has_test(&self, name: &str) -> bool {
        let tried = self.env.empty_state().perform_test(name, &[]);
        !matches!(tried, Err(error) if error.kind() == ErrorKind::UnknownTest)
    }

    /// What is wrong with a variable path such as `mail` or `all.mail`.
    fn undeclared(&self, path: &str, attributes: &[String]) -> Option<String> {
        let mut parts = path.split('.');
        let first = parts.next().unwrap_or_default();
        let name = match first {
            "attr" | "all" => parts.next()?,
            name if self.env.globals().any(|(known, _)| known == name) => return None,
            name => name,
        };
        (!is_added(name, attributes)).then(|| not_added(name, attributes))
    }

    /// Evaluates with made-up values: mistakes that no value can mend are problems of the rule.
    fn try_out(
        &self,
        name: &str,
        text: &str,
        attributes: &[String],
    ) -> Result<(), Vec<ExpressionProblem>> {
        let samples: [&[&str]; 3] = [
            &["ana@example.org"],
            &["cn=Ana Diaz,ou=Sales,dc=example,dc=org", "20240229120000Z"],
            &[],
        ];
        for values in samples {
            let tried = self.run(name, Context::sample(attributes, values));
            if let Err(error) = tried
                && is_mistake(error.kind())
            {
                return Err(vec![problem(text, &error)]);
            }
        }
        Ok(())
    }

    fn run(&self, name: &str, context: Context) -> Result<Value, Error> {
        let variables = Value::from_object(Variables(Arc::new(context)));
        let captured = self.env.get_template(name)?.render_captured(variables)?;
        Ok(captured.state().lookup(RESULT).unwrap_or_default())
    }

    /// Evaluates; an error is in words.
    pub(super) fn evaluate(&self, name: &str, context: Context) -> Result<Evaluated, String> {
        let value = self.run(name, context).map_err(|error| words(&error))?;
        evaluated(&value)
    }
}

fn too_long(text: &str) -> Option<String> {
    if text.len() > MAX_EXPRESSION {
        return Some(format!(
            "expected an expression of at most {MAX_EXPRESSION} bytes, found {}; use a table in the directory or several fields",
            text.len()
        ));
    }
    let size = scan::size(text);
    if size.tokens > MAX_TOKENS {
        return Some(format!(
            "expected an expression of at most {MAX_TOKENS} words and signs, found {}",
            size.tokens
        ));
    }
    (size.depth > MAX_NESTING).then(|| {
        format!(
            "expected at most {MAX_NESTING} brackets inside brackets, found {}",
            size.depth
        )
    })
}

fn is_added(name: &str, attributes: &[String]) -> bool {
    attributes
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

fn not_added(name: &str, attributes: &[String]) -> String {
    let added = if attributes.is_empty() {
        "none".to_owned()
    } else {
        attributes.join(", ")
    };
    format!(
        "`{name}` is not an attribute of this rule (added are: {added}); add it to the rule's attributes, or correct the name"
    )
}

/// Errors that come from the expression's text rather than from a value.
fn is_mistake(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::SyntaxError
            | ErrorKind::UnknownFilter
            | ErrorKind::UnknownTest
            | ErrorKind::UnknownFunction
            | ErrorKind::UnknownMethod
            | ErrorKind::TooManyArguments
            | ErrorKind::MissingArgument
            | ErrorKind::BadEscape
            | ErrorKind::OutOfFuel
    )
}

fn words(error: &Error) -> String {
    match error.kind() {
        ErrorKind::OutOfFuel => {
            "the expression does too much work; make it simpler or work on fewer values".to_owned()
        }
        ErrorKind::UndefinedError => format!(
            "an attribute without a value was used{}; test it first, as in `mail if mail else uid`",
            error
                .detail()
                .map(|d| format!(" ({d})"))
                .unwrap_or_default()
        ),
        kind => error
            .detail()
            .map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}")),
    }
}

fn problem(text: &str, error: &Error) -> ExpressionProblem {
    // A statement's range counts from its own start; only an expression's own range is of use.
    let column = error
        .range()
        .filter(|_| error.kind() == ErrorKind::SyntaxError && error.name() == Some("<expression>"))
        .map(|range| column(text, range.start));
    ExpressionProblem {
        message: words(error),
        line: error.line().or(Some(1)),
        column,
    }
}

fn at(text: &str, offset: usize, message: String) -> ExpressionProblem {
    let before = text.get(..offset).unwrap_or_default();
    ExpressionProblem {
        message,
        line: Some(before.matches('\n').count() + 1),
        column: Some(column(text, offset)),
    }
}

fn column(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1
}

fn evaluated(value: &Value) -> Result<Evaluated, String> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Ok(Evaluated::Empty),
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value.try_iter().map_err(|error| words(&error))?;
            let mut list = Vec::new();
            for item in items {
                if list.len() == MAX_LIST {
                    return Err(format!("expected at most {MAX_LIST} values, found more"));
                }
                list.extend(evaluated_item(&item)?);
            }
            Ok(Evaluated::List(list))
        }
        _ => Ok(evaluated_item(value)?.map_or(Evaluated::Empty, Evaluated::Text)),
    }
}

fn evaluated_item(value: &Value) -> Result<Option<String>, String> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Ok(None),
        ValueKind::String => Ok(value.as_str().map(str::to_owned)),
        ValueKind::Bool => Ok(Some(value.is_true().to_string())),
        ValueKind::Number => Ok(Some(value.to_string())),
        kind => Err(format!(
            "expected a text, a number, a truth value or a list of those, found a {kind}"
        )),
    }
}
