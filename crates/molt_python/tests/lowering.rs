//! Snippets compile to well-formed IR, and wrong ones are refused in CPython's words.

use std::collections::HashMap;

use molt_ir::verify::{Stage, verify_function};
use molt_python::{Compilation, CompileRequest, Found, SourceLoader, compile};

#[derive(Default)]
struct Memory(HashMap<&'static str, &'static str>);

impl SourceLoader for Memory {
    fn find(&self, dotted: &str) -> Option<Found> {
        let is_package = self.0.keys().any(|k| k.strip_prefix(dotted).is_some_and(|rest| rest.starts_with('.')));
        let source = match self.0.get(dotted) {
            Some(text) => text.as_bytes().to_vec(),
            None if is_package => Vec::new(),
            None => return None,
        };
        Some(Found::python(source, format!("{dotted}.py"), is_package))
    }
}

fn compile_with(source: &[u8], modules: &[(&'static str, &'static str)]) -> Compilation {
    let entry = Found::python(source.to_vec(), "main.py".to_owned(), false);
    compile(
        &CompileRequest { entry: Some(entry), roots: Vec::new(), optimize: false },
        &Memory(modules.iter().copied().collect()),
    )
}

fn accept_with(source: &str, modules: &[(&'static str, &'static str)]) -> Compilation {
    let result = compile_with(source.as_bytes(), modules);
    let messages: Vec<&str> = result.diagnostics.iter().map(|d| d.message.as_str()).collect();
    assert!(messages.is_empty(), "{source}\n{messages:?}");
    for (id, func) in result.program.funcs.iter() {
        if let Err(fault) = verify_function(func, Stage::Semantic) {
            let text = molt_ir::print::function(&result.program, id, func);
            panic!("{source}\n{id}: {fault}\n{text}");
        }
    }
    result
}

fn accept(source: &str) -> Compilation {
    accept_with(source, &[])
}

/// First message that a wrong program gets.
fn refuse(source: &str) -> String {
    let result = compile_with(source.as_bytes(), &[]);
    assert!(result.has_errors(), "{source}: accepted");
    result.diagnostics[0].message.clone()
}

#[test]
fn statements() {
    accept("x = 1\ny = x + 2\nprint(x, y, sep='')\ndel x\n");
    accept("a, (b, *c), [d] = 1, (2, 3), [4]\na = b = c\n");
    accept("x = [1]\nx[0] += 1\nx[0:1] = []\ndel x[0], x[:]\n");
    accept("class A: pass\na = A()\na.b = 1\na.b += 1\ndel a.b\n");
    accept("for i in range(3):\n    if i: continue\n    break\nelse:\n    print(i)\n");
    accept("i = 0\nwhile i < 10:\n    i += 1\n    if i == 5: break\nelse:\n    i = 0\n");
    accept("while True:\n    pass\n");
    accept("def f():\n    while 1:\n        return 2\n    print(3)\n");
    accept("assert 1 < 2, 'no'\nif not 1 or 2 and 3: pass\nelif 4: pass\nelse: pass\n");
    accept("if False:\n    x = 1\nelse:\n    x = 2\n");
}

#[test]
fn expressions() {
    accept("print(1 < 2 < 3, 1 if 2 else 3, not 4, -5, ~6, +7, 8 and 9 or 10)\n");
    accept("x = 3\nprint(x < 2 < x, x in [1], x is None, x is not None, x not in (1, 2))\n");
    accept("if 1 < len('') < 3 and not (4 in [] or 5): print(1)\n");
    accept("f = lambda x, *a, y=1, **k: (x, a, y, k)\nf(1, *[2], y=3, **{'z': 4}, w=5)\n");
    accept("x = 5\nprint(f'{x!r:>{x}} {x=} {{}} {x:.2f}' 'tail' f'')\n");
    accept("print([*range(3), 4], {*[1], 2}, {'a': 1, **{}, 'b': 2}, (*[1],), (1, 2), ())\n");
    accept("if (n := 10) > 5: print(n)\nprint([y := 1, y**2], [z for i in [1] if (z := i)])\n");
    accept("x = 'a' 'b'\ny = b'a' b'b'\nz = 1j + 2, 1e400, 0xffffffffffffffffffff, '\\ud800'\n");
    accept("m = {}\nm[1, 2:3, ...] = m.get(1)\nprint(m[1:2, ::3])\n");
    accept("def f(): return locals(), globals(), vars(), dir()\nclass A: x = locals()\n");
}

