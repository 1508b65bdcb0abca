//! The kinds of tokens and tree nodes, in one table.

macro_rules! kinds {
    (
        keywords { $($kw:ident = $kw_text:literal,)* }
        punctuation { $($punct:ident = $punct_text:literal,)* }
        tokens { $($token:ident = $token_text:literal,)* }
        nodes { $($node:ident,)* }
    ) => {
        /// What a token or a node is.
        ///
        /// Tokens come first: keywords, punctuation, then tokens with a text of their own. Contextual keywords are
        /// [`SyntaxKind::Ident`]; the parser looks at their text where the grammar gives them a meaning.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
        #[repr(u8)]
        pub enum SyntaxKind {
            $($kw,)*
            $($punct,)*
            $($token,)*
            $($node,)*
        }

        impl SyntaxKind {
            /// The keyword with this text.
            #[inline]
            pub fn keyword(text: &[u8]) -> Option<SyntaxKind> {
                if text.len() < 2 || text.len() > 8 {
                    return None;
                }
                // Comparing one word against constants becomes a binary search in machine code.
                let word = pack(text);
                $(
                    if word == const { pack($kw_text.as_bytes()) } {
                        return Some(SyntaxKind::$kw);
                    }
                )*
                RESERVED.contains(&word).then_some(SyntaxKind::Reserved)
            }

            /// How messages name the token: its text in backticks, or a description.
            pub fn describe(self) -> &'static str {
                match self {
                    $(SyntaxKind::$kw => concat!("`", $kw_text, "`"),)*
                    $(SyntaxKind::$punct => concat!("`", $punct_text, "`"),)*
                    $(SyntaxKind::$token => $token_text,)*
                    $(SyntaxKind::$node => stringify!($node),)*
                }
            }

            /// The name of the kind, as tree dumps show it.
            pub fn name(self) -> &'static str {
                match self {
                    $(SyntaxKind::$kw => stringify!($kw),)*
                    $(SyntaxKind::$punct => stringify!($punct),)*
                    $(SyntaxKind::$token => stringify!($token),)*
                    $(SyntaxKind::$node => stringify!($node),)*
                }
            }

            /// The keywords with their texts.
            pub const KEYWORDS: &[(SyntaxKind, &str)] = &[$((SyntaxKind::$kw, $kw_text)),*];
        }
    };
}

/// Up to eight bytes of text as one number.
const fn pack(text: &[u8]) -> u64 {
    let mut word = 0;
    let mut i = 0;
    while i < text.len() {
        word = word << 8 | text[i] as u64;
        i += 1;
    }
    word
}

/// Words that no program may use as a plain name although they mean nothing yet.
const RESERVED: [u64; 11] = [
    pack(b"abstract"),
    pack(b"become"),
    pack(b"do"),
    pack(b"final"),
    pack(b"gen"),
    pack(b"override"),
    pack(b"priv"),
    pack(b"try"),
    pack(b"typeof"),
    pack(b"virtual"),
    pack(b"yield"),
];

