//! Licences, duplicates, sources and advisories of the dependencies, by the rules of `deny.toml`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::toolchain::root;

/// Runs all checks. Advisories come from the network: out of its reach the others still count, and this is said.
pub fn run() -> Result<(), String> {
    let tool = tool()?;
    check(&tool, &["check", "bans", "licenses", "sources"])?;
    let fetched = command(&tool, &["fetch", "db"]).output().is_ok_and(|o| o.status.success());
    if fetched {
        return check(&tool, &["check", "--disable-fetch", "advisories"]);
    }
    println!("deny: the advisories are out of reach; they were not checked");
    Ok(())
}

/// The tool that is on the path, else one in `target/tools`, installed there when it is missing.
fn tool() -> Result<PathBuf, String> {
    let root_dir = root().join("target/tools");
    let own = root_dir.join("bin/cargo-deny");
    let works = |p: &Path| Command::new(p).arg("--version").output().is_ok_and(|o| o.status.success());
    if let Some(found) = [PathBuf::from("cargo-deny"), own.clone()].into_iter().find(|p| works(p)) {
        return Ok(found);
    }
    println!("deny: installing cargo-deny into {}", root_dir.display());
    crate::cargo(&["install", "cargo-deny", "--locked", "-q", "--root", &root_dir.display().to_string()])?;
    Ok(own)
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
