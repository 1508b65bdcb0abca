//! Benchmarks: programs of `bench/`, ours and the reference's interleaved, answers checked first, ratios of medians.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::toolchain::{molt, reference, root};

const SAMPLES: usize = 3;

pub fn run(filter: Option<&str>) -> Result<(), String> {
    let python = reference().ok_or("no reference interpreter: set MOLT_REFERENCE")?;
    let out_dir = std::env::temp_dir().join("molt-bench");
    std::fs::create_dir_all(&out_dir).map_err(|e| e.to_string())?;
    let mut product = 1.0f64;
    let mut count = 0;
    println!("{:<16} {:>9} {:>9} {:>7}", "program", "molt s", "ref s", "ratio");
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join("bench"))
        .map_err(|e| e.to_string())?
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "py"))
        .collect();
    files.sort();
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if filter.is_some_and(|f| !name.contains(f)) {
            continue;
        }
        match one(&file, &out_dir.join(&name), &python) {
            Ok((ours, theirs)) => {
                let ratio = theirs / ours;
                product *= ratio;
                count += 1;
                println!("{name:<16} {ours:>9.3} {theirs:>9.3} {ratio:>6.2}x");
            }
            Err(e) => println!("{name:<16} {e}"),
        }
    }
    if count > 0 {
        println!("{:<16} {:>27.2}x over {count}", "geometric mean", product.powf(1.0 / f64::from(count)));
    }
    Ok(())
}

fn one(file: &Path, exe: &Path, python: &Path) -> Result<(f64, f64), String> {
    let built = Command::new(molt()).arg("build").arg(file).arg("-o").arg(exe).output().map_err(|e| e.to_string())?;
    if !built.status.success() {
        return Err("not built".into());
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..SAMPLES {
        let (answer, t) = timed(Command::new(exe))?;
        let mut reference = Command::new(python);
        reference.arg(file);
        let (expected, u) = timed(reference)?;
        if answer != expected {
            return Err("wrong answer".into());
        }
        ours.push(t);
        theirs.push(u);
    }
    Ok((median(ours), median(theirs)))
}

fn timed(mut c: Command) -> Result<(Vec<u8>, f64), String> {
    let start = Instant::now();
    let out = c.output().map_err(|e| e.to_string())?;
    if !out.status.success() {
        return Err(format!("status {:?}", out.status.code()));
    }
    Ok((out.stdout, start.elapsed().as_secs_f64()))
}

fn median(mut v: Vec<f64>) -> f64 {
    v.sort_by(f64::total_cmp);
    v[v.len() / 2]
}
