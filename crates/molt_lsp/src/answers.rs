//! Answers to requests, in the shapes of the protocol.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::rc::Rc;

use lsp_types::*;
use molt_driver::ide::tokens::TokenKind;
use molt_driver::ide::{self, Form, Item, ItemKind, Section, complete};
use molt_driver::{Diagnostic as Finding, Level, Span, claude};

use crate::documents::{Documents, Known, page};
use crate::places::{Encoding, path_of, uri_of};

/// What the server can do.
pub fn capabilities(encoding: Encoding) -> InitializeResult {
    let legend = SemanticTokensLegend {
        token_types: TOKENS.iter().map(|t| SemanticTokenType::new(t)).collect(),
        token_modifiers: vec![SemanticTokenModifier::DEFINITION, SemanticTokenModifier::DEFAULT_LIBRARY],
    };
    let tokens = SemanticTokensOptions {
        legend,
        full: Some(SemanticTokensFullOptions::Bool(true)),
        ..SemanticTokensOptions::default()
    };
    let triggers = || ["(", " ", ":"].map(str::to_owned).to_vec();
    let capabilities = ServerCapabilities {
        position_encoding: Some(encoding.kind()),
        text_document_sync: Some(TextDocumentSyncKind::INCREMENTAL.into()),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(triggers()),
            ..CompletionOptions::default()
        }),
        hover_provider: Some(true.into()),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        document_highlight_provider: Some(OneOf::Left(true)),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        })),
        document_symbol_provider: Some(OneOf::Left(true)),
        workspace_symbol_provider: Some(OneOf::Left(true)),
        signature_help_provider: Some(SignatureHelpOptions {
            trigger_characters: Some(vec!["(".to_owned(), " ".to_owned()]),
            ..SignatureHelpOptions::default()
        }),
        semantic_tokens_provider: Some(tokens.into()),
        folding_range_provider: Some(true.into()),
        document_formatting_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
            ..CodeActionOptions::default()
        })),
        inlay_hint_provider: Some(OneOf::Left(true)),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            file_operations: None,
        }),
        ..ServerCapabilities::default()
    };
    let server = ServerInfo { name: "claudelang".to_owned(), version: Some(env!("CARGO_PKG_VERSION").to_owned()) };
    InitializeResult { capabilities, server_info: Some(server) }
}

/// Names of the kinds of tokens, by the numbers that the protocol sends.
const TOKENS: [&str; 12] = [
    "keyword",
    "number",
    "string",
    "function",
    "variable",
    "parameter",
    "macro",
    "enumMember",
    "type",
    "namespace",
    "method",
    "interface",
];

fn token(kind: TokenKind) -> u32 {
    let name = match kind {
        TokenKind::Keyword | TokenKind::Item(ItemKind::Form) => "keyword",
        TokenKind::Number => "number",
        TokenKind::Text => "string",
        TokenKind::Item(ItemKind::Function | ItemKind::Native) => "function",
        TokenKind::Item(ItemKind::Variable | ItemKind::Global) => "variable",
        TokenKind::Item(ItemKind::Parameter) => "parameter",
        TokenKind::Item(ItemKind::Macro) => "macro",
        TokenKind::Item(ItemKind::Constructor) => "enumMember",
        TokenKind::Item(ItemKind::Type) => "type",
        TokenKind::Item(ItemKind::Module) => "namespace",
        TokenKind::Item(ItemKind::Operation) => "method",
        TokenKind::Item(ItemKind::Effect) => "interface",
    };
    TOKENS.iter().position(|t| *t == name).expect("the table has all") as u32
}

/// The text that a request is about, and the offset of its position.
fn at(documents: &mut Documents, position: &TextDocumentPositionParams) -> Option<(Rc<Known>, u32)> {
    let known = documents.known(&position.text_document.uri)?;
    let offset = known.lines.offset(known.text(), position.position);
    Some((known, offset))
}

