//! Compiled programs as files.

use std::path::{Path, PathBuf};

use molt_driver::bytecode::{self, Fault};
use molt_driver::{Entry, Session, SessionOptions};
use molt_ir::print;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn compiled(path: PathBuf) -> molt_ir::Program {
    let mut session = Session::new(SessionOptions::default());
    session.compile(&Entry::File(path.clone()), true).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The instructions of a program without the numbers of values.
fn code(program: &molt_ir::Program) -> Vec<String> {
    let text = print::program(program);
    let lines = text.lines().filter(|l| l.starts_with("    "));
    let plain = |l: &str| {
        let words = l.split_inclusive([' ', ',', '(', ')', ':']);
        words
            .map(|w| if w.starts_with('v') && w[1..].starts_with(|c: char| c.is_ascii_digit()) { "v" } else { w })
            .collect()
    };
    lines.map(plain).collect()
}

fn small() -> Vec<u8> {
    bytecode::write(&compiled(root().join("tests/programs/claude_lru.cl")))
}

#[test]
fn programs_are_read_as_they_were_written() {
    let programs = std::fs::read_dir(root().join("tests/programs")).expect("it is there");
    let paths = programs.map(|p| p.expect("it can be listed").path());
    let mut count = 0;
    for path in paths.filter(|p| p.extension().is_some_and(|e| e == "cl")) {
        let program = compiled(path.clone());
        let read = bytecode::read(&bytecode::write(&program)).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        // What runs is all there. Values are numbered anew, in order.
        assert_eq!((read.funcs.len(), read.data.len()), (program.funcs.len(), program.data.len()));
        let (was, is) = (code(&program), code(&read));
        let differs = was.iter().zip(&is).find(|(a, b)| a != b);
        assert_eq!((was.len(), differs), (is.len(), None), "{}", path.display());
        let again = bytecode::read(&bytecode::write(&read)).expect("it is as good as before");
        assert!(bytecode::write(&again) == bytecode::write(&read), "{}", path.display());
        count += 1;
    }
    assert!(count >= 30, "{count} programs");
}

#[test]
fn what_is_no_program_is_refused() {
    let file = small();
    let fault = |bytes: &[u8]| bytecode::read(bytes).err();
    assert_eq!(fault(b""), Some(Fault::Foreign));
    assert_eq!(fault(b"(print 1)"), Some(Fault::Foreign));
    assert!(matches!(fault(&file[..20]), Some(Fault::Damaged(_))));
    assert!(matches!(fault(&file[..file.len() - 1]), Some(Fault::Damaged(_))));
    let changed = |at: usize| {
        let mut changed = file.clone();
        changed[at] ^= 1;
        fault(&changed)
    };
    assert_eq!(changed(4), Some(Fault::Format(0)));
    assert_eq!(changed(9), Some(Fault::Toolchain));
    for at in [40, 71, 72, 4000, file.len() - 1] {
        assert!(matches!(changed(at), Some(Fault::Damaged(_))), "{at}");
    }
}

#[test]
fn a_program_that_is_not_well_formed_is_refused() {
    let text = |f: &dyn Fn(&str) -> String| {
        let mut file = small();
        let text = f(std::str::from_utf8(&file[72..]).expect("it is text"));
        file.truncate(72);
        file[40..].copy_from_slice(blake3::hash(text.as_bytes()).as_bytes());
        file.extend(text.into_bytes());
        match bytecode::read(&file) {
            Err(Fault::Damaged(why)) => why,
            other => panic!("{:?}", other.map(|_| ())),
        }
    };
    assert!(text(&|t| format!("{t}\nfn @9")).starts_with("line "));
    assert_eq!(
        text(&|t| t.lines().filter(|l| !l.starts_with("root = ")).collect::<Vec<_>>().join("\n")),
        "there is no root"
    );
    let far = text(&|t| t.replacen("data.addr d", "data.addr d99999", 1));
    assert!(far.contains("names nothing"), "{far}");
    let wrong = text(&|t| t.replacen("ret.many ", "ret.many v0, v0, v0, v0, v0, ", 1));
    assert!(wrong.starts_with('@'), "{wrong}");
}
