//! The language server: the Language Server Protocol over standard streams (section 13.7 of ClaudeLang's reference).
//!
//! Start with [`serve`]. What is answered comes from `molt_driver::ide` as plain data; here it gets the protocol's shape.
//! One thread does the work in the order of the messages: `documents` holds the texts and when they are analysed, `answers`
//! has a function for each request, `places` turns offsets into positions and paths into addresses.
//!
//! A text is analysed when a request needs it, or when no message waits; so while somebody types, what is behind is
//! skipped and not queued.
#![forbid(unsafe_code)]

mod answers;
mod documents;
mod places;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidChangeWatchedFiles, DidChangeWorkspaceFolders, DidCloseTextDocument, DidOpenTextDocument,
    Notification as _, PublishDiagnostics,
};
use lsp_types::request::{self as ask, Request as _};
use lsp_types::{InitializeParams, PublishDiagnosticsParams};
use serde::de::DeserializeOwned;
use serde_json::Value;

use documents::Documents;
use places::Encoding;

/// Why the server stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The editor went away without saying so, or broke the protocol.
    #[error("the editor's messages end: {0}")]
    Protocol(String),
    #[error("cannot write `{path}`: {error}")]
    Log { path: String, error: std::io::Error },
}

/// Serves an editor on standard input and output until it asks for the end. A log tells each message and the time that its
/// answer took.
pub fn serve(log: Option<&Path>) -> Result<(), ServeError> {
    let log = log.map(|path| {
        let failed = |error| ServeError::Log { path: path.display().to_string(), error };
        File::create(path).map_err(failed)
    });
    let (connection, threads) = Connection::stdio();
    serve_connection(connection, log.transpose()?)?;
    threads.join().map_err(|e| ServeError::Protocol(e.to_string()))
}

fn serve_connection(connection: Connection, log: Option<File>) -> Result<(), ServeError> {
    let broken = |e: lsp_server::ProtocolError| ServeError::Protocol(e.to_string());
    let (id, params) = connection.initialize_start().map_err(broken)?;
    let params: InitializeParams =
        serde_json::from_value(params).map_err(|e| ServeError::Protocol(format!("`initialize`: {e}")))?;
    let encoding = Encoding::chosen(&params);
    let result = answers::capabilities(encoding);
    let result = serde_json::to_value(result).expect("capabilities have a form in JSON");
    connection.initialize_finish(id, result).map_err(broken)?;
    let mut server = Server { connection, log, documents: Documents::new(&params, encoding) };
    server.run()
}

struct Server {
    connection: Connection,
    log: Option<File>,
    documents: Documents,
}

/// How long no message comes before what is open is looked at.
const IDLE: Duration = Duration::from_millis(30);

impl Server {
    fn run(&mut self) -> Result<(), ServeError> {
        loop {
            let message = match self.documents.is_behind() {
                true => self.connection.receiver.recv_timeout(IDLE).map_err(|e| e.is_disconnected()),
                false => self.connection.receiver.recv().map_err(|_| true),
            };
            match message {
                Ok(Message::Request(request)) => {
                    let is_end = self.connection.handle_shutdown(&request);
                    if is_end.map_err(|e| ServeError::Protocol(e.to_string()))? {
                        return Ok(());
                    }
                    self.answer(request)?;
                }
                Ok(Message::Notification(notification)) => self.take(notification),
                // Nothing was asked of the editor.
                Ok(Message::Response(_)) => {}
                Err(false) => self.publish()?,
                // An editor that goes away without a word ends the server.
                Err(true) => return Err(ServeError::Protocol("no `shutdown` came before".to_owned())),
            }
        }
    }

    fn send(&self, message: impl Into<Message>) -> Result<(), ServeError> {
        self.connection.sender.send(message.into()).map_err(|e| ServeError::Protocol(e.to_string()))
    }

    /// Looks at one text that has changed, and tells what is wrong with it.
    fn publish(&mut self) -> Result<(), ServeError> {
        let start = Instant::now();
        let Some((uri, version, diagnostics)) = self.documents.next_findings() else { return Ok(()) };
        self.note("diagnostics", start);
        let params = PublishDiagnosticsParams { uri, diagnostics, version };
        self.send(Notification::new(PublishDiagnostics::METHOD.to_owned(), params))
    }

    fn answer(&mut self, request: Request) -> Result<(), ServeError> {
        let start = Instant::now();
        let (id, method) = (request.id.clone(), request.method.clone());
        let response = self.response(request).unwrap_or_else(|fault| {
            let (code, text) = match fault {
                Fault::Unknown => (ErrorCode::MethodNotFound, format!("`{method}` is not known here")),
                Fault::Params(text) => (ErrorCode::InvalidParams, text),
                Fault::Refused(text) => (ErrorCode::RequestFailed, text),
            };
            Response::new_err(id, code as i32, text)
        });
        self.note(&method, start);
        self.send(response)
    }

