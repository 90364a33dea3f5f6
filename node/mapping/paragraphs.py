"""Grammar of entries about paragraphs: from `AE § 25 Abs. 2 AufenthG, 1. Alt.` to what its parts mean.

    entry      = { phrase | title | filler | detail }
    phrase     = words with one meaning, longest first ("Duldung", "Freizügigkeit EU", "ohne Titel")
    title      = [ "§" | "§§" ] paragraph [ subsections ] [ law ]  |  number "er"
    paragraph  = number [ letter ]                                    (25, 25a, 104c)
    subsections= ( "Abs" | "," | "/" | "(" | "." | roman ) subsection { ("/" | "," | "u" | "und") subsection }
    detail     = ("Satz" | "S" | "Nr" | "Alt" | "HS" | "Var") number | number ("Alt" | "HS" | "Var")
    filler     = "AE" | "Aufenthaltserlaubnis" | "gemäß" | "nach" | ...  (adds nothing)

Invariant: the whole entry must be understood, else it has no meaning (a word such as "beantragt" changes
everything).

It deliberately knows no law: which phrases, paragraphs and laws there are is said by a :class:`Grammar`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from node.wording import fold

_TOKEN: Final = re.compile(
    r"(?P<number>\d+)(?P<letter>[a-h](?![a-zäöüß]))?"
    r"|(?P<colloquial>er)(?![a-zäöüß])"
    r"|(?P<word>[a-zäöüß]+)"
    r"|(?P<sign>[§,/().+-])",
)
_ROMAN: Final = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "iva": "4a", "ivb": "4b"}
_COUNTED: Final = frozenset({"alt", "alternative", "hs", "halbsatz", "var", "variante"})
_DETAILS: Final = _COUNTED | {"satz", "s", "nr"}


class NotUnderstoodError(Exception):
    """The entry has a part without a meaning."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def _tokens(folded: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    for match in _TOKEN.finditer(folded):
        if folded[position : match.start()].strip():
            raise NotUnderstoodError
        position = match.end()
        if match["number"]:
            tokens.append(_Token("number", match["number"] + (match["letter"] or "")))
        elif match["colloquial"]:
            tokens.append(_Token("colloquial", "er"))
        elif match["word"]:
            tokens.append(_Token("word", match["word"]))
        else:
            tokens.append(_Token("sign", match["sign"]))
    if folded[position:].strip():
        raise NotUnderstoodError
    return tokens


@dataclass(frozen=True, slots=True)
class Grammar:
    """What the words and paragraphs of one kind of entry mean.

    Attributes:
        phrases: folded words with one meaning, compared word by word, the longest first -> meaning.
        fillers: folded words that add nothing.
        laws: abbreviation of a law -> its name for `meaning`; the empty name is a title without a law.
        meaning: from a paragraph, its subsections and the law to a meaning; raises
            :class:`NotUnderstoodError` if it has none.
    """

    phrases: Mapping[str, str]
    fillers: frozenset[str]
    laws: Mapping[str, str]
    meaning: Callable[[str, Sequence[str], str], str]

    @property
    def longest_phrase(self) -> int:
        """Words of the longest phrase."""
        return max(len(phrase.split()) for phrase in self.phrases)

    def meanings(self, text: str) -> list[str] | None:
        """Return what the parts of an entry mean, or None if one of them is not understood."""
        try:
            return _Parser(self, _tokens(fold(text))).entry()
        except NotUnderstoodError:
            return None


