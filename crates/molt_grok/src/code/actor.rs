//! What the library knows of an actor's type: its table, its hooks and handlers.
//!
//! A table is static data that the runtime reads (`molt_runtime::grok::actor::Table`). Its functions are the library's, made
//! for the actor's type; they call the actor's own through the intrinsics of this module.

use molt_base::EntityId;
use molt_ir::{DataId, DataItem, Op, Reloc, RelocTarget};

use super::func::{Val, Writer};
use super::place::At;
use super::{Instance, Mono};
use crate::check::context::Env;
use crate::hir::actors::Supervision;
use crate::hir::{ActorInfo, AdtId, BodyOwner, FnId};
use crate::ty::{Args, Ty, TyKind};

/// `Table::flags`.
const SERVES: u64 = 1;
const SUPERVISES: u64 = 2;
const WANTS_SENDER: u64 = 4;

impl Mono<'_> {
    fn actor(&self, ty: Ty) -> Option<(AdtId, Args, &ActorInfo)> {
        let TyKind::Adt(adt, args) = self.c.types.kind(ty) else { return None };
        Some((adt, args, self.c.hir.adts[adt].actor.as_deref()?))
    }

    fn hook(&self, ty: Ty, names: &[&str]) -> Option<FnId> {
        let (_, _, info) = self.actor(ty)?;
        let is = |f: &FnId| names.contains(&self.c.hir.text(self.c.hir.fns[*f].head.name));
        info.hooks.iter().copied().find(is)
    }

    /// Whether the state of an actor can be copied for a restart.
    fn is_copyable(&mut self, ty: Ty) -> bool {
        let layout = self.layouts.of(ty);
        let Some(clone) = self.c.hir.lang_trait("clone") else { return false };
        layout.field_tys[0].iter().all(|&f| self.c.is_copy(f, Env::EMPTY) || self.c.implements(f, clone))
    }

    /// The type of an actor's raw messages, if it takes any: the one it declares, else that of its `receive` member.
    fn raw_message(&self, ty: Ty) -> Option<Ty> {
        let (_, args, info) = self.actor(ty)?;
        let found = match info.message {
            Some(alias) => self.c.alias_type(alias)?,
            None => *self.c.fn_sig(info.receive?).params.get(1)?,
        };
        Some(self.layouts.concrete(found, args))
    }

    /// The table of an actor's type.
    pub fn actor_table(&mut self, ty: Ty) -> DataId {
        if let Some(&t) = self.actor_tables.get(&ty) {
            return t;
        }
        let (adt, _, info) = self.actor(ty).expect("only actors have tables");
        let c = self.c;
        let serves = !info.handlers.is_empty() || info.receive.is_some() || self.hook(ty, &["behave"]).is_some();
        let has_init = info.init.is_some();
        let has_receive = info.receive.is_some();
        let supervision = c.hir.supervision(adt);
        let mut flags = if serves { SERVES } else { 0 };
        flags |= if supervision.is_some() { SUPERVISES } else { 0 };
        flags |= if info.wants_sender { WANTS_SENDER } else { 0 };
        let settings = supervision.unwrap_or_default();
        let name = c.hir.text(c.hir.adts[adt].head.name).to_string();
        let layout = self.layouts.of(ty);
        let text = self.bytes(name.as_bytes());
        let mut relocs = vec![Reloc { offset: 0, target: RelocTarget::Data(text), addend: 0 }];
        let mut words = vec![0, name.len() as u64, layout.size, layout.align];
        let functions = [
            (self.c.needs_drop(ty, Env::EMPTY).then_some(None), "drop"),
            (has_init.then_some(Some("actor_run_init")), "init"),
            (self.hook(ty, &["on_stop"]).map(|_| Some("actor_run_stop")), "on_stop"),
            (self.hook(ty, &FAILURE).map(|_| Some("actor_run_failure")), "on_failure"),
            (self.hook(ty, &["on_down"]).map(|_| Some("actor_run_down")), "on_down"),
            (self.hook(ty, &["behave"]).map(|_| Some("actor_run_behave")), "behave"),
            (self.is_copyable(ty).then_some(Some("actor_copy_state")), "clone"),
        ];
        let library = |lang: &str, types: &[Ty]| {
            let f = c.hir.lang_fn(lang).expect("the library has the functions of actors' tables");
            Instance::Body(BodyOwner::Fn(f), c.types.ty_list(types))
        };
        let message = self.raw_message(ty);
        let receive = message.filter(|_| has_receive).map(|m| library("actor_run_receive", &[ty, m]));
        let made = functions.map(|(function, _)| function.map(|f| f.map_or(Instance::Drop(ty), |l| library(l, &[ty]))));
        for instance in made.into_iter().chain([receive]) {
            if let Some(instance) = instance {
                let f = self.function(instance);
                let offset = words.len() as u32 * 8;
                relocs.push(Reloc { offset, target: RelocTarget::Func(f), addend: 0 });
            }
            words.push(0);
        }
        let Supervision { strategy, max_restarts, within, shutdown, backoff, .. } = settings;
        let number = message.map_or(0, |m| m.index() as u64);
        words.extend([number, flags, strategy, max_restarts, within, shutdown, backoff.0, backoff.1]);
        let bytes = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        let label = format!("actor{}", self.actor_tables.len());
        let id = self.program.data.push(DataItem { name: label, bytes, align: 8, relocs });
        self.actor_tables.insert(ty, id);
        id
    }
}

