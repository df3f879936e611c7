//! Links the addon so that it stays loaded, and bears its own name wherever it was built.

#[expect(clippy::disallowed_methods, reason = "this is how a build script reads its target and speaks to cargo")]
fn main() {
    napi_build::setup();
    let target = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    match target.as_str() {
        // Its threads outlive the environment that loaded it.
        "linux" | "android" | "freebsd" => println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete"),
        // Else the linker writes the path of its output into the library.
        "macos" => println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/flipt_native.node"),
        _ => {}
    }
}
