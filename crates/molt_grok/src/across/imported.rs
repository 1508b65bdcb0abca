//! What stands in for a module of a language of objects.
//!
//! [`stand_in`] writes a module in GrokLang from what such a module says of itself: functions that call the real ones, and
//! structs that hold the real objects. Types that the description lacks are `PyObject`. What comes back is checked where it becomes a
//! value, so a description that is wrong costs an exception.

use std::collections::HashSet;
use std::fmt::Write as _;

use molt_ir::surface::{Class, Item, ItemKind, Literal, Param, Signature, Surface, Ty};

use crate::syntax::SyntaxKind;

/// The text that stands in for a module, which the program knows under a dotted name.
pub fn stand_in(surface: &Surface, module: &str) -> String {
    let mut w = Writer { module, classes: HashSet::new(), out: String::new() };
    w.classes = surface.items.iter().filter(|i| matches!(i.kind, ItemKind::Class(_))).map(|i| &*i.name).collect();
    w.out.push_str("use grok::across;\nuse grok::across::{FromObject, Object, ToObject};\nuse grok::python;\n");
    for item in &surface.items {
        w.item(item);
    }
    w.out
}

struct Writer<'a> {
    module: &'a str,
    classes: HashSet<&'a str>,
    out: String,
}

/// A parameter as the stand-in has it.
struct Written {
    name: String,
    /// Type and default.
    declared: String,
    /// What makes the operand.
    operand: String,
}

/// Parameters of one function.
struct Parameters {
    list: Vec<Written>,
    /// Names of all, where some are absent or passed by name; empty otherwise.
    names: String,
}

impl Parameters {
    fn declared(&self, receiver: &str) -> String {
        let own = self.list.iter().map(|p| format!("{}: {}", p.name, p.declared));
        let all: Vec<String> = (!receiver.is_empty()).then(|| receiver.to_owned()).into_iter().chain(own).collect();
        all.join(", ")
    }

    /// The call of something with these as operands.
    fn call(&self, callee: &str) -> String {
        let operands: Vec<&str> = self.list.iter().map(|p| p.operand.as_str()).collect();
        format!("{callee}.invoke(&[{}], {:?})", operands.join(", "), self.names)
    }

