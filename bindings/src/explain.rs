//! Why an evaluation gives its answer, as JSON text.

use flipt_engine::evaluate::{self, Request};
use flipt_engine::{Error, ErrorKind};
use napi_derive::napi;

use crate::client::NativeClient;
use crate::error::TaggedText;
use crate::request::NativeRequest;

#[napi]
impl NativeClient {
    /// Explains one evaluation on the snapshot in force.
    #[napi(catch_unwind)]
    pub fn explain(&self, request: NativeRequest) -> TaggedText {
        let explained = self.read("explain", |installed| {
            let context = request.context();
            let request = Request::new(&request.flag_key, &request.entity_id, &context);
            let explanation = evaluate::explain(&installed.snapshot, &request);
            serde_json::to_string(&explanation).map_err(|error| Error::new(ErrorKind::Panic).with_source(error))
        });
        explained.into()
    }
}
