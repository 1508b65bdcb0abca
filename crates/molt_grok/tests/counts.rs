//! Code of a program without `Rc`, `Arc` and `Gc` contains no reference count (section 5 of the reference).
//!
//! What counts is known by its traces in the IR: the ops of counted words, atomic operations of the runtime, and the
//! library's functions that give the address of a count, without which no count is read or changed.

use std::path::Path;

use molt_abi::RtFn;
use molt_grok::compile;
use molt_grok::hir::front::{Options, Texts};
use molt_ir::{Op, Program};

fn compiled(text: &str) -> Program {
    let (packages, loader) = Texts::program(text);
    let out = compile::compile(packages, loader, Options::default());
    let errors: Vec<_> = out.diagnostics.iter().filter(|d| d.is_error()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    out.program.expect("a program without errors has code")
}

/// Entries of the runtime that only programs with handles of collected values call.
const COLLECTED: &[RtFn] =
    &[RtFn::GrokGcNew, RtFn::GrokGcRemember, RtFn::GrokGcAlloc, RtFn::GrokGcRealloc, RtFn::GrokGcFree];

/// Functions of a program that count, each with what shows it.
fn counting(program: &Program) -> Vec<String> {
    let mut found = Vec::new();
    for (_, func) in program.funcs.iter() {
        let name = program.names.text(func.name);
        if ["strong_at", "weak_at"].iter().any(|n| name.starts_with(n)) {
            found.push(format!("{name}: the address of a count"));
        }
        for (_, block) in func.blocks.iter() {
            for &i in &block.insts {
                let data = &func.insts[i];
                match data.op {
                    Op::RcInc | Op::RcDec => found.push(format!("{name}: {:?}", data.op)),
                    Op::CallRt if data.imm == RtFn::GrokAtomic as u64 => found.push(format!("{name}: atomic")),
                    Op::CallRt if COLLECTED.iter().any(|&f| data.imm == f as u64) => {
                        found.push(format!("{name}: collected memory"));
                    }
                    _ => {}
                }
            }
        }
    }
    found
}

fn programs() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/programs");
    let mut all: Vec<(String, String)> = std::fs::read_dir(folder)
        .expect("the programs are there")
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "grok"))
        .map(|p| (p.display().to_string(), std::fs::read_to_string(&p).expect("the file is readable")))
        .collect();
    all.sort();
    all
}

/// Whether a program names what shares values: counted owners, tasks and actors with their handles.
fn shares(text: &str) -> bool {
    const SHARED: &[&str] = &["Rc", "Arc", "Gc", "Weak", "spawn", "channel", "Mutex", "Atomic", "thread_local"];
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| SHARED.contains(&word))
}

#[test]
fn programs_that_share_nothing_count_nothing() {
    let unshared: Vec<(String, String)> = programs().into_iter().filter(|(_, text)| !shares(text)).collect();
    assert!(unshared.len() >= 15, "only {} programs share nothing", unshared.len());
    for (name, text) in unshared {
        let found = counting(&compiled(&text));
        assert!(found.is_empty(), "{name} counts:\n{}", found.join("\n"));
    }
}

#[test]
fn the_containers_of_the_library_count_nothing() {
    let found = counting(&compiled(
        r#"
        use grok::cell::{Cell, RefCell};
        use grok::collections::{BTreeMap, BTreeSet, BinaryHeap, HashSet, VecDeque};
        trait Shape { fn area(&self) -> f64; }
        struct Square(f64);
        impl Shape for Square { fn area(&self) -> f64 { self.0 * self.0 } }
        #[derive(Clone, Debug, Eq, Ord, Hash, Default)]
        struct Record { name: String, tags: Vec<String>, next: Option<Box<Record>> }
        fn main() {
            let mut list: Vec<Record> = (0..9).map(|i| Record { name: f"r{i}", ..Record::default() }).collect();
            list[0].next = Some(Box::new(list[1].clone()));
            list.sort_by(|a, b| b.cmp(a));
            let names: HashMap<String, Vec<usize>> = list.iter().map(|r| (r.name.clone(), vec![r.tags.len()])).collect();
            let sorted: BTreeMap<&str, usize> = names.iter().map(|(k, v)| (k.as_str(), v.len())).collect();
            let set: HashSet<char> = "text".chars().collect();
            let tree: BTreeSet<u8> = "bytes".bytes().collect();
            let mut queue: VecDeque<Record> = list.drain(2..5).collect();
            queue.push_front(Record::default());
            let mut heap: BinaryHeap<(u32, str)> = BinaryHeap::new();
            heap.push((1, "one"));
            let cell = RefCell::new(Cell::new(3));
            cell.borrow_mut().set(4);
            let shapes: Vec<Box<dyn Shape>> = vec![Box::new(Square(2.0))];
            let total: f64 = shapes.iter().map(|s| s.area()).sum();
            let parsed: Result<Vec<i64>, ParseError> = "1 2 x".split(' ').map(|w| w.parse::<i64>()).collect();
            let caught = panic::catch(|| list[99].name.len());
            let add: Box<dyn Fn(i64) -> i64> = Box::new(move |x| x + total as i64);
            println!("{sorted:?} {set:?} {tree:?} {queue:?} {:?} {parsed:?} {} {}", heap.pop(), caught.is_err(), add(1));
        }
        "#,
    ));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn shared_values_are_seen_to_count() {
    let plain = counting(&compiled("fn main() { let a = Rc::new(1); println!(\"{}\", *a.clone()); }"));
    assert!(plain.iter().any(|l| l.contains("count")), "{plain:?}");
    let atomic = counting(&compiled("fn main() { let a = Arc::new(1); println!(\"{}\", *a.clone()); }"));
    assert!(atomic.iter().any(|l| l.ends_with("atomic")), "{atomic:?}");
    let collected = counting(&compiled("fn main() { let a = Gc::new(1); println!(\"{}\", vec![a].len()); }"));
    assert!(collected.iter().any(|l| l.ends_with("collected memory")), "{collected:?}");
}
