//! Licences, duplicates, sources and advisories of the dependencies, by the rules of `deny.toml`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::toolchain::{root, target};

/// Runs all checks. The tool and the advisories come from the network: what is out of reach is not checked, and this is
/// said.
pub fn run() -> Result<(), String> {
    let Some(tool) = tool() else {
        println!("deny: cargo-deny is not here and cannot be installed; the dependencies were not checked");
        return Ok(());
    };
    check(&tool, &["check", "bans", "licenses", "sources"])?;
    let fetched = command(&tool, &["fetch", "db"]).output().is_ok_and(|o| o.status.success());
    if fetched {
        return check(&tool, &["check", "--disable-fetch", "advisories"]);
    }
    println!("deny: the advisories are out of reach; they were not checked");
    Ok(())
}

/// The tool that is on the path, else one in the folder `tools` of the target folder, installed there when missing.
fn tool() -> Option<PathBuf> {
    let root_dir = target().join("tools");
    let own = root_dir.join("bin/cargo-deny");
    let works = |p: &Path| Command::new(p).arg("--version").output().is_ok_and(|o| o.status.success());
    if let Some(found) = [PathBuf::from("cargo-deny"), own.clone()].into_iter().find(|p| works(p)) {
        return Some(found);
    }
    println!("deny: installing cargo-deny into {}", root_dir.display());
    let args = ["install", "cargo-deny", "--locked", "-q", "--root", &root_dir.display().to_string()];
    crate::cargo(&args).ok().map(|()| own)
}

fn command(tool: &Path, args: &[&str]) -> Command {
    let mut c = Command::new(tool);
    c.args(["--workspace"]).args(args).current_dir(root());
    c
}

fn check(tool: &Path, args: &[&str]) -> Result<(), String> {
    let status = command(tool, args).status().map_err(|e| format!("cannot start cargo-deny: {e}"))?;
    if status.success() { Ok(()) } else { Err("cargo-deny found faults".into()) }
}
