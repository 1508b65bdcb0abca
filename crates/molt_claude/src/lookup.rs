//! Where modules are found (section 8 of the reference).
//!
//! Paths are compared as they are spelled, after `.` and `..` are gone: two spellings of one file that a link joins are
//! two modules.

use std::path::{Component, Path, PathBuf};

use crate::Loader;

/// Folders of the program that do not depend on the importing file.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Places {
    /// The folder of the project: where its manifest lies, else that of the entry.
    pub project: PathBuf,
    /// The folders of `CLAUDELANG_PATH`.
    pub search: Vec<PathBuf>,
}

/// The file that a name in an `import` means, and its bytes. What is not found may be in the built-in library.
pub fn find(name: &str, importer: &Path, places: &Places, loader: &dyn Loader) -> Option<(PathBuf, Vec<u8>)> {
    let here = importer.parent().unwrap_or(Path::new(""));
    let try_in = |folder: &Path| candidates(folder, name).into_iter().find_map(|path| with_bytes(path, loader));
    if is_relative(name) || Path::new(name).is_absolute() {
        return try_in(here);
    }
    let project = &places.project;
    let own = [here.to_path_buf(), here.join("modules"), project.join("src"), project.join("modules")];
    let found = own.iter().chain(&places.search).find_map(|folder| try_in(folder));
    found.or_else(|| package(name, project, loader)).or_else(|| try_in(&project.join(PACKAGES)))
}

/// How the file of a module continues its name: in this language, in Python and in GrokLang.
const FILES: [&str; 5] = [".cl", "/module.cl", ".py", "/__init__.py", ".grok"];

/// The folder of installed packages.
pub const PACKAGES: &str = "claude_modules";

fn with_bytes(path: PathBuf, loader: &dyn Loader) -> Option<(PathBuf, Vec<u8>)> {
    loader.read(&path).map(|bytes| (path, bytes))
}

fn is_relative(name: &str) -> bool {
    matches!(Path::new(name).components().next(), Some(Component::CurDir | Component::ParentDir))
}

/// The files that a name may be in a folder, in the order in which they are tried.
fn candidates(folder: &Path, name: &str) -> Vec<PathBuf> {
    let mut names = vec![name.to_owned()];
    if name.contains('-') {
        names.push(name.replace('-', "_"));
    }
    let files = |n: &String| FILES.map(|end| plain(&folder.join(format!("{n}{end}"))));
    names.iter().flat_map(files).collect()
}

/// The entry of an installed package, which its manifest names.
fn package(name: &str, project: &Path, loader: &dyn Loader) -> Option<(PathBuf, Vec<u8>)> {
    let folder = project.join(PACKAGES).join(name);
    let manifest = loader.read(&plain(&folder.join("claude.json")))?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).ok()?;
    with_bytes(plain(&folder.join(manifest["main"].as_str()?)), loader)
}

/// A path without `.`, and without `..` behind a folder.
pub fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    struct Files<'f> {
        files: &'f [(&'f str, &'f str)],
        asked: Mutex<Vec<String>>,
    }

    impl Loader for Files<'_> {
        fn read(&self, path: &Path) -> Option<Vec<u8>> {
            self.asked.lock().expect("no test panics in it").push(path.display().to_string());
            let (_, text) = self.files.iter().find(|(name, _)| Path::new(name) == path)?;
            Some(text.as_bytes().to_vec())
        }

        fn foreign(&self, _: &Path, _: &[u8]) -> Result<crate::Foreign, String> {
            unreachable!("these modules are in one language")
        }
    }

    fn places() -> Places {
        Places { project: "/p".into(), search: vec!["/lib".into()] }
    }

    fn found(name: &str, files: &[(&str, &str)]) -> Option<String> {
        let loader = Files { files, asked: Mutex::default() };
        find(name, Path::new("/p/app/main.cl"), &places(), &loader).map(|(path, _)| path.display().to_string())
    }

    #[test]
    fn places_are_tried_in_order() {
        let all = ["/p/app/a-b", "/p/app/modules/a-b", "/p/src/a-b", "/p/modules/a-b", "/lib/a-b"];
        let loader = Files { files: &[], asked: Mutex::default() };
        assert_eq!(find("a-b", Path::new("/p/app/main.cl"), &places(), &loader), None);
        let spellings = |base: &str| {
            let other = base.replace('-', "_");
            [base, &other].into_iter().flat_map(|n| FILES.map(|end| format!("{n}{end}"))).collect::<Vec<_>>()
        };
        let mut expected: Vec<String> = all.iter().flat_map(|base| spellings(base)).collect();
        expected.push("/p/claude_modules/a-b/claude.json".into());
        expected.extend(spellings("/p/claude_modules/a-b"));
        assert_eq!(loader.asked.into_inner().expect("no test panics in it"), expected);
    }

    #[test]
    fn relative_and_absolute_names_have_one_place() {
        let files = [("/p/app/x.cl", ""), ("/p/y/module.cl", ""), ("/q/z.cl", ""), ("/p/src/x.cl", "")];
        assert_eq!(found("./x", &files).as_deref(), Some("/p/app/x.cl"));
        assert_eq!(found("../y", &files).as_deref(), Some("/p/y/module.cl"));
        assert_eq!(found("/q/z", &files).as_deref(), Some("/q/z.cl"));
        assert_eq!(found("./y", &files), None);
        assert_eq!(found("x", &files[3..]).as_deref(), Some("/p/src/x.cl"));
    }

    #[test]
    fn a_package_is_what_its_manifest_names() {
        let manifest = ("/p/claude_modules/q/claude.json", "{\"main\": \"src/q.cl\"}");
        let files = [manifest, ("/p/claude_modules/q/src/q.cl", ""), ("/p/claude_modules/q/module.cl", "")];
        assert_eq!(found("q", &files).as_deref(), Some("/p/claude_modules/q/src/q.cl"));
        assert_eq!(found("q", &files[2..]).as_deref(), Some("/p/claude_modules/q/module.cl"));
    }

    #[test]
    fn paths_become_plain() {
        for (path, expected) in [("a/./b/../c", "a/c"), ("../a", "../a"), ("../../a/..", "../.."), ("/../a", "/../a")] {
            assert_eq!(plain(Path::new(path)), Path::new(expected));
        }
    }
}
