//! What a client without a server is told by JavaScript.

use napi_derive::napi;

use crate::client::NativeClient;
use crate::error::TaggedBoolean;
use crate::panics::guard;

#[napi]
impl NativeClient {
    /// Puts flags in force on a client that was started offline; tells whether one may answer differently.
    #[napi(catch_unwind)]
    pub fn install(&self, entries_json: String) -> TaggedBoolean {
        guard("install", || self.client.install_made(&entries_json)).and_then(|changed| changed).into()
    }
}