kinds! {
    keywords {
        AsKw = "as", AsyncKw = "async", AwaitKw = "await", BreakKw = "break", ConstKw = "const",
        ContinueKw = "continue", CrateKw = "crate", DynKw = "dyn", ElseKw = "else", EnumKw = "enum",
        ExternKw = "extern", FalseKw = "false", FnKw = "fn", ForKw = "for", IfKw = "if", ImplKw = "impl", InKw = "in",
        LetKw = "let", LoopKw = "loop", MatchKw = "match", ModKw = "mod", MoveKw = "move", MutKw = "mut",
        PubKw = "pub", RefKw = "ref", ReturnKw = "return", SelfKw = "self", SelfTypeKw = "Self", StaticKw = "static",
        StructKw = "struct", SuperKw = "super", TraitKw = "trait", TrueKw = "true", TypeKw = "type",
        UnsafeKw = "unsafe", UseKw = "use", WhereKw = "where", WhileKw = "while",
    }
    // `<` and `>` are always single, so that type arguments close without splitting a token; the parser joins
    // adjacent ones to `<<`, `>>`, `<<=`, `>>=` and `>=`.
    punctuation {
        Plus = "+", Minus = "-", Star = "*", Slash = "/", Percent = "%", EqEq = "==", NotEq = "!=", Lt = "<",
        Gt = ">", LtEq = "<=", AmpAmp = "&&", PipePipe = "||", Bang = "!", Amp = "&", Pipe = "|", Caret = "^",
        Tilde = "~", Equals = "=", PlusEq = "+=", MinusEq = "-=", StarEq = "*=", SlashEq = "/=", PercentEq = "%=",
        AmpEq = "&=", PipeEq = "|=", CaretEq = "^=", FatArrow = "=>", Arrow = "->", ColonColon = "::", Dot = ".",
        DotDot = "..", DotDotEq = "..=", Ellipsis = "...", Question = "?", At = "@", Hash = "#", Dollar = "$",
        Comma = ",", Semicolon = ";", Colon = ":", LParen = "(", RParen = ")", LBracket = "[", RBracket = "]",
        LBrace = "{", RBrace = "}", Underscore = "_",
    }
    tokens {
        Ident = "a name", RawIdent = "a name", Reserved = "a reserved word", Lifetime = "a lifetime",
        Int = "a number", Float = "a number", Char = "a character", Byte = "a byte", Str = "a string",
        RawStr = "a string", ByteStr = "a byte string", RawByteStr = "a byte string", CStr = "a C string",
        FStr = "an interpolated string",
        GroupOpen = "a macro argument", GroupClose = "the end of a macro argument", Eof = "the end of the file",
        Whitespace = "white space", LineBreak = "a line break", LineComment = "a comment", BlockComment = "a comment",
        OuterDoc = "a documentation comment", InnerDoc = "a documentation comment", Shebang = "a first line `#!`",
        ByteOrderMark = "a byte-order mark", Unknown = "an invalid character",
    }
    nodes {
        File, ErrorNode, Attr, InnerAttr, Meta, MetaArgs, MetaPair, Visibility, Path,
        FnItem, ParamList, Param, SelfParam, VariadicParam, RetType, Abi,
        Generics, LifetimeParam, TypeParam, ConstParam, BoundList, Bound, ForLifetimes, WhereClause, WherePred,
        StructItem, FieldList, Field, TupleFieldList, TupleField, EnumItem, VariantList, Variant,
        TraitItem, ImplItem, MemberList, ActorItem, ReceiveMember,
        ModItem, ItemList, UseItem, UseTree, UseTreeList, ExternBlock, ConstItem, StaticItem, TypeAlias,
        MacroDef, MacroRule, TokenTree, MacroCall,
        Block, LetStmt, ExprStmt, EmptyStmt,
        Literal, PathExpr, StructLit, StructLitField, StructLitBase, ParenExpr, TupleExpr, ArrayExpr, RepeatExpr,
        IfExpr, LetCond, MatchExpr, MatchArm, MatchGuard, LoopExpr, WhileExpr, ForExpr, BlockExpr, SpawnExpr,
        SpawnOptions, SpawnOption, AskExpr, ReceiveExpr, AfterArm, SelectExpr, SelectArm, DefaultArm, ClosureExpr,
        ReturnExpr, BreakExpr, ContinueExpr, AssignExpr, BinaryExpr, RangeExpr, SendExpr, CastExpr, PrefixExpr,
        RefExpr, FieldExpr, MethodCall, AwaitExpr, CallExpr, ArgList, IndexExpr, TryExpr,
        WildcardPat, RestPat, LiteralPat, RangePat, IdentPat, RefPat, TupleStructPat, StructPat, StructPatField,
        PathPat, TuplePat, ParenPat, SlicePat, OrPat,
        PathType, QualifiedSelf, TypeArgs, AssocArg, ConstArg, FnTypeArgs, TupleType, ParenType, ArrayType, SliceType,
        RefType, PtrType, NeverType, InferType, DynType, ImplType, FnType, FnTypeParam, ClosureType,
    }
}

impl SyntaxKind {
    /// White space, comments and characters that the lexer has already complained about.
    #[inline]
    pub fn is_trivia(self) -> bool {
        self as u8 >= SyntaxKind::Whitespace as u8 && self as u8 <= SyntaxKind::Unknown as u8
    }

    /// Tokens, in contrast to nodes.
    pub fn is_token(self) -> bool {
        self as u8 <= SyntaxKind::Unknown as u8
    }

    /// A written type.
    pub fn is_type(self) -> bool {
        let parts = [SyntaxKind::QualifiedSelf, SyntaxKind::TypeArgs, SyntaxKind::AssocArg, SyntaxKind::ConstArg];
        self as u8 >= SyntaxKind::PathType as u8
            && self as u8 <= SyntaxKind::ClosureType as u8
            && !parts.contains(&self)
    }

    pub fn is_keyword(self) -> bool {
        self as u8 <= SyntaxKind::WhileKw as u8
    }

    /// Number, character and string tokens, `true` and `false`.
    pub fn is_literal(self) -> bool {
        let value = self as u8;
        (value >= SyntaxKind::Int as u8 && value <= SyntaxKind::FStr as u8)
            || matches!(self, SyntaxKind::TrueKw | SyntaxKind::FalseKw)
    }

    pub fn is_comment(self) -> bool {
        use SyntaxKind::{BlockComment, InnerDoc, LineComment, OuterDoc};
        matches!(self, LineComment | BlockComment | OuterDoc | InnerDoc)
    }

    /// The closing delimiter of an opening one.
    pub fn closer(self) -> Option<SyntaxKind> {
        match self {
            SyntaxKind::LParen => Some(SyntaxKind::RParen),
            SyntaxKind::LBracket => Some(SyntaxKind::RBracket),
            SyntaxKind::LBrace => Some(SyntaxKind::RBrace),
            SyntaxKind::GroupOpen => Some(SyntaxKind::GroupClose),
            _ => None,
        }
    }

    pub fn is_closer(self) -> bool {
        use SyntaxKind::{GroupClose, RBrace, RBracket, RParen};
        matches!(self, RParen | RBracket | RBrace | GroupClose)
    }
}