/// Names of the hook that decides about children that failed.
const FAILURE: [&str; 2] = ["on_child_failure", "handle_child_failure"];

impl Writer<'_, '_> {
    pub(super) fn actor_intrinsic(&mut self, name: &str, list: Args, values: &[(Val, Ty)], ret: Ty) -> Val {
        let ty = self.m.c.types.list(list)[0].expect_ty();
        let Some((_, args, info)) = self.m.actor(ty) else { unreachable!("`{name}` is about actors") };
        let (init, receive) = (info.init, info.receive);
        match name {
            "table" => {
                let table = self.m.actor_table(ty);
                let address = self.data_addr(table);
                Val::Regs(vec![address])
            }
            "receives" => {
                let n = self.iconst(i64::from(receive.is_some()));
                Val::Regs(vec![n])
            }
            "receive" => self.run(receive, args, values),
            "init" => self.run(init, args, values),
            "behave" => {
                let f = self.m.hook(ty, &["behave"]);
                self.run(f, args, values)
            }
            "on_stop" => {
                let f = self.m.hook(ty, &["on_stop"]);
                self.run(f, args, values)
            }
            "on_down" => {
                let f = self.m.hook(ty, &["on_down"]);
                self.run(f, args, values)
            }
            "on_failure" => match self.m.hook(ty, &FAILURE) {
                Some(f) => {
                    let mut values = values.to_vec();
                    if self.m.c.hir.text(self.m.c.hir.fns[f].head.name) == FAILURE[1] {
                        let c = self.m.c;
                        let (by_name, string) = (c.hir.lang_fn("any_ref_name"), c.hir.lang_adt("String"));
                        if let (Some(by_name), Some(string)) = (by_name, string) {
                            let string = c.types.mk(TyKind::Adt(string, Args::EMPTY));
                            let text = self.call_fn(by_name, Args::EMPTY, &values[1..2], string, None);
                            values[1] = (text, string);
                        }
                    }
                    self.call_fn(f, args, &values, ret, None)
                }
                None => self.absent(),
            },
            _ => unreachable!("the library has no intrinsic `actor_{name}`"),
        }
    }

    /// Code that is never reached: what the actor's type does not have is not in its table.
    fn absent(&mut self) -> Val {
        self.end(Op::Unreachable, &[], &[]);
        Val::Empty
    }

    /// Calls a function of an actor and drops its result.
    fn run(&mut self, f: Option<FnId>, args: Args, values: &[(Val, Ty)]) -> Val {
        let Some(f) = f else { return self.absent() };
        let ret = self.result_of(f, args);
        let val = self.call_fn(f, args, values, ret, None);
        if !self.ended && self.m.c.needs_drop(ret, Env::EMPTY) {
            let addr = self.spill(&val, ret);
            self.drop_place(&At { addr: Some(addr), meta: None, ty: ret, variant: None });
        }
        Val::Empty
    }

    fn result_of(&self, f: FnId, args: Args) -> Ty {
        self.m.layouts.concrete(self.m.c.fn_sig(f).ret, args)
    }

    /// The answer that a handler gives later, if its last parameter is a `ReplyTo`.
    fn deferred(&self, f: FnId, args: Args) -> Option<Ty> {
        let c = self.m.c;
        let last = *c.fn_sig(f).params.last()?;
        match c.types.kind(self.m.layouts.concrete(last, args)) {
            TyKind::Adt(adt, list) if c.hir.lang_adt("ReplyTo") == Some(adt) => c.types.list(list)[0].ty(),
            _ => None,
        }
    }

    pub(super) fn handler_intrinsic(&mut self, name: &str, list: Args, values: &[(Val, Ty)], ret: Ty) -> Val {
        let c = self.m.c;
        let item = c.types.list(list)[usize::from(name != "defers")].expect_ty();
        let TyKind::FnDef(f, args) = c.types.kind(item) else { unreachable!("handlers are passed as function items") };
        let deferred = self.deferred(f, args);
        if name == "defers" {
            let n = self.iconst(i64::from(deferred.is_some()));
            return Val::Regs(vec![n]);
        }
        let mut flat: Vec<(Val, Ty)> = vec![values[0].clone()];
        flat.extend(self.untuple(values.get(1)));
        match (name, deferred) {
            ("run", None) => self.run(Some(f), args, &flat),
            ("run", Some(answer)) => {
                let nobody = c.hir.lang_fn("reply_to_nobody").expect("the library answers to nobody");
                let ty = self.m.layouts.concrete(*c.fn_sig(f).params.last().expect("it has a `ReplyTo`"), args);
                let slot = self.call_fn(nobody, c.types.ty_list(&[answer]), &[], ty, None);
                flat.push((slot, ty));
                self.run(Some(f), args, &flat)
            }
            ("deferred", Some(_)) => {
                flat.push(values[2].clone());
                self.run(Some(f), args, &flat)
            }
            ("call", None) => self.call_fn(f, args, &flat, ret, None),
            // The library asks `handler_defers` first.
            _ => self.absent(),
        }
    }
}
