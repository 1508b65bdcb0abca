"""Filling, wrapping and indenting of plain text."""

__all__ = ['TextWrapper', 'wrap', 'fill', 'dedent', 'indent', 'shorten']

_whitespace = '\t\n\x0b\x0c\r '
_WORD_PUNCTUATION = '!"\'&.,?'


def _is_word(c):
    return c.isalnum() or c == '_'


class TextWrapper:
    """Breaks text into lines of a width; the attributes are those of the constructor's parameters."""

    def __init__(self, width=70, initial_indent="", subsequent_indent="", expand_tabs=True, replace_whitespace=True,
                 fix_sentence_endings=False, break_long_words=True, drop_whitespace=True, break_on_hyphens=True,
                 tabsize=8, *, max_lines=None, placeholder=' [...]'):
        self.width = width
        self.initial_indent = initial_indent
        self.subsequent_indent = subsequent_indent
        self.expand_tabs = expand_tabs
        self.replace_whitespace = replace_whitespace
        self.fix_sentence_endings = fix_sentence_endings
        self.break_long_words = break_long_words
        self.drop_whitespace = drop_whitespace
        self.break_on_hyphens = break_on_hyphens
        self.tabsize = tabsize
        self.max_lines = max_lines
        self.placeholder = placeholder

    def _munge_whitespace(self, text):
        if self.expand_tabs:
            text = text.expandtabs(self.tabsize)
        if self.replace_whitespace:
            text = text.translate({ord(c): ' ' for c in _whitespace})
        return text

    def _split(self, text):
        """Runs of blanks and of other characters in turn; words are split after hyphens and around dashes."""
        chunks = []
        at = 0
        while at < len(text):
            start = at
            blank = text[at] in _whitespace
            while at < len(text) and (text[at] in _whitespace) == blank:
                at += 1
            if blank or not self.break_on_hyphens:
                chunks.append(text[start:at])
            else:
                chunks.extend(_split_hyphens(text[start:at]))
        return chunks

    def _fix_sentence_endings(self, chunks):
        for i in range(len(chunks) - 1):
            if chunks[i + 1] == " " and _ends_sentence(chunks[i]):
                chunks[i + 1] = "  "

    def _handle_long_word(self, reversed_chunks, cur_line, cur_len, width):
        space_left = 1 if width < 1 else width - cur_len
        if self.break_long_words and space_left > 0:
            end = space_left
            chunk = reversed_chunks[-1]
            if self.break_on_hyphens and len(chunk) > space_left:
                hyphen = chunk.rfind('-', 0, space_left)
                if hyphen > 0 and any(c != '-' for c in chunk[:hyphen]):
                    end = hyphen + 1
            cur_line.append(chunk[:end])
            reversed_chunks[-1] = chunk[end:]
        elif not cur_line:
            cur_line.append(reversed_chunks.pop())

    def _wrap_chunks(self, chunks):
        lines = []
        if self.width <= 0:
            raise ValueError("invalid width %r (must be > 0)" % self.width)
        if self.max_lines is not None:
            indent = self.subsequent_indent if self.max_lines > 1 else self.initial_indent
            if len(indent) + len(self.placeholder.lstrip()) > self.width:
                raise ValueError("placeholder too large for max width")
        chunks.reverse()
        while chunks:
            cur_line = []
            cur_len = 0
            indent = self.subsequent_indent if lines else self.initial_indent
            width = self.width - len(indent)
            if self.drop_whitespace and chunks[-1].strip() == '' and lines:
                del chunks[-1]
            while chunks:
                length = len(chunks[-1])
                if cur_len + length > width:
                    break
                cur_line.append(chunks.pop())
                cur_len += length
            if chunks and len(chunks[-1]) > width:
                self._handle_long_word(chunks, cur_line, cur_len, width)
                cur_len = sum(map(len, cur_line))
            if self.drop_whitespace and cur_line and cur_line[-1].strip() == '':
                cur_len -= len(cur_line[-1])
                del cur_line[-1]
            if not cur_line:
                continue
            last = (not chunks or self.drop_whitespace and len(chunks) == 1 and not chunks[0].strip())
            if self.max_lines is None or len(lines) + 1 < self.max_lines or last and cur_len <= width:
                lines.append(indent + ''.join(cur_line))
                continue
            self._shorten_last(lines, cur_line, cur_len, indent, width)
            break
        return lines

    def _shorten_last(self, lines, cur_line, cur_len, indent, width):
        """Ends the text with the placeholder, on this line or the one before."""
        while cur_line:
            if cur_line[-1].strip() and cur_len + len(self.placeholder) <= width:
                cur_line.append(self.placeholder)
                lines.append(indent + ''.join(cur_line))
                return
            cur_len -= len(cur_line[-1])
            del cur_line[-1]
        if lines:
            prev_line = lines[-1].rstrip()
            if len(prev_line) + len(self.placeholder) <= self.width:
                lines[-1] = prev_line + self.placeholder
                return
        lines.append(indent + self.placeholder.lstrip())

    def wrap(self, text):
        """Lines of at most `width` characters, without newlines."""
        chunks = self._split(self._munge_whitespace(text))
        if self.fix_sentence_endings:
            self._fix_sentence_endings(chunks)
        return self._wrap_chunks(chunks)

    def fill(self, text):
        """The lines of `wrap` as one string."""
        return "\n".join(self.wrap(text))


