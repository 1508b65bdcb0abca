//! The book under `docs/`: every page is in the summary, every link leads somewhere, every example does what the page
//! says, and every diagnostic's page shows a program that earns it and one that does not.

mod examples;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::toolchain::{molt, root};

/// Folders of the diagnostics that the reference of a language numbers, and the fence of its programs.
const NUMBERED: &[(&str, &str)] = &[("docs/diagnostics/grok", "grok"), ("docs/diagnostics/claude", "cl")];

/// Checks all pages whose path contains the filter.
pub fn run(filter: Option<&str>) -> Result<(), String> {
    let pages = pages()?;
    let mut faults = Vec::new();
    summary(&pages, &mut faults)?;
    let (mut ran, mut skipped) = (0, 0);
    for page in pages.iter().filter(|p| filter.is_none_or(|f| shown(p).contains(f))) {
        let text = read(page)?;
        links(page, &text, &mut faults);
        if page.parent().is_some_and(|d| d.ends_with("diagnostics")) {
            ran += diagnostic(page, &text, &mut faults)?;
            continue;
        }
        let numbered = NUMBERED.iter().find(|(folder, _)| page.parent().is_some_and(|d| d.ends_with(folder)));
        if let Some((_, language)) = numbered.filter(|_| !text.contains("```console\n")) {
            ran += numbered_diagnostic(page, language, &text, &mut faults)?;
            continue;
        }
        let done = examples::run(&shown(page), &text, &mut faults)?;
        ran += done.ran;
        skipped += done.skipped;
    }
    if faults.is_empty() {
        println!("docs: {} pages, {ran} examples hold, {skipped} need a reference interpreter", pages.len());
        return Ok(());
    }
    Err(format!("docs:\n{}", faults.join("\n\n")))
}

/// Pages of the book and the texts at the root that have examples.
fn pages() -> Result<Vec<PathBuf>, String> {
    let mut pages = vec![root().join("README.md"), root().join("CONTRIBUTING.md")];
    let numbered = NUMBERED.iter().map(|(folder, _)| *folder);
    for folder in ["docs", "docs/guide", "docs/internals", "docs/diagnostics"].into_iter().chain(numbered) {
        let dir = root().join(folder);
        let entries = std::fs::read_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        pages.extend(entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "md")));
    }
    pages.sort();
    Ok(pages)
}

fn read(page: &Path) -> Result<String, String> {
    std::fs::read_to_string(page).map_err(|e| format!("{}: {e}", page.display()))
}

fn shown(page: &Path) -> String {
    page.strip_prefix(root()).unwrap_or(page).display().to_string()
}

/// Every page of the book is in the summary.
fn summary(pages: &[PathBuf], faults: &mut Vec<String>) -> Result<(), String> {
    let book = root().join("docs");
    let text = read(&book.join("SUMMARY.md"))?;
    for page in pages.iter().filter_map(|p| p.strip_prefix(&book).ok()) {
        let listed = text.contains(&format!("({})", page.display()));
        if !listed && !page.ends_with("SUMMARY.md") {
            faults.push(format!("docs/SUMMARY.md: {} is not listed", page.display()));
        }
    }
    Ok(())
}

/// Links to files lead to files. Code is no place for links.
fn links(page: &Path, text: &str, faults: &mut Vec<String>) {
    let prose: String = text.split("```").step_by(2).collect();
    let text = prose.as_str();
    for (_, rest) in text.match_indices("](").map(|(i, m)| text.split_at(i + m.len())) {
        let target = rest.split([')', '#']).next().unwrap_or_default();
        let outside = target.is_empty() || target.contains("://");
        if !outside && !page.with_file_name(target).exists() {
            faults.push(format!("{}: `{target}` leads nowhere", shown(page)));
        }
    }
}

/// The first program of a diagnostic's page is reported with its code, the second is accepted, both beside the modules of
/// GrokLang that the page names. Returns how many ran.
fn diagnostic(page: &Path, text: &str, faults: &mut Vec<String>) -> Result<usize, String> {
    let id = page.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let programs: Vec<&str> = text.split("```py\n").skip(1).filter_map(|t| t.split("```").next()).collect();
    let dir = examples::Scratch::new()?;
    for module in text.split("```grok name=").skip(1) {
        if let Some((name, body)) = module.split("```").next().and_then(|m| m.split_once('\n')) {
            examples::write(dir.path(), name, body)?;
        }
    }
    for (i, program) in programs.iter().enumerate() {
        let file = dir.path().join("page.py");
        std::fs::write(&file, program).map_err(|e| e.to_string())?;
        let output = Command::new(molt()).args(["check", "--json"]).arg(&file).output().map_err(|e| e.to_string())?;
        let reported = String::from_utf8_lossy(&output.stderr).contains(&format!("\"{id}\""));
        if reported != (i == 0) {
            let what = if i == 0 { "does not earn" } else { "still earns" };
            faults.push(format!("{}: program {} {what} `{id}`", shown(page), i + 1));
        }
    }
    Ok(programs.len())
}

/// The same for a language with diagnostics of its own: the repaired program has nothing at all against it. A page in `toml`
/// shows manifests.
fn numbered_diagnostic(page: &Path, language: &str, text: &str, faults: &mut Vec<String>) -> Result<usize, String> {
    let id = page.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let language = if text.contains("```toml\n") { "toml" } else { language };
    let file = format!("page.{language}");
    let fence = format!("```{language}\n");
    let programs: Vec<&str> = text.split(&*fence).skip(1).filter_map(|t| t.split("```").next()).collect();
    if programs.len() != 2 {
        faults.push(format!("{}: shows {} programs, not two", shown(page), programs.len()));
    }
    let dir = examples::Scratch::new()?;
    for (i, program) in programs.iter().enumerate() {
        let mut check = Command::new(molt());
        check.args(["check", "--json"]).current_dir(dir.path());
        let files = match language {
            "toml" => vec![("grok.toml", *program), ("src/main.grok", "fn main() {}\n")],
            _ => vec![(file.as_str(), *program)],
        };
        for (name, text) in files {
            examples::write(dir.path(), name, text)?;
        }
        if language != "toml" {
            check.arg(&file);
        }
        let output = check.output().map_err(|e| e.to_string())?;
        let found = String::from_utf8_lossy(&output.stderr);
        let reported = found.contains(&format!("\"id\":\"{id}\""));
        match (i, reported, found.is_empty()) {
            (0, true, _) | (1, _, true) => {}
            (0, ..) => faults.push(format!("{}: program 1 does not earn `{id}`\n{found}", shown(page))),
            _ => faults.push(format!("{}: program {} is not accepted as it is\n{found}", shown(page), i + 1)),
        }
    }
    Ok(programs.len())
}
