//! Any bytes as a Python program: front end and passes refuse them with a diagnostic or make IR that verifies.
#![no_main]

use libfuzzer_sys::fuzz_target;
use molt_opt::pipeline;
use molt_python::{CompileRequest, Found, SourceLoader};

struct NoModules;

impl SourceLoader for NoModules {
    fn find(&self, _: &str) -> Option<Found> {
        None
    }
}

fuzz_target!(|source: &[u8]| {
    let entry = Found { source: source.to_vec(), filename: "fuzz.py".into(), is_package: false };
    let mut result = molt_python::compile(&CompileRequest { entry, optimize: false }, &NoModules);
    if result.diagnostics.iter().any(|d| d.is_error()) {
        return;
    }
    let options = pipeline::Options { verify: true, ..pipeline::Options::default() };
    pipeline::run(&mut result.program, &options).expect("what the front end accepts verifies after every pass");
});
