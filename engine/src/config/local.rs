use std::path::PathBuf;

use serde_json::Value;

use super::reader::{Reader, assign, object, received};
use super::{Config, ProcessEnvironment, ServerUrl, limits};
use crate::error::Problem;
use crate::snapshot::Made;

const TEXT_OR_VALUES: &str = "an object of values by flag key, or a text of flag state";
const FILE_OR_VALUES: &str = "an object of values by flag key, or the path of a file with one";

/// Flag state to start from, before a server is heard or in place of one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Bootstrap {
    /// Flags made of plain values.
    Values(Made),
    /// An exported snapshot, its JSON or a server's, or a features document.
    Text(String),
}

/// Values that are forced upon flags, whatever flag state comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overrides {
    /// These.
    Values(Made),
    /// Those in a JSON file.
    File(PathBuf),
}

/// Reads the options for work without a server.
pub(super) fn read(options: &mut Reader<'_>, environment: &ProcessEnvironment, config: &mut Config) {
    assign(&mut config.offline, options.flag("offline"));
    config.bootstrap = bootstrap(options);
    if config.bootstrap.is_some() && options.value("snapshot").is_some() {
        options.note("bootstrap", "'bootstrap' together with 'snapshot'", "one of the two");
    }
    port(options, environment, config);
    config.overrides = overrides(options);
    assign(&mut config.allow_overrides_in_production, options.flag("allowOverridesInProduction"));
}

fn port(options: &mut Reader<'_>, environment: &ProcessEnvironment, config: &mut Config) {
    let is_allowed = options.flag("allowLocalPortInProduction").unwrap_or_default();
    let Some(port) = options.whole::<u16>("localPort", &limits::LOCAL_PORT) else { return };
    if options.value("url").is_some() {
        return options.note("localPort", "'localPort' together with 'url'", "one of the two");
    }
    if environment.is_production() && !is_allowed {
        let allowed = "a port where NODE_ENV is not production, unless allowLocalPortInProduction is true";
        return options.note("localPort", format!("{port} where NODE_ENV is production"), allowed);
    }
    if let Ok(url) = ServerUrl::read(&format!("http://localhost:{port}")) {
        config.url = url;
    }
}

fn bootstrap(options: &mut Reader<'_>) -> Option<Bootstrap> {
    match options.value("bootstrap")? {
        Value::String(text) if text.trim().is_empty() => {
            options.note("bootstrap", "a blank text", TEXT_OR_VALUES);
            None
        }
        Value::String(text) => Some(Bootstrap::Text(text.clone())),
        _ => values(options, "bootstrap", TEXT_OR_VALUES).map(Bootstrap::Values),
    }
}

fn overrides(options: &mut Reader<'_>) -> Option<Overrides> {
    match options.value("overrides")? {
        Value::String(_) => options.file("overrides").map(Overrides::File),
        _ => values(options, "overrides", FILE_OR_VALUES).map(Overrides::Values),
    }
}

fn values(options: &mut Reader<'_>, name: &str, allowed: &str) -> Option<Made> {
    let value = options.value(name)?;
    if object(value).is_none() {
        let received = received(value);
        options.note(name, received, allowed);
        return None;
    }
    match Made::read(&value.to_string()) {
        Ok(made) => Some(made),
        Err(problems) => {
            options.problems.extend(problems.into_iter().map(|problem| below(name, problem)));
            None
        }
    }
}

/// A value's problem under the option that it belongs to.
pub(crate) fn below(option: &str, problem: Problem) -> Problem {
    let shown: String = problem.field.chars().filter(|c| !c.is_control()).take(64).collect();
    let field = if shown.is_empty() { option.to_owned() } else { format!("{option}.{shown}") };
    Problem { field, ..problem }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::ErrorKind;

    fn read(options: &Value, environment: &[(&str, &str)]) -> Result<Config, Vec<(String, String)>> {
        let environment = environment.iter().copied().collect();
        Config::from_json_in(options, &|_| None, environment).map_err(|error| match error.kind() {
            ErrorKind::Options(problems) => {
                problems.iter().map(|problem| (problem.field.clone(), problem.received.clone())).collect()
            }
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn values_and_texts_are_told_apart() {
        let config = read(
            &json!({ "offline": true, "bootstrap": { "a": true }, "overrides": { "a": "x", "b": 1 } }),
            &[("NODE_ENV", "production")],
        )
        .unwrap();
        assert!(config.offline && !config.allow_overrides_in_production);
        assert!(matches!(config.bootstrap, Some(Bootstrap::Values(made)) if made.len() == 1));
        assert!(matches!(config.overrides, Some(Overrides::Values(made)) if made.len() == 2));
        let config = read(&json!({ "bootstrap": "e30=", "overrides": "dir/o.json" }), &[]).unwrap();
        assert_eq!(config.bootstrap, Some(Bootstrap::Text("e30=".to_owned())));
        assert_eq!(config.overrides, Some(Overrides::File("dir/o.json".into())));
    }

    #[test]
    fn a_port_stands_for_this_machine_outside_production() {
        for (options, environment) in [
            (json!({ "localPort": 8081 }), &[][..]),
            (json!({ "localPort": 8081 }), &[("NODE_ENV", "test")]),
            (json!({ "localPort": 8081, "allowLocalPortInProduction": true }), &[("NODE_ENV", "production")]),
        ] {
            assert_eq!(read(&options, environment).unwrap().url.to_string(), "http://localhost:8081/");
        }
        for (options, field, received) in [
            (json!({ "localPort": 8081 }), "localPort", "8081 where NODE_ENV is production"),
            (json!({ "localPort": 0 }), "localPort", "0"),
            (json!({ "localPort": 65_536 }), "localPort", "65536"),
            (json!({ "localPort": "80" }), "localPort", "a text"),
            (json!({ "localPort": 80, "url": "http://h" }), "localPort", "'localPort' together with 'url'"),
            (json!({ "allowLocalPortInProduction": 1 }), "allowLocalPortInProduction", "1"),
        ] {
            let problems = read(&options, &[("NODE_ENV", "production")]).unwrap_err();
            assert_eq!(problems, [(field.to_owned(), received.to_owned())], "{options}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (options, field, received) in [
            (json!({ "offline": "yes" }), "offline", "a text"),
            (json!({ "bootstrap": " " }), "bootstrap", "a blank text"),
            (json!({ "bootstrap": 7 }), "bootstrap", "7"),
            (json!({ "bootstrap": { "$js": "a Map" } }), "bootstrap", "a Map"),
            (json!({ "bootstrap": { "a": null } }), "bootstrap.a", "null"),
            (json!({ "bootstrap": {}, "snapshot": "e30=" }), "bootstrap", "'bootstrap' together with 'snapshot'"),
            (json!({ "overrides": [true] }), "overrides", "an array"),
            (json!({ "overrides": "" }), "overrides", "a blank text or one with a NUL"),
            (json!({ "overrides": { "a": { "$js": "function" } } }), "overrides.a", "function"),
            (json!({ "allowOverridesInProduction": "no" }), "allowOverridesInProduction", "a text"),
        ] {
            assert_eq!(read(&options, &[]).unwrap_err(), [(field.to_owned(), received.to_owned())], "{options}");
        }
    }
}
