//! What the attributes of an actor say: supervision (section 7.4).

use super::{AdtId, AttrArg, AttrValue, Hir};

/// `#[supervise(..)]`, with the defaults of the reference. Times are in nanoseconds; `u64::MAX` is without a limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Supervision {
    /// 0: `one_for_one`; 1: `one_for_all`; 2: `rest_for_one`.
    pub strategy: u64,
    pub max_restarts: u64,
    pub within: u64,
    pub shutdown: u64,
    pub backoff: (u64, u64),
}

const SECOND: u64 = 1_000_000_000;

impl Default for Supervision {
    fn default() -> Supervision {
        Supervision { strategy: 0, max_restarts: 3, within: 5 * SECOND, shutdown: 5 * SECOND, backoff: (0, 0) }
    }
}

/// Nanoseconds of a text such as `5s`, `50ms`, `1m`, `3us`.
pub fn duration(text: &str) -> Option<u64> {
    let text = text.trim();
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_')?;
    let (number, unit) = text.split_at(at);
    let scale = match unit.trim() {
        "ns" => 1,
        "us" | "µs" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" | "min" => 60 * SECOND,
        "h" => 3600 * SECOND,
        _ => return None,
    };
    let number: f64 = number.replace('_', "").parse().ok()?;
    let nanos = number * scale as f64;
    (nanos >= 0.0 && nanos < u64::MAX as f64).then_some(nanos as u64)
}

impl Hir {
    /// How an actor supervises its children, if it does.
    pub fn supervision(&self, actor: AdtId) -> Option<Supervision> {
        let attr = self.adts[actor].head.attrs.iter().find(|a| self.text(a.name) == "supervise")?;
        let mut out = Supervision::default();
        for arg in &attr.args {
            self.setting(arg, &mut out);
        }
        Some(out)
    }

    /// Takes over one argument; what it may be was checked with the attribute.
    fn setting(&self, arg: &AttrArg, out: &mut Supervision) {
        let Some(name) = arg.name else { return };
        let text = match &arg.value {
            AttrValue::Text(t) | AttrValue::Ident(t) => self.text(*t),
            _ => "",
        };
        match self.text(name) {
            "strategy" => {
                out.strategy = match text {
                    "one_for_all" => 1,
                    "rest_for_one" => 2,
                    _ => 0,
                }
            }
            "max_restarts" => {
                out.max_restarts = match arg.value {
                    AttrValue::Int(n) => n as u64,
                    _ => u64::MAX,
                }
            }
            "within" => out.within = duration(text).unwrap_or(out.within),
            "shutdown" => {
                out.shutdown = match text {
                    "kill" => 0,
                    "infinity" => u64::MAX,
                    other => duration(other).unwrap_or(out.shutdown),
                }
            }
            "backoff" => {
                let (from, to) = text.split_once("..").unwrap_or((text, text));
                if let (Some(from), Some(to)) = (duration(from), duration(to)) {
                    out.backoff = (from, to);
                }
            }
            _ => {}
        }
    }
}
