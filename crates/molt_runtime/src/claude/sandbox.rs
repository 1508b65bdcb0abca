//! Capabilities: what default handlers may do (section 5.5 of the reference).
//!
//! A sandbox is a frame among those of the handlers in force, without a clause. So it is in force exactly where a handler
//! in its place would be: clauses run outside of it, a continuation takes it along. An operation is granted when every
//! sandbox around it grants it, and what the command line says. Programs without any pay one test in a default handler.
//!
//! Paths are resolved when the sandbox begins and when the operation is performed, links and `..` included. A link that is
//! put in place between the test and the operation is not seen.

use alloc::ffi::CString;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ffi::CStr;

use molt_abi::limits::{Argument, CAPABILITIES};
use molt_abi::{Ret, Word};

use super::kind::kind_of;
use super::limits::{self, Limits};
use super::{ErrorKind, Kind, effects, list, map, symbol};
use crate::api::str_text;
use crate::entry::ret;
use crate::{Isolate, Owned, PyResult, Raised};

/// Sets of capabilities that have a name.
const SETS: &[(&str, &[&str])] = &[
    ("none", &[]),
    ("read-only", &["io.stdin", "io.stdout", "io.read", "env", "time", "module.import"]),
    ("network-client", &["io.stdout", "net.connect", "net.dns", "time", "random", "thread"]),
    ("ui", &["io.stdout", "dom", "state", "time", "random", "thread"]),
    (
        "standard",
        &[
            "io.stdin",
            "io.stdout",
            "io.read",
            "io.write",
            "env",
            "time",
            "random",
            "state",
            "thread",
            "dom",
            "module.import",
        ],
    ),
];

/// The set of all capabilities.
const ALL: &str = "trusted";

/// A capability.
struct Grant {
    name: &'static str,
    scope: Scope,
}

/// What a capability is for.
enum Scope {
    Everything,
    /// A resolved path and all below it; nothing where the path names nothing.
    Below(Option<Vec<u8>>),
    /// A host, or those that end with what follows the `*` of a pattern.
    Host(String),
    HostsUnder(String),
}

/// What may be done, and how much of it.
pub(super) struct Sandbox {
    /// All that is not denied.
    everything: bool,
    allow: Vec<Grant>,
    deny: Vec<Grant>,
    pub limits: Limits,
}

