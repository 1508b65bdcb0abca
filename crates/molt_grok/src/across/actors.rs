//! Actors as others see them: objects that hold references to them.

use std::fmt::Write as _;

use super::{Why, Writer, field_name, indented, literal, spelled};
use crate::hir::{AdtId, FnId};
use crate::ty::Ty;

/// What the class of every actor has, unless a handler has the name.
const COMMON: &[(&str, &str)] = &[
    ("stop", "me.stop()"),
    ("kill", "me.kill()"),
    ("is_alive", "me.is_alive()"),
    ("join", "me.join().to_string()"),
    ("__eq__", "me == FromObject::from_object(a1)"),
    ("__hash__", "across::hash_of(&me)"),
    ("__repr__", "format!(\"{:?}\", me)"),
];

impl Writer<'_> {
    /// The class of an actor.
    pub(super) fn actor(&mut self, a: AdtId) {
        let c = self.c;
        let name = self.text(c.hir.adts[a].head.name);
        let shown = spelled(&name);
        self.adapter(
            &format!("r_{name}"),
            2,
            &format!("across::register::<ActorRef<super::{name}>>(across::discriminant(a0) as u64, a1)"),
        );
        let docs = c.hir.adts[a].head.docs.map(|d| format!("    {}\n", literal(c.hir.text(d).trim())));
        let mut out = format!("class {shown}(_Value):\n{}    __slots__ = ()\n", docs.unwrap_or_default());
        out.push_str(&self.spawn(a, &name).unwrap_or_default());
        let Some(info) = &c.hir.adts[a].actor else { return };
        let mut taken = Vec::new();
        for &h in &info.handlers {
            let handler = self.text(c.hir.fns[h].head.name);
            match self.handler(h, &name, &handler) {
                Ok(text) => {
                    out.push_str(&text);
                    taken.push(handler);
                }
                Err(why) => self.leave_out(format!("{name}.{handler}"), c.hir.fns[h].head.name_span, why),
            }
        }
        if let Some(receive) = info.receive
            && let Some(&message) = c.fn_sig(receive).params.get(1)
            && let Ok(of) = self.crosses(c.revealed(c.types.erase(message)))
        {
            let adapter = format!("m_{name}_send");
            let body = "let me: ActorRef<super::$> = FromObject::from_object(a0);\n\
                        match me.send(FromObject::from_object(a1)) {\nOk(_) => ().to_object(),\n\
                        Err(_) => across::fail(\"the actor has ended, or its mailbox is full\"),\n}";
            self.adapter(&adapter, 2, &body.replace('$', &name));
            let call = self.call(&adapter, &["self".into(), "message".into()]);
            let _ = writeln!(out, "    def send(self, message: {of:?}):\n        {call}");
            taken.push("send".into());
        }
        for (method, value) in COMMON.iter().filter(|(m, _)| taken.iter().all(|t| t != m)) {
            let adapter = format!("t_{name}_{method}");
            let params = if *method == "__eq__" { 2 } else { 1 };
            let body = format!(
                "let me: ActorRef<super::{name}> = FromObject::from_object(a0);\nlet found = {value};\nfound.to_object()"
            );
            self.adapter(&adapter, params, &body);
            let names: Vec<String> = ["self", "other"][..params].iter().map(|n| (*n).to_owned()).collect();
            let _ = writeln!(out, "    def {method}({}):", names.join(", "));
            if params == 2 {
                let _ = writeln!(out, "        if not isinstance(other, {shown}):\n            return NotImplemented");
            }
            let _ = writeln!(out, "        return {}", self.call(&adapter, &names));
        }
        self.out.stand_in.push_str(&out);
        let line = format!("{}\n", self.call(&format!("r_{name}"), &["0".into(), shown]));
        self.out.stand_in.push_str(&line);
        self.offered.push(name);
    }

    /// `__new__`, which spawns one, where all fields cross.
    fn spawn(&mut self, a: AdtId, name: &str) -> Option<String> {
        let c = self.c;
        let fields = &c.hir.adts[a].variants.first()?.fields;
        let types = c.field_types(a, 0);
        let mut params = Vec::new();
        for (f, &ty) in fields.iter().zip(types.iter()) {
            match self.crosses(ty) {
                Ok(shown) => params.push((c.hir.text(f.name).to_owned(), shown, f.default.is_some())),
                Err(_) if f.default.is_some() => {}
                Err(_) => return None,
            }
        }
        params.sort_by_key(|(_, _, has_default)| *has_default);
        let least = params.iter().take_while(|(_, _, has_default)| !has_default).count();
        let names: Vec<String> = params.iter().map(|(n, _, _)| field_name(n)).collect();
        let mut body = String::new();
        for given in least..=params.len() {
            let adapter = format!("n_{name}_{given}");
            let values: Vec<String> = params[..given]
                .iter()
                .enumerate()
                .map(|(i, (f, _, _))| format!("{f}: FromObject::from_object(a{i})"))
                .collect();
            let made = format!("let actor = spawn super::{name} {{ {} }};\nactor.to_object()", values.join(", "));
            self.adapter(&adapter, given, &made);
            let call = self.call(&adapter, &names[..given]);
            if given < params.len() {
                let _ = writeln!(body, "        if {} is _absent:\n            return {call}", names[given]);
            } else {
                let _ = writeln!(body, "        return {call}");
            }
        }
        let list: Vec<String> = names
            .iter()
            .zip(&params)
            .map(|(n, (_, shown, has_default))| {
                format!("{n}: {shown:?}{}", if *has_default { " = _absent" } else { "" })
            })
            .collect();
        let list: Vec<String> = std::iter::once("cls".to_owned()).chain(list).collect();
        Some(format!("    def __new__({}):\n{body}", list.join(", ")))
    }

    /// The methods for a handler: one that asks and waits, one that only tells.
    fn handler(&mut self, h: FnId, actor: &str, name: &str) -> Result<String, Why> {
        let c = self.c;
        let item = &c.hir.fns[h];
        let sig = c.fn_sig(h);
        let mut result = c.revealed(c.types.erase(sig.ret));
        let mut types: Vec<Ty> = sig.params[1..].to_vec();
        if let Some((library, args)) = types.last().and_then(|&last| self.library(last))
            && library == "ReplyTo"
        {
            types.pop();
            result = args[0];
        }
        let (mut before, mut operands, mut names, mut shown) = (String::new(), Vec::new(), Vec::new(), Vec::new());
        for (i, &ty) in types.iter().enumerate() {
            let p = self.param(h, i + 1, ty)?;
            before.push_str(&p.before);
            operands.push(p.operand);
            let declared = item.params.get(i).and_then(|d| d.name);
            names.push(declared.map_or_else(|| format!("arg{i}"), |n| spelled(c.hir.text(n))));
            shown.push(p.shown);
        }
        let (good, to) = self.result(result, "value")?;
        let me = format!("let me: ActorRef<super::{actor}> = FromObject::from_object(a0);\n{before}");
        let call = format!("me.{name}({})", operands.join(", "));
        let rest = format!(
            "match answer {{\nOk(value) => {{ {good} }}\nErr(error) => across::fail(format!(\"{{}}\", error).as_str()),\n}}"
        );
        let count = types.len() + 1;
        let adapter = format!("m_{actor}_{name}");
        self.adapter(&adapter, count, &format!("{me}let answer = ask {call};\n{rest}"));
        let limit = format!("let limit = across::seconds(a{count});\nlet answer = ask {call} within limit;\n");
        self.adapter(&format!("w_{actor}_{name}"), count + 1, &format!("{me}{limit}{rest}"));
        let message = format!("{name}({})", operands.join(", "));
        self.adapter(&format!("s_{actor}_{name}"), count, &format!("{me}me ! {message};\n().to_object()"));
        let mut all = vec!["self".to_owned()];
        all.extend(names.iter().cloned());
        let timed: Vec<String> = all.iter().cloned().chain(["within".to_owned()]).collect();
        let declared: Vec<String> = names.iter().zip(&shown).map(|(n, s)| format!(", {n}: {s:?}")).collect();
        let declared = declared.concat();
        let docs = item.head.docs.map(|d| format!("    {}\n", literal(c.hir.text(d).trim()))).unwrap_or_default();
        let text = format!(
            "def {}(self{declared}, *, within: float | None = None) -> {to:?}:\n{docs}    if within is None:\n        \
             return {}\n    return {}\ndef tell_{name}(self{declared}) -> None:\n    {}\n",
            spelled(name),
            self.call(&adapter, &all),
            self.call(&format!("w_{actor}_{name}"), &timed),
            self.call(&format!("s_{actor}_{name}"), &all)
        );
        Ok(indented(&text))
    }
}
