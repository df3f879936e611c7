//! Keeps the library loaded: its threads run on when the last environment that loaded it ends.
//!
//! On ELF systems the linker flag `-z nodelete` does this (see `build.rs`).
#![allow(unsafe_code, reason = "asking the system to keep a library loaded is a foreign call")]

/// Marks the library that this function is part of as never to be unloaded.
#[cfg(target_os = "macos")]
pub(crate) fn keep_loaded() {
    use std::ffi::{c_char, c_int, c_void};

    #[repr(C)]
    struct Info {
        file: *const c_char,
        base: *mut c_void,
        symbol: *const c_char,
        address: *mut c_void,
    }
    unsafe extern "C" {
        fn dladdr(address: *const c_void, info: *mut Info) -> c_int;
        fn dlopen(file: *const c_char, mode: c_int) -> *mut c_void;
    }
    const LAZY: c_int = 0x1;
    const NO_DELETE: c_int = 0x80;
    let mut info = Info {
        file: std::ptr::null(),
        base: std::ptr::null_mut(),
        symbol: std::ptr::null(),
        address: std::ptr::null_mut(),
    };
    let inside: *const c_void = (keep_loaded as fn()) as *const c_void;
    // SAFETY: `inside` is an address of this library and `info` outlives the call; `file` is then a C string that lives
    // as long as the library. The handle is leaked on purpose: it is what keeps the library loaded.
    unsafe {
        if dladdr(inside, &raw mut info) != 0 && !info.file.is_null() {
            dlopen(info.file, LAZY | NO_DELETE);
        }
    }
}

/// Marks the library that this function is part of as never to be unloaded.
#[cfg(windows)]
pub(crate) fn keep_loaded() {
    use std::ffi::c_void;

    unsafe extern "system" {
        fn GetModuleHandleExW(flags: u32, address: *const c_void, module: *mut *mut c_void) -> i32;
    }
    const PIN: u32 = 0x1;
    const FROM_ADDRESS: u32 = 0x4;
    let mut module = std::ptr::null_mut();
    // SAFETY: with FROM_ADDRESS the second argument is any address inside a module, here a function of this one; `module`
    // outlives the call.
    unsafe { GetModuleHandleExW(PIN | FROM_ADDRESS, (keep_loaded as fn()) as *const c_void, &raw mut module) };
}

/// The linker flag has done it.
#[cfg(not(any(target_os = "macos", windows)))]
pub(crate) fn keep_loaded() {}
