use std::path::PathBuf;
use std::thread::JoinHandle;

use lsp_server::{Connection, Message, Notification, Request, RequestId};
use serde_json::{Value, json};

use super::*;

/// An editor and the server that it speaks to, over a folder of its own.
struct Editor {
    connection: Connection,
    server: Option<JoinHandle<Result<(), ServeError>>>,
    folder: PathBuf,
    count: i32,
}

impl Editor {
    fn new(name: &str, files: &[(&str, &str)]) -> Editor {
        Editor::with(name, files, json!({}))
    }

    fn with(name: &str, files: &[(&str, &str)], capabilities: Value) -> Editor {
        let folder = std::env::temp_dir().join(format!("molt-lsp-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("there is a place for tests");
        for (file, text) in files {
            std::fs::write(folder.join(file), text).expect("the folder is there");
        }
        let (mine, theirs) = Connection::memory();
        let server = std::thread::spawn(move || serve_connection(theirs, None));
        let mut editor = Editor { connection: mine, server: Some(server), folder, count: 0 };
        let root = json!({"uri": editor.uri(""), "name": "test"});
        editor.ask("initialize", json!({"capabilities": capabilities, "workspaceFolders": [root]}));
        editor.tell("initialized", json!({}));
        editor
    }

    fn uri(&self, file: &str) -> String {
        format!("file://{}/{file}", self.folder.display())
    }

    fn tell(&self, method: &str, params: Value) {
        let message = Notification { method: method.to_owned(), params };
        self.connection.sender.send(message.into()).expect("the server listens");
    }

    /// The answer to a request: its result, or the text of its error.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.count += 1;
        let request = Request { id: RequestId::from(self.count), method: method.to_owned(), params };
        self.connection.sender.send(request.into()).expect("the server listens");
        loop {
            match self.connection.receiver.recv().expect("the server answers") {
                Message::Response(r) => return r.result.or(r.error.map(|e| e.message.into())).unwrap_or_default(),
                Message::Notification(_) | Message::Request(_) => {}
            }
        }
    }

    fn open(&mut self, file: &str, text: &str) {
        let item = json!({"uri": self.uri(file), "languageId": "claudelang", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": item}));
    }

    fn edit(&self, file: &str, version: i32, (line, from, to): (u32, u32, u32), text: &str) {
        let at = |c| json!({"line": line, "character": c});
        let change = json!({"range": {"start": at(from), "end": at(to)}, "text": text});
        let document = json!({"uri": self.uri(file), "version": version});
        self.tell("textDocument/didChange", json!({"textDocument": document, "contentChanges": [change]}));
    }

    /// What is wrong with a file, as the server tells it next: places and first lines of the messages.
    fn findings(&mut self, file: &str) -> Vec<String> {
        loop {
            let Message::Notification(n) = self.connection.receiver.recv().expect("the server tells") else { continue };
            if n.params["uri"] != self.uri(file) {
                continue;
            }
            let all = n.params["diagnostics"].as_array().expect("it is a list").iter();
            let line = |d: &Value| d["message"].as_str().and_then(|m| m.lines().next()).unwrap_or_default().to_owned();
            return all.map(|d| format!("{} {}", range(&d["range"]), line(d))).collect();
        }
    }

    fn at(&mut self, method: &str, file: &str, line: u32, character: u32) -> Value {
        let position = json!({"line": line, "character": character});
        let context = json!({"includeDeclaration": true, "triggerKind": 1, "isRetrigger": false});
        let document = json!({"uri": self.uri(file)});
        self.ask(method, json!({"textDocument": document, "position": position, "context": context}))
    }

    fn of(&mut self, method: &str, file: &str) -> Value {
        let options = json!({"tabSize": 2, "insertSpaces": true});
        let all = json!({"start": {"line": 0, "character": 0}, "end": {"line": 999, "character": 0}});
        let document = json!({"uri": self.uri(file)});
        let context = json!({"diagnostics": []});
        self.ask(method, json!({"textDocument": document, "options": options, "range": all, "context": context}))
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        let ended = self.server.take().expect("it runs").join();
        // What is left behind is in the folder of temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
        if !std::thread::panicking() {
            assert!(matches!(ended, Ok(Ok(()))), "{ended:?}");
        }
    }
}

fn range(r: &Value) -> String {
    let at = |p: &Value| format!("{}:{}", p["line"], p["character"]);
    format!("{}-{}", at(&r["start"]), at(&r["end"]))
}

fn ranges(all: &Value) -> Vec<String> {
    all.as_array().into_iter().flatten().map(|l| range(&l["range"])).collect()
}

#[test]
fn findings_follow_the_text() {
    let mut editor = Editor::new("findings", &[]);
    editor.open("a.cl", "(define total 1)\n(print totl)\n");
    assert_eq!(editor.findings("a.cl"), ["1:7-1:11 `totl` is not bound"]);
    let actions = editor.of("textDocument/codeAction", "a.cl");
    let edit = &actions[0]["edit"]["changes"][editor.uri("a.cl")][0];
    assert_eq!((edit["newText"].as_str(), range(&edit["range"])), (Some("total"), "1:7-1:11".to_owned()));
    editor.edit("a.cl", 2, (1, 7, 11), "total");
    assert!(editor.findings("a.cl").is_empty());
    editor.edit("a.cl", 3, (1, 12, 13), "");
    assert_eq!(editor.findings("a.cl"), ["1:0-1:1 this bracket is not closed"]);
    editor.tell("textDocument/didClose", json!({"textDocument": {"uri": editor.uri("a.cl")}}));
    assert!(editor.findings("a.cl").is_empty());
}

#[test]
fn faults_of_imported_modules_stand_at_the_import() {
    let mut editor = Editor::new("imports", &[("lib.cl", "(export f)\n(define (f x) (+ x \"a\"))\n")]);
    editor.open("a.cl", "(import \"./lib\" (f))\n(print (f 1))\n");
    assert_eq!(editor.findings("a.cl"), ["0:8-0:15 something is wrong in this module"]);
    // The text that is open hides the file, and who imports it is looked at again.
    editor.open("lib.cl", "(export f)\n(define (f x) (+ x 1))\n");
    assert!(editor.findings("a.cl").is_empty());
}

#[test]
fn names_are_found_and_changed_in_all_files() {
    let lib = "(export area)\n(define (area w h)\n  (* w h))\n";
    let mut editor = Editor::new("names", &[("lib.cl", lib)]);
    editor.open("a.cl", "(import \"./lib\" (area))\n(print (area 1 2) (lib:area 3 4))\n");
    let definition = editor.at("textDocument/definition", "a.cl", 1, 9);
    assert_eq!(
        (definition["uri"].as_str(), range(&definition["range"])),
        (Some(editor.uri("lib.cl").as_str()), "1:9-1:13".to_owned())
    );
    let module = editor.at("textDocument/definition", "a.cl", 0, 10);
    assert_eq!(module["uri"], editor.uri("lib.cl"));
    let references = editor.at("textDocument/references", "a.cl", 0, 18);
    assert_eq!(ranges(&references).len(), 5);
    let place = json!({"uri": editor.uri("a.cl")});
    let params = json!({"textDocument": place, "position": {"line": 1, "character": 9}, "newName": "surface"});
    let edits = editor.ask("textDocument/rename", params.clone());
    let here = &edits["changes"][editor.uri("a.cl")];
    assert_eq!(ranges(here), ["0:17-0:21", "1:8-1:12", "1:23-1:27"]);
    assert_eq!(ranges(&edits["changes"][editor.uri("lib.cl")]), ["0:8-0:12", "1:9-1:13"]);
    let mut wrong = params;
    wrong["newName"] = json!("a b");
    assert_eq!(editor.ask("textDocument/rename", wrong), "`a b` is no name that can be defined");
    let library = editor.at("textDocument/prepareRename", "a.cl", 1, 2);
    assert_eq!(library, "`io:print` is not defined in a text that can be changed");
}

#[test]
fn what_is_known_is_shown() {
    let text = "(define (half (n : Int))\n  \"One of two parts.\"\n  (print n)\n  (quot n 2))\n(half 4)\n";
    let mut editor = Editor::new("shown", &[]);
    editor.open("a.cl", text);
    let hover = editor.at("textDocument/hover", "a.cl", 4, 2);
    let shown = hover["contents"]["value"].as_str().unwrap_or_default();
    assert_eq!(shown, "```claudelang\nhalf : (Function Int Int) {io:print}\n```\nprocedure\n\nOne of two parts.\n");
    let hints = editor.of("textDocument/inlayHint", "a.cl");
    assert_eq!(
        (hints[0]["label"].as_str(), hints[0]["position"]["character"].as_i64()),
        (Some("{io:print}"), Some(24))
    );
    let help = editor.at("textDocument/signatureHelp", "a.cl", 4, 6);
    assert_eq!(help["signatures"][0]["label"], "(half n) : (Function Int Int) {io:print}");
    assert_eq!(help["signatures"][0]["parameters"][0]["label"], json!([6, 7]));
    let symbols = editor.of("textDocument/documentSymbol", "a.cl");
    assert_eq!((symbols[0]["name"].as_str(), range(&symbols[0]["range"])), (Some("half"), "0:0-3:13".to_owned()));
    let found = editor.ask("workspace/symbol", json!({"query": "hf"}));
    assert_eq!(found[0]["name"], "half");
    let folding = editor.of("textDocument/foldingRange", "a.cl");
    assert_eq!((folding[0]["startLine"].as_i64(), folding[0]["endLine"].as_i64()), (Some(0), Some(3)));
    let highlights = editor.at("textDocument/documentHighlight", "a.cl", 2, 9);
    assert_eq!(ranges(&highlights), ["0:15-0:16", "2:9-2:10", "3:8-3:9"]);
    let proposals = editor.at("textDocument/completion", "a.cl", 3, 4);
    assert!(proposals.as_array().is_some_and(|all| all.iter().any(|p| p["label"] == "quot")), "{proposals}");
    let formatted = editor.of("textDocument/formatting", "a.cl");
    assert_eq!(formatted, json!([]));
}

#[test]
fn positions_count_what_was_agreed_on() {
    let text = "(define (f 𝑥) (g \"é\" 𝑥))\n";
    let utf8 = json!({"general": {"positionEncodings": ["utf-8", "utf-16"]}});
    for (name, capabilities, place) in [("utf16", json!({}), "0:16-0:17"), ("utf8", utf8, "0:18-0:19")] {
        let mut editor = Editor::with(name, &[], capabilities);
        editor.open("a.cl", text);
        assert_eq!(editor.findings("a.cl"), [format!("{place} `g` is not bound")]);
    }
}

#[test]
fn tokens_are_told_by_their_distance() {
    let mut editor = Editor::new("tokens", &[]);
    editor.open("a.cl", "(define n 1)\n(f n)\n");
    let tokens = editor.of("textDocument/semanticTokens/full", "a.cl");
    let data: Vec<u64> = tokens["data"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    assert_eq!(data, [0, 1, 6, 0, 0, 0, 7, 1, 4, 1, 0, 2, 1, 1, 0, 1, 3, 1, 4, 0]);
}

#[test]
fn what_the_protocol_does_not_allow_is_answered() {
    let mut editor = Editor::new("protocol", &[]);
    assert_eq!(editor.ask("textDocument/unheardOf", json!({})), "`textDocument/unheardOf` is not known here");
    let wrong = editor.ask("textDocument/hover", json!({"textDocument": 1}));
    assert!(wrong.as_str().is_some_and(|w| w.contains("invalid type")), "{wrong}");
    assert_eq!(editor.at("textDocument/hover", "not-open.cl", 0, 0), Value::Null);
}

#[test]
fn macros_without_an_end_do_not_hold_the_server_up() {
    let mut editor = Editor::new("endless", &[]);
    editor.open("a.cl", "(define-macro (forever) (let turn () (turn)))\n(forever)\n");
    let findings = editor.findings("a.cl");
    assert!(findings.len() == 1 && findings[0].starts_with("1:0-1:9 macro `forever` raised"), "{findings:?}");
}

/// Edits that somebody may make.
const SNIPPETS: [&str; 18] = [
    "",
    "(",
    ")",
    "[",
    "}",
    "\"",
    "'",
    "`",
    ",@",
    ";",
    "#|",
    ":",
    "x",
    "é𝑥",
    "\n",
    "(define (f a) a)",
    "(let ((y 1)) y)",
    "(import \"./b\" *)",
];

#[test]
fn no_edit_ends_the_server() {
    let program = include_str!("../../../tests/programs/claude_interpreter.cl");
    let mut editor = Editor::new("edits", &[("b.cl", program)]);
    editor.open("a.cl", program);
    let mut lines: Vec<usize> = program.split('\n').map(str::len).collect();
    let mut state = 7_u64;
    let mut random = move |below: usize| {
        // Xorshift, after Marsaglia.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as u32
    };
    let asked = [
        "textDocument/completion",
        "textDocument/hover",
        "textDocument/definition",
        "textDocument/references",
        "textDocument/documentHighlight",
        "textDocument/prepareRename",
        "textDocument/signatureHelp",
    ];
    let of_text = [
        "textDocument/documentSymbol",
        "textDocument/semanticTokens/full",
        "textDocument/foldingRange",
        "textDocument/formatting",
        "textDocument/codeAction",
        "textDocument/inlayHint",
    ];
    for version in 2..120 {
        let line = random(lines.len() + 1);
        let length = lines.get(line as usize).copied().unwrap_or(0);
        let (from, to) = (random(length + 2), random(length + 2));
        let snippet = SNIPPETS[random(SNIPPETS.len()) as usize];
        editor.edit("a.cl", version, (line, from.min(to), to.max(from)), snippet);
        if snippet == "\n" {
            lines.push(40);
        }
        let at = (random(lines.len()), random(60));
        editor.at(asked[version as usize % asked.len()], "a.cl", at.0, at.1);
        editor.of(of_text[version as usize % of_text.len()], "a.cl");
    }
    editor.open("a.cl", "(print 1)\n");
    assert!(editor.at("textDocument/hover", "a.cl", 0, 2)["contents"]["value"].is_string());
}