def _ends_sentence(chunk):
    """Whether a word ends with a lowercase letter, a full stop and perhaps a quote."""
    if chunk[-1:] in ('"', "'"):
        chunk = chunk[:-1]
    return len(chunk) > 1 and chunk[-1] in '.!?' and 'a' <= chunk[-2] <= 'z'


def _split_hyphens(word):
    """Parts of a word that may stand on different lines: after a hyphen between letters, around a long dash."""
    parts = []
    start = 0
    at = 0
    end = len(word)
    while at < end:
        if word[at] != '-':
            at += 1
            continue
        run = at
        while run < end and word[run] == '-':
            run += 1
        if run - at >= 2:
            around = at > start and run < end and _is_word(word[run])
            before = at > 0 and (_is_word(word[at - 1]) or word[at - 1] in _WORD_PUNCTUATION)
            if around and before:
                parts.append(word[start:at])
                parts.append(word[at:run])
                start = run
        elif _may_break(word, start, at):
            parts.append(word[start:run])
            start = run
        at = run
    if start < end:
        parts.append(word[start:])
    return parts


def _is_letter(c):
    return _is_word(c) and not c.isdigit() and c != '_'


def _may_break(word, start, at):
    """Whether a line may end after the hyphen at `at`: letters before it, letters after it."""
    if at - start < 2 and not (at - start >= 1 and start > 0):
        return False
    before = word[max(start, at - 2):at]
    if len(before) < 2 or not all(_is_letter(c) for c in before):
        return False
    after = word[at + 1:at + 3]
    return len(after) == 2 and _is_letter(after[0]) and (_is_letter(after[1]) or after[1] == '-')


def wrap(text, width=70, **kwargs):
    """Lines of one paragraph."""
    return TextWrapper(width=width, **kwargs).wrap(text)


def fill(text, width=70, **kwargs):
    """One paragraph, filled."""
    return TextWrapper(width=width, **kwargs).fill(text)


def shorten(text, width, **kwargs):
    """The text with its blanks collapsed, cut to a width."""
    w = TextWrapper(width=width, max_lines=1, **kwargs)
    return w.fill(' '.join(text.strip().split()))


def dedent(text):
    """The text without the blanks that all its lines begin with; lines of blanks become empty."""
    lines = text.split('\n')
    margin = None
    for i, line in enumerate(lines):
        if not line or line.isspace():
            lines[i] = ''
            continue
        indent = line[:len(line) - len(line.lstrip(' \t'))]
        if margin is None:
            margin = indent
            continue
        shared = 0
        while shared < len(margin) and shared < len(indent) and margin[shared] == indent[shared]:
            shared += 1
        margin = margin[:shared]
    cut = len(margin or '')
    return '\n'.join(line[cut:] if line else line for line in lines)


def indent(text, prefix, predicate=None):
    """The text with a prefix before each line that is not blank, or that the predicate chooses."""
    if predicate is None:
        predicate = str.strip
    return ''.join(prefix + line if predicate(line) else line for line in text.splitlines(True))
