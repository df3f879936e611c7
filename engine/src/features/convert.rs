//! Writes a namespace as the snapshot that a Flipt server sends of it.

use super::attachment::{Spelling, encode};
use super::figure::{json_f32, json_text};
use super::model::{Document, Flag, Reference, Rollout, Rule, Segment, Variant};
use super::namespace::{Namespace, Reach, Segments};

/// A server writes when it built the snapshot; files say nothing of it, and the same files make the same text.
const TIME: &str = "1970-01-01T00:00:00Z";

/// The body of a snapshot response. The id of a rule is `<flagKey>#rule-<rank>`.
pub(super) fn snapshot(namespace: &Namespace, documents: &[Document], reach: Reach) -> String {
    let mut writer = Writer { out: String::new() };
    writer.out.push_str("{\"namespace\":{");
    writer.text("key", &namespace.key);
    writer.out.push_str("},\"flags\":[");
    let mut segments = Segments::new();
    for document in namespace.documents.iter().filter_map(|position| documents.get(*position)) {
        segments.enter(document);
        for flag in &document.flags {
            writer.separate();
            writer.flag(flag, document, |reference| segments.find(&reference.key, reach));
        }
    }
    writer.out.push_str("],");
    writer.text("digest", &namespace.digest);
    writer.out.push('}');
    writer.out
}

struct Writer {
    out: String,
}

