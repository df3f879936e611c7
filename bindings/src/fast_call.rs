//! The raw callback of an evaluator: it lends a buffer to [`frame::answer`] and touches no JavaScript value.
//!
//! `napi_create_function` gives JavaScript a function whose data pointer is an [`Evaluator`]; calling it costs about
//! 30 ns, a napi-rs method ten times as much.
#![allow(unsafe_code, reason = "a raw callback and the buffer behind it are beyond safe code")]

use std::ffi::c_void;
use std::panic::catch_unwind;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};

use flipt_engine::ErrorKind;
use flipt_engine::client::monotonic_nanos;
use flipt_engine::evaluate::frame::{self, Status};
use flipt_engine::store::Store;
use napi::bindgen_prelude::{Object, Unknown};
use napi::{Env, sys};
use napi_derive::napi;

use crate::client::NativeClient;
use crate::panics::{guard_thrown, thrown};
use crate::ticks::Ticks;

/// Below this V8 would keep the bytes on its own heap, where they move.
const SMALLEST: usize = 128;
const LARGEST: usize = 16 * 1024 * 1024;

static LIVE: AtomicUsize = AtomicUsize::new(0);

/// Raw callbacks that have not been collected.
#[cfg_attr(not(feature = "test-hooks"), expect(dead_code, reason = "read by the test hooks"))]
pub(crate) fn live_evaluators() -> usize {
    LIVE.load(Ordering::Relaxed)
}

/// What a raw callback works on. Owned by the callback's function and dropped by its finalizer.
struct Evaluator {
    store: Store,
    ticks: Ticks,
    /// The buffer's bytes: `length` of them, alive and in place as long as `buffer` is referenced.
    bytes: *mut u8,
    length: usize,
    /// A strong reference to the buffer.
    buffer: sys::napi_ref,
}

#[napi]
impl NativeClient {
    /// Makes a private buffer and the raw callback that answers the frame in it: `{ buffer, call, layout }`.
    #[napi(catch_unwind)]
    pub fn create_evaluator<'env>(&self, env: &'env Env, bytes: u32) -> thrown::Result<Object<'env>> {
        guard_thrown("createEvaluator", || {
            let size = (bytes as usize).clamp(SMALLEST, LARGEST);
            let (buffer, evaluator) = allocate(env, size, self.client.store().clone())?;
            let call = create_function(env, evaluator)?;
            let mut pair = Object::new(env)?;
            pair.set("buffer", buffer)?;
            pair.set("call", call)?;
            pair.set("layout", frame::LAYOUT)?;
            Ok(pair)
        })?
        .map_err(|error: napi::Error| napi::Error::new(ErrorKind::Panic.code(), error.reason.clone()))
    }
}

fn allocate<'env>(env: &'env Env, size: usize, store: Store) -> napi::Result<(Unknown<'env>, Box<Evaluator>)> {
    let mut bytes: *mut c_void = null_mut();
    let mut value = null_mut();
    let mut reference = null_mut();
    // SAFETY: `env` is the environment of the running call; the out pointers are locals that outlive the calls. The
    // array buffer is an ordinary one, neither resizable nor shared, and above `SMALLEST`, so its bytes lie outside of
    // the moving heap. Node zeroes them.
    unsafe {
        napi::check_status!(sys::napi_create_arraybuffer(env.raw(), size, &raw mut bytes, &raw mut value))?;
        napi::check_status!(sys::napi_create_reference(env.raw(), value, 1, &raw mut reference))?;
    }
    LIVE.fetch_add(1, Ordering::Relaxed);
    let evaluator = Box::new(Evaluator {
        store,
        ticks: Ticks::new(counter(), monotonic_nanos),
        bytes: bytes.cast(),
        length: size,
        buffer: reference,
    });
    // SAFETY: `value` was just made in this environment and handle scope.
    Ok((unsafe { Unknown::from_raw_unchecked(env.raw(), value) }, evaluator))
}

