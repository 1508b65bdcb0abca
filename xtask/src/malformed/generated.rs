//! Programs that are large, not text, or about the file system.

use super::{Case, Expected};

fn refused(id: &str) -> Expected {
    Expected::Refused { id: id.into(), line: None, message: None }
}

fn case(name: &str, source: impl Into<Vec<u8>>, expected: Expected) -> Case {
    let name = format!("generated/{name}");
    Case { name, files: vec![("main.py".into(), source.into())], expected, agrees: true }
}

/// A case in which Molt follows rules of its own.
fn own(case: Case) -> Case {
    Case { agrees: false, ..case }
}

pub fn cases() -> Vec<Case> {
    [nested(), chained(), wide(), huge(), encoded(), cut(), placed(), claude()].into_iter().flatten().collect()
}

const MANY: usize = 10_000;

/// `open … inner … close` with `n` of each.
fn around(open: &str, inner: &str, close: &str, n: usize) -> String {
    format!("x = {}{inner}{}\n", open.repeat(n), close.repeat(n))
}

/// `n` headers, each a blank deeper than the one before, and a statement inside.
fn blocks(header: &str, n: usize) -> String {
    let lines: String = (0..n).map(|i| format!("{}{header}\n", " ".repeat(i))).collect();
    format!("{lines}{}pass\n", " ".repeat(n))
}

fn nested() -> Vec<Case> {
    let limit = || refused("nesting-limit");
    let mut cases = Vec::new();
    for (name, open, close) in [("parentheses", "(", ")"), ("brackets", "[", "]"), ("braces", "{", "}")] {
        cases.push(case(&format!("{name} 10000"), around(open, "1", close, MANY), limit()));
        cases.push(case(&format!("{name} open"), open.repeat(MANY), limit()));
        let inner = if open == "{" { "" } else { "1" };
        cases.push(case(&format!("{name} 150"), around(open, inner, close, 150), Expected::Accepted));
    }
    cases.extend([
        case("calls in calls", format!("f = int\n{}", around("f(", "1", ")", 150)), Expected::Accepted),
        case("mixed brackets", around("([{1: ", "1", "}])", 4_000), limit()),
        case("f-strings in f-strings", around("f\"{", "1", "}\"", MANY), limit()),
        case("f-strings 140", around("f\"{", "1", "}\"", 140), Expected::Accepted),
        case("walrus in walrus", around("(a := ", "1", ")", 150), Expected::Accepted),
        case(
            "patterns",
            format!("match 1:\n case {}a{}: pass\n", "[".repeat(150), "]".repeat(150)),
            Expected::Accepted,
        ),
        case("patterns 10000", format!("match 1:\n case {}a{}: pass\n", "[".repeat(MANY), "]".repeat(MANY)), limit()),
        case("functions 99", blocks("def f():", 99), Expected::Accepted),
        case("functions 150", blocks("def f():", 150), refused("invalid-indentation")),
        case("functions 10000", blocks("def f():", 2_000), refused("invalid-indentation")),
        case("classes 99", blocks("class A:", 99), Expected::Accepted),
        case("ifs 99", blocks("if 1:", 99), Expected::Accepted),
        case("ifs 500", blocks("if 1:", 500), refused("invalid-indentation")),
        case("loops 21", blocks("while 1:", 21), Expected::Accepted),
        case("loops 22", blocks("while 1:", 22), limit()),
        case("managers 21", format!("with {}: pass\n", vec!["open(1)"; 21].join(", ")), Expected::Accepted),
        case("managers 22", format!("with {}: pass\n", vec!["open(1)"; 22].join(", ")), limit()),
        case("targets", format!("{}a{} = 1\n", "[".repeat(150), "]".repeat(150)), Expected::Accepted),
        case("deletions", format!("a = 1\ndel {}a{}\n", "(".repeat(150), ")".repeat(150)), Expected::Accepted),
        case("subscripts", format!("a = [0]\n{}", around("a[", "0", "]", 150)), Expected::Accepted),
        case("slices of slices", format!("a = [0]\n{}", around("a[:", "0", "]", 150)), Expected::Accepted),
        case("generators", format!("a = []\n{}", around("(", "1", " for b in a)", 100)), Expected::Accepted),
    ]);
    cases
}

