//! Pages as HTML: one file a module, one style sheet, no scripts, nothing from the network.

use std::collections::HashMap;
use std::fmt::Write as _;

use molt_base::FileId;
use molt_grok::syntax::{SyntaxKind, lexer};
use pulldown_cmark::{BrokenLink, CowStr, Options, Parser};

use super::{Item, Kind, Language, Page};

/// The style sheet's name beside the root page.
const STYLE_NAME: &str = "style.css";
const STYLE: &str = include_str!("style.css");

/// Words before the name that they declare.
const DECLARING: &[&str] = &["actor", "const", "enum", "fn", "static", "struct", "trait", "type"];

/// Where the page of a module lies below the folder of the pages.
fn file_name(path: &[String]) -> String {
    path.iter().map(|p| format!("{p}/")).collect::<String>() + "index.html"
}

/// All pages as files: name and text.
pub fn files(language: Language, package: &str, version: &str, pages: &[Page]) -> Vec<(String, String)> {
    let mut out = vec![(STYLE_NAME.to_owned(), STYLE.to_owned())];
    let places = places(pages);
    for page in pages {
        let writer = Writer { language, package, version, places: &places, page };
        out.push((file_name(&page.path), writer.page()));
    }
    out
}

/// The pages and anchors of all items by name; names that several items have lead nowhere.
fn places(pages: &[Page]) -> HashMap<&str, Option<String>> {
    let mut out: HashMap<&str, Option<String>> = HashMap::new();
    for page in pages {
        for item in &page.items {
            let place = format!("{}#{}", file_name(&page.path), item.name);
            out.entry(&item.name).and_modify(|p| *p = None).or_insert(Some(place));
        }
    }
    out
}

struct Writer<'a> {
    language: Language,
    package: &'a str,
    version: &'a str,
    places: &'a HashMap<&'a str, Option<String>>,
    page: &'a Page,
}