/// The place of a span, in whatever file of the analysis it lies.
fn location(known: &Known, documents: &Documents, span: Span) -> Option<Location> {
    let place = ide::place(&known.analysis, span);
    range_in(documents, &place)
}

fn range_in(documents: &Documents, place: &ide::Place) -> Option<Location> {
    let (text, lines) = documents.lines(&place.path)?;
    // The file may be another one since it was analysed.
    let is_there = text.is_char_boundary(place.start as usize) && text.is_char_boundary(place.end as usize);
    let range = is_there.then(|| lines.range(&text, place.start, place.end))?;
    Some(Location { uri: uri_of(&place.path)?, range })
}

// ---- findings -----------------------------------------------------------------------------------

/// What is wrong with a text. Faults of modules that it imports stand where it names them.
pub fn findings(known: &Known, uri: &Uri) -> Vec<Diagnostic> {
    let analysis = &known.analysis;
    let mut shown = Vec::new();
    let mut faulty: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &analysis.diagnostics {
        match finding.primary_span() {
            Some(span) if span.file == analysis.entry => shown.push(shown_finding(known, uri, finding, span)),
            Some(span) if finding.is_error() => {
                *faulty.entry(analysis.sources.file(span.file).name.as_ref()).or_default() += 1;
            }
            _ => {}
        }
    }
    for used in analysis.uses.iter().filter(|u| u.span.file == analysis.entry) {
        let item = analysis.item(*used);
        let count = faulty.get(item.name.as_str()).filter(|_| item.kind == ItemKind::Module);
        if let Some(count) = count {
            let message = match count {
                1 => "something is wrong in this module".to_owned(),
                n => format!("{n} things are wrong in this module"),
            };
            let severity = Some(DiagnosticSeverity::ERROR);
            let source = Some("claudelang".to_owned());
            shown.push(Diagnostic {
                range: known.range(used.span),
                severity,
                source,
                message,
                ..Diagnostic::default()
            });
        }
    }
    shown
}

