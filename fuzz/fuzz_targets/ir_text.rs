//! Any text as IR: refused with a reason, or printed and parsed again without a difference.
#![no_main]

use libfuzzer_sys::fuzz_target;
use molt_ir::{parse, print};

fuzz_target!(|text: &str| {
    let Ok(program) = parse::program(text) else { return };
    let once = print::program(&program);
    let again = parse::program(&once).expect("what is printed can be parsed");
    assert_eq!(once, print::program(&again));
});
