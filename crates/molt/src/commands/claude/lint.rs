//! `claudelang lint`.

use std::path::Path;

use molt_driver::claude::{self, RULES};
use molt_driver::{DriverError, Entry};

use super::super::session;
use crate::args::Common;
use crate::args::claude::{Format, LintArgs};
use crate::report;

/// Looks at files one after the other; the status 3 if something was found.
pub fn lint(common: &Common, args: LintArgs) -> Result<u8, u8> {
    let mut common = common.clone();
    common.json |= args.format == Format::Json;
    let mut status = 0;
    for file in &super::files(&common, args.files)? {
        status = status.max(one(&common, &args.disable, file));
    }
    Ok(status)
}

fn one(common: &Common, disabled: &[String], file: &Path) -> u8 {
    let mut s = session(common, false);
    s.options.check = true;
    let compiled = s.front_end(&Entry::File(file.to_path_buf())).map(|_| ());
    let is_wanted = |id: &str| RULES.iter().any(|r| r.id == id) && disabled.iter().all(|d| d != id);
    // Findings of what it imports are those of other files, but for what keeps this one from being looked at.
    let own = s.sources.find(&file.display().to_string());
    s.diagnostics.retain(|d| d.is_error() || (is_wanted(d.code.id) && d.primary_span().map(|p| p.file) == own));
    s.diagnostics.extend(own.into_iter().flat_map(|f| claude::lint(&s.sources, f)).filter(|d| is_wanted(d.code.id)));
    s.diagnostics.sort_by_key(|d| d.primary_span().map(|p| (p.file, p.start)));
    report::diagnostics(&s, common);
    match compiled {
        Ok(()) | Err(DriverError::Refused) if s.diagnostics.is_empty() => 0,
        Ok(()) | Err(DriverError::Refused) => 3,
        Err(e) => report::error(&e, common),
    }
}