fn shown_finding(known: &Known, uri: &Uri, finding: &Finding, span: Span) -> Diagnostic {
    let mut message = finding.message.clone();
    finding.notes.iter().for_each(|note| message.push_str(&format!("\n{note}")));
    let advice = finding.advice();
    if !advice.is_empty() {
        message.push_str(&format!("\nhelp: {advice}"));
    }
    let others = finding.labels.iter().filter(|l| l.span != span && l.span.file == known.analysis.entry);
    let related: Vec<DiagnosticRelatedInformation> = others
        .map(|l| DiagnosticRelatedInformation {
            location: Location { uri: uri.clone(), range: known.range(l.span) },
            message: if l.text.is_empty() { "here".to_owned() } else { l.text.clone() },
        })
        .collect();
    let code = finding.code.number.unwrap_or(finding.code.id);
    let is_unused = finding.code.id == "unused-variable";
    Diagnostic {
        range: known.range(span),
        severity: Some(match finding.level {
            Level::Error => DiagnosticSeverity::ERROR,
            Level::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(code.to_owned())),
        source: Some("claudelang".to_owned()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        tags: is_unused.then(|| vec![DiagnosticTag::UNNECESSARY]),
        ..Diagnostic::default()
    }
}

/// Changes that mend what is wrong in a range.
pub fn actions(documents: &mut Documents, uri: &Uri, range: Range) -> Option<CodeActionResponse> {
    let known = documents.known(uri)?;
    let text = known.text();
    let (start, end) = (known.lines.offset(text, range.start), known.lines.offset(text, range.end));
    let entry = known.analysis.entry;
    let touches = |span: Span| span.file == entry && span.start <= end && start <= span.end;
    let unused = known.analysis.diagnostics.iter().filter(|d| d.code.id == "unused-variable");
    let marked = unused.filter_map(|d| d.primary_span()).map(|span| ide::Fix {
        title: "mark it as unused with `_`".to_owned(),
        span: Span { end: span.start, ..span },
        text: "_".to_owned(),
    });
    let fixes = known.analysis.fixes.iter().cloned().chain(marked).filter(|f| touches(f.span));
    let made = fixes.map(|fix| {
        let edit = TextEdit { range: known.range(fix.span), new_text: fix.text };
        let edit = WorkspaceEdit { changes: Some(changes(uri.clone(), vec![edit])), ..WorkspaceEdit::default() };
        let kind = Some(CodeActionKind::QUICKFIX);
        CodeAction { title: fix.title, kind, edit: Some(edit), is_preferred: Some(true), ..CodeAction::default() }
            .into()
    });
    Some(made.collect())
}

// The protocol's type has addresses as keys; their cells hold what is parsed and never change what they are.
#[expect(clippy::mutable_key_type, reason = "the shape is the protocol crate's")]
fn changes(uri: Uri, edits: Vec<TextEdit>) -> HashMap<Uri, Vec<TextEdit>> {
    HashMap::from([(uri, edits)])
}

// ---- names --------------------------------------------------------------------------------------

pub fn completion(documents: &mut Documents, position: &TextDocumentPositionParams) -> Option<CompletionResponse> {
    let (known, offset) = at(documents, position)?;
    let proposals = complete::complete(&known.analysis, &known.page, offset);
    let range = known.range(proposals.span);
    let items = proposals.list.into_iter().map(|p| CompletionItem {
        kind: Some(match p.kind {
            complete::ProposalKind::Keyword => CompletionItemKind::KEYWORD,
            complete::ProposalKind::Item(kind) => completion_kind(kind),
        }),
        detail: p.detail,
        documentation: p.doc.map(Documentation::String),
        sort_text: Some(format!("{}{}", p.distance, p.text)),
        text_edit: Some(TextEdit { range, new_text: p.text.clone() }.into()),
        label: p.text,
        ..CompletionItem::default()
    });
    Some(CompletionResponse::Array(items.collect()))
}

fn completion_kind(kind: ItemKind) -> CompletionItemKind {
    match kind {
        ItemKind::Parameter | ItemKind::Variable | ItemKind::Global => CompletionItemKind::VARIABLE,
        ItemKind::Function | ItemKind::Native | ItemKind::Macro => CompletionItemKind::FUNCTION,
        ItemKind::Constructor => CompletionItemKind::ENUM_MEMBER,
        ItemKind::Operation => CompletionItemKind::METHOD,
        ItemKind::Effect => CompletionItemKind::INTERFACE,
        ItemKind::Type => CompletionItemKind::STRUCT,
        ItemKind::Module => CompletionItemKind::MODULE,
        ItemKind::Form => CompletionItemKind::KEYWORD,
    }
}

pub fn hover(documents: &mut Documents, position: &TextDocumentPositionParams) -> Option<Hover> {
    let (known, offset) = at(documents, position)?;
    let (span, text) = match known.analysis.at(known.analysis.entry, offset) {
        Some(used) => (used.span, described(known.analysis.item(used))),
        None => {
            let (span, ty) = known.analysis.type_at(offset)?;
            (span, format!("```claudelang\n{ty}\n```"))
        }
    };
    let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value: text });
    Some(Hover { contents, range: Some(known.range(span)) })
}

/// What is known of an item, as Markdown.
fn described(item: &Item) -> String {
    let kind = match item.kind {
        ItemKind::Parameter => "parameter",
        ItemKind::Variable => "variable",
        ItemKind::Global => "variable of a module",
        ItemKind::Function => "procedure",
        ItemKind::Native => "function of the library",
        ItemKind::Constructor => "constructor",
        ItemKind::Operation => "operation",
        ItemKind::Effect => "effect",
        ItemKind::Type => "type",
        ItemKind::Macro => "macro",
        ItemKind::Module => "module",
        ItemKind::Form => "form",
    };
    let owner = item.owner.as_ref().map_or_else(String::new, |o| format!(" of `{o}`"));
    let mut text = match item.types.as_slice() {
        [] => format!("```claudelang\n{}\n```", item.name),
        types => {
            let lines: Vec<String> = types.iter().map(|t| format!("{} : {t}", item.name)).collect();
            format!("```claudelang\n{}\n```", lines.join("\n"))
        }
    };
    text.push_str(&format!("\n{kind}{owner}\n"));
    item.doc.iter().for_each(|doc| text.push_str(&format!("\n{doc}\n")));
    item.contract.iter().for_each(|c| text.push_str(&format!("\n```claudelang\n{c}\n```\n")));
    text
}