fn create_function<'env>(env: &'env Env, evaluator: Box<Evaluator>) -> napi::Result<Unknown<'env>> {
    const NAME: &str = "evaluate";
    let data = Box::into_raw(evaluator);
    let mut value = null_mut();
    // SAFETY: `NAME` is read before the call returns. `data` stays valid until `finalize` drops it, which Node calls once
    // the function, and so every way to call it, is gone, or when the environment ends.
    let status = unsafe {
        let created = sys::napi_create_function(
            env.raw(),
            NAME.as_ptr().cast(),
            NAME.len() as isize,
            Some(answer),
            data.cast(),
            &raw mut value,
        );
        if created == sys::Status::napi_ok {
            sys::napi_add_finalizer(env.raw(), value, data.cast(), Some(finalize), null_mut(), null_mut())
        } else {
            created
        }
    };
    if status != sys::Status::napi_ok {
        // SAFETY: without a finalizer nobody else frees `data`. Should the function exist all the same, it was never
        // handed out and cannot be called.
        unsafe { release(env.raw(), data) };
    }
    napi::check_status!(status)?;
    // SAFETY: `value` was just made in this environment and handle scope.
    Ok(unsafe { Unknown::from_raw_unchecked(env.raw(), value) })
}

/// The raw callback. It returns undefined; the answer is in the buffer.
unsafe extern "C" fn answer(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // A caught panic has no value but its status, written where the caller will look.
    let _ = catch_unwind(|| {
        let mut data: *mut c_void = null_mut();
        // SAFETY: `env` and `info` are those of this call; only the data pointer is asked for.
        let status = unsafe { sys::napi_get_cb_info(env, info, null_mut(), null_mut(), null_mut(), &raw mut data) };
        if status != sys::Status::napi_ok || data.is_null() {
            return;
        }
        // SAFETY: `data` is the evaluator that `create_function` leaked for this function; the function is being called,
        // so its finalizer has not run. Only the thread of this environment comes here, and never twice at once: no
        // JavaScript runs inside.
        let evaluator = unsafe { &*data.cast::<Evaluator>() };
        // SAFETY: the strong reference keeps the buffer alive and nobody detaches it (it is private to the evaluator in
        // JavaScript), so `length` bytes are there. No JavaScript runs until this slice is gone, so nobody else reads or
        // writes them.
        let buffer = unsafe { std::slice::from_raw_parts_mut(evaluator.bytes, evaluator.length) };
        let answered = catch_unwind(std::panic::AssertUnwindSafe(|| {
            #[cfg(feature = "test-hooks")]
            crate::hooks::fault("evaluator");
            frame::answer(&evaluator.store, buffer, || evaluator.ticks.now());
        }));
        if answered.is_err() {
            frame::write_status(buffer, Status::Panicked);
        }
    });
    null_mut()
}

/// The time-stamp counter of processors on which it runs at one rate whatever they do.
#[cfg(target_arch = "x86_64")]
fn counter() -> Option<fn() -> u64> {
    use std::arch::x86_64::{__cpuid, _rdtsc};

    const POWER: u32 = 0x8000_0007;
    const INVARIANT: u32 = 1 << 8;
    let is_invariant = __cpuid(0x8000_0000).eax >= POWER && __cpuid(POWER).edx & INVARIANT != 0;
    // SAFETY: every x86-64 processor has the instruction, and it only reads a counter.
    is_invariant.then_some(|| unsafe { _rdtsc() })
}

/// Elsewhere the system's clock is as good.
#[cfg(not(target_arch = "x86_64"))]
fn counter() -> Option<fn() -> u64> {
    None
}

/// Called once, when the function was collected or its environment ends.
unsafe extern "C" fn finalize(env: sys::napi_env, data: *mut c_void, _: *mut c_void) {
    let _ = catch_unwind(|| {
        // SAFETY: `data` is the evaluator that `create_function` leaked, and Node calls a finalizer once.
        unsafe { release(env, data.cast()) };
    });
}

/// Frees an evaluator and lets go of its buffer.
///
/// # Safety
/// `data` comes from `Box::into_raw` in [`create_function`] and is not used again.
unsafe fn release(env: sys::napi_env, data: *mut Evaluator) {
    // SAFETY: as the caller promises.
    let evaluator = unsafe { Box::from_raw(data) };
    // SAFETY: the reference was made in `allocate` in this environment and is deleted here only.
    unsafe { sys::napi_delete_reference(env, evaluator.buffer) };
    LIVE.fetch_sub(1, Ordering::Relaxed);
}