impl Writer {
    fn flag<'a>(&mut self, flag: &Flag, document: &Document, find: impl Fn(&Reference) -> Option<&'a Segment>) {
        self.out.push('{');
        self.text("key", &flag.key);
        self.out.push_str(",\"name\":\"\",\"description\":\"\",\"enabled\":");
        self.boolean(flag.enabled);
        self.out.push(',');
        self.text("type", if flag.boolean { "BOOLEAN_FLAG_TYPE" } else { "VARIANT_FLAG_TYPE" });
        self.out.push_str(&format!(",\"createdAt\":\"{TIME}\",\"updatedAt\":\"{TIME}\",\"rules\":["));
        for (rank, rule) in (1..).zip(&flag.rules) {
            self.separate();
            self.rule(rank, rule, flag, document, &find);
        }
        self.out.push_str("],\"rollouts\":[");
        for (rank, rollout) in (1..).zip(&flag.rollouts) {
            self.separate();
            self.rollout(rank, rollout, &find);
        }
        self.out.push(']');
        if let Some(variant) = flag.variants.iter().rfind(|variant| variant.default) {
            self.default_variant(flag, variant, document);
        }
        self.out.push('}');
    }

    fn default_variant(&mut self, flag: &Flag, variant: &Variant, document: &Document) {
        self.out.push_str(",\"defaultVariant\":{");
        self.text("id", &clean(&format!("{}/{}", flag.key, variant.key)));
        self.out.push(',');
        self.text("key", &variant.key);
        self.out.push(',');
        let attachment = encode(&document.tree, variant.attachment, Spelling::Exact, document.json);
        self.text("attachment", &attachment);
        self.out.push('}');
    }

    fn rule<'a>(
        &mut self,
        rank: usize,
        rule: &Rule,
        flag: &Flag,
        document: &Document,
        find: &impl Fn(&Reference) -> Option<&'a Segment>,
    ) {
        let id = format!("{}#rule-{rank}", flag.key);
        self.out.push('{');
        self.text("id", &id);
        self.out.push(',');
        self.segments(&rule.segments, find);
        self.out.push_str(&format!(",\"rank\":{rank},"));
        self.operator(rule.and);
        self.out.push_str(",\"distributions\":[");
        for distribution in &rule.distributions {
            let Some(variant) = flag.variants.get(distribution.variant) else { continue };
            self.separate();
            self.out.push('{');
            self.text("ruleId", &id);
            self.out.push(',');
            self.text("variantKey", &variant.key);
            self.out.push(',');
            let attachment = encode(&document.tree, variant.attachment, Spelling::Double, document.json);
            self.text("variantAttachment", &attachment);
            self.out.push_str(",\"rollout\":");
            self.out.push_str(&json_f32(distribution.rollout));
            self.out.push('}');
        }
        self.out.push_str("]}");
    }

    fn rollout<'a>(&mut self, rank: usize, rollout: &Rollout, find: &impl Fn(&Reference) -> Option<&'a Segment>) {
        let type_name = match rollout {
            Rollout::Empty => "UNKNOWN_ROLLOUT_TYPE",
            Rollout::Segment { .. } => "SEGMENT_ROLLOUT_TYPE",
            Rollout::Threshold { .. } => "THRESHOLD_ROLLOUT_TYPE",
        };
        self.out.push('{');
        self.text("type", type_name);
        self.out.push_str(&format!(",\"rank\":{rank}"));
        match rollout {
            Rollout::Empty => {}
            Rollout::Segment { segments, and, value } => {
                self.out.push_str(",\"segment\":{\"value\":");
                self.boolean(*value);
                self.out.push(',');
                self.operator(*and);
                self.out.push(',');
                self.segments(segments, find);
                self.out.push('}');
            }
            Rollout::Threshold { percentage, value } => {
                self.out.push_str(",\"threshold\":{\"percentage\":");
                self.out.push_str(&json_f32(*percentage));
                self.out.push_str(",\"value\":");
                self.boolean(*value);
                self.out.push('}');
            }
        }
        self.out.push('}');
    }

    /// A segment with a constraint that does not fit is left out, as by the server.
    fn segments<'a>(&mut self, references: &[Reference], find: &impl Fn(&Reference) -> Option<&'a Segment>) {
        self.out.push_str("\"segments\":[");
        for segment in references.iter().filter_map(find).filter(|segment| !segment.malformed) {
            self.separate();
            self.segment(segment);
        }
        self.out.push(']');
    }

    fn segment(&mut self, segment: &Segment) {
        self.out.push('{');
        self.text("key", &segment.key);
        self.out.push_str(",\"name\":\"\",\"description\":\"\",");
        self.text("matchType", if segment.any { "ANY_SEGMENT_MATCH_TYPE" } else { "ALL_SEGMENT_MATCH_TYPE" });
        self.out.push_str(",\"constraints\":[");
        for constraint in &segment.constraints {
            self.separate();
            self.out.push('{');
            for (name, text) in [
                ("type", &constraint.type_name),
                ("property", &constraint.property),
                ("operator", &constraint.operator),
                ("value", &constraint.value),
            ] {
                if name != "type" {
                    self.out.push(',');
                }
                self.text(name, text);
            }
            self.out.push('}');
        }
        self.out.push_str("]}");
    }

    fn operator(&mut self, and: bool) {
        self.text("segmentOperator", if and { "AND_SEGMENT_OPERATOR" } else { "OR_SEGMENT_OPERATOR" });
    }

    fn text(&mut self, name: &str, text: &str) {
        self.out.push_str(&format!("\"{name}\":"));
        json_text(text, &mut self.out);
    }

    fn boolean(&mut self, value: bool) {
        self.out.push_str(if value { "true" } else { "false" });
    }

    /// A comma, unless a list or an object has just begun.
    fn separate(&mut self) {
        if !self.out.ends_with(['[', '{']) {
            self.out.push(',');
        }
    }
}

/// A path without `.`, `..` and needless slashes, which the server makes of the id of a default variant.
fn clean(path: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." if steps.last().is_some_and(|last| *last != "..") => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    if steps.is_empty() { ".".to_owned() } else { steps.join("/") }
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn ids_are_clean_paths() {
        for (path, cleaned) in [
            ("f/v", "f/v"),
            ("f/a/../b", "f/b"),
            ("f/..", "."),
            ("f//x//y/", "f/x/y"),
            ("f/../../x", "../x"),
            ("f/.", "f"),
            ("f/ v ", "f/ v "),
        ] {
            assert_eq!(clean(path), cleaned);
        }
    }
}
