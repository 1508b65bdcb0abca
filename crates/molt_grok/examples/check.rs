//! Checks one file and prints what was found, and with `--ir` the code.

use molt_diagnostics::{RenderOptions, render};
use molt_grok::compile;
use molt_grok::hir::front::{Loader, Options, PackageSource};

struct Disk;

impl Loader for Disk {
    fn read(&mut self, path: &str) -> Option<String> {
        std::fs::read_to_string(path).ok()
    }
    fn list(&mut self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, flag, path] = &args[..]
        && flag == "--image"
    {
        std::fs::write(path, compile::library_image()).expect("the image is written");
        return;
    }
    if args.iter().any(|a| a == "--library") {
        let (checked, found) = compile::check_library();
        for d in &found {
            println!("{}", render(d, &checked.hir.files, RenderOptions::default()));
        }
        println!("{} findings", found.len());
        return;
    }
    let package = PackageSource { name: "main".into(), root: args[1].clone(), ..PackageSource::default() };
    let image = std::env::var("GROK_IMAGE").ok().and_then(|path| std::fs::read(path).ok());
    let library = image.map(|image| &*image.leak());
    let start = std::time::Instant::now();
    let out = compile::compile(vec![package], Box::new(Disk), Options { library, ..Options::default() });
    eprintln!("{:?}", start.elapsed());
    for d in out.diagnostics.iter().take(40) {
        println!("{}", render(d, &out.sources, RenderOptions::default()));
    }
    println!("{} findings", out.diagnostics.len());
    if let Some(p) = out.program
        && args.iter().any(|a| a == "--ir")
    {
        println!("{}", molt_ir::print::program(&p));
        for (id, f) in p.funcs.iter() {
            if let Err(e) = molt_ir::verify::verify_function(f, molt_ir::verify::Stage::Machine) {
                println!("{id}: {e}");
            }
            if let Err(e) = molt_ir::verify::verify_calls(&p, f) {
                println!("{id}: {e}");
            }
        }
    }
}
