#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| flipt_engine::fuzz::features(bytes));
