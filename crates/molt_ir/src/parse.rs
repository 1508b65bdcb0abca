//! Reads the text form that [`crate::print`] writes. For tests and tools; errors name the line.

use std::collections::HashMap;

use molt_abi::RtFn;
use molt_abi::layout::Position;
use molt_base::Symbol;

use crate::func::{BlockId, FuncId, Function, FunctionKind, InlineHint, InstId, ValueId, imm_pair};
use crate::ops::{BinaryOp, CompareOp, FloatCond, ImmKind, IntCond, Op, UnaryOp};
use crate::program::{Const, ConstId, DataId, DataItem, Global, LocId, Module, ModuleId, Program, Reloc, RelocTarget};
use crate::types::Type;

/// Reads a whole program. Lines that are empty or start with `;` are passed over.
pub fn program(text: &str) -> Result<Program, String> {
    let mut p = Program::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((n, line)) = lines.next() {
        let at = |e: String| format!("line {}: {e}", n + 1);
        let line = line.trim();
        if line.is_empty() || line.starts_with(';') {
            continue;
        }
        if !line.starts_with("fn ") {
            table_row(&mut p, line).map_err(at)?;
            continue;
        }
        let mut body = Vec::new();
        loop {
            let Some((n, l)) = lines.next() else { return Err(at("function without a closing `}`".into())) };
            if l.trim() == "}" {
                break;
            }
            let l = l.trim();
            if !l.is_empty() && !l.starts_with(';') {
                body.push((n + 1, l.to_string()));
            }
        }
        let func = FunctionReader::new(&mut p, line).map_err(at)?.read(&body)?;
        p.funcs.push(func);
    }
    Ok(p)
}

fn number(text: &str, prefix: &str) -> Result<u32, String> {
    text.strip_prefix(prefix).and_then(|t| t.parse().ok()).ok_or_else(|| format!("`{text}` is no `{prefix}` id"))
}

fn unquote(text: &str) -> Result<Vec<u8>, String> {
    let inner = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    let inner = inner.ok_or_else(|| format!("`{text}` is not quoted"))?.as_bytes();
    let mut out = Vec::new();
    let mut i = 0;
    while i < inner.len() {
        if inner[i] == b'\\' {
            let hex = inner.get(i + 2..i + 4).and_then(|h| std::str::from_utf8(h).ok());
            let byte = hex.and_then(|h| u8::from_str_radix(h, 16).ok()).ok_or("bad escape")?;
            out.push(byte);
            i += 4;
        } else {
            out.push(inner[i]);
            i += 1;
        }
    }
    Ok(out)
}

fn hex(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    u64::from_str_radix(digits, 16).map_err(|_| format!("`{text}` is no hexadecimal number"))
}

fn table_row(p: &mut Program, line: &str) -> Result<(), String> {
    let (id, value) = line.split_once(" = ").ok_or("a table row is `id = value`")?;
    let (kind, rest) = value.split_once(' ').unwrap_or((value, ""));
    let words: Vec<&str> = value.split(' ').collect();
    match id.as_bytes()[0] {
        b's' => {
            let text = String::from_utf8(unquote(value)?).map_err(|_| "names are UTF-8")?;
            p.names.intern(&text);
        }
        b'k' => {
            let c = constant(kind, rest)?;
            p.constant(c);
        }
        b'@' => {
            let v: Result<Vec<u32>, _> = words.iter().map(|w| w.parse()).collect();
            let v = v.map_err(|_| "a position is eight numbers")?;
            let [line, col, end_line, end_col, anchor_line, anchor_col, anchor_end_line, anchor_end_col] = v[..] else {
                return Err("a position is eight numbers".into());
            };
            p.position(Position {
                line,
                col,
                end_line,
                end_col,
                anchor_line,
                anchor_col,
                anchor_end_line,
                anchor_end_col,
            });
        }
        b'm' => {
            let [name, filename, body] = words[..] else { return Err("a module is `name file body`".into()) };
            let body = if body == "none" { None } else { Some(FuncId(number(body, "@")?)) };
            p.modules.push(Module {
                name: Symbol(number(name, "s")?),
                filename: Symbol(number(filename, "s")?),
                doc: ConstId::NONE,
                is_package: false,
                body,
            });
        }
        b'g' => {
            let [module, name] = words[..] else { return Err("a global is `module name`".into()) };
            p.globals.push(Global { module: ModuleId(number(module, "m")?), name: Symbol(number(name, "s")?) });
        }
        b'r' => p.root = Some(DataId(number(value, "d")?)),
        b'd' => {
            p.data.push(data_item(value)?);
        }
        _ => return Err(format!("unknown table row `{line}`")),
    }
    Ok(())
}

