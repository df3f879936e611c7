//! A question of the slow path.

use napi_derive::napi;

/// A request: keys and values of the context side by side.
#[napi(object, object_to_js = false)]
pub struct NativeRequest {
    /// The flag's key.
    pub flag_key: String,
    /// The entity.
    pub entity_id: String,
    /// The context's keys.
    pub keys: Vec<String>,
    /// The context's values.
    pub values: Vec<String>,
}

impl NativeRequest {
    /// The context as the engine reads it.
    pub(crate) fn context(&self) -> Vec<(&str, &str)> {
        self.keys.iter().zip(&self.values).map(|(key, value)| (key.as_str(), value.as_str())).collect()
    }
}
