use super::Checker;
use crate::features::model::Segment;
use crate::features::tree::NodeId;

impl Checker<'_> {
    pub(super) fn segment(&mut self, id: NodeId, path: &str) -> Segment {
        let mut segment = Segment::default();
        let Some(mut fields) = self.mapping(id, path) else { return segment };
        if let Some(key) = self.required(&mut fields, "key") {
            segment.key = self.key(key, &fields.path("key"));
        }
        if let Some(name) = self.required(&mut fields, "name") {
            self.line(name, &fields.path("name"));
        }
        if let Some(kind) = self.required(&mut fields, "match_type") {
            let kinds = [("ANY_MATCH_TYPE", true), ("ALL_MATCH_TYPE", false)];
            segment.any = self.choice(kind, &fields.path("match_type"), &kinds).unwrap_or_default();
        }
        self.description(&mut fields);
        if let Some(constraints) = fields.take("constraints") {
            let path = fields.path("constraints");
            for (item, path) in self.list(constraints, &path) {
                let Some((constraint, malformed)) = self.constraint(item, &path, &segment.key) else { continue };
                segment.malformed |= malformed;
                segment.constraints.push(constraint);
            }
        }
        self.leftovers(&fields, "a segment");
        segment
    }
}
