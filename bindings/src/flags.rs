//! Flags as they are listed.

use flipt_engine::client::FlagSummary;
use napi_derive::napi;

/// A flag as it is listed.
#[napi(object, object_from_js = false)]
pub struct NativeFlag {
    /// Its key.
    pub key: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// The server's name of its type.
    #[napi(js_name = "type")]
    pub type_name: String,
    /// Its description.
    pub description: Option<String>,
}

impl From<FlagSummary> for NativeFlag {
    fn from(flag: FlagSummary) -> Self {
        let FlagSummary { key, enabled, type_name, description } = flag;
        Self { key, enabled, type_name, description }
    }
}
