//! Pages from documentation comments: one a module, with every item that its users see.
//!
//! [`pages`] reads items from the checked program of GrokLang, [`claude`] those of ClaudeLang; [`html`] writes them. A
//! signature is the text of the program; what inference found stands below it.

pub mod claude;
pub mod html;

use std::collections::{HashMap, HashSet};

use molt_base::{FileId, Span, Symbol};
use molt_grok::check::context::Checked;
use molt_grok::hir::{
    AdtId, AdtKind, ConstId, ConstItemKind, Exported, FnId, FnItem, GenericArgs, ItemHead, ModId, PackageId, Parent,
    ReturnType, TraitId, TypeExpr, TypeId, Visibility,
};
use molt_grok::syntax::{SyntaxKind, Tokens, lexer};

/// The page of one module.
#[derive(Debug)]
pub struct Page {
    /// Names of the modules down to this one; empty for the package itself.
    pub path: Vec<String>,
    pub docs: String,
    /// Modules right below.
    pub modules: Vec<String>,
    pub items: Vec<Item>,
}

/// An item or a member of one.
#[derive(Debug)]
pub struct Item {
    pub kind: Kind,
    pub name: String,
    pub signature: String,
    /// What inference found where the signature says nothing.
    pub inferred: Option<String>,
    pub docs: String,
    pub members: Vec<Item>,
    /// Traits that a type implements.
    pub implements: Vec<String>,
}

/// Whose names and signatures the pages show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    Grok,
    Claude,
}

/// Kinds in the order of the page.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    Struct,
    Enum,
    Actor,
    Trait,
    Function,
    Constant,
    Static,
    Alias,
    Type,
    Effect,
    Procedure,
    Macro,
    Variable,
    Variant,
    Field,
    Method,
    AssociatedType,
    Constructor,
    Operation,
    Clause,
}

impl Kind {
    /// The heading of a group of items.
    pub fn heading(self) -> &'static str {
        match self {
            Kind::Struct => "Structs",
            Kind::Enum => "Enums",
            Kind::Actor => "Actors",
            Kind::Trait => "Traits",
            Kind::Function => "Functions",
            Kind::Constant => "Constants",
            Kind::Static => "Statics",
            Kind::Alias => "Type aliases",
            Kind::Type => "Types",
            Kind::Effect => "Effects",
            Kind::Procedure => "Procedures",
            Kind::Macro => "Macros",
            Kind::Variable => "Variables",
            Kind::Variant => "Variants",
            Kind::Field => "Fields",
            Kind::Method => "Methods",
            Kind::AssociatedType => "Associated types",
            Kind::Constructor => "Constructors",
            Kind::Operation => "Operations",
            Kind::Clause => "Contract",
        }
    }
}

/// The pages of the program's package, its root first. Private items are left out unless they are wanted.
pub fn pages(checked: &Checked, private: bool) -> Vec<Page> {
    let hir = &checked.hir;
    let program = PackageId(hir.packages.len() as u32 - 1);
    let root = hir.packages[program].root;
    let (implements, methods) = (HashMap::new(), HashMap::new());
    let mut collector = Collector { c: checked, program, private, shown: HashSet::new(), implements, methods };
    collector.collect_impls();
    collector.show(root);
    let mut out = Vec::new();
    collector.module(root, &[], &mut out, &mut HashSet::new());
    out
}

struct Collector<'a> {
    c: &'a Checked,
    program: PackageId,
    private: bool,
    /// Modules with a page.
    shown: HashSet<ModId>,
    implements: HashMap<AdtId, Vec<String>>,
    methods: HashMap<AdtId, Vec<FnId>>,
}