/// `"name" align "bytes" relocations`. Printed text has no quote inside of quotes.
fn data_item(text: &str) -> Result<DataItem, String> {
    let parts: Vec<&str> = text.splitn(5, '"').collect();
    let ["", name, align, bytes, relocs] = parts[..] else { return Err("data is `\"name\" align \"bytes\"`".into()) };
    let plain = |t: &str| unquote(&format!("\"{t}\""));
    Ok(DataItem {
        name: String::from_utf8(plain(name)?).map_err(|_| "names are UTF-8")?,
        align: align.trim().parse().map_err(|_| format!("`{align}` is no alignment"))?,
        bytes: plain(bytes)?,
        relocs: relocs.split_whitespace().map(relocation).collect::<Result<_, _>>()?,
    })
}

fn relocation(text: &str) -> Result<Reloc, String> {
    let bad = || format!("`{text}` is no relocation");
    let (offset, target) = text.split_once(':').ok_or_else(bad)?;
    let offset = offset.parse().map_err(|_| bad())?;
    let mut addend = 0;
    let target = if let Some((data, add)) = target.split_once(':') {
        addend = add.parse().map_err(|_| bad())?;
        RelocTarget::Data(DataId(number(data, "d")?))
    } else if let Ok(f) = number(target, "@") {
        RelocTarget::Func(FuncId(f))
    } else if let Ok(n) = number(target, "native") {
        RelocTarget::NativeModule(n)
    } else {
        RelocTarget::Rt(RtFn::by_name(target).ok_or_else(bad)?)
    };
    Ok(Reloc { offset, target, addend })
}

fn constant(kind: &str, rest: &str) -> Result<Const, String> {
    Ok(match kind {
        "none" => Const::None,
        "true" => Const::True,
        "false" => Const::False,
        "ellipsis" => Const::Ellipsis,
        "notimplemented" => Const::NotImplemented,
        "int" => Const::Int(rest.parse().map_err(|_| "bad integer")?),
        "big" => Const::BigInt(rest.into()),
        "float" => Const::Float(hex(rest)?),
        "complex" => {
            let (re, im) = rest.split_once(' ').ok_or("a complex has two parts")?;
            Const::Complex(hex(re)?, hex(im)?)
        }
        "str" => Const::Str(unquote(rest)?.into()),
        "bytes" => Const::Bytes(unquote(rest)?.into()),
        "symbol" | "keyword" => {
            let name = String::from_utf8(unquote(rest)?).map_err(|_| "a name is UTF-8")?.into_boxed_str();
            if kind == "symbol" { Const::Symbol(name) } else { Const::Keyword(name) }
        }
        "tuple" => {
            let items: Result<Vec<ConstId>, String> =
                rest.split_whitespace().map(|w| Ok(ConstId(number(w, "k")?))).collect();
            Const::Tuple(items?.into())
        }
        _ => return Err(format!("unknown constant `{kind}`")),
    })
}

struct FunctionReader {
    func: Function,
    values: HashMap<u32, ValueId>,
}