/// What an operation is about.
#[derive(Clone, Copy)]
pub(super) enum Subject<'a> {
    Nothing,
    /// A file: what a link leads to.
    File(&'a [u8]),
    /// An entry of a folder, which may be a link.
    Entry(&'a [u8]),
}

impl Grant {
    /// Whether it covers what is done with a resolved path, or with a host as it is written.
    fn covers(&self, name: &str, object: Option<&[u8]>) -> bool {
        self.name == name
            && match (&self.scope, object) {
                (Scope::Everything, _) => true,
                (Scope::Below(Some(prefix)), Some(path)) => is_below(path, prefix),
                (Scope::Host(host), Some(object)) => object.eq_ignore_ascii_case(host.as_bytes()),
                (Scope::HostsUnder(end), Some(object)) => {
                    let at = object.len().saturating_sub(end.len());
                    at > 0 && object[at..].eq_ignore_ascii_case(end.as_bytes())
                }
                _ => false,
            }
    }
}

impl Sandbox {
    fn empty() -> Sandbox {
        Sandbox { everything: false, allow: Vec::new(), deny: Vec::new(), limits: Limits::none() }
    }

    fn grants(&self, name: &str, path: Option<&[u8]>) -> bool {
        let any = |list: &[Grant]| list.iter().any(|g| g.covers(name, path));
        (self.everything || any(&self.allow)) && !any(&self.deny)
    }
}

/// Whether a path is another one or lies below it, by whole components.
fn is_below(path: &[u8], prefix: &[u8]) -> bool {
    let rest = path.strip_prefix(prefix.strip_suffix(b"/").unwrap_or(prefix));
    rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

// ---- paths --------------------------------------------------------------------------------------

fn real_path(path: &CStr) -> Option<Vec<u8>> {
    // SAFETY: a C string goes in; the result is the caller's to free, which is done once.
    unsafe {
        let found = libc::realpath(path.as_ptr(), core::ptr::null_mut());
        if found.is_null() {
            return None;
        }
        let bytes = CStr::from_ptr(found).to_bytes().to_vec();
        libc::free(found.cast());
        Some(bytes)
    }
}

fn is_there(path: &CStr) -> bool {
    let mut about = core::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: a C string and room for the answer go in.
    unsafe { libc::lstat(path.as_ptr(), about.as_mut_ptr()) == 0 }
}

/// The absolute path without links that something has or will have when it is made; none for a link to nothing.
fn resolved(subject: Subject) -> Option<Vec<u8>> {
    let (path, is_entry) = match subject {
        Subject::Nothing => return None,
        Subject::File(path) => (path, false),
        Subject::Entry(path) => (path, true),
    };
    let text = CString::new(path).ok()?;
    if !is_entry {
        if let Some(found) = real_path(&text) {
            return Some(found);
        }
        if is_there(&text) {
            return None;
        }
    }
    let path = path.strip_suffix(b"/").unwrap_or(path);
    let (folder, name) = match path.iter().rposition(|&b| b == b'/') {
        Some(0) => (&b"/"[..], &path[1..]),
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (&b"."[..], path),
    };
    if matches!(name, b"" | b"." | b"..") {
        return None;
    }
    let mut out = resolved(Subject::File(folder))?;
    if !out.ends_with(b"/") {
        out.push(b'/');
    }
    out.extend_from_slice(name);
    Some(out)
}

// ---- asking -------------------------------------------------------------------------------------

/// Whether an operation is denied; the error `capability-denied` is pending then.
pub(super) fn denied(rt: &mut Isolate, capability: &str, operation: &str) -> bool {
    rt.claude.is_sandboxed && demand(rt, capability, operation, Subject::Nothing).is_err()
}

/// What an operation without a subject gives, unless it is denied.
pub(super) fn guarded(
    rt: &mut Isolate,
    capability: &str,
    operation: &str,
    perform: impl FnOnce(&mut Isolate) -> PyResult,
) -> Ret {
    if denied(rt, capability, operation) { Ret::ERR } else { ret(perform(rt)) }
}

/// The same of an operation on a path, or on an open file by its path.
pub(super) fn denied_path(rt: &mut Isolate, capability: &str, operation: &str, subject: Subject) -> bool {
    rt.claude.is_sandboxed && demand(rt, capability, operation, subject).is_err()
}

#[cold]
fn demand(rt: &mut Isolate, capability: &str, operation: &str, subject: Subject) -> PyResult<()> {
    let path = resolved(subject);
    let path = path.as_deref();
    let by_program = rt.claude.granted.as_ref().is_none_or(|s| s.grants(capability, path));
    if by_program && effects::sandboxes(rt).all(|s| s.grants(capability, path)) {
        return Ok(());
    }
    let words = [
        Owned::share(rt.keyword("capability")),
        rt.new_str(capability),
        Owned::share(rt.keyword("operation")),
        rt.new_str(operation),
    ];
    let borrowed: Vec<Word> = words.iter().map(Owned::word).collect();
    let data = map::from_words(rt, &borrowed)?;
    let text = format!("{operation} needs the capability {capability}");
    Err(rt.raise_claude(ErrorKind::CapabilityDenied, text, data.word()))
}

// ---- making -------------------------------------------------------------------------------------

/// Calls a body in a sandbox: the options are a map with `:capabilities` and `:limits`.
pub(super) fn within(rt: &mut Isolate, options: Word, body: Word) -> PyResult {
    if !map::is_map(rt, options) {
        return Err(super::entry::wrong_type(rt, "with-sandbox", "a map", options));
    }
    let (capabilities, bounds) = (rt.keyword("capabilities"), rt.keyword("limits"));
    for [key, _] in map::iter(options) {
        if key != capabilities && key != bounds {
            return Err(refused(rt, "its keys are :capabilities and :limits"));
        }
    }
    let mut sandbox = match map::get(rt, options, capabilities)? {
        Some(listed) => read(rt, listed)?,
        None => Sandbox { everything: true, ..Sandbox::empty() },
    };
    if let Some(listed) = map::get(rt, options, bounds)? {
        sandbox.limits = limits::read(rt, listed)?;
    }
    rt.claude.is_sandboxed = true;
    effects::sandboxed(rt, Rc::new(sandbox), body)
}

#[cold]
pub(super) fn refused(rt: &mut Isolate, why: &str) -> Raised {
    rt.raise_claude(ErrorKind::TypeError, format!("with-sandbox: {why}"), Word::NONE)
}

/// Capabilities: the name of a set, or a list of names, of sets too, and of `[name argument ..]`.
fn read(rt: &mut Isolate, listed: Word) -> PyResult<Sandbox> {
    let mut sandbox = Sandbox::empty();
    if !list::is_list(rt, listed) {
        add(rt, &mut sandbox, listed)?;
        return Ok(sandbox);
    }
    for item in list::iter(listed) {
        add(rt, &mut sandbox, item)?;
    }
    Ok(sandbox)
}

fn name_text(rt: &mut Isolate, w: Word) -> PyResult<String> {
    match kind_of(rt, w) {
        Kind::Keyword | Kind::Symbol => Ok(symbol::text_of(w).into_owned()),
        Kind::String => Ok(str_text(w).into_owned()),
        _ => Err(super::entry::wrong_type(rt, "with-sandbox", "the name of a capability", w)),
    }
}

fn add(rt: &mut Isolate, sandbox: &mut Sandbox, item: Word) -> PyResult<()> {
    if !list::is_list(rt, item) {
        let name = name_text(rt, item)?;
        return if add_named(sandbox, &name) { Ok(()) } else { Err(unknown(rt, &name)) };
    }
    let parts: Vec<Word> = list::iter(item).collect();
    let Some((&name, arguments)) = parts.split_first() else {
        return Err(refused(rt, "a capability with arguments is [name argument ..]"));
    };
    let name = name_text(rt, name)?;
    for &argument in arguments {
        let argument = name_text(rt, argument)?;
        match grant(&name, Some(&argument)) {
            Ok(grant) => sandbox.allow.push(grant),
            Err(why) => return Err(refused(rt, &why)),
        }
    }
    Ok(())
}

fn unknown(rt: &mut Isolate, name: &str) -> Raised {
    refused(rt, &format!("{name} is no capability"))
}

/// Whether there is a capability or set of this name, which is granted then.
fn add_named(sandbox: &mut Sandbox, name: &str) -> bool {
    if name == ALL {
        sandbox.everything = true;
        return true;
    }
    if let Some((_, names)) = SETS.iter().find(|(set, _)| *set == name) {
        sandbox.allow.extend(names.iter().filter_map(|n| grant(n, None).ok()));
        return true;
    }
    let found = grant(name, None);
    let is_found = found.is_ok();
    sandbox.allow.extend(found);
    is_found
}

fn grant(name: &str, argument: Option<&str>) -> Result<Grant, String> {
    let Some(&(name, takes)) = CAPABILITIES.iter().find(|(known, _)| *known == name) else {
        return Err(format!("{name} is no capability"));
    };
    match (argument, takes) {
        (Some(_), Argument::None) => Err(format!("{name} takes no argument")),
        (Some(pattern), Argument::Host) => match pattern.strip_prefix('*') {
            Some(end) if end.len() > 1 && end.starts_with('.') && !end.contains('*') => {
                Ok(Grant { name, scope: Scope::HostsUnder(end.into()) })
            }
            None if !pattern.is_empty() && !pattern.contains('*') => {
                Ok(Grant { name, scope: Scope::Host(pattern.into()) })
            }
            _ => Err(format!("{pattern} is no host and no pattern such as *.example.org")),
        },
        (Some(path), Argument::Path) => {
            Ok(Grant { name, scope: Scope::Below(resolved(Subject::File(path.as_bytes()))) })
        }
        (None, _) => Ok(Grant { name, scope: Scope::Everything }),
    }
}

/// What the command line grants, one rule a line: `sandbox`, `+name`, `+name:argument`, `-name`, `-name:argument`; and the
/// limits that it sets: `=name:number`.
pub(super) fn restrict(rt: &mut Isolate, rules: &str) -> PyResult<()> {
    let mut sandbox = Sandbox { everything: true, ..Sandbox::empty() };
    for rule in rules.lines() {
        if rule == "sandbox" {
            sandbox.everything = false;
            continue;
        }
        let (name, argument) = match rule[1..].split_once(':') {
            Some((name, argument)) => (name, Some(argument)),
            None => (&rule[1..], None),
        };
        if rule.starts_with('=') {
            let n = argument.and_then(|n| n.parse().ok());
            if !n.is_some_and(|n| limits::set_of_program(rt, name, n)) {
                return Err(refused(rt, &format!("there is no limit {name}")));
            }
            continue;
        }
        match grant(name, argument) {
            Ok(grant) if rule.starts_with('-') => sandbox.deny.push(grant),
            Ok(grant) => sandbox.allow.push(grant),
            Err(why) => return Err(rt.raise_claude(ErrorKind::Error, why.to_string(), Word::NONE)),
        }
    }
    if !sandbox.everything || !sandbox.deny.is_empty() {
        rt.claude.is_sandboxed = true;
        rt.claude.granted = Some(sandbox);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn prefixes_are_of_whole_components() {
        assert!(
            is_below(b"/a/b", b"/a") && is_below(b"/a", b"/a") && is_below(b"/a", b"/") && is_below(b"/a/b", b"/a/")
        );
        assert!(!is_below(b"/ab", b"/a") && !is_below(b"/", b"/a"));
    }

    #[test]
    fn what_is_not_there_yet_has_the_path_of_its_folder() {
        assert_eq!(resolved(Subject::File(b"/no-such-folder/x")).as_deref(), Some(&b"/no-such-folder/x"[..]));
        assert_eq!(resolved(Subject::File(b"/../no-such-folder/..")), None);
        assert_eq!(resolved(Subject::Entry(b"/../usr")).as_deref(), Some(&b"/usr"[..]));
    }

    #[test]
    fn patterns_of_hosts_cover_what_ends_with_them() {
        let covers = |pattern, host: &str| {
            let grant = grant("net.connect", Some(pattern)).expect("a pattern");
            grant.covers("net.connect", Some(host.as_bytes()))
        };
        assert!(covers("api.example.org", "API.example.org") && !covers("api.example.org", "example.org"));
        assert!(covers("*.example.org", "a.b.example.org"));
        assert!(!covers("*.example.org", "example.org") && !covers("*.example.org", ".example.org"));
        assert!(!covers("*.example.org", "badexample.org"));
        for pattern in ["", "*", "*.", "a.*", "*example.org", "*.a.*"] {
            assert!(grant("net.dns", Some(pattern)).is_err(), "{pattern}");
        }
        assert!(!grant("net.connect", Some("a")).is_ok_and(|g| g.covers("net.connect", None)));
    }

    #[test]
    fn a_denial_wins() {
        let both = || vec![grant("env", None).expect("there is this one")];
        let sandbox = Sandbox { allow: both(), ..Sandbox::empty() };
        assert!(sandbox.grants("env", None) && !sandbox.grants("time", None));
        assert!(!Sandbox { everything: true, allow: both(), deny: both(), limits: Limits::none() }.grants("env", None));
        assert!(grant("env", Some("x")).is_err() && grant("network", None).is_err());
    }
}