pub fn definition(documents: &mut Documents, position: &TextDocumentPositionParams) -> Option<GotoDefinitionResponse> {
    let (known, offset) = at(documents, position)?;
    let item = known.analysis.item(known.analysis.at(known.analysis.entry, offset)?);
    let found = match (item.kind, item.place) {
        (ItemKind::Module, _) => Location { uri: uri_of(Path::new(&item.name))?, range: Range::default() },
        (_, Some(place)) => location(&known, documents, place)?,
        (_, None) => return None,
    };
    Some(found.into())
}

pub fn references(
    documents: &mut Documents,
    position: &TextDocumentPositionParams,
    with_definition: bool,
) -> Option<Vec<Location>> {
    let (known, offset) = at(documents, position)?;
    let used = known.analysis.at(known.analysis.entry, offset)?;
    let definition = known.analysis.item(used).place.map(|p| ide::place(&known.analysis, p));
    let places = documents.workspace.places(&known.analysis, used);
    let wanted = places.iter().filter(|p| with_definition || Some(*p) != definition.as_ref());
    Some(wanted.filter_map(|p| range_in(documents, p)).collect())
}

pub fn highlights(documents: &mut Documents, position: &TextDocumentPositionParams) -> Option<Vec<DocumentHighlight>> {
    let (known, offset) = at(documents, position)?;
    let used = known.analysis.at(known.analysis.entry, offset)?;
    let here = known.analysis.places(used.item).filter(|u| u.span.file == known.analysis.entry);
    let kind = |is_definition| if is_definition { DocumentHighlightKind::WRITE } else { DocumentHighlightKind::READ };
    Some(here.map(|u| DocumentHighlight { range: known.range(u.span), kind: Some(kind(u.is_definition)) }).collect())
}

pub fn prepare_rename(
    documents: &mut Documents,
    position: &TextDocumentPositionParams,
) -> Result<Option<PrepareRenameResponse>, String> {
    let Some((known, offset)) = at(documents, position) else { return Ok(None) };
    let Some(used) = known.analysis.at(known.analysis.entry, offset) else { return Ok(None) };
    renamable(known.analysis.item(used))?;
    Ok(Some(PrepareRenameResponse::Range(known.range(known.analysis.own_part(used.span)))))
}

fn renamable(item: &Item) -> Result<(), String> {
    match (item.kind, item.place) {
        (ItemKind::Module, _) => Err("a module is called as its file is".to_owned()),
        (_, None) => Err(format!("`{}` is not defined in a text that can be changed", item.name)),
        (_, Some(_)) => Ok(()),
    }
}

#[expect(clippy::mutable_key_type, reason = "the shape is the protocol crate's")]
pub fn rename(
    documents: &mut Documents,
    position: &TextDocumentPositionParams,
    new_name: &str,
) -> Result<Option<WorkspaceEdit>, String> {
    let Some((known, offset)) = at(documents, position) else { return Ok(None) };
    let Some(used) = known.analysis.at(known.analysis.entry, offset) else { return Ok(None) };
    let item = known.analysis.item(used);
    renamable(item)?;
    if !ide::is_name(new_name) {
        return Err(format!("`{new_name}` is no name that can be defined"));
    }
    // Where a module has a name of its own for it, that stays; so does the other one when that is renamed.
    let own = known.analysis.own_part(used.span);
    let old = known.text()[own.start as usize..own.end as usize].to_owned();
    let is_alias = old != item.name;
    let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
    for place in documents.workspace.places(&known.analysis, used) {
        if is_alias && place.path != known.path {
            continue;
        }
        let Some((text, lines)) = documents.lines(&place.path) else { continue };
        let written = text.get(place.start as usize..place.end as usize).unwrap_or_default();
        if !written.ends_with(&old) {
            continue;
        }
        let range = lines.range(&text, place.end - old.len() as u32, place.end);
        let Some(uri) = uri_of(&place.path) else { continue };
        changes.entry(uri).or_default().push(TextEdit { range, new_text: new_name.to_owned() });
    }
    Ok(Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }))
}