impl FunctionReader {
    /// From the head line `fn @0 "name" kind m0 [-> types] [flags] [slots sizes] {`.
    fn new(p: &mut Program, head: &str) -> Result<FunctionReader, String> {
        let quoted_start = head.find('"').ok_or("a function has a quoted name")?;
        let quoted_end = head[quoted_start + 1..].find('"').ok_or("unclosed name")? + quoted_start + 2;
        let name = String::from_utf8(unquote(&head[quoted_start..quoted_end])?).map_err(|_| "names are UTF-8")?;
        let name = p.names.intern(&name);
        let words: Vec<&str> = head[quoted_end..].split_whitespace().collect();
        let kind = match words.first() {
            Some(&"plain") => FunctionKind::Plain,
            Some(&"generator") => FunctionKind::Generator,
            Some(&"resume") => FunctionKind::Resume,
            Some(&"internal") => FunctionKind::Internal,
            other => return Err(format!("unknown function kind {other:?}")),
        };
        let module = ModuleId(number(words.get(1).copied().unwrap_or_default(), "m")?);
        let mut func = Function::new(name, module, kind);
        let mut i = 2;
        if words.get(i) == Some(&"->") {
            i += 1;
            func.results.clear();
            while let Some(t) = words.get(i).and_then(|w| Type::parse(w)) {
                func.results.push(t);
                i += 1;
            }
        }
        while let Some(word) = words.get(i) {
            match *word {
                "optimise" => func.optimise = true,
                "words" => func.words = true,
                "inline-always" => func.inline = InlineHint::Always,
                "inline-never" => func.inline = InlineHint::Never,
                "cold" => func.cold = true,
                _ => break,
            }
            i += 1;
        }
        if words.get(i) == Some(&"slots") {
            func.stack_slots = words[i + 1..].iter().map_while(|w| w.parse().ok()).collect();
            i += 1 + func.stack_slots.len();
        }
        if words[i..] != ["{"] {
            return Err(format!("a function's head ends with `{{`, not `{}`", words[i..].join(" ")));
        }
        Ok(FunctionReader { func, values: HashMap::new() })
    }

    fn read(mut self, body: &[(usize, String)]) -> Result<Function, String> {
        self.declare_blocks(body)?;
        let mut block = None;
        let mut made: Vec<(usize, InstId, Operands)> = Vec::new();
        for (n, line) in body {
            if is_block_head(line) {
                block = Some(BlockId(number(line.split('(').next().unwrap_or_default(), "b")?));
            } else {
                let block = block.ok_or_else(|| format!("line {n}: an instruction before the first block"))?;
                let (inst, operands) = self.inst(line).map_err(|e| format!("line {n}: {e}"))?;
                self.func.append(block, inst);
                made.push((*n, inst, operands));
            }
        }
        for (n, inst, operands) in made {
            self.resolve(inst, &operands).map_err(|e| format!("line {n}: {e}"))?;
        }
        Ok(self.func)
    }

    fn declare_blocks(&mut self, body: &[(usize, String)]) -> Result<(), String> {
        let heads: Vec<(usize, &str)> =
            body.iter().filter(|(_, l)| is_block_head(l)).map(|(n, l)| (*n, l.as_str())).collect();
        let most = heads.iter().filter_map(|(_, l)| number(l.split('(').next()?, "b").ok()).max();
        let most = most.ok_or("a function has a block")?;
        // Passes leave gaps where they took blocks away, but not such ones.
        if most as usize > 64 + 64 * body.len() {
            return Err(format!("block b{most} of a function of {} blocks", heads.len()));
        }
        for _ in 0..=most {
            self.func.new_block();
        }
        self.func.layout.clear();
        for (n, line) in heads {
            let at = |e: String| format!("line {n}: {e}");
            let (name, rest) = line.split_once('(').ok_or_else(|| at("a block head has parameters".into()))?;
            let block = BlockId(number(name, "b").map_err(at)?);
            if self.func.layout.contains(&block) {
                return Err(at(format!("{name} is there twice")));
            }
            self.func.layout.push(block);
            let (params, tail) = rest.split_once(')').ok_or_else(|| at("unclosed parameters".into()))?;
            self.func.blocks[block].cold = tail.contains("cold");
            for p in params.split(", ").filter(|p| !p.is_empty()) {
                let (name, ty) = p.split_once(": ").ok_or_else(|| at("a parameter is `v0: type`".into()))?;
                let ty = Type::parse(ty).ok_or_else(|| at(format!("unknown type `{ty}`")))?;
                let v = self.func.add_param(block, ty);
                self.name(number(name, "v").map_err(at)?, v).map_err(at)?;
            }
        }
        Ok(())
    }

    fn name(&mut self, n: u32, v: ValueId) -> Result<(), String> {
        if self.values.insert(n, v).is_some() { Err(format!("v{n} is defined twice")) } else { Ok(()) }
    }

