//! Signatures of the functions of actors that the runtime calls (section 7.3).

use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok as code;

use super::context::Checked;
use crate::hir::{AdtId, FnId, Mutability, ReturnType};
use crate::ty::{Args, Region, Ty, TyKind};

impl Checked {
    /// Compares the hooks of an actor with what the runtime passes and expects.
    pub(super) fn check_actor(&self, actor: AdtId) {
        let Some(info) = &self.hir.adts[actor].actor else { return };
        for &f in info.hooks.iter().chain(&info.init) {
            self.check_hook(f);
        }
    }

    fn library_type(&self, name: &str) -> Ty {
        self.hir.lang_adt(name).map_or(Ty::ERROR, |a| self.types.mk(TyKind::Adt(a, Args::EMPTY)))
    }

    fn check_hook(&self, f: FnId) {
        let item = &self.hir.fns[f];
        let name = self.hir.text(item.head.name);
        let reason = self.library_type("ExitReason");
        let reason = self.types.mk(TyKind::Ref(Region::Erased, Mutability::Shared, reason));
        let directive = Some(self.library_type("Directive"));
        let (params, ret, shape) = match name {
            "init" => (vec![], None, "fn init(&mut self)"),
            "behave" => (vec![], None, "fn behave(&mut self)"),
            "on_stop" => (vec![reason], None, "fn on_stop(&mut self, reason: &ExitReason)"),
            "on_down" => {
                let shape = "fn on_down(&mut self, monitor: MonitorRef, reason: &ExitReason)";
                (vec![self.library_type("MonitorRef"), reason], None, shape)
            }
            "on_child_failure" => {
                let shape = "fn on_child_failure(&mut self, child: AnyRef, reason: &ExitReason) -> Directive";
                (vec![self.library_type("AnyRef"), reason], directive, shape)
            }
            _ => {
                let shape = "fn handle_child_failure(&mut self, name: String, reason: &ExitReason) -> Directive";
                (vec![self.library_type("String"), reason], directive, shape)
            }
        };
        let typed = item.params.iter().all(|p| p.ty.is_some());
        let declared = directive.is_none() || matches!(item.ret, ReturnType::Type(_));
        let fits = typed && (ret.is_none() || declared) && item.self_param.is_some() && {
            let sig = self.fn_sig(f);
            let found: Vec<Ty> = sig.params.iter().skip(1).map(|&p| self.types.erase(p)).collect();
            found == params && ret.is_none_or(|r| self.types.erase(sig.ret) == r)
        };
        if !fits && !params.contains(&Ty::ERROR) {
            let text = format!("the runtime calls `{name}` with other types");
            let d = Diagnostic::at(&code::TYPE_MISMATCH, item.head.name_span, text).help(format!("write `{shape}`"));
            self.report(d);
        }
    }
}
