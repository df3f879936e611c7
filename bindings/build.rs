//! Links the addon so that it stays loaded: its threads outlive the environment that loaded it.

#[expect(clippy::disallowed_methods, reason = "this is how a build script reads its target and speaks to cargo")]
fn main() {
    napi_build::setup();
    let target = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if matches!(target.as_str(), "linux" | "android" | "freebsd") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
