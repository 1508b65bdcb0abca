//! `claude-lock.json`: the versions that were installed, each with the sum of its files.

use std::collections::BTreeMap;

use molt_base::{FileId, SourceMap, Span};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::claude as code;
use semver::Version;
use serde_json::{Value, json};

use super::resolve::{Requirement, VersionRange};

/// Name of the file.
pub const NAME: &str = "claude-lock.json";

/// The form of the file that is written and read.
const FORM: u64 = 1;

/// What is locked, by names of packages.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Lock {
    pub packages: BTreeMap<String, Locked>,
}

/// A package that is locked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Locked {
    pub version: Version,
    /// SHA-256 of its files, see [`super::registry::sum`].
    pub sum: String,
    /// What it asks for: names and ranges.
    pub dependencies: BTreeMap<String, String>,
}

impl Lock {
    /// Reads the text of a file of the sources.
    pub fn read(file: FileId, sources: &SourceMap) -> Result<Lock, Diagnostic> {
        let text = &sources.file(file).text;
        let wrong = || {
            let span = Span { file, start: 0, end: text.len() as u32 };
            Diagnostic::at(&code::LOCK, span, format!("`{NAME}` is not as the package manager writes it"))
        };
        let value: Value = serde_json::from_str(text).map_err(|_| wrong())?;
        let packages = value["packages"].as_object().filter(|_| value["form"] == FORM).ok_or_else(wrong)?;
        let locked = |(name, entry): (&String, &Value)| -> Option<(String, Locked)> {
            let version = entry["version"].as_str()?.parse().ok()?;
            let sum = entry["sha256"].as_str()?.to_owned();
            let asks = entry["dependencies"].as_object()?;
            let dependencies =
                asks.iter().map(|(n, r)| Some((n.clone(), r.as_str()?.to_owned()))).collect::<Option<_>>()?;
            super::registry::is_name(name).then(|| (name.clone(), Locked { version, sum, dependencies }))
        };
        let packages = packages.iter().map(locked).collect::<Option<_>>().ok_or_else(wrong)?;
        Ok(Lock { packages })
    }

    /// Whether the versions fit what is required and one another, and nothing is missing.
    pub fn satisfies(&self, required: &[Requirement]) -> bool {
        let fits =
            |name: &str, range: &VersionRange| self.packages.get(name).is_some_and(|l| range.accepts(&l.version));
        let asked = self.packages.values().flat_map(|l| &l.dependencies);
        required.iter().all(|r| fits(&r.name, &r.range))
            && asked.into_iter().all(|(name, range)| VersionRange::parse(range).is_some_and(|r| fits(name, &r)))
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        let entry = |(name, l): (&String, &Locked)| {
            let entry = json!({"version": l.version.to_string(), "sha256": l.sum, "dependencies": l.dependencies});
            (name.clone(), entry)
        };
        let packages: serde_json::Map<String, Value> = self.packages.iter().map(entry).collect();
        let whole = json!({"form": FORM, "packages": packages});
        format!("{}\n", serde_json::to_string_pretty(&whole).expect("names of packages are keys"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let dependencies = BTreeMap::from([("b".to_owned(), "^1.0".to_owned())]);
        let locked = Locked { version: Version::new(1, 2, 3), sum: "00ff".to_owned(), dependencies };
        let lock = Lock { packages: BTreeMap::from([("a".to_owned(), locked)]) };
        let mut sources = SourceMap::default();
        let file = sources.add(NAME, lock.text());
        assert_eq!(Lock::read(file, &sources).ok(), Some(lock));
        for text in ["", "{}", "{\"form\": 2, \"packages\": {}}", "{\"form\": 1, \"packages\": {\"a\": {}}}"] {
            let file = sources.add(NAME, text);
            assert!(Lock::read(file, &sources).is_err(), "{text}");
        }
    }
}
