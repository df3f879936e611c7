//! Compares what becomes of the recorded feature files here with what a Flipt server made of them, as a table.
//!
//! `cargo run -p flipt-engine --example features`; ends with 1 when anything differs.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "an example shows what it does, and the records are there"
)]

#[path = "../tests/features/cases.rs"]
mod cases;

use std::process::ExitCode;

use cases::Case;
use flipt_engine::features::Features;

fn main() -> ExitCode {
    let refusals = cases::refusals();
    let mut different = 0;
    for case in cases::all() {
        let features = case.read();
        let differences = case.differences(&features, &refusals);
        let verdict = if differences.is_empty() { "same" } else { "DIFFERENT" };
        println!("{verdict:<9}  {:<44}  {}", case.id, told(&case, &features));
        different += usize::from(!differences.is_empty());
        for difference in &differences {
            println!("           {difference}");
        }
    }
    let cases = cases::all();
    let count = |result: &str| cases.iter().filter(|case| case.result == result).count();
    println!(
        "\n{} cases: {} served, {} refused, {} served with a segment dropped; {different} differ",
        cases.len(),
        count("served"),
        count("refused"),
        count("segment dropped"),
    );
    ExitCode::from(u8::from(different > 0))
}

/// What became of a case, in a line.
fn told(case: &Case, features: &Features) -> String {
    let first = features.problems().first().or(features.warnings().first().filter(|_| case.result != "served"));
    match first {
        Some(finding) => format!("{}, {finding}", case.result),
        None => case.result.clone(),
    }
}
