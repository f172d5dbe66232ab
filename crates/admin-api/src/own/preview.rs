//! Trying expressions and mappings before they are saved.

use std::collections::BTreeMap;

use axum::Json;
use serde::Deserialize;
use serde_json::{Value, json};
use usher_core::mapping::MappingProblem;
use usher_core::model::{CharacterCase, MappingRule, Parser};
use usher_engine::admin::{Whose, preview_rule};

use super::Caller;
use super::checks::patient;
use super::given::Given;
use super::links::fields;
use super::openapi::{Group, Takes, post};
use super::place::Place;
use super::problem::{Fault, Problem};

/// Attributes of a sample, and values of each.
const MOST: usize = 100;

pub(super) fn group() -> Group {
    Group::new("Previews", "Trying expressions and mappings before they are saved")
        .add(
            post("/preview/expression", "previewExpression", "Try an expression on a sample")
                .help("docs/mapping-expressions.md is the language. What is wrong with the expression is an answer, not a refusal: `problems` with line and column, both from 1.")
                .takes(Takes::Body(
                    json!({
                        "expression?": "string?", "attributes": {"*": ["string"]}, "default?": "string?",
                        "trim?": "boolean", "case?": "none|upper|lower",
                        "parser?": "none|extract_cn_from_dn|extract_username_from_email",
                    }),
                    json!({"expression": "givenName ~ ' ' ~ sn", "attributes": {"givenName": ["Ana"], "sn": ["Souza"]}}),
                ))
                .answers_as(200, "The value, or what is wrong", json!({"preview": "FieldPreview?", "problems": ["ExpressionProblem"]})),
            expression,
        )
        .add(
            post("/channels/{channel}/preview/mapping", "previewMapping", "What the mapping makes of one entry")
                .help("Reads the entry of `dn` from the directory, or the first person in scope whom `filter` fits. `mapping` tries other rules before they are saved, for those who may write them; with it passwords and masked attributes are dots.")
                .takes(Takes::Body(
                    json!({"dn?": "string?", "filter?": "string?", "mapping?": ["RuleToTry"]}),
                    json!({"dn": "uid=ana,ou=people,dc=example,dc=com"}),
                ))
                .answers(200, "Each field step by step", "MappingPreview")
                .refuses(409, "The entry is nobody's account and no group")
                .refuses(502, "The data store does not answer")
                .refuses(504, "It took too long"),
            mapping,
        )
        .add(
            post("/channels/{channel}/preview/correlation", "previewCorrelation", "How many people in scope exist at the target already")
                .help("Reads the whole scope, and compares it with what is kept of the last complete listing of the target; `listed_at` is null when there was none yet: a plan lists it.")
                .answers_as(200, "Per attribute, how many people one record or several match", json!({
                    "listed_at": "time?", "at_target": "integer", "people": "integer",
                    "candidates": [{"field": "string", "one": "integer", "several": "integer"}],
                }))
                .refuses(502, "The data store does not answer")
                .refuses(504, "It took too long"),
            correlation,
        )
        .shape("ExpressionProblem", json!({"message": "string", "line": "integer?", "column": "integer?"}))
        .shape("RuleToTry", json!({
            "field": "string", "attributes?": ["string"], "default?": "string?", "expression?": "string?",
            "create_only?": "boolean", "trim?": "boolean", "case?": "none|upper|lower",
            "parser?": "none|extract_cn_from_dn|extract_username_from_email", "masked?": "boolean",
        }))
        .shape("MappingPreview", json!({
            "dn": "string", "key": "string", "kind": "user|group", "out_of_scope": "string?",
            "fields": ["FieldPreview"], "problems": ["string"],
        }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expression {
    expression: Option<String>,
    attributes: BTreeMap<String, Vec<String>>,
    default: Option<String>,
    #[serde(default)]
    trim: bool,
    #[serde(default)]
    case: CharacterCase,
    #[serde(default)]
    parser: Parser,
}

async fn expression(
    Caller(admin): Caller,
    Given(wanted): Given<Expression>,
) -> Result<Json<Value>, Problem> {
    admin.require(usher_engine::admin::Permission::Look)?;
    let many = wanted.attributes.values().any(|values| values.len() > MOST);
    if many || wanted.attributes.len() > MOST {
        let detail = format!("expected at most {MOST} attributes with at most {MOST} values each");
        return Err(Problem::invalid(vec![Fault::at("/attributes", detail)]));
    }
    let rule = MappingRule {
        default: wanted.default,
        expression: wanted.expression,
        trim: wanted.trim,
        case: wanted.case,
        parser: wanted.parser,
        ..MappingRule::default()
    };
    let answer = match preview_rule(&rule, &wanted.attributes) {
        Ok(preview) => json!({"preview": fields(&[preview]).pop(), "problems": []}),
        Err(problems) => {
            let problems: Vec<Value> = problems
                .iter()
                .map(|problem| {
                    json!({
                        "message": problem.message, "line": problem.line, "column": problem.column,
                    })
                })
                .collect();
            json!({"preview": null, "problems": problems})
        }
    };
    Ok(Json(answer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mapping {
    dn: Option<String>,
    filter: Option<String>,
    mapping: Option<Vec<MappingRule>>,
}

async fn mapping(
    Caller(admin): Caller,
    place: Place,
    Given(wanted): Given<Mapping>,
) -> Result<Json<Value>, Problem> {
    let (configuration, id) = place.channel(&admin).await?;
    let whose = match (wanted.dn, wanted.filter) {
        (Some(dn), None) => Whose::Dn(dn),
        (None, Some(filter)) => Whose::Filter(filter),
        (Some(_), Some(_)) | (None, None) => {
            let detail = "say whose entry is meant: either `dn` or `filter`";
            return Err(Problem::invalid(vec![Fault::at("", detail)]));
        }
    };
    let preview = admin.preview_mapping(&configuration, &id, &whose, wanted.mapping);
    let found = patient(&admin, preview).await?;
    let found = found.map_err(|problems| Problem::invalid(problems.iter().map(fault).collect()))?;
    let found = found.ok_or_else(|| Problem::not_found("there is no such entry"))?;
    Ok(Json(json!({
        "dn": found.dn, "key": found.key, "kind": found.kind, "out_of_scope": found.out_of_scope,
        "fields": fields(&found.fields), "problems": found.problems,
    })))
}

fn fault(problem: &MappingProblem) -> Fault {
    let at = match problem.rule {
        Some(index) => format!("/mapping/{index}"),
        None => "/mapping".to_owned(),
    };
    let place = match (problem.line, problem.column) {
        (Some(line), Some(column)) => format!(" (line {line}, column {column})"),
        _ => String::new(),
    };
    Fault::at(at, format!("{problem}{place}"))
}

async fn correlation(Caller(admin): Caller, place: Place) -> Result<Json<Value>, Problem> {
    let (configuration, id) = place.channel(&admin).await?;
    let counted = patient(&admin, admin.preview_correlation(&configuration, &id)).await?;
    Ok(Json(json!(counted)))
}