fn chained() -> Vec<Case> {
    let limit = || refused("nesting-limit");
    let chain = |item: &str, op: &str, n: usize| format!("a = 1\nx = {}\n", vec![item; n].join(op));
    let mut cases = Vec::new();
    for (name, op) in [("minus", "-"), ("plus", "+ "), ("not", "not "), ("invert", "~"), ("mixed", "-~not ")] {
        cases.push(case(&format!("unary {name} 100000"), format!("x = {}1\n", op.repeat(100_000)), limit()));
        let accepted = if name == "mixed" { refused("invalid-syntax") } else { Expected::Accepted };
        cases.push(case(&format!("unary {name} 1000"), format!("x = {}1\n", op.repeat(1_000)), accepted));
    }
    for op in ["+", "-", "*", "%", "@", "<<", "|", "&", "//"] {
        cases.push(case(&format!("chain of {op} 1000"), chain("a", op, 1_000), Expected::Accepted));
    }
    for (name, op) in [("plus", "+"), ("power", "**"), ("conditional", " if a else ")] {
        cases.push(case(&format!("chain of {name} 100000"), chain("a", op, 100_000), limit()));
    }
    for (name, op) in [("and", " and "), ("or", " or "), ("less", " < "), ("equal", " == "), ("in", " in ")] {
        cases.push(case(&format!("chain of {name} 2000"), chain("a", op, 2_000), Expected::Accepted));
    }
    for (name, tail) in [("attributes", ".b"), ("calls", "()"), ("subscripts", "[0]")] {
        let source = |n: usize| format!("a = 1\nx = a{}\n", tail.repeat(n));
        cases.push(case(&format!("chain of {name} 1000"), source(1_000), Expected::Accepted));
        cases.push(case(&format!("chain of {name} 100000"), source(100_000), limit()));
    }
    cases.extend([
        case("lambdas 1000", format!("x = {}1\n", "lambda: ".repeat(1_000)), Expected::Accepted),
        case("lambdas 10000", format!("x = {}1\n", "lambda: ".repeat(MANY)), limit()),
        case("stars 10000", format!("x = {}a\n", "*".repeat(MANY)), limit()),
        case("assignments 2000", format!("{}1\n", "a = ".repeat(2_000)), Expected::Accepted),
        case("elif 2000", format!("x = 1\nif x: pass\n{}", "elif x: pass\n".repeat(2_000)), Expected::Accepted),
        case("decorators 2000", format!("d = int\n{}def f(): pass\n", "@d\n".repeat(2_000)), Expected::Accepted),
        case("semicolons", "x = -1;".repeat(MANY), Expected::Accepted),
        case("continued lines", format!("x = 1{}+ 1\n", " \\\n".repeat(MANY)), Expected::Accepted),
        own(case("awaits 10000", format!("async def f():\n x = {}a\n", "await ".repeat(MANY)), limit())),
        case("dots of an import", format!("from {} import a\n", ".".repeat(MANY)), refused("module-not-found")),
        case("names of an import", format!("import {}\n", vec!["a"; 3_000].join(".")), refused("module-not-found")),
    ]);
    // That a module is missing is not the concern of the reference's compiler.
    let imports = cases.iter_mut().filter(|c| c.name.contains("of an import"));
    imports.for_each(|c| c.agrees = false);
    cases
}

