//! Symbol and Keyword: objects interned by name, so that identity is equality.
//!
//! The two kinds have a table each. A symbol lives as long as the isolate; those that the program's text names are
//! static data of the program, laid out as [`SymbolObj`] and registered at start-up.

use molt_abi::layout::SymbolObj;
use molt_abi::{ClassId, Word};

use super::keep;
use crate::api::str_text;
use crate::{Isolate, Owned};

impl Isolate {
    /// The symbol of a name; immortal.
    pub fn symbol(&mut self, name: &str) -> Word {
        let name = self.intern(name);
        named(self, ClassId::SYMBOL, name)
    }

    /// The keyword of a name, which is without the colon; immortal.
    pub fn keyword(&mut self, name: &str) -> Word {
        let name = self.intern(name);
        named(self, ClassId::KEYWORD, name)
    }

    /// The symbol or keyword (`class` says which) whose name is a string.
    pub fn symbol_of(&mut self, class: ClassId, name: Word) -> Word {
        let name = self.intern_word(name);
        named(self, class, name)
    }

    /// Registers a static symbol or keyword of the program. The result is the one of that name, which is another
    /// object when there was one before.
    pub fn intern_static_symbol(&mut self, w: Word) -> Word {
        let name = self.intern_word(name_of(w));
        let class = self.class_of(w);
        *table(self, class).entry(name.0).or_insert(w)
    }
}

fn table(rt: &mut Isolate, class: ClassId) -> &mut crate::isolate::AddressMap<u64, Word> {
    if class == ClassId::KEYWORD { &mut rt.claude.keywords } else { &mut rt.claude.symbols }
}

/// The symbol of an interned name.
fn named(rt: &mut Isolate, class: ClassId, name: Word) -> Word {
    if let Some(&known) = table(rt, class).get(&name.0) {
        return known;
    }
    let p = rt.alloc_object(class, size_of::<SymbolObj>()).cast::<SymbolObj>();
    // SAFETY: freshly allocated for this layout; the name is immortal.
    let made = unsafe {
        (*p).name = name;
        Owned::from_word(Word::from_ptr(p))
    };
    let w = keep(rt, made);
    table(rt, class).insert(name.0, w);
    w
}

/// Whether the program may have a symbol of a name.
pub(super) fn is_known(rt: &Isolate, name: &str) -> bool {
    rt.interned.contains_key(name.as_bytes())
}

/// A symbol of a name beside the interned one, for data of macros.
pub(super) fn apart(rt: &mut Isolate, name: Word) -> Owned {
    let name = rt.intern_word(name);
    let p = rt.alloc_object(ClassId::SYMBOL, size_of::<SymbolObj>()).cast::<SymbolObj>();
    // SAFETY: freshly allocated for this layout; the name is immortal.
    unsafe {
        (*p).name = name;
        Owned::from_word(Word::from_ptr(p))
    }
}

/// Whether a word is a symbol.
#[inline]
pub fn is_symbol(rt: &Isolate, w: Word) -> bool {
    rt.class_of(w) == ClassId::SYMBOL
}

/// Whether a word is a keyword.
#[inline]
pub fn is_keyword(rt: &Isolate, w: Word) -> bool {
    rt.class_of(w) == ClassId::KEYWORD
}

/// Name of a symbol or keyword, a string; borrowed.
#[inline]
pub fn name_of(w: Word) -> Word {
    // SAFETY: the caller says that the word is a symbol or keyword.
    unsafe { (*w.as_ptr().cast::<SymbolObj>()).name }
}

/// The same as text.
pub fn text_of<'a>(w: Word) -> alloc::borrow::Cow<'a, str> {
    str_text(name_of(w))
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;

    use molt_abi::layout::Header;

    use super::super::tests::{isolate, leaves_nothing};
    use super::*;

    #[test]
    fn a_name_has_one_symbol_and_one_keyword() {
        leaves_nothing(|rt| {
            let (a, b, k) = (rt.symbol("total"), rt.symbol("other"), rt.keyword("total"));
            assert_eq!(a, rt.symbol("total"));
            assert_eq!(k, rt.keyword("total"));
            assert!(a != b && a != k && b != k);
            assert!(is_symbol(rt, a) && !is_symbol(rt, k) && is_keyword(rt, k));
            assert_eq!(text_of(k), "total");
            let built = rt.new_str("tot");
            let rest = rt.new_str("al");
            let whole = rt.add(built.word(), rest.word()).expect("strings are joined");
            assert_eq!(rt.symbol_of(ClassId::KEYWORD, whole.word()), k);
            assert_eq!(rt.symbol_of(ClassId::SYMBOL, whole.word()), a);
        });
    }

    #[test]
    fn static_symbols_are_the_ones_of_their_names() {
        let mut rt = isolate();
        let name = rt.intern("from the program");
        let header = || Header { refs: Header::IMMORTAL, class: ClassId::SYMBOL };
        let object = Box::leak(Box::new(SymbolObj { header: header(), name }));
        let again = Box::leak(Box::new(SymbolObj { header: header(), name }));
        let w = Word::from_ptr(object);
        assert_eq!(rt.intern_static_symbol(w), w);
        assert_eq!(rt.intern_static_symbol(Word::from_ptr(again)), w);
        assert_eq!(rt.symbol("from the program"), w);
        assert_ne!(rt.keyword("from the program"), w);
        // SAFETY: both were leaked from boxes above, and the isolate that knows them is gone.
        unsafe {
            drop(rt);
            drop(Box::from_raw(core::ptr::from_mut(object)));
            drop(Box::from_raw(core::ptr::from_mut(again)));
        }
    }
}