#[test]
fn comprehensions_have_variables_of_their_own() {
    accept("x = [i * j for i in range(3) if i for j in range(i) if j > 1]\n");
    accept("def f(n):\n    return {k: [v + n for v in k] for k in n}, {a for a in n}, (b + n for b in n)\n");
    accept(
        "fs = [lambda: i for i in range(3)]\nclass A:\n    xs = [1]\n    ys = [x for x in xs]\n    z = [lambda: q for q in ys]\n",
    );
    accept("def f():\n    return [[x for x in range(y)] for y in range(3)]\n");
    accept("def f(a):\n    g = (x + y + a for x in a for y in (lambda: x)())\n    return list(g)\n");
    accept("def f():\n    [t := i for i in range(3)]\n    return t\n");
    accept("def f():\n    def g():\n        return t\n    any((t := i) for i in range(3))\n    return g\n");
}

#[test]
fn functions_and_closures() {
    accept("def f(a, /, b, c=1, *d, e, f=2, **g):\n    return a, b, c, d, e, f, g\n");
    accept(
        "def outer(x):\n    y = 1\n    def inner():\n        nonlocal y\n        y += x\n        return y\n    return inner\n",
    );
    accept("def f():\n    global g\n    g = 1\n    def h(): pass\n    del g\n");
    accept("def f():\n    x = 1\n    def g():\n        def h(): return x\n        return h\n    del x\n    return g\n");
    accept("def deco(*a): return lambda f: f\n@deco(1)\n@deco(2)\ndef f(x: int, *y: str) -> bool: 'doc'\n");
    accept("def f(x):\n    if x:\n        y = 1\n    return y\n");
    accept("from __future__ import annotations\ndef f(x: A[int], y: 'B' = 1) -> C.d: pass\nz: Q\n");
    accept("def fact(n): return 1 if n < 2 else n * fact(n - 1)\n");
}

#[test]
fn classes() {
    let result = accept(
        "class P:\n    'doc'\n    x: int = 1\n    def __init__(self, a):\n        self.a = a\n        self._b, self.c = 1, 2\n    \
         @property\n    def c(self): return self._b\n    def m(self): return super().m()\n    @staticmethod\n    def s(): return __class__\n",
    );
    let site = result.program.classes.iter().next().expect("one class").1;
    let names: Vec<&str> = site.slots.iter().map(|&s| result.program.names.text(s)).collect();
    assert_eq!(names, ["a", "_b"]);
    let methods: Vec<&str> = site.methods.iter().map(|&(s, _)| result.program.names.text(s)).collect();
    assert_eq!(methods, ["__init__", "m"]);
    accept("class A(object, metaclass=type): pass\nclass B(A, *[], **{}): __x = 1\n    \n");
    accept(
        "def f(x):\n    class A:\n        y = x\n        def m(self): return x, __class__, self.__z\n        class B: w = x\n    return A\n",
    );
    accept(
        "class A:\n    n = 1\n    for i in range(3): n += i\n    if n: a: int\n    del n\n    try: pass\n    except E as e: pass\n",
    );
    accept("class A:\n    x: 'int' = 1\n    y: list[x]\n    if x:\n        z: int\n");
    accept(
        "class D[T: int, *Ts, **P]:\n    def m[U = int](self, x: T, y: U) -> T: return x\ntype L[T] = list[T] | None\ndef f[T](x: T) -> T: return x\n",
    );
}

#[test]
fn explicit_slots_are_taken_as_they_are() {
    let result = accept("class A:\n    __slots__ = ('x', '__y')\n    def f(self): self.z = 1\n");
    let site = result.program.classes.iter().next().expect("one class").1;
    let names: Vec<&str> = site.slots.iter().map(|&s| result.program.names.text(s)).collect();
    assert_eq!(names, ["x", "_A__y"]);
}