impl Collector<'_> {
    fn text(&self, symbol: Symbol) -> String {
        self.c.hir.text(symbol).to_owned()
    }

    fn docs(&self, docs: Option<Symbol>) -> String {
        docs.map(|d| self.text(d)).unwrap_or_default()
    }

    fn source(&self, span: Span) -> &str {
        let text = &self.c.hir.files.file(span.file).text;
        text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    fn shows(&self, vis: Visibility) -> bool {
        self.private || vis == Visibility::Public
    }

    /// Implementations by the type that they are for.
    fn collect_impls(&mut self) {
        let hir = &self.c.hir;
        for (_, i) in hir.impls.iter() {
            let TypeExpr::Adt(adt, _) = &hir.types[i.self_ty] else { continue };
            match &i.of {
                Some(of) => {
                    let args = self.arguments(&of.args);
                    let name = self.text(hir.traits[of.trait_].head.name) + &args;
                    self.implements.entry(*adt).or_default().push(name);
                }
                None => self.methods.entry(*adt).or_default().extend(&i.fns),
            }
        }
        for list in self.implements.values_mut() {
            list.sort();
            list.dedup();
        }
    }

    fn arguments(&self, args: &GenericArgs) -> String {
        args.span.map(|s| format!("<{}>", self.source(s).trim_matches(['<', '>']))).unwrap_or_default()
    }

    /// Finds the modules that users reach.
    fn show(&mut self, module: ModId) {
        if self.shown.insert(module) {
            for (_, child) in self.children(module) {
                self.show(child);
            }
        }
    }

    /// Modules right below one, in the order of their names: its own, and those that it imports for its users.
    fn children(&self, module: ModId) -> Vec<(String, ModId)> {
        let hir = &self.c.hir;
        let own = hir
            .modules
            .iter()
            .filter(|(_, m)| m.parent == Some(module) && m.package == self.program && m.around.is_none());
        let own = own.filter(|(_, m)| self.shows(m.vis)).map(|(id, m)| (self.text(m.name), id));
        let exports = hir.exports.iter().filter(|e| e.module == module).filter_map(|e| match e.item {
            Exported::Mod(m) if hir.modules[m].package == self.program => Some((self.text(e.name), m)),
            _ => None,
        });
        let mut out: Vec<(String, ModId)> = own.chain(exports).collect();
        out.sort();
        out.dedup();
        out
    }

    fn module(&self, module: ModId, path: &[String], out: &mut Vec<Page>, written: &mut HashSet<ModId>) {
        if !written.insert(module) {
            return;
        }
        let mut children = self.children(module);
        children.retain(|(_, m)| !written.contains(m));
        let modules = children.iter().map(|(name, _)| name.clone()).collect();
        let docs = self.docs(self.c.hir.modules[module].docs);
        out.push(Page { path: path.to_vec(), docs, modules, items: self.items(module) });
        for (name, child) in children {
            let mut below = path.to_vec();
            below.push(name);
            self.module(child, &below, out, written);
        }
    }

    /// Items that a module imports for its users and that have no page of their own.
    fn exported(&self, module: ModId) -> Vec<Item> {
        let hir = &self.c.hir;
        let mut out = Vec::new();
        for e in hir.exports.iter().filter(|e| e.module == module) {
            let head = match e.item {
                Exported::Mod(_) => continue,
                Exported::Fn(f) => &hir.fns[f].head,
                Exported::Adt(a) => &hir.adts[a].head,
                Exported::Trait(t) => &hir.traits[t].head,
                Exported::Const(k) => &hir.consts[k].head,
                Exported::Alias(a) => &hir.aliases[a].head,
            };
            if self.shown.contains(&head.module) || hir.modules[head.module].package != self.program {
                continue;
            }
            let mut item = match e.item {
                Exported::Mod(_) => continue,
                Exported::Fn(f) => self.function(f, Kind::Function),
                Exported::Adt(a) => self.adt(a),
                Exported::Trait(t) => self.trait_(t),
                Exported::Const(k) => self.constant(k),
                Exported::Alias(_) => self.item(Kind::Alias, head, self.signature(head)),
            };
            item.name = self.text(e.name);
            out.push(item);
        }
        out
    }

    fn items(&self, module: ModId) -> Vec<Item> {
        let hir = &self.c.hir;
        let mine = |head: &ItemHead| head.module == module && self.shows(head.vis);
        let mut out: Vec<Item> = Vec::new();
        out.extend(hir.adts.iter().filter(|(_, a)| mine(&a.head)).map(|(id, _)| self.adt(id)));
        out.extend(hir.traits.iter().filter(|(_, t)| mine(&t.head)).map(|(id, _)| self.trait_(id)));
        let is_free = |f: &FnItem| matches!(f.parent, Parent::Module | Parent::Extern);
        out.extend(
            hir.fns
                .iter()
                .filter(|(_, f)| is_free(f) && mine(&f.head))
                .map(|(id, _)| self.function(id, Kind::Function)),
        );
        for (id, _) in hir.consts.iter().filter(|(_, k)| k.parent == Parent::Module && mine(&k.head)) {
            out.push(self.constant(id));
        }
        for (_, a) in hir.aliases.iter().filter(|(_, a)| a.parent == Parent::Module && mine(&a.head)) {
            out.push(self.item(Kind::Alias, &a.head, self.signature(&a.head)));
        }
        out.extend(self.exported(module));
        out.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        out
    }

    fn constant(&self, id: ConstId) -> Item {
        let k = &self.c.hir.consts[id];
        let kind = if k.kind == ConstItemKind::Const { Kind::Constant } else { Kind::Static };
        self.item(kind, &k.head, self.signature(&k.head))
    }

    fn item(&self, kind: Kind, head: &ItemHead, signature: String) -> Item {
        Item {
            kind,
            name: self.text(head.name),
            signature,
            inferred: None,
            docs: self.docs(head.docs),
            members: Vec::new(),
            implements: Vec::new(),
        }
    }

    /// The text of an item up to its body.
    fn signature(&self, head: &ItemHead) -> String {
        let text = signature_of(self.source(head.span));
        let name = self.c.hir.text(head.name);
        // What a macro made has no text of its own.
        if text.contains(name) { text } else { name.to_owned() }
    }

    fn adt(&self, id: AdtId) -> Item {
        let adt = &self.c.hir.adts[id];
        let kind = match adt.kind {
            AdtKind::Struct => Kind::Struct,
            AdtKind::Enum => Kind::Enum,
            AdtKind::Actor => Kind::Actor,
        };
        let mut item = self.item(kind, &adt.head, self.signature(&adt.head));
        let member = |kind, name: String, signature, docs: Option<Symbol>| Item {
            kind,
            name,
            signature,
            inferred: None,
            docs: self.docs(docs),
            members: Vec::new(),
            implements: Vec::new(),
        };
        for v in &adt.variants {
            if kind == Kind::Enum {
                let text = signature_line(self.source(v.span));
                let text = if v.fields.is_empty() { self.text(v.name) } else { self.variant_text(v).unwrap_or(text) };
                item.members.push(member(Kind::Variant, self.text(v.name), text, v.docs));
                continue;
            }
            for f in v.fields.iter().filter(|f| self.shows(f.vis)) {
                let name = self.text(f.name);
                let signature = format!("{name}: {}", self.type_text(f.ty));
                item.members.push(member(Kind::Field, name, signature, f.docs));
            }
        }
        let mut methods: Vec<FnId> = self.methods.get(&id).cloned().unwrap_or_default();
        methods.retain(|&f| self.shows(self.c.hir.fns[f].head.vis));
        item.members.extend(methods.into_iter().map(|f| self.function(f, Kind::Method)));
        item.implements = self.implements.get(&id).cloned().unwrap_or_default();
        item
    }

    fn variant_text(&self, v: &molt_grok::hir::Variant) -> Option<String> {
        use molt_grok::hir::VariantForm;
        let types = v.fields.iter().map(|f| self.type_text(f.ty));
        Some(match v.form {
            VariantForm::Unit => return None,
            VariantForm::Tuple => format!("{}({})", self.text(v.name), types.collect::<Vec<_>>().join(", ")),
            VariantForm::Named => {
                let fields: Vec<String> =
                    v.fields.iter().map(|f| format!("{}: {}", self.text(f.name), self.type_text(f.ty))).collect();
                format!("{} {{ {} }}", self.text(v.name), fields.join(", "))
            }
        })
    }

    fn type_text(&self, ty: TypeId) -> String {
        self.source(self.c.hir.type_span(ty)).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn trait_(&self, id: TraitId) -> Item {
        let t = &self.c.hir.traits[id];
        let mut item = self.item(Kind::Trait, &t.head, self.signature(&t.head));
        for &a in &t.types {
            let head = &self.c.hir.aliases[a].head;
            item.members.push(self.item(Kind::AssociatedType, head, self.signature(head)));
        }
        for &k in &t.consts {
            let head = &self.c.hir.consts[k].head;
            item.members.push(self.item(Kind::Constant, head, self.signature(head)));
        }
        item.members.extend(t.fns.iter().map(|&f| self.function(f, Kind::Method)));
        item
    }

    fn function(&self, id: FnId, kind: Kind) -> Item {
        let f = &self.c.hir.fns[id];
        let mut item = self.item(kind, &f.head, self.signature(&f.head));
        item.inferred = self.inferred(id, f);
        item
    }

    /// Types that are not written but were inferred.
    fn inferred(&self, id: FnId, f: &FnItem) -> Option<String> {
        f.body?;
        let sig = self.c.known_sig(id)?;
        let text = |t| self.c.ty_text(t);
        let own = sig.params.len().checked_sub(f.params.len())?;
        let mut parts: Vec<String> = Vec::new();
        for (p, &ty) in f.params.iter().zip(&sig.params[own..]) {
            if let (None, Some(name)) = (p.ty, p.name) {
                parts.push(format!("{}: {}", self.text(name), text(ty)));
            }
        }
        let unit = text(sig.ret) == "()";
        if matches!(f.ret, ReturnType::Omitted) && !unit {
            parts.push(format!("-> {}", text(sig.ret)));
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// The text of an item without attributes and body.
fn signature_of(source: &str) -> String {
    let tokens = lexer::lex(FileId(0), source).tokens;
    let start = after_attributes(&tokens);
    let is_type =
        (start..tokens.len() as u32).take(6).any(|t| matches!(tokens.text(t), "const" | "static" | "type" | "let"));
    let mut depth = 0usize;
    let mut end = tokens.len() as u32;
    for t in start..tokens.len() as u32 {
        match tokens.kind(t) {
            SyntaxKind::LParen | SyntaxKind::LBracket => depth += 1,
            SyntaxKind::RParen | SyntaxKind::RBracket => depth = depth.saturating_sub(1),
            SyntaxKind::LBrace if depth == 0 && !is_type => {
                end = t;
                break;
            }
            SyntaxKind::Semicolon | SyntaxKind::Eof if depth == 0 => {
                end = t;
                break;
            }
            _ => {}
        }
    }
    let text: String = (start..end)
        .filter(|&t| !tokens.kind(t).is_comment())
        .map(|t| if tokens.kind(t).is_trivia() { " " } else { tokens.text(t) })
        .collect();
    signature_line(&text)
}

/// One line, with single blanks.
fn signature_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(").replace(", )", ")")
}

/// The first token that belongs to no attribute.
fn after_attributes(tokens: &Tokens) -> u32 {
    let mut t = 0;
    let count = tokens.len() as u32;
    loop {
        while t < count && tokens.kind(t).is_trivia() {
            t += 1;
        }
        if t >= count || !matches!(tokens.kind(t), SyntaxKind::Hash | SyntaxKind::At) {
            return t;
        }
        t += 1;
        let mut depth = 0usize;
        while t < count {
            let kind = tokens.kind(t);
            let opens = matches!(kind, SyntaxKind::LParen | SyntaxKind::LBracket);
            depth += usize::from(opens);
            if depth == 0 && (kind.is_trivia() && tokens.text(t).contains('\n')) {
                break;
            }
            if kind.is_closer() {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    t += 1;
                    break;
                }
            }
            // A decorator without arguments ends at the next blank.
            if depth == 0 && kind.is_trivia() {
                break;
            }
            t += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::signature_of;

    #[test]
    fn a_signature_ends_before_the_body() {
        assert_eq!(
            signature_of("#[inline]\npub fn f(a: i32, // one\n  b: [u8; 3]) -> u8 { 1 }"),
            "pub fn f(a: i32, b: [u8; 3]) -> u8"
        );
        assert_eq!(signature_of("@test pub struct A<T> { x: T }"), "pub struct A<T>");
        assert_eq!(signature_of("pub struct A(u8, pub [u8; 2]);"), "pub struct A(u8, pub [u8; 2])");
        assert_eq!(signature_of("pub const P: P = P { x: 1 };"), "pub const P: P = P { x: 1 }");
    }
}