    /// The same names as arguments.
    fn passed(&self) -> String {
        self.list.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl Writer<'_> {
    fn item(&mut self, item: &Item) {
        let name = &item.name;
        match &item.kind {
            ItemKind::Function(signature) => {
                let callee = self.find(name);
                self.docs(item.docs.as_deref());
                self.function(name, signature, "", &callee, "");
            }
            ItemKind::Value(ty) => {
                self.docs(item.docs.as_deref());
                let (shown, callee) = (self.owned(ty), self.find(name));
                let body = format!("{callee}.value::<{shown}>()");
                match is_plain(ty) {
                    true => self.everywhere(name, "", "", "", &shown, &body),
                    false => self.pair(name, "", "", "", &shown, &body),
                }
            }
            ItemKind::Class(class) => self.class(name, class, item.docs.as_deref()),
        }
    }

    /// The expression for what the module has under a name.
    fn find(&self, name: &str) -> String {
        format!("Object::find({:?}, {name:?})", self.module)
    }

    fn docs(&mut self, text: Option<&str>) {
        for line in text.into_iter().flat_map(str::lines) {
            let _ = writeln!(self.out, "/// {}", line.trim());
        }
    }

    /// A function and its twin that gives exceptions as errors.
    fn function(&mut self, name: &str, signature: &Signature, receiver: &str, callee: &str, owner: &str) {
        let params = self.params(&signature.params);
        let result = self.owned(&signature.result);
        let body = format!("{}.value::<{result}>()", params.call(callee));
        let (declared, passed) = (params.declared(receiver), params.passed());
        if receiver.is_empty() && signature.params.iter().map(|p| &p.ty).chain([&signature.result]).all(is_plain) {
            return self.everywhere(name, owner, &declared, &passed, &result, &body);
        }
        self.pair(name, owner, &declared, &passed, &result, &body);
    }

    /// As [`pair`](Writer::pair), for what tasks and actors may call too: it takes and gives copies only.
    fn everywhere(&mut self, name: &str, owner: &str, declared: &str, passed: &str, result: &str, body: &str) {
        let (own, twin) = (spelled(name), format!("try_{name}"));
        let _ = write!(
            self.out,
            "#[track_caller]\npub fn {own}({declared}) -> {result} {{\n    \
             if across::is_here() {{ return {body}; }}\n    across::remote(|| {body})\n}}\n\
             /// As `{name}`; an exception is the error.\n\
             #[track_caller]\npub fn {twin}({declared}) -> Result<{result}, python::PyError> {{\n    \
             if across::is_here() {{ return python::attempt(|| {owner}{own}({passed})); }}\n    \
             across::try_remote(|| {body})\n}}\n"
        );
    }

    /// `owner` stands before the name where the twin calls it.
    fn pair(&mut self, name: &str, owner: &str, declared: &str, passed: &str, result: &str, body: &str) {
        let (own, twin) = (spelled(name), format!("try_{name}"));
        let _ = write!(
            self.out,
            "#[track_caller]\npub fn {own}({declared}) -> {result} {{\n    {body}\n}}\n\
             /// As `{name}`; an exception is the error.\n\
             pub fn {twin}({declared}) -> Result<{result}, python::PyError> {{\n    \
             python::attempt(|| {owner}{own}({passed}))\n}}\n"
        );
    }

    fn class(&mut self, name: &str, class: &Class, docs: Option<&str>) {
        let shown = spelled(name);
        let base = class.base.as_deref().filter(|b| self.classes.contains(b)).map(spelled);
        let held = base.as_deref().unwrap_or("Object");
        self.docs(docs);
        let find = self.find(name);
        let of_word = match &base {
            Some(base) => format!("{base}::from_object(word)"),
            None => "Object::share(word)".to_owned(),
        };
        let object = if base.is_some() { "self.held.as_object()" } else { "&self.held" };
        let _ = write!(
            self.out,
            "#[derive(Clone)] pub struct {shown} {{ held: {held} }}\n\
             impl FromObject for {shown} {{ fn from_object(word: u64) -> {shown} {{\n    \
             across::instance_of(word, &{find});\n    {shown} {{ held: {of_word} }}\n}} }}\n\
             impl ToObject for {shown} {{ fn to_object(self) -> u64 {{ self.as_object().clone().to_object() }} }}\n\
             impl<'a> ToObject for &'a {shown} {{ fn to_object(self) -> u64 {{ self.as_object().clone().to_object() }} }}\n\
             impl Display for {shown} {{ fn fmt(&self, f: &mut Formatter) -> Result<(), FmtError> {{ write!(f, \"{{}}\", self.as_object()) }} }}\n\
             impl Debug for {shown} {{ fn fmt(&self, f: &mut Formatter) -> Result<(), FmtError> {{ write!(f, \"{{:?}}\", self.as_object()) }} }}\n\
             impl Eq for {shown} {{ fn eq(&self, other: &{shown}) -> bool {{ *self.as_object() == *other.as_object() }} }}\n"
        );
        if let Some(base) = &base {
            let _ = writeln!(
                self.out,
                "impl Deref for {shown} {{ type Target = {base}; fn deref(&self) -> &{base} {{ &self.held }} }}"
            );
        }
        let _ = write!(
            self.out,
            "impl {shown} {{\n/// The object itself.\npub fn as_object(&self) -> &Object {{ {object} }}\n"
        );
        let mut taken: HashSet<String> = HashSet::from(["as_object".to_owned(), "clone".to_owned()]);
        if let Some(params) = &class.constructor {
            let signature = Signature { params: params.clone(), result: Ty::Class(name.to_owned()) };
            taken.extend(["new".to_owned(), "try_new".to_owned()]);
            self.function("new", &signature, "", &find, "Self::");
        }
        for member in &class.members {
            if taken.insert(member.clone()) {
                let body = format!("{find}.attribute({member:?}).value::<{shown}>()");
                self.pair(member, "Self::", "", "", &shown, &body);
            }
        }
        for method in class.methods.iter().filter(|m| !taken.contains(&m.name)) {
            self.docs(method.docs.as_deref());
            let attribute = format!(".attribute({:?})", method.name);
            if method.is_static {
                self.function(&method.name, &method.signature, "", &format!("{find}{attribute}"), "Self::");
            } else {
                let callee = format!("self.as_object(){attribute}");
                self.function(&method.name, &method.signature, "&self", &callee, "self.");
            }
        }
        taken.extend(class.methods.iter().flat_map(|m| [m.name.clone(), format!("try_{}", m.name)]));
        for field in &class.fields {
            if !taken.insert(field.name.clone()) {
                continue;
            }
            self.docs(field.docs.as_deref());
            let ty = self.owned(&field.ty);
            let body = format!("self.as_object().attribute({:?}).value::<{ty}>()", field.name);
            self.pair(&field.name, "self.", "&self", "", &ty, &body);
            let setter = format!("set_{}", field.name);
            if field.can_be_set && taken.insert(setter.clone()) {
                let param = Param { name: "value".into(), ty: field.ty.clone(), default: None, by_name: false };
                let value = self.param(&param);
                let body = format!("self.as_object().set_attribute({:?}, {})", field.name, value.operand);
                self.pair(&setter, "self.", &format!("&self, value: {}", value.declared), "value", "()", &body);
            }
        }
        self.out.push_str("}\n");
    }

    // Parameters.

    fn params(&self, params: &[Param]) -> Parameters {
        let mut sorted: Vec<&Param> = params.iter().collect();
        sorted.sort_by_key(|p| p.default.is_some());
        let list: Vec<Written> = sorted.iter().map(|p| self.param(p)).collect();
        let is_plain = list.iter().zip(&sorted).all(|(w, p)| !p.by_name && !w.operand.starts_with("Object::given"));
        let reordered = sorted.iter().zip(params).any(|(a, b)| a.name != b.name);
        let names: Vec<String> =
            sorted.iter().map(|p| if p.by_name { format!("*{}", p.name) } else { p.name.clone() }).collect();
        let names = if is_plain && !reordered { String::new() } else { names.join(",") };
        Parameters { list, names }
    }

    fn param(&self, p: &Param) -> Written {
        let name = spelled(&p.name);
        let ty = self.borrowed(&p.ty);
        let passed = match &p.ty {
            Ty::Callable(params, _) if params.len() <= 3 => format!("across::callable{}({name})", params.len()),
            _ => format!("Object::of({name})"),
        };
        let Some(default) = &p.default else { return Written { name, declared: ty, operand: passed } };
        let written = match (&p.ty, default) {
            (Ty::Bool, Literal::Bool(b)) => Some(b.to_string()),
            (Ty::Int, Literal::Int(n)) => Some(n.to_string()),
            (Ty::Float, Literal::Int(n)) => Some(format!("{n}.0")),
            (Ty::Float, Literal::Float(x)) => Some(format!("{x:?}")),
            (Ty::Str, Literal::Str(s)) => Some(literal(s)),
            (Ty::Optional(_), Literal::None) => Some("None".into()),
            _ => None,
        };
        if let Some(written) = written {
            return Written { name, declared: format!("{ty} = {written}"), operand: passed };
        }
        // What only the function itself knows is left to it.
        let inner = match &p.ty {
            Ty::Any | Ty::Callable(..) => "Object".to_owned(),
            Ty::Optional(_) => return self.given(name, ty),
            _ => ty,
        };
        self.given(name, format!("Option<{inner}>"))
    }

    fn given(&self, name: String, ty: String) -> Written {
        Written { operand: format!("Object::given({name})"), declared: format!("{ty} = None"), name }
    }

    // Types.

    /// The type of a parameter.
    fn borrowed(&self, ty: &Ty) -> String {
        match ty {
            Ty::Any => "impl ToObject".into(),
            Ty::Str => "&str".into(),
            Ty::Bytes => "&[u8]".into(),
            Ty::List(item) | Ty::Iterable(item) => format!("&[{}]", self.owned(item)),
            Ty::Set(_) | Ty::Dict(..) | Ty::Class(_) => match self.owned(ty) {
                any if any == "Object" => "impl ToObject".into(),
                own => format!("&{own}"),
            },
            Ty::Optional(inner) => match &**inner {
                Ty::Any | Ty::Callable(..) => "Option<Object>".into(),
                inner => match self.borrowed(inner) {
                    any if any == "impl ToObject" => "Option<Object>".into(),
                    own => format!("Option<{own}>"),
                },
            },
            Ty::Callable(params, result) if params.len() <= 3 => {
                let params: Vec<String> = params.iter().map(|p| self.owned(p)).collect();
                format!("impl Fn({}) -> {} + 'static", params.join(", "), self.owned(result))
            }
            Ty::Callable(..) => "impl ToObject".into(),
            ty => self.owned(ty),
        }
    }

    /// The type of a result, or of a part of another type.
    fn owned(&self, ty: &Ty) -> String {
        match ty {
            Ty::Any | Ty::Iterable(_) | Ty::Callable(..) => "Object".into(),
            Ty::None => "()".into(),
            Ty::Bool => "bool".into(),
            Ty::Int => "i64".into(),
            Ty::Float => "f64".into(),
            Ty::Str => "String".into(),
            Ty::Bytes => "Vec<u8>".into(),
            Ty::List(item) => format!("Vec<{}>", self.owned(item)),
            Ty::Set(item) if can_be_key(item) => format!("HashSet<{}>", self.owned(item)),
            Ty::Dict(key, value) if can_be_key(key) => format!("HashMap<{}, {}>", self.owned(key), self.owned(value)),
            Ty::Tuple(items) if (2..=6).contains(&items.len()) => {
                let items: Vec<String> = items.iter().map(|i| self.owned(i)).collect();
                format!("({})", items.join(", "))
            }
            Ty::Set(_) | Ty::Dict(..) | Ty::Tuple(_) => "Object".into(),
            Ty::Optional(inner) => format!("Option<{}>", self.owned(inner)),
            Ty::Class(name) if self.classes.contains(&**name) => spelled(name),
            Ty::Class(_) => "Object".into(),
        }
    }
}

/// Whether values of a type are copied on their way.
fn is_plain(ty: &Ty) -> bool {
    match ty {
        Ty::None | Ty::Bool | Ty::Int | Ty::Float | Ty::Str | Ty::Bytes => true,
        Ty::List(item) | Ty::Optional(item) => is_plain(item),
        Ty::Set(item) => can_be_key(item),
        Ty::Dict(key, value) => can_be_key(key) && is_plain(value),
        Ty::Tuple(items) => (2..=6).contains(&items.len()) && items.iter().all(is_plain),
        Ty::Any | Ty::Iterable(_) | Ty::Callable(..) | Ty::Class(_) => false,
    }
}

/// Whether values of a type have a hash on both sides.
fn can_be_key(ty: &Ty) -> bool {
    match ty {
        Ty::Bool | Ty::Int | Ty::Str | Ty::Bytes => true,
        Ty::Tuple(items) => items.iter().all(can_be_key),
        _ => false,
    }
}

/// A name as GrokLang spells it.
fn spelled(name: &str) -> String {
    match name {
        "self" | "Self" | "super" | "crate" | "_" => format!("{name}_"),
        _ if SyntaxKind::KEYWORDS.iter().any(|(_, k)| *k == name) => format!("r#{name}"),
        _ => name.to_owned(),
    }
}

/// A text as a literal.
fn literal(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