#[test]
fn exceptions() {
    accept(
        "try:\n    f()\nexcept (ValueError, TypeError) as e:\n    print(e)\nexcept KeyError:\n    raise\nexcept:\n    raise X from None\nelse:\n    pass\nfinally:\n    print(1)\n",
    );
    accept(
        "def f():\n    for x in y:\n        try:\n            if x: return 1\n            elif z: continue\n            break\n        finally:\n            g()\n    return 2\n",
    );
    accept("def f():\n    try:\n        return 1\n    finally:\n        return 2\n");
    accept("def f():\n    while True:\n        try:\n            pass\n        finally:\n            break\n");
    accept(
        "def f():\n    try:\n        try: a()\n        except A as e: return e\n        finally: b()\n    except B as e:\n        with c() as d, e() as (x, y):\n            return d\n",
    );
    accept(
        "try:\n    f()\nexcept* ValueError as e:\n    print(e)\nexcept* (A, B):\n    raise\nelse:\n    pass\nfinally:\n    pass\n",
    );
    accept("def f():\n    with a, b() as c:\n        if c: return c\n        raise d from e\n");
    accept("def f():\n    for i in x:\n        with a:\n            break\n        with b:\n            continue\n");
    accept("try:\n    import nothing\nexcept ImportError:\n    nothing = None\n");
    accept("def f():\n    try: pass\n    except A: pass\n");
    accept(
        "def f():\n    try:\n        x = g()\n    except A as e:\n        def h(): return e\n        raise\n    return x\n",
    );
    accept("raise\n");
}

#[test]
fn generators() {
    accept(
        "def g(n):\n    for i in range(n):\n        x = yield i\n        if x: return x\n    yield from g(n)\n    y = yield\n",
    );
    accept("def g():\n    try:\n        yield 1\n    except E as e:\n        yield e\n    finally:\n        yield 2\n");
    accept("def g():\n    with a as b:\n        yield b\n");
    accept("f = lambda: (yield)\nsum(x * x for x in range(10) if x % 2)\n");
    accept("def g():\n    return\n    yield\n");
}

#[test]
fn matching() {
    accept(
        "def f(x):\n    match x:\n        case 0 | -1 | 1+2j: return 1\n        case 'a' | b'b': return 2\n        case None | True: return 3\n        \
         case []: return 4\n        case [a, *_, b] if a: return a, b\n        case (a, [b, *c]): return c\n        case {'k': v, **rest}: return v, rest\n        \
         case {}: return 5\n        case P(a, y=b) as z: return z, a, b\n        case int(): return 6\n        case m.X: return 7\n        \
         case [1, x] | [x, 2]: return x\n        case _: pass\n",
    );
    accept("match 1, 2:\n    case 1, x: print(x)\n");
}

#[test]
fn imports() {
    let modules = [
        ("pkg", "from . import a\nfrom .a import *\n__all__ = ['a', 'b']\nb = 1\n"),
        ("pkg.a", "from .b.c import d\nfrom .. import pkg as q\n_x = 1\ny = 2\n"),
        ("pkg.b.c", "d = 1\nimport pkg.a\n"),
    ];
    let modules = &modules[..];
    let result = compile_with(
        b"import pkg.a as z, pkg.b.c\nfrom pkg import *\nimport math, sys\nfrom math import pi as p\n",
        modules,
    );
    // `from .. import pkg` in a top-level package's module leaves the package.
    assert_eq!(result.diagnostics.len(), 1);
    let modules = [("pkg", "from . import a\n"), ("pkg.a", "from .b import c\ny = 2\n"), ("pkg.b.c", "import pkg.a\n")];
    let result = accept_with("import pkg.a\nfrom pkg.a import *\nprint(y)\n", &modules);
    let names: Vec<&str> = result.program.modules.iter().map(|(_, m)| result.program.names.text(m.name)).collect();
    assert_eq!(names, ["__main__", "pkg", "pkg.a", "pkg.b", "pkg.b.c"]);
}

