//! Packages of ClaudeLang: resolution against a registry, the lock, what is installed and what is refused.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use molt_driver::DriverError;
use molt_driver::claude::packages::{self, Project, Update};
use molt_driver::claude::registry::{Registry, sum};

/// A folder with `registry/` and `app/` that is gone when the test is.
struct Place(PathBuf);

impl Place {
    fn new() -> Place {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        // The number alone tells folders of one process apart.
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let place = Place(std::env::temp_dir().join(format!("molt-claude-packages-{}-{n}", std::process::id())));
        place.write("registry/.keep", "");
        place
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().expect("below the folder")).expect("writable");
        std::fs::write(path, text).expect("writable");
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.0.join(path)).unwrap_or_default()
    }

    /// Puts a package into the registry.
    fn package(&self, name: &str, version: &str, dependencies: &str) {
        let folder = format!("registry/{name}/{version}");
        let manifest = format!(
            "{{\"name\": \"{name}\", \"version\": \"{version}\", \"main\": \"{name}.cl\", \"dependencies\": {{{dependencies}}}}}"
        );
        self.write(&format!("{folder}/claude.json"), &manifest);
        self.write(&format!("{folder}/{name}.cl"), &format!("(define version \"{version}\") (export version)"));
    }

    fn app(&self, dependencies: &str) {
        let manifest = format!("{{\"name\": \"app\", \"version\": \"1.0.0\", \"dependencies\": {{{dependencies}}}}}");
        self.write("app/claude.json", &manifest);
    }

    fn project(&self) -> Project {
        let registry = Registry { folder: self.0.join("registry") };
        let loaded = Project::load(&self.0.join("app"), Some(registry)).expect("the manifest can be read");
        loaded.unwrap_or_else(|_| panic!("the manifest is one"))
    }

    /// What a change did, or what was wrong: code, message, notes.
    fn after(&self, change: impl FnOnce(&mut Project) -> Result<Vec<String>, DriverError>) -> Vec<String> {
        let mut project = self.project();
        let done = change(&mut project).unwrap_or_else(|e| vec![e.to_string()]);
        if !project.has_errors() {
            return done;
        }
        let shown = |d: &molt_driver::Diagnostic| {
            let notes: Vec<String> = d.notes.iter().map(|n| format!(" [{n}]")).collect();
            format!("{} {}{}", d.code.number.unwrap_or_default(), d.message, notes.concat())
        };
        project.diagnostics.iter().map(shown).collect()
    }

    fn install(&self) -> Vec<String> {
        self.after(|p| p.install(&Update::Nothing))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_is_asked_for_is_installed_with_all_that_it_needs() {
    let place = Place::new();
    place.package("a", "1.0.0", "\"c\": \"^1.0\"");
    place.package("c", "1.0.0", "");
    place.package("c", "1.4.0", "");
    place.package("c", "2.0.0", "");
    place.app("\"a\": \"*\"");
    assert_eq!(place.install(), ["installed a 1.0.0", "installed c 1.4.0"]);
    assert!(place.read("app/claude_modules/c/c.cl").contains("1.4.0"));
    assert_eq!(place.install(), Vec::<String>::new());
    let lock = place.read("app/claude-lock.json");
    let registered = sum(&place.0.join("registry/c/1.4.0")).expect("it is there");
    assert!(lock.contains(&registered) && registered.len() == 64, "{lock}");
    assert_eq!(place.after(Project::list), ["a 1.0.0", "  c ^1.0", "c 1.4.0"]);
}

#[test]
fn the_lock_holds_versions_until_an_update() {
    let place = Place::new();
    place.package("a", "1.0.0", "");
    place.package("b", "1.0.0", "");
    place.app("\"a\": \"^1.0\", \"b\": \"^1.0\"");
    place.install();
    place.package("a", "1.1.0", "");
    place.package("b", "1.1.0", "");
    assert_eq!(place.install(), Vec::<String>::new());
    assert_eq!(place.after(|p| p.install(&Update::Packages(vec!["b".into()]))), ["installed b 1.1.0"]);
    assert_eq!(place.after(|p| p.install(&Update::All)), ["installed a 1.1.0"]);
    let wrong = place.after(|p| p.install(&Update::Packages(vec!["q".into()])));
    assert_eq!(wrong, ["E0604 `q` is not installed"]);
}

#[test]
fn requirements_are_added_and_removed() {
    let place = Place::new();
    place.package("a", "1.2.0", "\"c\": \"*\"");
    place.package("b", "1.0.0", "");
    place.package("b", "2.0.0-rc.1", "");
    place.package("c", "1.0.0", "");
    place.app("");
    assert_eq!(place.after(|p| p.add("a", None, false)), ["installed a 1.2.0", "installed c 1.0.0"]);
    assert_eq!(place.after(|p| p.add("b", None, true)), ["installed b 1.0.0"]);
    let manifest = place.read("app/claude.json");
    assert!(manifest.contains("\"a\": \"^1.2.0\"") && manifest.contains("\"devDependencies\""), "{manifest}");
    assert_eq!(place.after(|p| p.remove("a")), ["removed a 1.2.0", "removed c 1.0.0"]);
    assert!(!place.0.join("app/claude_modules/c").exists());
    assert_eq!(place.after(|p| p.remove("a")), ["E0604 the manifest asks for no `a`"]);
}

#[test]
fn what_cannot_be_had_is_refused_and_changes_nothing() {
    let place = Place::new();
    place.package("a", "1.0.0", "\"c\": \"^1.0\"");
    place.package("b", "1.0.0", "\"c\": \"^2.0\"");
    place.package("c", "1.0.0", "");
    place.package("c", "2.0.0", "");
    place.package("x", "1.0.0", "\"y\": \"*\"");
    place.package("y", "1.0.0", "\"x\": \"*\"");
    place.package("m", "1.0.0", "\"nothing\": \"^1\"");
    place.app("\"a\": \"*\"");
    place.install();
    let before = (place.read("app/claude.json"), place.read("app/claude-lock.json"));
    let refused = |name: &str, range: &str| place.after(|p| p.add(name, Some(range), false));
    assert_eq!(
        refused("b", "*"),
        ["E0604 no version of `c` satisfies all that ask for it \
          [app 1.0.0 → a 1.0.0 asks for c ^1.0] [app 1.0.0 → b 1.0.0 asks for c ^2.0]"]
    );
    assert_eq!(refused("x", "*"), ["E0604 packages depend on one another in a circle: x → y → x"]);
    let registry = place.0.join("registry").display().to_string();
    assert_eq!(
        refused("m", "*"),
        [format!("E0604 there is no package `nothing` in `{registry}` [app 1.0.0 → m 1.0.0 asks for nothing ^1]")]
    );
    assert_eq!(refused("c", "newest"), ["E0604 this is no range of versions"]);
    assert_eq!(refused("../c", "*"), ["E0604 this cannot be the name of a package"]);
    assert_eq!((place.read("app/claude.json"), place.read("app/claude-lock.json")), before);
}

#[test]
fn files_are_held_against_the_lock() {
    let place = Place::new();
    place.package("a", "1.0.0", "");
    place.package("a", "1.1.0", "");
    place.app("\"a\": \"^1.0\"");
    place.install();
    // A copy that somebody changed is made anew.
    place.write("app/claude_modules/a/a.cl", "(print \"changed\")");
    assert_eq!(place.install(), ["installed a 1.1.0"]);
    assert!(place.read("app/claude_modules/a/a.cl").contains("1.1.0"));
    place.write("registry/a/1.1.0/more.cl", "1");
    let refused = place.install();
    assert!(
        refused[0].starts_with("E0605 the files of a 1.1.0 are not those that were locked [locked is "),
        "{refused:?}"
    );
    std::fs::remove_dir_all(place.0.join("registry/a/1.1.0")).expect("it is there");
    assert_eq!(place.install(), ["E0605 a 1.1.0 is locked, and the registry has it no more"]);
    assert_eq!(place.after(|p| p.install(&Update::All)), ["installed a 1.0.0"]);
    place.write("app/claude-lock.json", "{}");
    assert_eq!(place.install(), ["E0605 `claude-lock.json` is not as the package manager writes it"]);
}

#[test]
fn manifests_of_the_registry_are_looked_at() {
    let place = Place::new();
    place.package("a", "1.0.0", "\"b\": \"sometimes\"");
    place.app("\"a\": \"*\"");
    assert_eq!(place.install(), ["E0604 this is no range of versions of a package"]);
    place.write("registry/a/1.0.0/claude.json", "{\"name\": \"b\", \"version\": \"1.0.0\"}");
    assert_eq!(place.install(), ["E0604 this is in the registry as a 1.0.0, and says that it is another package"]);
    place.write("registry/a/1.0.0/claude.json", "{");
    assert!(place.install()[0].starts_with("E0101 this is no JSON"));
}

#[test]
fn a_package_is_published_once_and_without_what_it_leaves_out() {
    let place = Place::new();
    let manifest = "{\"name\": \"app\", \"version\": \"1.0.0\", \"main\": \"src/main.cl\", \"include\": [\"src\", \"*.md\"], \
                    \"exclude\": [\"src/main.cl\", \"src/*_test.cl\"]}";
    place.write("app/claude.json", manifest);
    for file in ["src/main.cl", "src/a.cl", "src/a_test.cl", "read.md", "notes.txt", ".git/x", "claude_modules/b/b.cl"]
    {
        place.write(&format!("app/{file}"), "1");
    }
    let publish = |p: &mut Project| p.publish().map(|title| title.into_iter().collect());
    assert_eq!(place.after(publish), ["app 1.0.0"]);
    let registry = place.0.join("registry");
    let published = molt_driver::claude::registry::files(&registry.join("app/1.0.0")).expect("it is there");
    assert_eq!(published, ["claude.json", "read.md", "src/a.cl", "src/main.cl"]);
    assert_eq!(place.after(publish), ["E0604 app 1.0.0 is in the registry, and versions do not change"]);
    let found = packages::search(&Registry { folder: registry }, "APP").expect("the registry can be read");
    assert_eq!(found, ["app 1.0.0"]);
}

#[test]
fn links_do_not_lead_out_of_a_package() {
    let place = Place::new();
    place.package("a", "1.0.0", "");
    std::os::unix::fs::symlink("/etc/passwd", place.0.join("registry/a/1.0.0/passwd")).expect("links can be made");
    place.app("\"a\": \"*\"");
    let refused = place.install();
    assert!(refused[0].contains("a package has files and folders only"), "{refused:?}");
    assert!(!place.0.join("app/claude_modules/a").exists());
}

#[test]
fn a_folder_becomes_a_package() {
    let place = Place::new();
    std::fs::create_dir_all(place.0.join("My App")).expect("writable");
    let folder = place.0.join("My App");
    assert_eq!(packages::name_of(&folder), "my-app");
    assert_eq!(packages::init(&folder, "my-app").expect("writable"), ["claude.json", "main.cl"]);
    let loaded = Project::load(&folder, None).expect("it can be read").unwrap_or_else(|_| panic!("it is one"));
    assert!(!loaded.has_errors());
    assert_eq!(packages::find(&folder.join(".")).as_deref(), Some(Path::new(&folder.join("."))));
}
