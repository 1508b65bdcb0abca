//! Items and their members.

use molt_diagnostics::registry::grok;

use super::{Mark, Parser};
use crate::syntax::SyntaxKind::*;

impl Parser<'_> {
    /// Items up to the end of the text or of the module.
    pub(super) fn items(&mut self) {
        while !self.at(RBrace) && !self.at(Eof) {
            if self.at(Semicolon) {
                self.leaf(EmptyStmt);
                continue;
            }
            if self.current().is_closer() {
                self.stray_closer();
                continue;
            }
            let mark = self.mark();
            self.attributes();
            if self.at(LetKw) || self.at_item_macro() {
                self.statement_rest(mark);
            } else if !self.item_rest(mark) {
                self.unexpected("an item");
            }
            self.recover_item(mark);
        }
    }

    /// A macro call in the place of an item.
    fn at_item_macro(&self) -> bool {
        let mut ahead = matches!(self.current(), ColonColon) as usize;
        while matches!(self.nth(ahead), Ident | RawIdent | CrateKw | SelfKw | SuperKw) {
            match self.nth(ahead + 1) {
                ColonColon => ahead += 2,
                Bang => return self.joined(ahead + 1) && !self.at_macro_def(),
                _ => return false,
            }
        }
        false
    }

    /// After a fault: skips to a line that begins like an item.
    fn recover_item(&mut self, mark: Mark) {
        if !self.recovering {
            return;
        }
        let from = self.pos;
        if self.raw[from] == mark.token {
            self.bump();
        }
        self.skip_until(|p| p.at(Semicolon) || (p.line_break(0) && p.begins_item()));
        match self.current() {
            RParen | RBracket => self.leaf(ErrorNode),
            Semicolon => self.leaf(EmptyStmt),
            _ => {}
        }
        if !self.at(Eof) {
            self.recovering = false;
        }
    }

    fn begins_item(&self) -> bool {
        match self.current() {
            FnKw | StructKw | EnumKw | TraitKw | ImplKw | ModKw | UseKw | ExternKw | ConstKw | StaticKw | LetKw
            | TypeKw | PubKw | AsyncKw | UnsafeKw | Hash | At => true,
            Ident => {
                let word = self.text(0);
                matches!(word, "actor" | "module" | "export" | "macro" | "macro_rules" | "receive")
            }
            _ => false,
        }
    }

    /// One item with its attributes; false if none is here.
    pub(super) fn item(&mut self) -> bool {
        let mark = self.mark();
        self.attributes();
        if self.at_item_macro() {
            self.statement_rest(mark);
            return true;
        }
        let found = self.item_rest(mark);
        if !found {
            self.unexpected("an item");
        }
        found
    }

    /// An item after its attributes. False, and nothing read, if something else is here.
    pub(super) fn item_rest(&mut self, mark: Mark) -> bool {
        let public = self.visibility();
        match self.current() {
            StructKw => self.struct_item(mark),
            EnumKw => self.enum_item(mark),
            TraitKw => self.trait_item(mark),
            ImplKw => self.impl_item(mark),
            ModKw => self.mod_item(mark),
            UseKw => self.use_item(mark),
            StaticKw => self.static_item(mark),
            TypeKw => self.type_alias(mark),
            UnsafeKw if self.nth(1) == TraitKw => self.trait_item(mark),
            UnsafeKw if self.nth(1) == ImplKw => self.impl_item(mark),
            UnsafeKw | ExternKw if self.at_extern_block() => self.extern_block(mark),
            ConstKw if !self.at_fn() => self.const_item(mark),
            LetKw if public => return self.public_let(mark),
            _ if self.at_fn() => self.function(mark),
            Ident => return self.contextual_item(mark) || self.no_item(mark, public),
            _ => return self.no_item(mark, public),
        }
        true
    }

    /// After `pub` an item must follow; without it another kind of statement may.
    fn no_item(&mut self, mark: Mark, public: bool) -> bool {
        if public {
            self.unexpected("an item");
            self.complete(mark, ErrorNode);
        }
        public
    }

    /// `pub let`: a module-level binding that others may see.
    fn public_let(&mut self, mark: Mark) -> bool {
        self.statement_rest(mark);
        true
    }

    fn contextual_item(&mut self, mark: Mark) -> bool {
        let named = matches!(self.nth(1), Ident | RawIdent) && !self.line_break(1);
        match self.text(0) {
            "actor" if named => self.actor_item(mark),
            "module" if named && matches!(self.nth(2), Semicolon | LBrace) => self.mod_item(mark),
            _ if self.at_macro_def() => self.macro_def(mark),
            _ => return false,
        }
        true
    }

    /// Whether qualifiers and `fn` with a name stand here; `fn (..)` is a closure.
    pub(super) fn at_fn(&self) -> bool {
        let mut ahead = 0;
        loop {
            match self.nth(ahead) {
                ConstKw | AsyncKw | UnsafeKw => ahead += 1,
                ExternKw => ahead += 1 + matches!(self.nth(ahead + 1), Str | RawStr) as usize,
                Ident if self.nth_word(ahead, "export") && !self.line_break(ahead + 1) => {
                    let string = matches!(self.nth(ahead + 1), Str | RawStr) as usize;
                    if string == 0 && self.nth(ahead + 1) != FnKw {
                        return false;
                    }
                    ahead += 1 + string;
                }
                FnKw => return ahead > 0 || self.nth(1) != LParen,
                _ => return false,
            }
        }
    }

    /// The `;` that ends an item.
    fn item_end(&mut self) {
        if self.recovering || self.eat(Semicolon) {
            return;
        }
        if self.line_break(0) || self.at(RBrace) || self.at(Eof) {
            self.report(&grok::MISSING_SEPARATOR, self.span_after(), "expected `;` after the item");
        } else {
            self.unexpected("`;`");
        }
    }

    // Functions.

    fn function(&mut self, mark: Mark) {
        while !self.at(FnKw) {
            if self.at(ExternKw) || self.at_word("export") {
                let abi = self.mark();
                self.bump();
                self.eat_string();
                self.complete(abi, Abi);
            } else {
                self.bump();
            }
        }
        self.bump();
        self.name();
        self.generics();
        self.params();
        self.fn_result();
        self.where_clause();
        if !self.eat(Semicolon) {
            self.block();
        }
        self.complete(mark, FnItem);
    }

    pub(super) fn params(&mut self) {
        let mark = self.mark();
        self.list(LParen, |p| p.at_pattern() || p.at_attribute(), Self::param);
        self.complete(mark, ParamList);
    }

    fn at_self_param(&self) -> bool {
        let mut ahead = 0;
        if self.nth(ahead) == Amp {
            ahead += 1 + (self.nth(1) == Lifetime) as usize;
        }
        ahead += (self.nth(ahead) == MutKw) as usize;
        self.nth(ahead) == SelfKw && self.nth(ahead + 1) != ColonColon
    }

    fn param(&mut self) {
        let mark = self.mark();
        self.attributes();
        if self.at_self_param() {
            while !self.eat(SelfKw) {
                self.bump();
            }
            if self.eat(Colon) {
                self.ty();
            }
            self.complete(mark, SelfParam);
        } else if self.eat(Ellipsis) {
            self.complete(mark, VariadicParam);
        } else {
            self.pattern_single();
            if self.eat(Colon) {
                self.ty();
            }
            if self.eat(Equals) {
                self.expr();
            }
            self.complete(mark, Param);
        }
    }

    // Data.

    fn struct_item(&mut self, mark: Mark) {
        self.bump();
        self.name();
        self.generics();
        self.where_clause();
        if self.at(LBrace) {
            self.field_list();
        } else {
            if self.at(LParen) {
                self.tuple_fields();
                self.where_clause();
            }
            self.item_end();
        }
        self.complete(mark, StructItem);
    }

    fn field_list(&mut self) {
        let mark = self.mark();
        self.list(LBrace, |p| p.at_name() || p.at(PubKw) || p.at_attribute(), Self::field);
        self.complete(mark, FieldList);
    }

    fn field(&mut self) {
        let mark = self.mark();
        self.attributes();
        self.visibility();
        self.field_rest(mark);
    }

    fn field_rest(&mut self, mark: Mark) {
        if self.name() && self.expect(Colon) {
            self.ty();
            if self.eat(Equals) {
                self.expr();
            }
        }
        self.complete(mark, Field);
    }

    fn tuple_fields(&mut self) {
        let mark = self.mark();
        let starts = |p: &Self| p.at_type() || p.at(PubKw) || p.at_attribute();
        self.list(LParen, starts, |p| {
            let field = p.mark();
            p.attributes();
            p.visibility();
            p.ty();
            p.complete(field, TupleField);
        });
        self.complete(mark, TupleFieldList);
    }

    fn enum_item(&mut self, mark: Mark) {
        self.bump();
        self.name();
        self.generics();
        self.where_clause();
        let list = self.mark();
        self.list(LBrace, |p| p.at_name() || p.at_attribute(), Self::variant);
        self.complete(list, VariantList);
        self.complete(mark, EnumItem);
    }

    fn variant(&mut self) {
        let mark = self.mark();
        self.attributes();
        self.name();
        match self.current() {
            LBrace => self.field_list(),
            LParen => self.tuple_fields(),
            _ => {}
        }
        if self.eat(Equals) {
            self.expr();
        }
        self.complete(mark, Variant);
    }

    // Behaviour.

    fn trait_item(&mut self, mark: Mark) {
        self.eat(UnsafeKw);
        self.bump();
        self.name();
        self.generics();
        if self.eat(Colon) {
            self.bounds();
        }
        self.where_clause();
        if !self.eat(Semicolon) {
            self.member_list(false);
        }
        self.complete(mark, TraitItem);
    }

    fn impl_item(&mut self, mark: Mark) {
        self.eat(UnsafeKw);
        self.bump();
        self.generics();
        self.ty();
        if self.eat(ForKw) {
            self.ty();
        }
        self.where_clause();
        self.member_list(false);
        self.complete(mark, ImplItem);
    }

    fn actor_item(&mut self, mark: Mark) {
        self.bump();
        self.name();
        self.generics();
        self.where_clause();
        self.member_list(true);
        self.complete(mark, ActorItem);
    }

    fn member_list(&mut self, actor: bool) {
        let mark = self.mark();
        self.nested(|p| p.delimited(LBrace, |p, _| p.members(actor)));
        self.complete(mark, MemberList);
    }

    /// Members up to the closing brace or the end of the text.
    pub(super) fn members(&mut self, actor: bool) {
        while !self.at(RBrace) && !self.at(Eof) {
            if self.at(Semicolon) {
                self.leaf(EmptyStmt);
                continue;
            }
            if self.current().is_closer() {
                self.stray_closer();
                continue;
            }
            let mark = self.mark();
            self.attributes();
            self.member(mark, actor);
            self.recover_item(mark);
        }
    }

    fn member(&mut self, mark: Mark, actor: bool) {
        let public = self.at(PubKw);
        if actor && self.at_actor_field() {
            self.visibility();
            self.field_rest(mark);
            self.field_end();
        } else if actor && self.at_word("receive") && self.nth(1) == LBrace {
            self.bump();
            self.delimited(LBrace, |p, _| p.arms(|p| p.arm()));
            self.complete(mark, ReceiveMember);
        } else if public || self.at_fn() || matches!(self.current(), TypeKw | ConstKw) {
            self.visibility();
            match self.current() {
                TypeKw => self.type_alias(mark),
                ConstKw if !self.at_fn() => self.const_item(mark),
                _ if self.at_fn() => self.function(mark),
                _ => self.unexpected("`fn`, `type` or `const`"),
            }
        } else if actor || self.at_item_macro() {
            self.statement_rest(mark);
        } else {
            self.unexpected("`fn`, `type` or `const`");
        }
    }

    fn at_actor_field(&self) -> bool {
        if !self.at(PubKw) {
            return self.at_name() && self.nth(1) == Colon;
        }
        let ahead = if self.nth(1) == LParen { self.after_group(1).unwrap_or(1) } else { 1 };
        matches!(self.nth(ahead), Ident | RawIdent) && self.nth(ahead + 1) == Colon
    }

    fn field_end(&mut self) {
        if self.recovering || self.eat(Comma) || self.eat(Semicolon) || self.at(RBrace) {
            return;
        }
        if self.line_break(0) {
            self.report(&grok::MISSING_SEPARATOR, self.span_after(), "expected `,` after the field");
        } else {
            self.unexpected("`,` or `;`");
        }
    }

    // Modules and bindings.

    fn mod_item(&mut self, mark: Mark) {
        self.bump();
        self.name();
        if !self.eat(Semicolon) {
            let list = self.mark();
            self.nested(|p| {
                p.delimited(LBrace, |p, _| {
                    p.inner_attributes();
                    p.items();
                });
            });
            self.complete(list, ItemList);
        }
        self.complete(mark, ModItem);
    }

    /// `use a::b, c;` has the tree of `a::b` and one of `c`: lowering joins them.
    fn use_item(&mut self, mark: Mark) {
        self.bump();
        self.use_tree();
        while self.eat(Comma) {
            self.use_tree();
        }
        self.item_end();
        self.complete(mark, UseItem);
    }

    /// A path, then perhaps `::*`, `::{..}` or `as name`.
    fn use_tree(&mut self) {
        self.nested(|p| {
            let mark = p.mark();
            p.eat(ColonColon);
            while p.at_segment() {
                p.bump();
                if !p.at(ColonColon) {
                    break;
                }
                p.bump();
            }
            // What was read last decides whether the path is at its end.
            let open = p.raw[p.pos] == mark.token || p.kinds[p.pos - 1] == ColonColon;
            match p.current() {
                Star if open => p.bump(),
                LBrace if open => p.use_tree_list(),
                _ if open => p.unexpected("a name, `*` or `{`"),
                _ => {}
            }
            if p.eat(AsKw) && !p.eat(Underscore) {
                p.name();
            }
            p.complete(mark, UseTree);
        });
    }

    fn use_tree_list(&mut self) {
        let mark = self.mark();
        let starts = |p: &Self| p.at_segment() || matches!(p.current(), Star | LBrace | ColonColon);
        self.list(LBrace, starts, Self::use_tree);
        self.complete(mark, UseTreeList);
    }

    fn at_extern_block(&self) -> bool {
        let at = (self.current() == UnsafeKw) as usize;
        let string = matches!(self.nth(at + 1), Str | RawStr) as usize;
        self.nth(at) == ExternKw && self.nth(at + 1 + string) == LBrace
    }

    fn extern_block(&mut self, mark: Mark) {
        self.eat(UnsafeKw);
        self.abi();
        let list = self.mark();
        self.delimited(LBrace, |p, _| {
            while !p.at(RBrace) && !p.at(Eof) {
                let member = p.mark();
                p.attributes();
                p.visibility();
                match p.current() {
                    StaticKw => p.static_item(member),
                    TypeKw => p.type_alias(member),
                    _ if p.at_fn() => p.function(member),
                    _ => p.unexpected("`fn`, `static` or `type`"),
                }
                p.recover_item(member);
            }
        });
        self.complete(list, MemberList);
        self.complete(mark, ExternBlock);
    }

    fn const_item(&mut self, mark: Mark) {
        self.bump();
        if !self.eat(Underscore) {
            self.name();
        }
        self.typed_value();
        self.complete(mark, ConstItem);
    }

    fn static_item(&mut self, mark: Mark) {
        self.bump();
        self.eat(MutKw);
        self.name();
        self.typed_value();
        self.complete(mark, StaticItem);
    }

    fn typed_value(&mut self) {
        if self.eat(Colon) {
            self.ty();
        }
        if self.eat(Equals) {
            self.expr();
        }
        self.item_end();
    }

    /// `type A<T> = B;`, also as a member with bounds or without a value.
    fn type_alias(&mut self, mark: Mark) {
        self.bump();
        self.name();
        self.generics();
        if self.eat(Colon) {
            self.bounds();
        }
        self.where_clause();
        if self.eat(Equals) {
            self.ty();
        }
        self.item_end();
        self.complete(mark, TypeAlias);
    }
}