impl Writer<'_> {
    /// The way from this page to the folder of all pages.
    fn up(&self) -> String {
        "../".repeat(self.page.path.len())
    }

    fn title(&self) -> String {
        std::iter::once(self.package).chain(self.page.path.iter().map(String::as_str)).collect::<Vec<_>>().join(
            match self.language {
                Language::Grok => "::",
                Language::Claude => ".",
            },
        )
    }

    fn page(&self) -> String {
        let title = escape(&self.title());
        let up = self.up();
        // A file of ClaudeLang that stands alone is no package.
        let is_alone = self.language == Language::Claude && self.page.modules.is_empty();
        let is_package = self.page.path.is_empty() && !is_alone;
        let mut body = format!("<h1>{} <code>{title}</code></h1>\n", if is_package { "Package" } else { "Module" });
        body.push_str(&self.markdown(&self.page.docs));
        if !self.page.modules.is_empty() {
            body.push_str("<h2>Modules</h2>\n<ul>\n");
            for m in &self.page.modules {
                let m = escape(m);
                let _ = writeln!(body, "<li><a href=\"{m}/index.html\"><code>{m}</code></a></li>");
            }
            body.push_str("</ul>\n");
        }
        let mut kind = None;
        for item in &self.page.items {
            if kind != Some(item.kind) {
                let _ = writeln!(body, "<h2>{}</h2>", item.kind.heading());
                kind = Some(item.kind);
            }
            self.item(item, &mut body);
        }
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
             <link rel=\"stylesheet\" href=\"{up}{STYLE_NAME}\">\n</head>\n<body>\n<nav>{}</nav>\n<main>\n{body}</main>\n</body>\n</html>\n",
            self.navigation()
        )
    }

    /// Links to the modules around this one, and to the items of the page.
    fn navigation(&self) -> String {
        let mut out = format!(
            "<p><a href=\"{}index.html\"><b>{}</b></a> {}</p>\n",
            self.up(),
            escape(self.package),
            escape(self.version)
        );
        for (n, part) in self.page.path.iter().enumerate() {
            let up = "../".repeat(self.page.path.len() - n - 1);
            let _ = writeln!(out, "<p>{}<a href=\"{up}index.html\">{}</a></p>", "&nbsp;".repeat(n + 1), escape(part));
        }
        out.push_str("<ul>\n");
        for item in &self.page.items {
            let name = escape(&item.name);
            let _ = writeln!(out, "<li><a href=\"#{name}\"><code>{name}</code></a></li>");
        }
        out.push_str("</ul>\n");
        out
    }

    fn item(&self, item: &Item, out: &mut String) {
        let name = escape(&item.name);
        let _ = writeln!(out, "<section id=\"{name}\">\n<h3><a href=\"#{name}\"><code>{name}</code></a></h3>");
        self.signature(item, out);
        out.push_str(&self.markdown(&item.docs));
        if !item.implements.is_empty() {
            let list: Vec<String> = item.implements.iter().map(|t| format!("<code>{}</code>", self.code(t))).collect();
            let _ = writeln!(out, "<p class=\"implements\">Implements {}</p>", list.join(", "));
        }
        let mut kind: Option<Kind> = None;
        for member in &item.members {
            if kind != Some(member.kind) {
                let _ = writeln!(out, "<h4>{}</h4>", member.kind.heading());
                kind = Some(member.kind);
            }
            let _ = writeln!(out, "<div class=\"member\" id=\"{name}.{}\">", escape(&member.name));
            self.signature(member, out);
            out.push_str(&self.markdown(&member.docs));
            out.push_str("</div>\n");
        }
        out.push_str("</section>\n");
    }

    fn signature(&self, item: &Item, out: &mut String) {
        let _ = writeln!(out, "<pre class=\"signature\"><code>{}</code></pre>", self.code(&item.signature));
        if let Some(inferred) = &item.inferred {
            let _ = writeln!(out, "<p class=\"inferred\">inferred: <code>{}</code></p>", self.code(inferred));
        }
    }

    /// A piece of the language: names of items are links.
    fn code(&self, text: &str) -> String {
        match self.language {
            Language::Grok => self.grok_code(text),
            Language::Claude => self.claude_code(text),
        }
    }

    fn claude_code(&self, text: &str) -> String {
        let mut out = String::new();
        let ends_name = |c: char| c.is_whitespace() || "()[]{}\",`'@".contains(c);
        for piece in text.split_inclusive(ends_name) {
            let name = piece.trim_end_matches(ends_name);
            match self.places.get(name) {
                Some(Some(place)) => {
                    let _ = write!(out, "<a href=\"{}{}\">{}</a>", self.up(), escape(place), escape(name));
                }
                _ => out.push_str(&escape(name)),
            }
            out.push_str(&escape(&piece[name.len()..]));
        }
        out
    }

    fn grok_code(&self, text: &str) -> String {
        let tokens = lexer::lex(FileId(0), text).tokens;
        let mut out = String::new();
        let mut declares = false;
        for t in 0..tokens.len() as u32 {
            let piece = tokens.text(t);
            let (kind, is_declared) = (tokens.kind(t), declares);
            if !kind.is_trivia() {
                declares = DECLARING.contains(&piece);
            }
            match (kind, self.places.get(piece)) {
                (SyntaxKind::Ident, Some(Some(place))) if !is_declared => {
                    let _ = write!(out, "<a href=\"{}{place}\">{}</a>", self.up(), escape(piece));
                }
                (kind, _) if kind.is_keyword() => {
                    let _ = write!(out, "<b>{}</b>", escape(piece));
                }
                _ => out.push_str(&escape(piece)),
            }
        }
        out
    }

    /// Markdown as HTML. `[Name]` without a target is a link to the item of that name; HTML of the author is shown as text.
    fn markdown(&self, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        let resolve = |link: BrokenLink<'_>| {
            let name = link.reference.trim_matches('`').rsplit("::").next().unwrap_or_default().to_owned();
            let place = self.places.get(name.as_str())?.as_ref()?;
            Some((CowStr::from(format!("{}{place}", self.up())), CowStr::from(name)))
        };
        let hidden = without_hidden_lines(text);
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES;
        let events = Parser::new_with_broken_link_callback(&hidden, options, Some(resolve)).map(|event| match event {
            pulldown_cmark::Event::Html(t) | pulldown_cmark::Event::InlineHtml(t) => pulldown_cmark::Event::Text(t),
            other => other,
        });
        let mut out = String::new();
        pulldown_cmark::html::push_html(&mut out, events);
        out
    }
}

/// Lines of examples that begin with `# ` belong to the program only.
fn without_hidden_lines(text: &str) -> String {
    let mut inside = false;
    let shown = text.lines().filter(|line| {
        let line = line.trim_start();
        if line.starts_with("```") {
            inside = !inside;
        }
        !(inside && line.starts_with("# "))
    });
    shown.map(|l| format!("{l}\n")).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(docs: &str) -> Page {
        let item = |kind, name: &str, signature: &str| Item {
            kind,
            name: name.into(),
            signature: signature.into(),
            inferred: None,
            docs: docs.into(),
            members: Vec::new(),
            implements: Vec::new(),
        };
        let items = vec![
            item(Kind::Struct, "Rect", "pub struct Rect"),
            item(Kind::Function, "area", "pub fn area(r: &Rect) -> f64"),
        ];
        Page { path: vec!["shapes".into()], docs: String::new(), modules: Vec::new(), items }
    }

    #[test]
    fn names_are_links_from_every_depth() {
        let pages = [page("See [`Rect`] and [nothing].")];
        let files = files(Language::Grok, "geo", "0.1.0", &pages);
        let (name, text) = &files[1];
        assert_eq!(name, "shapes/index.html");
        assert!(text.contains("<a href=\"../shapes/index.html#Rect\">Rect</a>) -&gt;"), "{text}");
        assert!(
            text.contains(
                "See <a href=\"../shapes/index.html#Rect\" title=\"Rect\"><code>Rect</code></a> and [nothing]."
            ),
            "{text}"
        );
        assert!(text.contains("href=\"../style.css\""));
    }

    #[test]
    fn html_of_a_comment_is_text() {
        let files = files(Language::Grok, "geo", "0.1.0", &[page("<script>alert(1)</script>")]);
        assert!(!files[1].1.contains("<script>"));
    }
}
