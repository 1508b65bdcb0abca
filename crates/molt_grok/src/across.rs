//! What a package offers to languages whose values are objects.
//!
//! [`surface`] writes two texts about the public items of a package's root module, which is checked by then:
//!
//! - **adapters**, a module in GrokLang that belongs into the package: one function for each way in, which takes objects
//!   and gives one, and the conversions of the package's own types. What crosses, and how, is the library's `across.grok`.
//! - **the stand-in**, a module in Python with the names that others see: functions and classes whose bodies are
//!   `__across__("package::adapter", operands..)`.
//!
//! An item that cannot cross has no part in them; [`Surface::left_out`] says why.

mod actors;
pub mod imported;

use std::fmt::Write as _;

use molt_base::{Span, Symbol};

use crate::check::context::{Checked, Owner, ParamKind, Predicate};
use crate::hir::item::{AdtKind, ConstItemKind, Parent, SelfKind, VariantForm, Visibility};
use crate::hir::{AdtId, ConstId, Exported, FnId, ImplId, ModId, Mutability, PackageId};
use crate::ty::{Arg, Region, Ty, TyKind};

/// The module of the adapters.
pub const MODULE: &str = "__across";

/// What a package offers.
#[derive(Clone, Debug, Default)]
pub struct Surface {
    /// The stand-in, in Python.
    pub stand_in: String,
    /// The text to be added at the end of the package's root file.
    pub adapters: String,
    /// Public items that cannot cross: name, place, and what is in the way.
    pub left_out: Vec<(String, Span, String)>,
    /// Functions between whose operands and results and those of all languages there is no difference.
    pub plain: Vec<Plain>,
}

/// A function of numbers, truth values and texts.
#[derive(Clone, Debug)]
pub struct Plain {
    pub name: String,
    /// What `__across__` calls it.
    pub adapter: String,
    pub params: usize,
}

/// The surface of a package without errors.
pub fn surface(c: &Checked, package: PackageId) -> Surface {
    let root = c.hir.packages[package].root;
    let name = c.hir.text(c.hir.packages[package].name).to_owned();
    let (own, actors, offered) = (Vec::new(), Vec::new(), Vec::new());
    let mut s = Writer { c, root, package: name, own, actors, out: Surface::default(), offered };
    (s.actors, s.own) = s.types().into_iter().partition(|&a| c.hir.adts[a].kind == AdtKind::Actor);
    s.run();
    s.out
}

/// How a parameter is passed on.
struct Passed {
    /// Statements before the call.
    before: String,
    operand: String,
    /// Its type for readers of Python.
    shown: String,
}

struct Writer<'a> {
    c: &'a Checked,
    root: ModId,
    package: String,
    /// Types of the package that have a class.
    own: Vec<AdtId>,
    /// Actors of the package, references to which have a class.
    actors: Vec<AdtId>,
    out: Surface,
    /// Names that the stand-in has for others.
    offered: Vec<String>,
}

/// Why something does not cross.
type Why = String;

