use molt_base::FileId;
use molt_grok::syntax;
fn main() {
    let mut s = String::new();
    std::io::Read::read_to_string(&mut std::io::stdin(), &mut s).unwrap();
    let p = syntax::parse(FileId(0), &s);
    println!("{}", p.syntax().dump(p.root()));
    for d in &p.diagnostics {
        let sp = d.primary_span().unwrap();
        println!("{} {}..{} {:?} {}", d.code.number.unwrap(), sp.start, sp.end, s.get(sp.start as usize..sp.end as usize), d.message);
    }
}