@dataclass(slots=True)
class _Parser:
    grammar: Grammar
    tokens: Sequence[_Token]
    at: int = 0
    meanings: list[str] = field(default_factory=list)

    def entry(self) -> list[str]:
        """Read the whole entry and return what its parts mean."""
        while self.at < len(self.tokens):
            if not (self._phrase() or self._title() or self._detail() or self._filler()):
                raise NotUnderstoodError
        return self.meanings

    def _peek(self, ahead: int = 0) -> _Token:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else _Token("end", "")

    def _is(self, kind: str, *texts: str, ahead: int = 0) -> bool:
        token = self._peek(ahead)
        return token.kind == kind and (not texts or token.text in texts)

    def _phrase(self) -> bool:
        words: list[str] = []
        best = 0
        meaning = ""
        for ahead in range(2 * self.grammar.longest_phrase):
            token = self._peek(ahead)
            if token.kind == "word":
                words.append(token.text)
                found = self.grammar.phrases.get(" ".join(words))
                best, meaning = (ahead + 1, found) if found is not None else (best, meaning)
            elif not (words and token.kind == "sign" and token.text in "-/"):
                break
        if best == 0:
            return False
        self.meanings.append(meaning)
        self.at += best
        if self._is("sign", "."):  # an abbreviation
            self.at += 1
        return True

    def _title(self) -> bool:
        start = self.at
        marked = False
        while self._is("sign", "§"):
            marked = True
            self.at += 1
        if not self._is("number"):
            self.at = start
            return False
        paragraph = self._paragraph()
        if self._is("colloquial"):
            self.at += 1
        elif not marked and not self._stands_alone(paragraph, start):
            self.at = start
            return False
        subsections = self._subsections()
        self.meanings.append(self.grammar.meaning(paragraph, subsections, self._law()))
        return True

    def _stands_alone(self, paragraph: str, start: int) -> bool:
        # "24" and "25,2" are paragraphs; "1" in "1. Alt." is not, nor is a number behind a detail.
        return len(paragraph) >= 2 and all(t.kind != "number" for t in self.tokens[:start])

    def _paragraph(self) -> str:
        paragraph = self._peek().text
        self.at += 1
        # "§ 60 a": the letter set apart
        if paragraph.isdigit() and self._is("word") and re.fullmatch("[a-h]", self._peek().text):
            paragraph += self._peek().text
            self.at += 1
        return paragraph

    def _subsections(self) -> list[str]:
        found: list[str] = []
        while True:
            start = self.at
            introduced = False
            while self._is("sign", ",", "/", "(", ".", "+") or self._is("word", "abs", "absatz", "u", "und"):
                introduced = True
                self.at += 1
            subsection = self._subsection(introduced=introduced)
            if subsection is None:
                self.at = start
                return found
            found.append(subsection)
            if self._is("sign", ")"):
                self.at += 1

    def _subsection(self, *, introduced: bool) -> str | None:
        token = self._peek()
        if token.kind == "number" and introduced and not self._is_detail_behind():
            self.at += 1
            return token.text
        # "§ 25 II", but not the i of "i.V.m."
        if token.kind == "word" and token.text in _ROMAN and not self._is("sign", ".", ahead=1):
            self.at += 1
            return _ROMAN[token.text]
        return None

    def _is_detail_behind(self) -> bool:
        # "1. Alt." counts alternatives; in "Abs. 2 Alt. 1" the first number is the subsection.
        behind = 2 if self._is("sign", ".", ahead=1) else 1
        if not self._is("word", *_COUNTED, ahead=behind):
            return False
        behind += 2 if self._is("sign", ".", ahead=behind + 1) else 1
        return not self._is("number", ahead=behind)

    def _law(self) -> str:
        start = self.at
        while self._detail():
            pass
        if self._is("word", *self.grammar.laws):
            law = self.grammar.laws[self._peek().text]
            self.at += 1
            if self._is("sign", "/") and self._is("word", "eu", ahead=1):
                self.at += 2
            return law
        self.at = start
        return ""

    def _detail(self) -> bool:
        start = self.at
        while self._is("sign", ",", ".", "(", ")"):
            self.at += 1
        if self._is("word", *_DETAILS):
            self.at += 1
            self._skip_dot()
            if self._is("number"):
                self.at += 1
                return True
        elif self._is("number") and self._is_detail_behind():
            self.at += 1
            self._skip_dot()
            self.at += 1
            self._skip_dot()
            return True
        self.at = start
        return False

    def _skip_dot(self) -> None:
        if self._is("sign", "."):
            self.at += 1

    def _filler(self) -> bool:
        if self._is("word", *self.grammar.fillers) or self._is("sign", ",", ".", "(", ")", "/", "-"):
            self.at += 1
            return True
        return False
