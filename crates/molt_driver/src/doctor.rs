//! Checks of the surroundings: what works, what is missing, what to type.

use crate::toolchain::{grok_image, grok_library, runtime_archive};

/// One finding.
pub struct Finding {
    pub ok: bool,
    pub what: String,
    /// What to do, when something is to be done.
    pub remedy: Option<String>,
}

/// All checks, in a stable order.
pub fn findings() -> Vec<Finding> {
    vec![linker(), runtime(), library(), cache()]
}

fn linker() -> Finding {
    use molt_link::{Choice, Linker, find_linker};
    match find_linker(Choice::Any) {
        #[cfg(target_os = "linux")]
        Some(Linker::BuiltIn(library)) => {
            let [_, c] = library.objects;
            Finding { ok: true, what: format!("linker: built in, with `{}`", c.display()), remedy: None }
        }
        Some(Linker::System(p)) => Finding { ok: true, what: format!("linker: {}", p.display()), remedy: None },
        None => Finding {
            ok: false,
            what: "linker: none found; `molt build` cannot link (`molt run` works in memory)".into(),
            remedy: Some("install a C compiler, for example `apt-get install gcc`".into()),
        },
    }
}

fn runtime() -> Finding {
    let path = runtime_archive();
    if path.is_file() {
        return Finding { ok: true, what: format!("runtime archive: {}", path.display()), remedy: None };
    }
    Finding {
        ok: false,
        what: format!("runtime archive: `{}` is missing", path.display()),
        remedy: Some("keep the archive of the toolchain together, or build it with `cargo xtask toolchain`".into()),
    }
}

fn library() -> Finding {
    let path = grok_image();
    let fits = grok_library().is_some_and(molt_grok::compile::is_library_image);
    let what = if fits {
        format!("library of GrokLang: {}", path.display())
    } else {
        format!("library of GrokLang: read from its sources each time, because `{}` does not fit", path.display())
    };
    Finding { ok: true, what, remedy: None }
}

fn cache() -> Finding {
    let dir = crate::cache::folder();
    let writable = std::fs::create_dir_all(&dir).is_ok();
    Finding {
        ok: writable,
        what: format!("cache: {}", dir.display()),
        remedy: (!writable).then(|| "set MOLT_CACHE to a folder that can be written".into()),
    }
}
