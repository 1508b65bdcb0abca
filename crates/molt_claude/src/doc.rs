//! What the checker knows of a module, for those who document it.

use std::collections::HashMap;

use molt_base::SourceMap;
use molt_diagnostics::Diagnostic;

use crate::check;
use crate::core::{Core, ExprId, ExprKind};
use crate::expand::{Expander, Files};
use crate::macros::MakeRunner;
use crate::options::Contracts;
use crate::program::{Loader, Request};
use crate::session::apart;
use crate::stx::Syntax;
use crate::syntax::{self, Data};

/// A module in order.
#[derive(Clone, Debug)]
pub struct Documented {
    pub data: Data,
    /// The types of what it defines, with their rows, by name.
    pub types: HashMap<String, String>,
}

/// The request's entry; its faults, if it has some that keep it from being in order. None if there is no such file.
pub fn document(
    request: &Request,
    loader: &dyn Loader,
    runner: MakeRunner,
) -> Option<Result<Documented, (Vec<Diagnostic>, SourceMap)>> {
    let entry = request.entry.as_deref()?;
    let bytes = loader.read(entry)?;
    Some(apart(|| {
        let (mut core, mut stx, mut sources) = (Core::default(), Syntax::default(), SourceMap::default());
        let mut diagnostics = Vec::new();
        let files = Files { loader, places: &request.places };
        let mut expander = Expander::new(&mut core, &mut stx, &mut diagnostics, &mut sources, files, runner);
        // The types are those of the bodies, not of what checks them.
        expander.contracts = Contracts::Off;
        expander.library();
        expander.file(entry, bytes);
        let is_read = expander.is_read();
        if is_read {
            diagnostics.extend(check::check(&mut core, &mut stx, &sources, false));
        }
        diagnostics.retain(Diagnostic::is_error);
        let file = sources.find(&entry.display().to_string());
        let Some(file) = file.filter(|_| diagnostics.is_empty()) else { return Err((diagnostics, sources)) };
        let types = types(&mut core, &mut stx, &sources);
        let read = syntax::read(file, &sources.file(file).text);
        Ok(Documented { data: read.data, types })
    }))
}

/// The types of what the module that was expanded last defines, by name.
fn types(core: &mut Core, stx: &mut Syntax, sources: &SourceMap) -> HashMap<String, String> {
    let Some(&last) = core.order.last() else { return HashMap::new() };
    let defined = core.modules[last].body.iter().filter_map(|&e| match *core.kind(e) {
        ExprKind::InitGlobal(g, value) => Some((core.names.text(core.globals[g].name).to_owned(), value)),
        _ => None,
    });
    let (names, values): (Vec<String>, Vec<ExprId>) = defined.unzip();
    names.into_iter().zip(check::describe_all(core, stx, sources, &values)).collect()
}
