use std::fmt;

/// Findings of one file that are told; one more says that there are others.
pub(super) const TOLD: usize = 1000;

/// Something about feature files that their author should know: where it is, and what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, by the name it was given under.
    pub file: String,
    /// The line, counted from 1; `None` when it is about the file as a whole.
    pub line: Option<u32>,
    /// The column in characters, counted from 1; `None` together with the line.
    pub column: Option<u32>,
    /// The path of the field, for example `flags[0].rules[1].segment`; empty when it is about no field.
    pub field: String,
    /// What is wrong, in lower case.
    pub reason: String,
}

impl Finding {
    /// About a file as a whole.
    pub(crate) fn of_file(file: &str, reason: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, column: None, field: String::new(), reason: reason.into() }
    }

    /// About one place of a file.
    pub(super) fn at(file: &str, place: Place, field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: Some(place.line),
            column: Some(place.column),
            field: field.into(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        f.write_str(": ")?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.reason)
    }
}

/// A place in a file, line and column counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Place {
    pub(super) const START: Self = Self { line: 1, column: 1 };
}
