//! Results as JavaScript gets them: `{ ok }` or `{ error }`, made into an `Error` by one function there.

use std::error::Error as _;

use flipt_engine::error::Problem;
use flipt_engine::features::Finding;
use flipt_engine::{Error, ErrorKind};
use napi_derive::napi;

/// An error with everything that JavaScript builds its own from.
#[napi(object, object_from_js = false)]
pub struct NativeError {
    /// `FLIPT_<NOUN>_<PROBLEM>`.
    pub code: &'static str,
    /// What failed.
    pub message: String,
    /// Whether the same call may succeed soon.
    pub retryable: bool,
    /// Every bad field of refused options or feature files.
    pub problems: Option<Vec<NativeProblem>>,
    /// The HTTP status that the server answered with.
    pub status: Option<u32>,
    /// The message of the error underneath.
    pub cause: Option<String>,
}

/// One bad field: of options with what was received and is allowed, of a feature file with its place and a reason.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct NativeProblem {
    /// Path of the field.
    pub field: String,
    /// What was received.
    pub received: Option<String>,
    /// What is allowed.
    pub allowed: Option<String>,
    /// The known name closest to an unknown one.
    pub suggestion: Option<String>,
    /// The feature file.
    pub file: Option<String>,
    /// The line in it, counted from 1.
    pub line: Option<u32>,
    /// The column in characters, counted from 1.
    pub column: Option<u32>,
    /// What is wrong there.
    pub reason: Option<String>,
}

impl From<&Problem> for NativeProblem {
    fn from(problem: &Problem) -> Self {
        Self {
            field: problem.field.clone(),
            received: Some(problem.received.clone()),
            allowed: Some(problem.allowed.clone()),
            suggestion: problem.suggestion.clone(),
            ..Self::default()
        }
    }
}

impl From<&Finding> for NativeProblem {
    fn from(finding: &Finding) -> Self {
        Self {
            field: finding.field.clone(),
            file: Some(finding.file.clone()),
            line: finding.line,
            column: finding.column,
            reason: Some(finding.reason.clone()),
            ..Self::default()
        }
    }
}

impl From<&Error> for NativeError {
    fn from(error: &Error) -> Self {
        let (problems, status) = match error.kind() {
            ErrorKind::Options(problems) => (Some(problems.iter().map(Into::into).collect()), None),
            ErrorKind::Source(findings) => (Some(findings.iter().map(Into::into).collect()), None),
            ErrorKind::Status(status) => (None, Some(u32::from(*status))),
            _ => (None, None),
        };
        Self {
            code: error.code(),
            message: error.to_string(),
            retryable: error.retryable(),
            problems,
            status,
            cause: error.source().map(ToString::to_string),
        }
    }
}

/// Declares the result of a call: an object with `ok` or with `error`.
macro_rules! tagged {
    ($($(#[$docs:meta])* $name:ident($value:ty);)+) => {$(
        $(#[$docs])*
        #[napi(object, object_from_js = false)]
        pub struct $name {
            /// The value of a call that succeeded.
            pub ok: Option<$value>,
            /// Why the call failed.
            pub error: Option<NativeError>,
        }

        impl From<Result<$value, Error>> for $name {
            fn from(result: Result<$value, Error>) -> Self {
                match result {
                    Ok(value) => Self { ok: Some(value), error: None },
                    Err(error) => Self { ok: None, error: Some((&error).into()) },
                }
            }
        }
    )+};
}

tagged! {
    /// Of `createClient`, `shareClient` and `another`, where neither means that there is none.
    TaggedClient(crate::client::NativeClient);
    /// Of `ready`, `refresh`, `close` and `updateAuthentication`.
    TaggedBoolean(bool);
    /// Of `exportSnapshot` and `convertFeatures`.
    TaggedText(String);
    /// Of `validateFeatures`.
    TaggedFeatures(crate::features::NativeFeatures);
    /// Of `listFlags`.
    TaggedFlags(Vec<crate::flags::NativeFlag>);
    /// Of `plan`.
    TaggedPlan(crate::plan::NativePlan);
    /// Of `plans`.
    TaggedPlans(Vec<crate::plan::NativePlan>);
    /// Of `evaluate`.
    TaggedAnswer(crate::results::NativeAnswer);
    /// Of `evaluateBatch`.
    TaggedBatch(crate::results::NativeBatch);
}