    fn inst(&mut self, line: &str) -> Result<(InstId, Operands), String> {
        let (left, right) = match line.split_once(" = ") {
            Some((l, r)) if l.starts_with('v') => (l, r),
            _ => ("", line),
        };
        let name = right.split_whitespace().next().ok_or("empty instruction")?;
        let op = Op::by_name(name).ok_or_else(|| format!("unknown op `{name}`"))?;
        // A location comes last. Functions look the same, so where one is the immediate, a location is the second.
        let (right, loc) = match right.rsplit_once(" @") {
            Some((r, n)) if op.info().imm != ImmKind::Func || r.contains(" @") => (r, LocId(number(n, "")?)),
            _ => (right, LocId::NONE),
        };
        let (main, edges) = match right.split_once(" -> ") {
            Some((m, e)) => (m, Some(e)),
            None => (right, None),
        };
        let words = main.split_whitespace().map(|w| w.trim_end_matches(',')).skip(1);
        let mut operands = Operands::default();
        let mut imm = None;
        for w in words {
            match number(w, "v") {
                Ok(v) => operands.args.push(v),
                Err(_) if imm.is_some() => return Err(format!("unexpected `{w}`")),
                Err(_) => imm = Some(immediate(op.info().imm, w)?),
            }
        }
        if imm.is_none() && op.info().imm != ImmKind::None {
            return Err(format!("`{name}` needs a {:?} immediate", op.info().imm));
        }
        for e in edges.map(split_edges).unwrap_or_default() {
            let (block, values) = e.split_once('(').ok_or("an edge is `b1(values)`")?;
            let values: Result<Vec<u32>, String> =
                values.trim_end_matches(')').split(", ").filter(|v| !v.is_empty()).map(|v| number(v, "v")).collect();
            let target = BlockId(number(block, "b")?);
            if !self.func.layout.contains(&target) {
                return Err(format!("{block} is not defined"));
            }
            operands.edges.push((target, values?));
        }
        let mut types = Vec::new();
        let mut names = Vec::new();
        for r in left.split(", ").filter(|r| !r.is_empty()) {
            let (v, ty) = r.split_once(": ").ok_or("a result is `v0: type`")?;
            names.push(number(v, "v")?);
            types.push(Type::parse(ty).ok_or_else(|| format!("unknown type `{ty}`"))?);
        }
        // Operands may be defined further down; they are filled in when all values are known.
        let blank: Vec<ValueId> = vec![ValueId(0); operands.args.len()];
        let edge_blanks: Vec<Vec<ValueId>> = operands.edges.iter().map(|(_, v)| vec![ValueId(0); v.len()]).collect();
        let edges: Vec<(BlockId, &[ValueId])> =
            operands.edges.iter().zip(&edge_blanks).map(|((b, _), v)| (*b, v.as_slice())).collect();
        let inst = self.func.make_inst(op, &blank, imm.unwrap_or(0), &edges, &types, loc);
        let results: Vec<ValueId> = self.func.results(inst).collect();
        names.into_iter().zip(results).try_for_each(|(n, v)| self.name(n, v))?;
        Ok((inst, operands))
    }

    fn resolve(&mut self, inst: InstId, operands: &Operands) -> Result<(), String> {
        let values = &self.values;
        let find = |n: &u32| values.get(n).copied().ok_or_else(|| format!("v{n} is not defined"));
        let args: Result<Vec<ValueId>, String> = operands.args.iter().map(find).collect();
        self.func.args_mut(inst).copy_from_slice(&args?);
        for (i, (_, list)) in operands.edges.iter().enumerate() {
            let found: Result<Vec<ValueId>, String> = list.iter().map(find).collect();
            self.func.edge_args_mut(inst, i).copy_from_slice(&found?);
        }
        Ok(())
    }
}

#[derive(Default)]
struct Operands {
    args: Vec<u32>,
    edges: Vec<(BlockId, Vec<u32>)>,
}

fn is_block_head(line: &str) -> bool {
    line.starts_with('b') && line.ends_with(':') && line[1..].starts_with(|c: char| c.is_ascii_digit())
}

fn split_edges(text: &str) -> Vec<&str> {
    text.split_inclusive(')').map(|e| e.trim_start_matches(", ")).collect()
}