fn wide() -> Vec<Case> {
    let many = |n: usize, item: &dyn Fn(usize) -> String| (0..n).map(item).collect::<String>();
    let ok = Expected::Accepted;
    vec![
        case("targets 2000", format!("x = []\n{}b = x\n", many(2_000, &|i| format!("a{i}, "))), ok.clone()),
        case("names of f-string 1000", format!("a = 1\nx = f\"{}\"\n", "{a}".repeat(1_000)), ok.clone()),
        case("list of 100000", format!("x = [{}]\n", "1, ".repeat(100_000)), ok.clone()),
        case("dict of 20000", format!("x = {{{}}}\n", many(20_000, &|i| format!("{i}: {i}, "))), ok.clone()),
        case("lines 100000", "x = 1\n".repeat(100_000), ok.clone()),
        case("functions 3000", many(3_000, &|i| format!("def f{i}(): return {i}\n")), ok.clone()),
        case("parameters 3000", format!("def f({}): pass\n", many(3_000, &|i| format!("a{i}, "))), ok.clone()),
        case("arguments 3000", format!("print({})\n", "1, ".repeat(3_000)), ok.clone()),
        case("annotations 1000", many(1_000, &|i| format!("a{i}: int\n")), ok.clone()),
        case("bases 500", format!("class A({}): pass\n", "int, ".repeat(500)), ok.clone()),
        case("type parameters 300", format!("def f[{}](): pass\n", many(300, &|i| format!("T{i}, "))), ok.clone()),
        case("cases 2000", format!("match 1:\n{}", many(2_000, &|i| format!(" case {i}: pass\n"))), ok.clone()),
        case("handlers 1000", format!("try: pass\n{}", many(1_000, &|i| format!("except E{i}: pass\n"))), ok.clone()),
        case("yields 400", format!("def g():\n{}", many(400, &|i| format!(" yield {i}\n"))), ok.clone()),
        case("globals 3000", format!("def f():\n global {}a\n", many(3_000, &|i| format!("a{i}, "))), ok.clone()),
        case("loops of a comprehension 60", format!("a = []\nx = [1{}]\n", " for b in a".repeat(60)), ok.clone()),
        own(case(
            "targets 70000",
            format!("x = []\n{}b = x\n", "a, ".repeat(70_000)),
            refused("unsupported-construct"),
        )),
        case("strings side by side", format!("x = {}\n", "\"a\" ".repeat(MANY)), ok),
    ]
}

fn huge() -> Vec<Case> {
    let nines = |n: usize| "9".repeat(n);
    vec![
        case("int of 4300 digits", format!("x = {}\n", nines(4_300)), Expected::Accepted),
        case("int of 4301 digits", format!("x = {}\n", nines(4_301)), refused("invalid-syntax")),
        case("int of 1000000 digits", format!("x = {}\n", nines(1_000_000)), refused("invalid-syntax")),
        case("hex of 1000000 digits", format!("x = 0x{}\n", nines(1_000_000)), Expected::Accepted),
        case("binary of 1000000 digits", format!("x = 0b{}\n", "1".repeat(1_000_000)), Expected::Accepted),
        case("float of 1000000 digits", format!("x = 1.{}\n", nines(1_000_000)), Expected::Accepted),
        case("exponent of 1000 digits", format!("x = 1e{}\n", nines(1_000)), Expected::Accepted),
        case("string of 10 MB", format!("x = \"{}\"\n", "a".repeat(10_000_000)), Expected::Accepted),
        case("bytes of 10 MB", format!("x = b\"{}\"\n", "a".repeat(10_000_000)), Expected::Accepted),
        case("open string of 10 MB", format!("x = \"{}", "a".repeat(10_000_000)), refused("invalid-syntax")),
        case("open long string of 10 MB", format!("x = '''{}", "a\n".repeat(5_000_000)), refused("invalid-syntax")),
        case("comment of 10 MB", format!("#{}", "a".repeat(10_000_000)), Expected::Accepted),
        case("name of 1 MB", format!("{} = 1\n", "a".repeat(1_000_000)), Expected::Accepted),
        case("blank of 1 MB", " ".repeat(1_000_000), Expected::Accepted),
        case("indentation of 1 MB", format!("if 1:\n{}pass\n", " ".repeat(1_000_000)), Expected::Accepted),
        case("newlines", "\n".repeat(1_000_000), Expected::Accepted),
        case("repeated string", "x = 'a' * 10**15\n", Expected::Accepted),
        case("great power", "x = 2 ** 10**9\n", Expected::Accepted),
        case("great shift", "x = 1 << 10**12\n", Expected::Accepted),
        case("repeated tuple", "x = (1,) * 10**15\n", Expected::Accepted),
        case("wide format", "x = '%1000000000000d' % 1\n", Expected::Accepted),
    ]
}