pub fn signature(documents: &mut Documents, position: &TextDocumentPositionParams) -> Option<SignatureHelp> {
    let (known, offset) = at(documents, position)?;
    let (head, operand) = known.page.call(offset)?;
    let span = known.page.data.span(head);
    let item = known.analysis.item(known.analysis.at(known.analysis.entry, span.start)?);
    let information = |label: String, parameters: Option<Vec<ParameterInformation>>| SignatureInformation {
        label,
        documentation: item.doc.clone().map(Documentation::String),
        parameters,
        active_parameter: None,
    };
    let signatures = if item.parameters.is_empty() {
        item.types.iter().map(|t| information(format!("{} : {t}", item.name), None)).collect()
    } else {
        let mut label = format!("({}", item.name);
        let mut parameters = Vec::new();
        for p in &item.parameters {
            label.push(' ');
            // Offsets in labels are in units of UTF-16 whatever positions count.
            let start = Encoding::Utf16.units(&label);
            label.push_str(p);
            let offsets = ParameterLabel::LabelOffsets([start, Encoding::Utf16.units(&label)]);
            parameters.push(ParameterInformation { label: offsets, documentation: None });
        }
        label.push(')');
        item.types.iter().for_each(|t| label.push_str(&format!(" : {t}")));
        vec![information(label, Some(parameters))]
    };
    if signatures.is_empty() {
        return None;
    }
    // The rest takes all that follow.
    let last = item.parameters.len().checked_sub(1);
    let active = last.map(|last| operand.min(last) as u32);
    Some(SignatureHelp { signatures, active_signature: Some(0), active_parameter: active })
}

/// The rows of procedures, where they say that something is performed.
pub fn hints(documents: &mut Documents, uri: &Uri, range: Range) -> Option<Vec<InlayHint>> {
    let known = documents.known(uri)?;
    let text = known.text();
    let (start, end) = (known.lines.offset(text, range.start), known.lines.offset(text, range.end));
    let defined = known.analysis.uses.iter().filter(|u| {
        u.is_definition && u.span.file == known.analysis.entry && start <= u.span.start && u.span.end <= end
    });
    let made = defined.filter_map(|u| {
        let row = known.analysis.item(*u).row.clone().filter(|row| row != "{}")?;
        Some(InlayHint {
            position: known.lines.position(text, known.page.signature_end(u.span)),
            label: row.into(),
            kind: Some(InlayHintKind::TYPE),
            text_edits: None,
            tooltip: None,
            padding_left: Some(true),
            padding_right: None,
            data: None,
        })
    });
    Some(made.collect())
}

// ---- texts --------------------------------------------------------------------------------------

pub fn symbols(documents: &mut Documents, uri: &Uri) -> Option<DocumentSymbolResponse> {
    let known = documents.known(uri)?;
    let made: Vec<DocumentSymbol> = known.page.sections().iter().map(|s| symbol(&known, s)).collect();
    Some(DocumentSymbolResponse::Nested(made))
}

#[expect(deprecated, reason = "a field that the protocol has no more must be given")]
fn symbol(known: &Known, section: &Section) -> DocumentSymbol {
    DocumentSymbol {
        name: section.name.clone(),
        detail: None,
        kind: symbol_kind(section),
        tags: None,
        deprecated: None,
        range: known.range(section.whole),
        selection_range: known.range(section.place),
        children: Some(section.parts.iter().map(|p| symbol(known, p)).collect()),
    }
}