fn immediate(kind: ImmKind, w: &str) -> Result<u64, String> {
    let bad = || format!("`{w}` is no {kind:?} immediate");
    let id = |prefix: &str| number(w, prefix).map(u64::from);
    match kind {
        ImmKind::None => Err(format!("unexpected `{w}`")),
        ImmKind::Int | ImmKind::Operation => w.parse::<i64>().map(|v| v as u64).map_err(|_| bad()),
        ImmKind::Float => hex(w),
        ImmKind::Const if w == "none" => Ok(u64::from(u32::MAX)),
        ImmKind::Const => id("k"),
        ImmKind::Func => id("@"),
        ImmKind::Global => id("g"),
        ImmKind::ClassSite => id("class"),
        ImmKind::Module => id("m"),
        ImmKind::Name => id("s"),
        ImmKind::Data => id("d"),
        ImmKind::Slot => id("slot"),
        ImmKind::NameAndConst | ImmKind::NameAndInt | ImmKind::IntAndConst | ImmKind::Pair => {
            let (low, high) = w.split_once(':').ok_or_else(bad)?;
            Ok(imm_pair(low.parse().map_err(|_| bad())?, high.parse().map_err(|_| bad())?))
        }
        ImmKind::Binary => BinaryOp::parse(w).map(|v| v as u64).ok_or_else(bad),
        ImmKind::Unary => UnaryOp::parse(w).map(|v| v as u64).ok_or_else(bad),
        ImmKind::Compare => CompareOp::parse(w).map(|v| v as u64).ok_or_else(bad),
        ImmKind::IntCond => IntCond::parse(w).map(|v| v as u64).ok_or_else(bad),
        ImmKind::FloatCond => FloatCond::parse(w).map(|v| v as u64).ok_or_else(bad),
        ImmKind::Rt => RtFn::by_name(w).map(|v| v as u64).ok_or_else(bad),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"s0 = "main"
s1 = "x"
k0 = int 5
k1 = str "a\x22b\xc3\xa9"
k2 = tuple k0 k1
@1 = 1 0 1 5 0 0 0 0
m0 = s0 s0 @0
g0 = m0 s1
fn @0 "main" plain m0 {
b0(v0: any):
    v1: any = const k0
    v2: any = py.binary v0, v1 add -> b2() @1
    jump -> b1(v2)
b1(v3: any):
    v4: i1 = py.compare_truth v3, v1 lt @1
    brif v4 -> b3(), b1(v3)
b3():
    ret v3
b2() cold:
    v5: any = exc.catch
    exc.throw v5
}

"#;

    /// Value numbers are given anew, so one round trip canonicalises and the second must be the identity.
    #[test]
    fn printing_and_parsing_are_inverse() {
        let once = crate::print::program(&program(SAMPLE).expect("the sample parses"));
        let twice = crate::print::program(&program(&once).expect("printed text parses"));
        assert_eq!(once, twice);
    }

    #[test]
    fn the_sample_is_well_formed() {
        let p = program(SAMPLE).expect("the sample parses");
        crate::verify::verify_function(&p.funcs[FuncId(0)], crate::verify::Stage::Semantic).expect("verifies");
    }

    #[test]
    fn a_use_before_its_definition_is_refused() {
        let text = SAMPLE.replace("ret v3", "ret v2");
        let p = program(&text).expect("the text parses");
        // v2 is defined on the normal path only, and b3 is on it, so the changed program is still well formed …
        crate::verify::verify_function(&p.funcs[FuncId(0)], crate::verify::Stage::Semantic).expect("verifies");
        // … but the unwind path does not have it.
        let text = SAMPLE.replace("exc.throw v5", "exc.throw v2");
        let p = program(&text).expect("the text parses");
        let e = crate::verify::verify_function(&p.funcs[FuncId(0)], crate::verify::Stage::Semantic);
        assert!(e.is_err(), "{e:?}");
    }

    #[test]
    fn what_is_there_twice_or_not_at_all_is_refused() {
        let refused = |from: &str, to: &str| program(&SAMPLE.replace(from, to)).expect_err("not a program");
        assert!(refused("b3():", "b1():").contains("b1 is there twice"));
        assert!(refused("v4: i1", "v2: i1").contains("v2 is defined twice"));
        assert!(refused("jump -> b1(v2)", "jump -> b7(v2)").contains("b7 is not defined"));
        assert!(refused("ret v3", "ret v77").contains("v77 is not defined"));
        assert!(refused("b2() cold:", "b999999999() cold:").contains("b999999999"));
        assert!(refused("plain m0 {", "plain m0 -> word {").contains("head ends with"));
        assert!(refused("const k0", "const").contains("needs a Const immediate"));
    }

    #[test]
    fn errors_name_the_line() {
        let e = program("fn @0 \"f\" plain m0 {\nb0():\n    frobnicate\n}\n").expect_err("unknown op");
        assert!(e.starts_with("line 3:"), "{e}");
    }
}