fn encoded() -> Vec<Case> {
    let bad = || refused("invalid-encoding");
    vec![
        case("empty", "", Expected::Accepted),
        case("mark alone", b"\xef\xbb\xbf".as_slice(), Expected::Accepted),
        case("mark", b"\xef\xbb\xbfx = 1\n".as_slice(), Expected::Accepted),
        case("mark and its encoding", b"\xef\xbb\xbf# coding: utf-8\nx = 1\n".as_slice(), Expected::Accepted),
        case("mark and another encoding", b"\xef\xbb\xbf# coding: latin-1\nx = 1\n".as_slice(), bad()),
        case("mark of UTF-16", b"\xff\xfex\0=\x001\0".as_slice(), bad()),
        case("mark of UTF-16 big", b"\xfe\xff\0x\0=\x001".as_slice(), bad()),
        case("mark in the middle", "x = 1\n\u{feff}y = 2\n", refused("invalid-syntax")),
        case("NUL", b"x = 1\0\n".as_slice(), bad()),
        case("NUL in a comment", b"# \0\nx = 1\n".as_slice(), bad()),
        case("NUL in a string", b"x = '\0'\n".as_slice(), bad()),
        case("Latin-1 without a word", b"x = '\xe9'\n".as_slice(), bad()),
        // Compiled from memory, the reference lets it pass; from a file it does not.
        Case { agrees: false, ..case("Latin-1 in a comment", b"# \xe9\n".as_slice(), bad()) },
        case("Latin-1", b"# coding: latin-1\nx = '\xe9'\n".as_slice(), Expected::Accepted),
        case("Windows", b"# coding: cp1252\nx = '\x80'\n".as_slice(), Expected::Accepted),
        case("Latin-9", b"# -*- coding: iso-8859-15 -*-\nx = '\xa4'\n".as_slice(), Expected::Accepted),
        case("Japanese", b"# coding: shift_jis\nx = '\x82\xa0'\n".as_slice(), Expected::Accepted),
        case("broken Japanese", b"# coding: shift_jis\nx = '\x82'\n".as_slice(), bad()),
        case("unknown encoding", "# coding: klingon\nx = 1\n", bad()),
        case("encoding in the third line", "\n\n# coding: klingon\nx = 1\n", Expected::Accepted),
        case("declared ASCII", "# coding: ascii\nx = 'é'\n", bad()),
        case("declared UTF-8", b"# coding: utf-8\nx = '\xff'\n".as_slice(), bad()),
        case("overlong", b"x = '\xc0\x80'\n".as_slice(), bad()),
        case("surrogate", b"x = '\xed\xa0\x80'\n".as_slice(), bad()),
        case("beyond Unicode", b"x = '\xf5\x80\x80\x80'\n".as_slice(), bad()),
        case("all bytes", (0..=255u8).collect::<Vec<u8>>(), bad()),
        case("carriage returns", "x = 1\ry = 2\r", Expected::Accepted),
        case("form feed", "\x0cx = 1\n", Expected::Accepted),
        case("control character", "x = 1\x01\n", refused("invalid-syntax")),
        case("end of text", "x = 1\n\x1a", refused("invalid-syntax")),
        case("no newline at the end", "x = 1", Expected::Accepted),
        case("wide blank", "x\u{3000}= 1\n", refused("invalid-syntax")),
        case("direction mark", "x\u{202e} = 1\n", refused("invalid-syntax")),
        case("combining name", "e\u{301} = 1\n\u{e9} += 1\n", Expected::Accepted),
        case("emoji", "😀 = 1\n", refused("invalid-syntax")),
    ]
}

/// A program cut off after each of its characters where that leaves no program.
fn cut() -> Vec<Case> {
    const WHOLE: &str = "@d(1)\nclass A(B, c=[2]):\n    def f(self, *a: int, b={3: 'x'}, **k) -> (lambda: 1):\n        \
                         return f\"{a!r:>{b}}\" if (yield) else [x for x in a if x]\n";
    let broken = [
        "@d(",
        "@d(1)\n",
        "class A(",
        "class A(B, c=[",
        "def f(",
        "{3: 'x",
        "-> (lambda",
        "f\"{",
        "if (yield",
        "[x for",
    ];
    let ends = broken.iter().map(|piece| {
        let at = WHOLE.find(piece).expect("a piece of the program") + piece.len();
        case(&format!("cut after {piece:?}"), &WHOLE[..at], refused("invalid-syntax"))
    });
    ends.collect()
}