fn symbol_kind(section: &Section) -> SymbolKind {
    match section.form {
        Form::Define if section.is_procedure => SymbolKind::FUNCTION,
        Form::Define => SymbolKind::VARIABLE,
        Form::DefineMacro => SymbolKind::OPERATOR,
        Form::Data if section.is_part => SymbolKind::ENUM_MEMBER,
        Form::Data => SymbolKind::ENUM,
        Form::DefineEffect if section.is_part => SymbolKind::METHOD,
        Form::DefineEffect => SymbolKind::INTERFACE,
        Form::TypeAlias => SymbolKind::STRUCT,
        Form::Module => SymbolKind::MODULE,
        _ => SymbolKind::PROPERTY,
    }
}

/// The definitions of all files whose names hold the letters of the query in its order.
#[expect(deprecated, reason = "a field that the protocol has no more must be given")]
pub fn workspace_symbols(documents: &mut Documents, query: &str) -> Option<WorkspaceSymbolResponse> {
    let mut found = Vec::new();
    for path in documents.workspace.files() {
        let (Some((text, lines)), Some(uri)) = (documents.lines(&path), uri_of(&path)) else { continue };
        let sections = page(&text).sections();
        let all =
            sections.iter().flat_map(|s| std::iter::once((s, None)).chain(s.parts.iter().map(move |p| (p, Some(s)))));
        for (section, outer) in all.filter(|(s, _)| holds(&s.name, query)) {
            let range = lines.range(&text, section.place.start, section.place.end);
            found.push(SymbolInformation {
                name: section.name.clone(),
                kind: symbol_kind(section),
                tags: None,
                deprecated: None,
                location: Location { uri: uri.clone(), range },
                container_name: outer.map(|s| s.name.clone()),
            });
        }
    }
    Some(WorkspaceSymbolResponse::Flat(found))
}

fn holds(name: &str, query: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    query.chars().flat_map(char::to_lowercase).all(|wanted| letters.any(|c| c == wanted))
}

pub fn tokens(documents: &mut Documents, uri: &Uri) -> Option<SemanticTokensResult> {
    let known = documents.known(uri)?;
    let text = known.text();
    let (mut data, mut before) = (Vec::new(), Position::default());
    for t in ide::tokens::tokens(&known.analysis, &known.page) {
        // Tokens of several lines have no form in the protocol that all editors know.
        let written = &text[t.span.start as usize..t.span.end as usize];
        if written.contains('\n') {
            continue;
        }
        let start = known.lines.position(text, t.span.start);
        let delta_line = start.line - before.line;
        let delta_start = if delta_line == 0 { start.character - before.character } else { start.character };
        before = start;
        let is_library = matches!(t.kind, TokenKind::Item(ItemKind::Native));
        data.push(SemanticToken {
            delta_line,
            delta_start,
            length: documents.encoding.units(written),
            token_type: token(t.kind),
            token_modifiers_bitset: u32::from(t.is_definition) | u32::from(is_library) << 1,
        });
    }
    Some(SemanticTokensResult::Tokens(SemanticTokens { result_id: None, data }))
}

pub fn folding(documents: &mut Documents, uri: &Uri) -> Option<Vec<FoldingRange>> {
    let known = documents.known(uri)?;
    let regions = known.page.regions().into_iter().map(|r| FoldingRange {
        start_line: r.first,
        end_line: r.last,
        kind: r.is_comment.then_some(FoldingRangeKind::Comment),
        ..FoldingRange::default()
    });
    Some(regions.collect())
}

pub fn formatting(documents: &mut Documents, uri: &Uri) -> Result<Option<Vec<TextEdit>>, String> {
    let Some(known) = documents.known(uri) else { return Ok(None) };
    let name = path_of(uri).unwrap_or_default().display().to_string();
    let made = claude::format(&name, known.text()).map_err(|_| "a text with faults is not formatted".to_owned())?;
    if made == known.text() {
        return Ok(Some(Vec::new()));
    }
    let range = known.lines.range(known.text(), 0, known.text().len() as u32);
    Ok(Some(vec![TextEdit { range, new_text: made }]))
}
