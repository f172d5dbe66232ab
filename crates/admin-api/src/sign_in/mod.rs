//! Signing in and out, the first run, and API tokens: `/api/v1/session`, `/api/v1/first-run`, `/api/v1/tokens`.

mod session;
mod tokens;

use usher_engine::access::AccessError;

use crate::own::problem::{Fault, Problem};

pub(crate) use session::{group as session_group, set_cookie};
pub(crate) use tokens::group as token_group;

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::NotFound(text) => Self::not_found(text),
            AccessError::Invalid(problems) => {
                let faults = problems.into_iter().map(|problem| {
                    // The published interface calls it otherwise.
                    let field = match problem.field.as_str() {
                        "username" => "name",
                        field => field,
                    };
                    Fault::at(format!("/{field}"), problem.message)
                });
                Self::invalid(faults.collect())
            }
            AccessError::SignIn(error) => error.into(),
            AccessError::Engine(error) => error.into(),
        }
    }
}
