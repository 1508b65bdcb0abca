//! Temporary.
use molt_ir::*;
use molt_python::{CompileRequest, Found, SourceLoader, compile};
use std::path::{Path, PathBuf};
struct Files(PathBuf);
impl SourceLoader for Files {
    fn find(&self, dotted: &str) -> Option<Found> {
        let base = self.0.join(dotted.replace('.', "/"));
        for (path, is_package) in [(base.join("__init__.py"), true), (base.with_extension("py"), false)] {
            if let Ok(source) = std::fs::read(&path) {
                return Some(Found { source, filename: path.display().to_string(), is_package });
            }
        }
        None
    }
}
fn main() {
    let file = std::env::args().nth(1).unwrap();
    let entry = Found { source: std::fs::read(&file).unwrap(), filename: file.clone(), is_package: false };
    let folder = Path::new(&file).parent().map(Path::to_owned).unwrap();
    let r = compile(&CompileRequest { entry, optimize: false }, &Files(folder));
    for d in &r.diagnostics {
        eprintln!("{}", molt_diagnostics::render(d, &r.sources, Default::default()));
    }
    if r.has_errors() {
        std::process::exit(1);
    }
    let p = &r.program;
    let q = |s: molt_base::Symbol| format!("{:?}", p.names.text(s).as_bytes());
    println!("P={{}}");
    print!("NAMES=[");
    for s in p.names.symbols() { print!("bytes({}).decode('utf8','surrogatepass'),", q(s)); }
    println!("]");
    print!("CONSTS=[");
    for (_, c) in p.consts.iter() {
        match c {
            Const::None => print!("None"), Const::True => print!("True"), Const::False => print!("False"),
            Const::Ellipsis => print!("..."), Const::NotImplemented => print!("NotImplemented"),
            Const::Int(v) => print!("{v}"), Const::BigInt(d) => print!("{d}"),
            Const::Float(b) => print!("F({b})"), Const::Complex(a, b) => print!("complex(F({a}),F({b}))"),
            Const::Str(s) => print!("bytes({:?}).decode('utf8','surrogatepass')", &s[..]),
            Const::Bytes(s) => print!("bytes({:?})", &s[..]),
            Const::Tuple(t) => { print!("T("); for i in t { print!("{},", i.0) } print!(")") }
        }
        println!(",");
    }
    println!("]");
    print!("MODULES=[");
    for (_, m) in p.modules.iter() { print!("({},{},{},{}),", m.name.0, m.filename.0, m.body.map_or(-1, |f| f.0 as i64), if m.is_package {"True"} else {"False"}); }
    println!("]");
    print!("GLOBALS=[");
    for (_, g) in p.globals.iter() { print!("({},{}),", g.module.0, g.name.0); }
    println!("]");
    println!("FUNCS={{}}");
    for (id, f) in p.funcs.iter() {
        println!("def _f():");
        println!("  b={{}}");
        for &b in &f.layout {
            println!("  b[{}]=({:?},[", b.0, f.blocks[b].params.iter().map(|v| v.0).collect::<Vec<_>>());
            for &i in &f.blocks[b].insts {
                let d = &f.insts[i];
                let args: Vec<u32> = f.args(i).iter().map(|v| v.0).collect();
                let res: Vec<u32> = f.results(i).map(|v| v.0).collect();
                let edges: Vec<(u32, Vec<u32>)> = f.edges(i).iter().map(|&e| (e.block.0, f.edge_args(e).iter().map(|v| v.0).collect())).collect();
                let line = p.positions[d.loc.0 as usize].line;
                println!("   ({:?},{:?},{},{:?},{:?},{}),", d.op.info().name, args, d.imm, res, edges, line);
            }
            println!("  ])");
        }
        let c = f.code.clone().unwrap_or_default();
        println!("  return dict(name={},qual={},gen={},mod={},b=b,argc={},pos={},kwo={},va={},vk={},vars={:?},free={:?},doc={})", f.name.0, f.qualname.0,
            if f.kind == FunctionKind::Generator {"True"} else {"False"}, f.module.0, c.arg_count, c.posonly_count, c.kwonly_count,
            if c.has_varargs {"True"} else {"False"}, if c.has_varkeywords {"True"} else {"False"},
            c.var_names.iter().map(|s| s.0).collect::<Vec<_>>(), c.free_names.iter().map(|s| s.0).collect::<Vec<_>>(), c.doc.map_or(-1, |d| d.0 as i64));
        println!("FUNCS[{}]=_f", id.0);
    }
    println!("ENTRY={}", p.entry_module.unwrap().0);
}