    fn response(&mut self, request: Request) -> Result<Response, Fault> {
        let d = &mut self.documents;
        let Request { id, method, params } = request;
        let value = match method.as_str() {
            ask::Completion::METHOD => {
                call::<ask::Completion>(params, |p| Ok(answers::completion(d, &p.text_document_position)))
            }
            ask::HoverRequest::METHOD => {
                call::<ask::HoverRequest>(params, |p| Ok(answers::hover(d, &p.text_document_position_params)))
            }
            ask::GotoDefinition::METHOD => {
                call::<ask::GotoDefinition>(params, |p| Ok(answers::definition(d, &p.text_document_position_params)))
            }
            ask::References::METHOD => call::<ask::References>(params, |p| {
                Ok(answers::references(d, &p.text_document_position, p.context.include_declaration))
            }),
            ask::DocumentHighlightRequest::METHOD => call::<ask::DocumentHighlightRequest>(params, |p| {
                Ok(answers::highlights(d, &p.text_document_position_params))
            }),
            ask::PrepareRenameRequest::METHOD => {
                call::<ask::PrepareRenameRequest>(params, |p| answers::prepare_rename(d, &p))
            }
            ask::Rename::METHOD => {
                call::<ask::Rename>(params, |p| answers::rename(d, &p.text_document_position, &p.new_name))
            }
            ask::DocumentSymbolRequest::METHOD => {
                call::<ask::DocumentSymbolRequest>(params, |p| Ok(answers::symbols(d, &p.text_document.uri)))
            }
            ask::WorkspaceSymbolRequest::METHOD => {
                call::<ask::WorkspaceSymbolRequest>(params, |p| Ok(answers::workspace_symbols(d, &p.query)))
            }
            ask::SignatureHelpRequest::METHOD => call::<ask::SignatureHelpRequest>(params, |p| {
                Ok(answers::signature(d, &p.text_document_position_params))
            }),
            ask::SemanticTokensFullRequest::METHOD => {
                call::<ask::SemanticTokensFullRequest>(params, |p| Ok(answers::tokens(d, &p.text_document.uri)))
            }
            ask::FoldingRangeRequest::METHOD => {
                call::<ask::FoldingRangeRequest>(params, |p| Ok(answers::folding(d, &p.text_document.uri)))
            }
            ask::Formatting::METHOD => {
                call::<ask::Formatting>(params, |p| answers::formatting(d, &p.text_document.uri))
            }
            ask::CodeActionRequest::METHOD => {
                call::<ask::CodeActionRequest>(params, |p| Ok(answers::actions(d, &p.text_document.uri, p.range)))
            }
            ask::InlayHintRequest::METHOD => {
                call::<ask::InlayHintRequest>(params, |p| Ok(answers::hints(d, &p.text_document.uri, p.range)))
            }
            _ => Err(Fault::Unknown),
        };
        value.map(|value| Response { id, result: Some(value), error: None })
    }

    fn take(&mut self, notification: Notification) {
        let documents = &mut self.documents;
        let params = notification.params;
        let taken = match notification.method.as_str() {
            DidOpenTextDocument::METHOD => read(params).map(|p| documents.open(p)),
            DidChangeTextDocument::METHOD => read(params).map(|p| documents.change(p)),
            DidCloseTextDocument::METHOD => read(params).map(|p| documents.close(p)),
            DidChangeWatchedFiles::METHOD => {
                documents.disk_changed();
                Ok(())
            }
            DidChangeWorkspaceFolders::METHOD => read(params).map(|p| documents.folders_changed(p)),
            // What is not known may be left alone.
            _ => Ok(()),
        };
        // A notification has no answer: what is wrong with it stands in the log.
        if let (Err(e), Some(log)) = (taken, &mut self.log) {
            // A log that cannot be written is no reason to leave the editor alone.
            let _ = writeln!(log, "{}: {e}", notification.method);
        }
    }

    fn note(&mut self, what: &str, start: Instant) {
        if let Some(log) = &mut self.log {
            // As above.
            let _ = writeln!(log, "{what} {:.3} ms", start.elapsed().as_secs_f64() * 1e3);
        }
    }
}

/// Why a request has no answer.
enum Fault {
    /// Its method is not known.
    Unknown,
    /// Its operands are not as the protocol says.
    Params(String),
    /// What it asks for cannot be done.
    Refused(String),
}

fn read<P: DeserializeOwned>(params: Value) -> Result<P, String> {
    serde_json::from_value(params).map_err(|e| e.to_string())
}

fn call<R: ask::Request>(
    params: Value,
    answer: impl FnOnce(R::Params) -> Result<R::Result, String>,
) -> Result<Value, Fault> {
    let params = read::<R::Params>(params).map_err(Fault::Params)?;
    let result = answer(params).map_err(Fault::Refused)?;
    Ok(serde_json::to_value(result).expect("answers have a form in JSON"))
}