/// Several files, and places that are no files.
fn placed() -> Vec<Case> {
    let files = |name: &str, files: &[(&str, &[u8])], expected: Expected| Case {
        name: format!("generated/{name}"),
        files: files.iter().map(|(n, c)| ((*n).to_owned(), c.to_vec())).collect(),
        expected,
        agrees: false,
    };
    let missing = || refused("module-not-found");
    vec![
        files("folder", &[("main.py/", b"")], Expected::Unreadable),
        files("folder of modules", &[("main.py", b"import a.b\n"), ("a/", b"")], missing()),
        files("missing module", &[("main.py", b"import nothing_here\n")], missing()),
        files("missing member", &[("main.py", b"import a.b\n"), ("a.py", b"")], missing()),
        files("missing from above", &[("main.py", b"from . import a\n")], missing()),
        files("missing in a function", &[("main.py", b"def f():\n    import nothing_here\n")], missing()),
        files(
            "missing but caught",
            &[("main.py", b"try: import nothing_here\nexcept ImportError: pass\n")],
            Expected::Accepted,
        ),
        files("imports itself", &[("main.py", b"import main\n")], Expected::Accepted),
        files(
            "cycle",
            &[("main.py", b"import a\n"), ("a.py", b"import b\n"), ("b.py", b"import a\n")],
            Expected::Accepted,
        ),
        files(
            "cycle of stars",
            &[("main.py", b"from a import *\n"), ("a.py", b"from b import *\n"), ("b.py", b"from a import *\n")],
            Expected::Accepted,
        ),
        files(
            "cycle of packages",
            &[
                ("main.py", b"import p\n"),
                ("p/__init__.py", b"from . import q\n"),
                ("p/q.py", b"from . import q\nimport p.q\n"),
            ],
            Expected::Accepted,
        ),
        files("fault in a module", &[("main.py", b"import a\n"), ("a.py", b"x = (\n")], refused("invalid-syntax")),
        files(
            "encoding of a module",
            &[("main.py", b"import a\n"), ("a.py", b"x = '\xff'\n")],
            refused("invalid-encoding"),
        ),
        files("empty module", &[("main.py", b"import a\n"), ("a.py", b"")], Expected::Accepted),
        files("module that is a folder", &[("main.py", b"import a\n"), ("a.py/", b"")], missing()),
        files("package that is a folder", &[("main.py", b"import a\n"), ("a/__init__.py/", b"")], Expected::Accepted),
    ]
}

/// ClaudeLang texts that are deep, large or no text.
fn claude() -> Vec<Case> {
    let bad = |name: &str, source: Vec<u8>| Case {
        name: format!("generated/claude {name}"),
        files: vec![("main.cl".into(), source)],
        expected: refused("malformed-syntax"),
        agrees: false,
    };
    let deep = |open: &str, close: &str| (open.repeat(MANY) + "a" + &close.repeat(MANY)).into_bytes();
    vec![
        bad("parentheses 10000", deep("(", ")")),
        bad("brackets 10000", deep("[", "]")),
        bad("braces 10000", deep("{", "}")),
        bad("sets 10000", deep("#{", "}")),
        bad("quotes 10000", deep("'", "")),
        bad("open 10000", "(".repeat(MANY).into_bytes()),
        bad("closed 10000", ")".repeat(MANY).into_bytes()),
        bad("open string of 10 MB", format!("\"{}", "a".repeat(10_000_000)).into_bytes()),
        bad("open comment of 10 MB", format!("#|{}", "a#".repeat(5_000_000)).into_bytes()),
        bad("NUL", b"(a \0)".to_vec()),
        bad("mark of UTF-16", b"\xff\xfe(\0)\0".to_vec()),
        bad("Latin-1", b"(print \"\xe9\")".to_vec()),
        bad("all bytes", (0..=255).collect()),
        Case {
            expected: Expected::Unreadable,
            files: vec![("main.cl/".into(), Vec::new())],
            ..bad("folder", Vec::new())
        },
    ]
}