impl Writer<'_> {
    fn text(&self, s: Symbol) -> String {
        self.c.hir.text(s).to_owned()
    }

    /// Public structs, enums and actors without parameters that the root module names.
    fn types(&self) -> Vec<AdtId> {
        let hir = &self.c.hir;
        let own = hir.adts.iter().filter(|(_, a)| a.head.module == self.root && a.head.vis == Visibility::Public);
        let mut found: Vec<AdtId> = own.map(|(id, _)| id).collect();
        found.extend(self.exported().filter_map(|(_, e)| match e {
            Exported::Adt(a) => Some(a),
            _ => None,
        }));
        found.retain(|&a| self.c.params_of(Owner::Adt(a)).is_empty() && !self.is_std(a));
        found.sort_by_key(|a| a.0);
        found.dedup();
        found
    }

    fn is_std(&self, a: AdtId) -> bool {
        let hir = &self.c.hir;
        hir.packages[hir.modules[hir.adts[a].head.module].package].is_std
    }

    /// What the root module names of other modules for everybody.
    fn exported(&self) -> impl Iterator<Item = (Symbol, Exported)> + '_ {
        self.c.hir.exports.iter().filter(|e| e.module == self.root).map(|e| (e.name, e.item))
    }

    fn run(&mut self) {
        self.out.adapters.push_str("\nmod __across {\nuse grok::across;\nuse grok::across::{FromObject, ToObject};\n");
        self.out.stand_in.push_str("from grok import Value as _Value\n_absent = object()\n");
        for a in self.own.clone() {
            self.class(a);
        }
        for a in self.actors.clone() {
            self.actor(a);
        }
        let hir = &self.c.hir;
        let mut fns: Vec<(String, FnId)> = hir
            .fns
            .iter()
            .filter(|(_, f)| {
                f.parent == Parent::Module && f.head.module == self.root && f.head.vis == Visibility::Public
            })
            .map(|(id, f)| (self.text(f.head.name), id))
            .collect();
        fns.extend(self.exported().filter_map(|(name, e)| match e {
            Exported::Fn(f) => Some((self.text(name), f)),
            _ => None,
        }));
        fns.sort_by_key(|(_, f)| f.0);
        for (name, f) in fns {
            let made = self.function(f, &name, &format!("f_{name}"), &format!("super::{name}"), None);
            match made {
                Ok(text) => {
                    self.out.stand_in.push_str(&text);
                    self.offered.push(name);
                }
                Err(why) => self.leave_out(name, self.c.hir.fns[f].head.name_span, why),
            }
        }
        let consts: Vec<ConstId> = hir
            .consts
            .iter()
            .filter(|(_, k)| {
                k.parent == Parent::Module && k.head.module == self.root && k.head.vis == Visibility::Public
            })
            .map(|(id, _)| id)
            .collect();
        for k in consts {
            self.constant(k);
        }
        let names: Vec<String> = self.offered.iter().map(|n| format!("{n:?}")).collect();
        let left: Vec<String> =
            self.out.left_out.iter().map(|(n, _, why)| format!("{n:?}: {}", literal(why))).collect();
        let _ = write!(
            self.out.stand_in,
            "_left_out = {{{}}}\n\
             def __getattr__(name):\n    \
             if name in _left_out:\n        \
             raise AttributeError(f\"'{{name}}' of '{{__name__}}' cannot be used from here: {{_left_out[name]}}\")\n    \
             raise AttributeError(f\"module '{{__name__}}' has no attribute '{{name}}'\")\n",
            left.join(", ")
        );
        let _ = writeln!(self.out.stand_in, "__all__ = [{}]", names.join(", "));
        self.out.adapters.push_str("}\n");
    }

    fn leave_out(&mut self, name: String, span: Span, why: Why) {
        self.out.left_out.push((name, span, why));
    }

    fn adapter(&mut self, name: &str, params: usize, body: &str) {
        let params: Vec<String> = (0..params).map(|i| format!("a{i}: u64")).collect();
        let _ = writeln!(self.out.adapters, "pub fn {name}({}) -> u64 {{\n{body}\n}}", params.join(", "));
    }

    /// The call of an adapter as the stand-in has it.
    fn call(&self, adapter: &str, operands: &[String]) -> String {
        let rest: String = operands.iter().map(|o| format!(", {o}")).collect();
        format!("__across__(\"{}::{adapter}\"{rest})", self.package)
    }

    // What crosses.

    /// Whether the type is one of the library's of this name; its arguments.
    fn library(&self, ty: Ty) -> Option<(String, Vec<Ty>)> {
        match self.c.types.kind(ty) {
            TyKind::Adt(a, args) if self.is_std(a) => {
                let list = self.c.types.list(args);
                Some((self.text(self.c.hir.adts[a].head.name), list.iter().filter_map(|x| x.ty()).collect()))
            }
            _ => None,
        }
    }

    fn is_own(&self, ty: Ty) -> Option<AdtId> {
        match self.c.types.kind(ty) {
            TyKind::Adt(a, _) if self.own.contains(&a) => Some(a),
            _ => None,
        }
    }

    /// The type of a value that is passed on by itself, as Python's annotations have it; why it is none, otherwise.
    fn crosses(&self, ty: Ty) -> Result<String, Why> {
        let types = &self.c.types;
        let none = || Err(format!("`{}` has no counterpart there", self.c.ty_text(ty)));
        Ok(match types.kind(ty) {
            TyKind::Bool => "bool".into(),
            TyKind::Char => "str".into(),
            TyKind::Int(_) => "int".into(),
            TyKind::Float(_) => "float".into(),
            TyKind::Tuple(args) => {
                let list: Vec<Ty> = types.list(args).iter().filter_map(|a| a.ty()).collect();
                if list.is_empty() {
                    return Ok("None".into());
                }
                if !(2..=6).contains(&list.len()) {
                    return none();
                }
                let items = list.iter().map(|&t| self.crosses(t)).collect::<Result<Vec<_>, _>>()?;
                format!("tuple[{}]", items.join(", "))
            }
            TyKind::Adt(a, _) if self.own.contains(&a) => self.text(self.c.hir.adts[a].head.name),
            TyKind::Adt(..) => {
                let Some((name, args)) = self.library(ty) else { return none() };
                let inner = |i: usize| self.crosses(args[i]);
                match (name.as_str(), args.len()) {
                    ("String", 0) => "str".into(),
                    ("Object", 0) => "object".into(),
                    ("Vec", 1) if types.kind(args[0]) == types.kind(Ty::U8) => "bytes".into(),
                    ("Vec" | "VecDeque", 1) => format!("list[{}]", inner(0)?),
                    ("HashSet" | "BTreeSet", 1) => format!("set[{}]", inner(0)?),
                    ("HashMap" | "BTreeMap", 2) => format!("dict[{}, {}]", inner(0)?, inner(1)?),
                    ("Option", 1) => format!("{} | None", inner(0)?),
                    ("Box", 1) => inner(0)?,
                    ("ActorRef", 1) => match types.kind(args[0]) {
                        TyKind::Adt(a, _) if self.actors.contains(&a) => self.text(self.c.hir.adts[a].head.name),
                        _ => return none(),
                    },
                    _ => return none(),
                }
            }
            _ => return none(),
        })
    }

    /// The parameter types of something that can be called, if what goes there and back crosses.
    fn callable(&self, params: &[Ty], ret: Option<Ty>) -> Result<(usize, String), Why> {
        let mut shown = Vec::new();
        for &p in params {
            shown.push(match self.c.types.kind(p) {
                TyKind::Str(_) => "str".to_owned(),
                _ => self.crosses(p)?,
            });
        }
        let ret = match ret {
            Some(ty) => self.crosses(ty)?,
            None => "None".into(),
        };
        if params.len() > 3 {
            return Err("a callable with more than three parameters does not cross".into());
        }
        Ok((params.len(), format!("_Callable[[{}], {ret}]", shown.join(", "))))
    }

    /// What a `dyn` type of a function trait takes and gives.
    fn dyn_callable(&self, ty: Ty) -> Option<(Vec<Ty>, Option<Ty>)> {
        let TyKind::Dyn(id, _) = self.c.types.kind(ty) else { return None };
        let kind = self.c.types.dyn_kind(id);
        let (_, args) = kind.traits.iter().find(|(t, _)| self.c.lang.fn_kind(*t).is_some())?;
        let tuple = self.c.types.list(*args).first()?.ty()?;
        Some((self.tuple(tuple), kind.assoc.first().map(|(_, ty)| *ty)))
    }

    fn tuple(&self, ty: Ty) -> Vec<Ty> {
        match self.c.types.kind(ty) {
            TyKind::Tuple(args) => self.c.types.list(args).iter().filter_map(|a| a.ty()).collect(),
            _ => Vec::new(),
        }
    }

    /// What a type parameter that is bound by a function trait takes and gives.
    fn bound_callable(&self, f: FnId, ty: Ty) -> Option<(Vec<Ty>, Option<Ty>)> {
        let predicates = self.c.predicates_of(Owner::Fn(f));
        let params = predicates.iter().find_map(|p| match *p {
            Predicate::Trait(t, args) if self.c.lang.fn_kind(t).is_some() => {
                let list = self.c.types.list(args);
                (list[0].ty() == Some(ty)).then(|| list.get(1).and_then(|a| a.ty()).map(|t| self.tuple(t)))
            }
            _ => None,
        })??;
        let ret = predicates.iter().find_map(|p| match *p {
            Predicate::Projection(_, args, to) => (self.c.types.list(args)[0].ty() == Some(ty)).then_some(to),
            _ => None,
        });
        Some((params, ret))
    }

    fn closure(i: usize, count: usize) -> String {
        let names: Vec<String> = (0..count).map(|n| format!("x{n}")).collect();
        let list = names.join(", ");
        format!("move |{list}| o{i}.call{count}({list})")
    }

    /// Parameter `i` of a function.
    fn param(&self, f: FnId, i: usize, ty: Ty) -> Result<Passed, Why> {
        let types = &self.c.types;
        let plain = |operand: &str, shown: &str| Passed {
            before: String::new(),
            operand: operand.to_owned(),
            shown: shown.to_owned(),
        };
        let callable = |before: String, operand: String, shown: String| Passed { before, operand, shown };
        match types.kind(ty) {
            TyKind::Str(Region::Static) => Err("`&'static str` outlives the call".into()),
            TyKind::Str(_) => Ok(plain(&format!("across::text(a{i})"), "str")),
            TyKind::Ref(region, mutability, to) => {
                if region == Region::Static {
                    return Err("a reference with the lifetime `'static` outlives the call".into());
                }
                if let Some(own) = self.is_own(to) {
                    let shown = self.text(self.c.hir.adts[own].head.name);
                    if self.is_plain_enum(own) {
                        let before = format!("let p{i}: super::{shown} = FromObject::from_object(a{i});\n");
                        return match mutability {
                            Mutability::Mut => Err(format!("a member of `{shown}` cannot be changed in place")),
                            Mutability::Shared => Ok(Passed { before, operand: format!("&p{i}"), shown }),
                        };
                    }
                    let (kind, word) = match mutability {
                        Mutability::Mut if self.is_data_enum(own) => return Err(self.other_variant(own)),
                        Mutability::Mut => ("Unique", "mut "),
                        Mutability::Shared => ("Shared", ""),
                    };
                    let before = format!("let {word}p{i} = across::{kind}::<super::{shown}>::of(a{i});\n");
                    return Ok(Passed { before, operand: format!("p{i}.get()"), shown });
                }
                if let Some((params, ret)) = self.dyn_callable(to) {
                    let (count, shown) = self.callable(&params, ret)?;
                    let before = format!(
                        "let o{i} = across::Object::share(a{i});\nlet mut p{i} = {};\n",
                        Self::closure(i, count)
                    );
                    let by = if mutability == Mutability::Mut { "&mut " } else { "&" };
                    return Ok(callable(before, format!("{by}p{i}"), shown));
                }
                if mutability == Mutability::Mut {
                    return Err(format!("`{}` changes in place what would be a copy", self.c.ty_text(ty)));
                }
                match types.kind(to) {
                    TyKind::Slice(item) if types.kind(item) == types.kind(Ty::U8) => {
                        Ok(plain(&format!("across::bytes(a{i})"), "bytes"))
                    }
                    TyKind::Slice(item) => {
                        let shown = format!("list[{}]", self.crosses(item)?);
                        let before = format!("let p{i} = Vec::from_object(a{i});\n");
                        Ok(Passed { before, operand: format!("p{i}.as_slice()"), shown })
                    }
                    _ => {
                        let shown = self.crosses(to)?;
                        let before = format!("let p{i} = FromObject::from_object(a{i});\n");
                        Ok(Passed { before, operand: format!("&p{i}"), shown })
                    }
                }
            }
            TyKind::Param(..) => {
                let Some((params, ret)) = self.bound_callable(f, ty) else {
                    return Err(format!("it is generic over `{}`", self.c.ty_text(ty)));
                };
                let (count, shown) = self.callable(&params, ret)?;
                let before = format!("let o{i} = across::Object::share(a{i});\n");
                Ok(callable(before, Self::closure(i, count), shown))
            }
            _ => {
                if let Some(to) = self.c.boxed(ty)
                    && let Some((params, ret)) = self.dyn_callable(to)
                {
                    let (count, shown) = self.callable(&params, ret)?;
                    let before = format!("let o{i} = across::Object::share(a{i});\n");
                    return Ok(callable(before, format!("Box::new({})", Self::closure(i, count)), shown));
                }
                Ok(plain(&format!("FromObject::from_object(a{i})"), &self.crosses(ty)?))
            }
        }
    }

    fn has(&self, ty: Ty, lang: &str) -> bool {
        let Some(t) = self.c.hir.lang_trait(lang) else { return false };
        // Further parameters are `Self` where nobody says otherwise.
        let args = vec![Arg::Ty(ty); self.c.params_of(Owner::Trait(t)).len()];
        self.c.is_proven(Predicate::Trait(t, self.c.types.args(&args)))
    }

    /// What is done with a result: the text around a call, and the type as Python shows it.
    fn result(&self, ty: Ty, call: &str) -> Result<(String, String), Why> {
        let types = &self.c.types;
        if ty == Ty::NEVER {
            return Ok((call.to_owned(), "_Never".into()));
        }
        if let Some((name, args)) = self.library(ty)
            && name == "Result"
            && args.len() == 2
        {
            let (good, shown) = self.result(args[0], "value")?;
            let text = if matches!(types.kind(args[1]), TyKind::Str(_)) {
                "error".to_owned()
            } else if self.has(args[1], "display") {
                "format!(\"{}\", error).as_str()".to_owned()
            } else if self.has(args[1], "debug") {
                "format!(\"{:?}\", error).as_str()".to_owned()
            } else {
                return Err(format!("the error `{}` has no text", self.c.ty_text(args[1])));
            };
            return Ok((
                format!("match {call} {{\nOk(value) => {{ {good} }}\nErr(error) => across::fail({text}),\n}}"),
                shown,
            ));
        }
        let (expr, shown) = match types.kind(ty) {
            TyKind::Str(_) => (call.to_owned(), "str".into()),
            TyKind::Ref(_, _, to) => {
                if let TyKind::Slice(item) = types.kind(to) {
                    (format!("{call}.to_vec()"), format!("list[{}]", self.crosses(item)?))
                } else if self.has(to, "clone") {
                    (format!("{call}.clone()"), self.crosses(to)?)
                } else {
                    return Err(format!("`{}` cannot be copied out of a reference", self.c.ty_text(to)));
                }
            }
            _ => (call.to_owned(), self.crosses(ty)?),
        };
        Ok((format!("let result = {expr};\nresult.to_object()"), shown))
    }

    // Functions.

    /// The stand-in of a function or member; `receiver` is the class it is a method of.
    fn function(
        &mut self,
        f: FnId,
        name: &str,
        adapter: &str,
        path: &str,
        receiver: Option<AdtId>,
    ) -> Result<String, Why> {
        let c = self.c;
        let item = &c.hir.fns[f];
        if item.is_async {
            return Err("it is `async`".into());
        }
        if item.is_unsafe {
            return Err("it is `unsafe`".into());
        }
        let sig = c.fn_sig(f);
        for p in c.params_of(Owner::Fn(f)).iter() {
            let name = c.hir.text(p.name);
            let is_callable = sig.params.iter().any(|&ty| {
                matches!(c.types.kind(ty), TyKind::Param(_, n) if n == p.name) && self.bound_callable(f, ty).is_some()
            });
            if p.kind != ParamKind::Lifetime && !is_callable {
                return Err(format!("it is generic over `{name}`"));
            }
        }
        let ret = c.revealed(c.types.erase(sig.ret));
        let mut params = Vec::new();
        let mut names = Vec::new();
        let skip = usize::from(item.self_param.is_some());
        for (i, &ty) in sig.params.iter().enumerate() {
            params.push(match item.self_param.filter(|_| i == 0) {
                Some(me) => self.receiver(me.kind, receiver)?,
                None => self.param(f, i, ty)?,
            });
            let decl = i.checked_sub(skip).and_then(|n| item.params.get(n));
            names.push(match decl.and_then(|d| d.name) {
                Some(n) => spelled(c.hir.text(n)),
                None if i < skip => "self".to_owned(),
                None => format!("arg{i}"),
            });
        }
        let least = skip + item.params.iter().take_while(|p| p.default.is_none()).count();
        let (mut body, mut shown) = (String::new(), String::new());
        for given in least..=params.len() {
            let before: String = params[..given].iter().map(|p| p.before.as_str()).collect();
            let operands: Vec<&str> = params[..given].iter().map(|p| p.operand.as_str()).collect();
            let (after, to) = self.result(ret, &format!("{path}({})", operands.join(", ")))?;
            shown = to;
            let full = given == params.len();
            let adapter = if full { adapter.to_owned() } else { format!("{adapter}_{given}") };
            self.adapter(&adapter, given, &format!("{before}{after}"));
            if full {
                let _ = writeln!(body, "    return {}", self.call(&adapter, &names));
            } else {
                let _ = writeln!(body, "    if {} is _absent:", names[given]);
                let _ = writeln!(body, "        return {}", self.call(&adapter, &names[..given]));
            }
        }
        let list: Vec<String> = names
            .iter()
            .zip(&params)
            .enumerate()
            .map(|(i, (n, p))| match i {
                _ if i < skip => n.clone(),
                _ if i < least => format!("{n}: {:?}", p.shown),
                _ => format!("{n}: {:?} = _absent", p.shown),
            })
            .collect();
        let docs = item.head.docs.map(|d| format!("    {}\n", literal(c.hir.text(d).trim()))).unwrap_or_default();
        let is_plain = |shown: &str| shown.split(" | ").all(|t| ["int", "float", "bool", "str", "None"].contains(&t));
        if receiver.is_none() && skip == 0 && is_plain(&shown) && params.iter().all(|p| is_plain(&p.shown)) {
            let adapter = format!("{}::{adapter}", self.package);
            self.out.plain.push(Plain { name: name.to_owned(), adapter, params: params.len() });
        }
        // Many ways in make it more than a stand-in for one function: the documentation comes first only where it fits.
        Ok(format!("def {}({}) -> {shown:?}:\n{docs}{body}", spelled(name), list.join(", ")))
    }

    /// Why a value of an enum is not changed in place.
    fn other_variant(&self, a: AdtId) -> Why {
        let name = self.text(self.c.hir.adts[a].head.name);
        format!("it may make another variant of a `{name}`, and an object keeps its class: give the new value back")
    }

    fn receiver(&self, kind: SelfKind, of: Option<AdtId>) -> Result<Passed, Why> {
        let Some(of) = of else { return Err("it has a receiver of another type".into()) };
        let name = self.text(self.c.hir.adts[of].head.name);
        let plain = self.is_plain_enum(of);
        let (before, operand) = match kind {
            SelfKind::Ref(_, Mutability::Mut) if plain => {
                return Err(format!("a member of `{name}` cannot be changed in place"));
            }
            SelfKind::Ref(_, Mutability::Mut) if self.is_data_enum(of) => return Err(self.other_variant(of)),
            SelfKind::Value => (String::new(), format!("<super::{name} as FromObject>::from_object(a0)")),
            SelfKind::Ref(..) if plain => {
                (format!("let p0: super::{name} = FromObject::from_object(a0);\n"), "&p0".to_owned())
            }
            SelfKind::Ref(_, Mutability::Mut) => {
                (format!("let mut p0 = across::Unique::<super::{name}>::of(a0);\n"), "p0.get()".to_owned())
            }
            SelfKind::Ref(..) => {
                (format!("let p0 = across::Shared::<super::{name}>::of(a0);\n"), "p0.get()".to_owned())
            }
            SelfKind::Typed(_) => return Err("its receiver is behind a pointer".into()),
        };
        Ok(Passed { before, operand, shown: name })
    }

    fn constant(&mut self, k: ConstId) {
        let item = &self.c.hir.consts[k];
        let name = self.text(item.head.name);
        let span = item.head.name_span;
        if item.kind != ConstItemKind::Const {
            return self.leave_out(name, span, "it is a variable: give a function that reads it".into());
        }
        let ty = self.c.revealed(self.c.types.erase(self.c.const_type(k)));
        match self.result(ty, &format!("super::{name}")) {
            Ok((body, _)) => {
                let adapter = format!("c_{name}");
                self.adapter(&adapter, 0, &body);
                let line = format!("{} = {}\n", spelled(&name), self.call(&adapter, &[]));
                self.out.stand_in.push_str(&line);
                self.offered.push(name);
            }
            Err(why) => self.leave_out(name, span, why),
        }
    }

    // Classes.

    /// Whether the variants of an enum have classes of their own.
    fn is_data_enum(&self, a: AdtId) -> bool {
        self.c.hir.adts[a].kind == AdtKind::Enum && !self.is_plain_enum(a)
    }

    /// Whether all variants of an enum are bare names.
    fn is_plain_enum(&self, a: AdtId) -> bool {
        let adt = &self.c.hir.adts[a];
        adt.kind == AdtKind::Enum && !adt.variants.is_empty() && adt.variants.iter().all(|v| v.fields.is_empty())
    }

    fn class(&mut self, a: AdtId) {
        let name = self.text(self.c.hir.adts[a].head.name);
        if self.is_plain_enum(a) {
            self.plain_enum(a, &name);
        } else if self.c.hir.adts[a].kind == AdtKind::Enum {
            self.data_enum(a, &name);
        } else {
            self.structure(a, &name);
        }
        self.offered.push(name);
    }

    fn own_type(&self, a: AdtId) -> Ty {
        self.c.types.mk(TyKind::Adt(a, crate::ty::Args::EMPTY))
    }

    /// How an object becomes a value of its own.
    fn conversions(&mut self, a: AdtId, name: &str, variant: &str) {
        let from = if self.has(self.own_type(a), "clone") {
            "across::Shared::<Self>::of(word).get().clone()"
        } else {
            "across::moved(word)"
        };
        let _ = write!(
            self.out.adapters,
            "impl FromObject for super::{name} {{ fn from_object(word: u64) -> Self {{ {from} }} }}\n\
             impl ToObject for super::{name} {{ fn to_object(self) -> u64 {{ {variant} }} }}\n"
        );
        self.adapter(
            &format!("r_{name}"),
            2,
            &format!("across::register::<super::{name}>(across::discriminant(a0) as u64, a1)"),
        );
    }

    fn structure(&mut self, a: AdtId, name: &str) {
        self.conversions(a, name, "across::hold(self, 0)");
        let adt = &self.c.hir.adts[a];
        let docs = adt.head.docs.map(|d| format!("    {}\n", literal(self.c.hir.text(d).trim()))).unwrap_or_default();
        let mut body = format!("class {}(_Value):\n{docs}    __slots__ = ()\n", spelled(name));
        let (members, has_new) = self.members(a, name);
        if !has_new && let Some(made) = self.build(a, 0, name, &format!("super::{name}"), "n") {
            body.push_str(&made);
        }
        body.push_str(&self.fields(a, 0, name));
        body.push_str(&members);
        body.push_str(&self.traits(a, name));
        self.out.stand_in.push_str(&body);
        let line = format!("{}\n", self.call(&format!("r_{name}"), &["0".into(), spelled(name)]));
        self.out.stand_in.push_str(&line);
    }

    /// `__new__` from the fields, where all are public and cross.
    fn build(&mut self, a: AdtId, variant: u32, name: &str, path: &str, prefix: &str) -> Option<String> {
        let c = self.c;
        let v = &c.hir.adts[a].variants[variant as usize];
        let types = c.field_types(a, variant);
        let public = c.hir.adts[a].kind == AdtKind::Enum || v.fields.iter().all(|f| f.vis == Visibility::Public);
        if !public || types.iter().any(|&t| self.crosses(t).is_err()) {
            return None;
        }
        let (mut fields, mut names, mut params) = (Vec::new(), Vec::new(), Vec::new());
        for (i, (f, &ty)) in v.fields.iter().zip(types.iter()).enumerate() {
            let field = c.hir.text(f.name);
            let value = format!("FromObject::from_object(a{i})");
            fields.push(if v.form == VariantForm::Named { format!("{field}: {value}") } else { value });
            let shown = self.crosses(ty).unwrap_or_default();
            names.push(field_name(field));
            params.push(format!("{}: {shown:?}", field_name(field)));
        }
        let made = match v.form {
            VariantForm::Named => format!("{path} {{ {} }}", fields.join(", ")),
            VariantForm::Tuple => format!("{path}({})", fields.join(", ")),
            VariantForm::Unit => path.to_owned(),
        };
        let adapter = format!("{prefix}_{name}");
        self.adapter(
            &adapter,
            fields.len(),
            &format!("let value: super::{} = {made};\nvalue.to_object()", self.text(c.hir.adts[a].head.name)),
        );
        let args: Vec<String> = std::iter::once("cls".to_owned()).chain(params).collect();
        Some(format!("    def __new__({}):\n        return {}\n", args.join(", "), self.call(&adapter, &names)))
    }

    /// Attributes for the public fields of a struct, or those of a variant.
    fn fields(&mut self, a: AdtId, variant: u32, name: &str) -> String {
        let c = self.c;
        let is_enum = c.hir.adts[a].kind == AdtKind::Enum;
        let own = self.text(c.hir.adts[a].head.name);
        let v = &c.hir.adts[a].variants[variant as usize];
        let types = c.field_types(a, variant);
        let mut out = String::new();
        let mut matched = Vec::new();
        for (i, (f, &ty)) in v.fields.iter().zip(types.iter()).enumerate() {
            let field = c.hir.text(f.name).to_owned();
            let Ok(shown) = self.crosses(ty) else { continue };
            if (!is_enum && f.vis != Visibility::Public) || !self.has(ty, "clone") {
                continue;
            }
            let shown_name = field_name(&field);
            matched.push(format!("{shown_name:?}"));
            let read = if is_enum {
                let vname = self.text(v.name);
                let pattern = match v.form {
                    VariantForm::Named => format!("super::{own}::{vname} {{ {field}: found, .. }}"),
                    _ => {
                        let list: Vec<&str> = (0..v.fields.len()).map(|n| if n == i { "found" } else { "_" }).collect();
                        format!("super::{own}::{vname}({})", list.join(", "))
                    }
                };
                format!(
                    "let me = across::Shared::<super::{own}>::of(a0);\nmatch me.get() {{\n{pattern} => found.clone().to_object(),\n_ => across::mismatch(a0, {:?}),\n}}",
                    format!("{own}.{vname}")
                )
            } else {
                format!(
                    "let me = across::Shared::<super::{own}>::of(a0);\nlet found = me.get().{field}.clone();\nfound.to_object()"
                )
            };
            let getter = format!("g_{name}_{field}");
            self.adapter(&getter, 1, &read);
            let _ = write!(
                out,
                "    @property\n    def {shown_name}(self) -> {shown:?}:\n        return {}\n",
                self.call(&getter, &["self".into()])
            );
            if !is_enum {
                let setter = format!("s_{name}_{field}");
                let write = format!(
                    "let value = FromObject::from_object(a1);\nlet mut me = across::Unique::<super::{own}>::of(a0);\nme.get().{field} = value;\n().to_object()"
                );
                self.adapter(&setter, 2, &write);
                let _ = write!(
                    out,
                    "    @{shown_name}.setter\n    def {shown_name}(self, value: {shown:?}):\n        {}\n",
                    self.call(&setter, &["self".into(), "value".into()])
                );
            }
        }
        if matched.len() == v.fields.len() && !matched.is_empty() {
            let _ = writeln!(out, "    __match_args__ = ({},)", matched.join(", "));
        }
        out
    }

    /// Methods, and whether one of them is the constructor.
    fn members(&mut self, a: AdtId, name: &str) -> (String, bool) {
        let c = self.c;
        let mut out = String::new();
        let mut has_new = false;
        let impls: Vec<ImplId> = c
            .hir
            .impls
            .iter()
            .filter(|(id, i)| i.of.is_none() && c.types.kind(c.impl_self(*id)) == c.types.kind(self.own_type(a)))
            .map(|(id, _)| id)
            .collect();
        let fns: Vec<FnId> = impls.iter().flat_map(|&i| c.hir.impls[i].fns.clone()).collect();
        for f in fns {
            let item = &c.hir.fns[f];
            if item.head.vis != Visibility::Public {
                continue;
            }
            let method = self.text(item.head.name);
            let adapter = format!("m_{name}_{method}");
            match self.function(f, &method, &adapter, &format!("super::{name}::{method}"), Some(a)) {
                Ok(text) => {
                    let is_static = item.self_param.is_none();
                    let decorator = if is_static { "    @staticmethod\n" } else { "" };
                    if method == "new" && is_static && self.gives_own(f, a) {
                        has_new = true;
                        let text = text.replacen("def new(", "def __new__(cls, ", 1);
                        out.push_str(&indented(&text));
                    }
                    out.push_str(decorator);
                    out.push_str(&indented(&text));
                }
                Err(why) => self.leave_out(format!("{name}.{method}"), item.head.name_span, why),
            }
        }
        (out, has_new)
    }

    /// Whether a function gives a value of a type, or an error.
    fn gives_own(&self, f: FnId, a: AdtId) -> bool {
        let ret = self.c.revealed(self.c.types.erase(self.c.fn_sig(f).ret));
        let ret = match self.library(ret) {
            Some((name, args)) if name == "Result" => args[0],
            _ => ret,
        };
        self.is_own(ret) == Some(a)
    }

    /// What the traits of a type mean there.
    fn traits(&mut self, a: AdtId, name: &str) -> String {
        let ty = self.own_type(a);
        let mut out = String::new();
        let me = format!("let me = across::Shared::<super::{name}>::of(a0);\n");
        let pair = format!("{me}let other = across::Shared::<super::{name}>::of(a1);\n");
        let mut add = |s: &mut Self, method: &str, params: usize, body: String| {
            let adapter = format!("t_{name}{method}");
            s.adapter(&adapter, params, &body);
            let names: Vec<String> = ["self", "other"][..params].iter().map(|n| (*n).to_owned()).collect();
            let _ = writeln!(out, "    def {method}({}):", names.join(", "));
            if params == 2 {
                let _ = writeln!(
                    out,
                    "        if not isinstance(other, {}):\n            return NotImplemented",
                    spelled(name)
                );
            }
            let _ = writeln!(out, "        return {}", s.call(&adapter, &names));
        };
        if self.has(ty, "debug") {
            add(self, "__repr__", 1, format!("{me}format!(\"{{:?}}\", me.get()).to_object()"));
        }
        if self.has(ty, "display") {
            add(self, "__str__", 1, format!("{me}format!(\"{{}}\", me.get()).to_object()"));
        }
        if self.has(ty, "eq") {
            add(self, "__eq__", 2, format!("{pair}(*me.get() == *other.get()).to_object()"));
        }
        if self.has(ty, "partial_ord") || self.has(ty, "ord") {
            for (method, op) in [("__lt__", "<"), ("__le__", "<="), ("__gt__", ">"), ("__ge__", ">=")] {
                add(self, method, 2, format!("{pair}(*me.get() {op} *other.get()).to_object()"));
            }
        }
        if self.has(ty, "hash") && self.has(ty, "eq") {
            let body = format!("{me}across::hash_of(me.get()).to_object()");
            add(self, "__hash__", 1, body);
        }
        out
    }

    fn plain_enum(&mut self, a: AdtId, name: &str) {
        let variants: Vec<String> = self.c.hir.adts[a].variants.iter().map(|v| self.text(v.name)).collect();
        let by_number: String = variants
            .iter()
            .map(|v| format!("if number == super::{name}::{v} as i64 {{ return super::{name}::{v}; }}\n"))
            .collect();
        let _ = write!(
            self.out.adapters,
            "impl FromObject for super::{name} {{\nfn from_object(word: u64) -> Self {{\n\
             let number = across::discriminant(word);\n{by_number}across::mismatch(word, {name:?})\n}}\n}}\n\
             impl ToObject for super::{name} {{ fn to_object(self) -> u64 {{ across::member::<Self>(self as i64) }} }}\n"
        );
        self.adapter(
            &format!("r_{name}"),
            2,
            &format!("across::register::<super::{name}>(across::discriminant(a0) as u64, a1)"),
        );
        let mut out = format!("from enum import IntEnum as _IntEnum\nclass {}(_IntEnum):\n", spelled(name));
        for v in &variants {
            let adapter = format!("d_{name}_{v}");
            self.adapter(&adapter, 0, &format!("(super::{name}::{v} as i64).to_object()"));
            let _ = writeln!(out, "    {} = {}", spelled(v), self.call(&adapter, &[]));
        }
        let (members, _) = self.members(a, name);
        out.push_str(&members);
        out.push_str(&format!("{}\n", self.call(&format!("r_{name}"), &["0".into(), spelled(name)])));
        self.out.stand_in.push_str(&out);
    }

    fn data_enum(&mut self, a: AdtId, name: &str) {
        let variants: Vec<(String, VariantForm)> =
            self.c.hir.adts[a].variants.iter().map(|v| (self.text(v.name), v.form)).collect();
        let arms: String = variants
            .iter()
            .enumerate()
            .map(|(i, (v, form))| {
                let rest = match form {
                    VariantForm::Unit => "",
                    VariantForm::Tuple => "(..)",
                    VariantForm::Named => " { .. }",
                };
                format!("super::{name}::{v}{rest} => {},\n", i + 1)
            })
            .collect();
        self.conversions(a, name, &format!("let variant = match &self {{\n{arms}}};\nacross::hold(self, variant)"));
        let docs = self.c.hir.adts[a].head.docs;
        let docs = docs.map(|d| format!("    {}\n", literal(self.c.hir.text(d).trim()))).unwrap_or_default();
        let shown = spelled(name);
        let (members, _) = self.members(a, name);
        let traits = self.traits(a, name);
        let mut out = format!("class {shown}(_Value):\n{docs}    __slots__ = ()\n{members}{traits}");
        let _ = writeln!(out, "{}", self.call(&format!("r_{name}"), &["0".into(), shown.clone()]));
        for (i, (v, form)) in variants.iter().enumerate() {
            let class = format!("_{name}_{v}");
            let _ = writeln!(out, "class {class}({shown}):\n    __slots__ = ()");
            let _ = writeln!(out, "    __qualname__ = \"{name}.{v}\"");
            let full = format!("{name}_{v}");
            if let Some(made) = self.build(a, i as u32, &full, &format!("super::{name}::{v}"), "n") {
                out.push_str(&made);
            }
            let fields = self.fields(a, i as u32, &full);
            out.push_str(&fields);
            let _ = writeln!(out, "{class}.__name__ = {v:?}");
            let _ = writeln!(out, "{}", self.call(&format!("r_{name}"), &[(i + 1).to_string(), class.clone()]));
            if *form == VariantForm::Unit {
                // One object stands for a variant without fields wherever it comes from.
                let _ = writeln!(out, "{shown}.{} = {class}()", spelled(v));
                let only = format!("{shown}.{}", spelled(v));
                let _ = writeln!(out, "{}", self.call(&format!("r_{name}"), &[(i + 1).to_string(), only]));
            } else {
                let _ = writeln!(out, "{shown}.{} = {class}", spelled(v));
            }
        }
        self.out.stand_in.push_str(&out);
    }
}

/// A name as Python spells it: its keywords get `_` behind them.
fn spelled(name: &str) -> String {
    const KEYWORDS: &[&str] = &[
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
        "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
        "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ];
    if KEYWORDS.contains(&name) { format!("{name}_") } else { name.to_owned() }
}

/// The attribute for a field: `_0` for the first of a tuple form.
fn field_name(field: &str) -> String {
    if field.starts_with(|c: char| c.is_ascii_digit()) { format!("_{field}") } else { spelled(field) }
}

fn indented(text: &str) -> String {
    text.lines().map(|l| format!("    {l}\n")).collect()
}

/// A text as a literal of Python.
fn literal(text: &str) -> String {
    let mut out = String::from("\"");
    for ch in text.chars() {
        match ch {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