#[test]
fn wrong_programs_are_refused() {
    assert_eq!(refuse("import nothing.at.all\n"), "No module named 'nothing.at.all'");
    assert_eq!(refuse("return 1\n"), "'return' outside function");
    assert_eq!(refuse("break\n"), "'break' outside loop");
    assert_eq!(refuse("continue\n"), "'continue' not properly in loop");
    assert_eq!(refuse("yield 1\n"), "'yield' outside function");
    assert_eq!(refuse("def f(a, a): pass\n"), "duplicate argument 'a' in function definition");
    assert_eq!(refuse("f(a=1, a=2)\n"), "keyword argument repeated: a");
    assert_eq!(refuse("def f():\n    nonlocal x\n"), "no binding for nonlocal 'x' found");
    assert_eq!(refuse("def f(x):\n    global x\n"), "name 'x' is parameter and global");
    assert_eq!(refuse("def f():\n    x = 1\n    global x\n"), "name 'x' is assigned to before global declaration");
    assert_eq!(refuse("nonlocal x\n"), "nonlocal declaration not allowed at module level");
    assert_eq!(refuse("def f():\n    from m import *\n"), "import * only allowed at module level");
    assert_eq!(refuse("f() = 1\n"), "cannot assign to function call here. Maybe you meant '==' instead of '='?");
    assert_eq!(refuse("if 1\n    pass\n"), "expected ':'");
    assert_eq!(refuse("if 1:\npass\n"), "expected an indented block after 'if' statement on line 1");
    assert_eq!(refuse("x = (1,\n"), "'(' was never closed");
    assert_eq!(refuse("async def f(): pass\n"), "`async def` is not supported yet");
    assert_eq!(refuse("eval('1')\n"), "`eval` is not supported yet");
    assert_eq!(
        refuse("match 1:\n    case x: pass\n    case 2: pass\n"),
        "name capture 'x' makes remaining patterns unreachable"
    );
    assert_eq!(refuse("match 1:\n    case [x] | [y]: pass\n"), "alternative patterns bind different names");
    assert_eq!(
        refuse("[(x := 1) for x in y]\n"),
        "assignment expression cannot rebind comprehension iteration variable 'x'"
    );
}

#[test]
fn deep_nesting_never_overflows() {
    assert_eq!(refuse(&"(".repeat(10_000)), "too many nested parentheses");
    assert_eq!(refuse(&format!("x = {}1\n", "-".repeat(100_000))), "source is too complex to parse");
    assert_eq!(refuse(&format!("x = a{}\n", ".b".repeat(100_000))), "expression is nested too deeply");
    accept(&format!("a = 1\nx = a{}\n", " + a".repeat(4_000)));
    accept(&format!("a = 1\nx = a{}\n", ".b".repeat(10_000)));
}

#[test]
fn every_diagnostic_page_tells_the_truth() {
    // What is found between languages is tested where there are several: tests/lang/cross.
    let of_python = |code: &&&molt_diagnostics::registry::Code| !code.page.contains("```grok");
    for code in molt_diagnostics::registry::ALL.iter().filter(of_python) {
        let mut blocks = code.page.split("```py\n").skip(1).map(|b| b.split("```").next().unwrap_or_default());
        let wrong = compile_with(blocks.next().unwrap_or_default().as_bytes(), &[]);
        assert!(wrong.diagnostics.iter().any(|d| d.code.id == code.id), "{}: {:?}", code.id, wrong.diagnostics);
        let repaired = compile_with(blocks.next().unwrap_or_default().as_bytes(), &[]);
        assert!(repaired.diagnostics.is_empty(), "{}: {:?}", code.id, repaired.diagnostics);
    }
}

#[test]
fn library_modules_compile() {
    let source = "import os, io, functools, collections.abc, operator, random, string, json, dataclasses, enum, typing, abc\n\
                  import contextlib, copy, heapq, bisect, types, keyword, reprlib, copyreg, weakref, numbers, textwrap\n\
                  import os.path, stat, graphlib, colorsys\nfrom collections import namedtuple\n";
    accept(source);
}

#[test]
fn data_classes_get_their_methods_at_compile_time() {
    let source = "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: 'str' = 'a'\n\n\
                  @dataclass(order=True)\nclass Q(P):\n    z: int = 1\n";
    let result = accept(source);
    let names = |index: usize| -> Vec<&str> {
        let main = result.program.entry_module;
        let site = result.program.classes.iter().filter(|(_, c)| Some(c.module) == main).nth(index).expect("a class").1;
        site.methods.iter().map(|&(s, _)| result.program.names.text(s)).collect()
    };
    assert_eq!(names(0), ["__dataclass_init__", "__dataclass_repr__", "__dataclass_eq__"]);
    assert!(names(1).is_empty());
}

#[test]
fn names_in_patterns_are_bound() {
    let result = accept("v = 1\nmatch v:\n    case [a, b]: print(a)\n    case [c, *_, d]: print(c)\n");
    let text: String =
        result.program.funcs.iter().map(|(id, f)| molt_ir::print::function(&result.program, id, f)).collect();
    assert!(text.contains("py.unpack ") && text.matches("py.getitem").count() == 2, "{text}");
    assert_eq!(text.matches("global.set").count(), 5, "{text}");
}
