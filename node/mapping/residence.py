"""Grammar of the residence column: from `AE § 25 Abs. 2 AufenthG, 1. Alt.` to a leaf code.

    entry      = { phrase | title | filler | detail }
    phrase     = words with one meaning, longest first ("Duldung", "Freizügigkeit EU", "ohne Titel")
    title      = [ "§" | "§§" ] paragraph [ subsections ] [ law ]  |  number "er"
    paragraph  = number [ letter ]                                    (25, 25a, 104c)
    subsections= ( "Abs" | "," | "/" | "(" | "." | roman ) subsection { ("/" | "," | "u" | "und") subsection }
    detail     = ("Satz" | "S" | "Nr" | "Alt" | "HS" | "Var") number | number ("Alt" | "HS" | "Var")
    filler     = "AE" | "Aufenthaltserlaubnis" | "gemäß" | "nach" | ...  (adds nothing)

Invariants: the whole entry must be understood, else it has no meaning (a word such as "beantragt" changes
everything); all parts must agree on one code, except that a settlement permit outranks its paragraph and
that a certificate of § 81 needs none. `§ 25` alone and `AE` alone mean several things and therefore none.

Sources: AufenthG, AsylG and FreizügG/EU as of 2025. It deliberately judges no validity dates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from node.sources.wording import fold

_TOKEN: Final = re.compile(
    r"(?P<number>\d+)(?P<letter>[a-h](?![a-zäöüß]))?"
    r"|(?P<colloquial>er)(?![a-zäöüß])"
    r"|(?P<word>[a-zäöüß]+)"
    r"|(?P<sign>[§,/().+-])",
)
_ROMAN: Final = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "iva": "4a", "ivb": "4b"}

#: Words with one meaning; compared word by word, the longest phrase first.
_PHRASES: Final = {
    "duldung": "DULD",
    "geduldet": "DULD",
    "ausbildungsduldung": "DULD",
    "beschäftigungsduldung": "DULD",
    "gestattung": "GEST",
    "aufenthaltsgestattung": "GEST",
    "ankunftsnachweis": "GEST",
    "fiktionsbesch": "FICT",
    "fiktionsbescheinigung": "FICT",
    "ne": "NE",
    "niederlassungserlaubnis": "NE",
    "daueraufenthalt": "NE",
    "daueraufenthalt eu": "NE",
    "daueraufenthalt eg": "NE",
    "erlaubnis zum daueraufenthalt eu": "NE",
    "freizügigkeit": "FREE",
    "freizügigkeit eu": "FREE",
    "freizügigkeit eu ewr ch": "FREE",
    "freizügigkeitsberechtigt": "FREE",
    "unionsbürger": "FREE",
    "eu bürger": "FREE",
    "deutsch": "DE",
    "deutsche": "DE",
    "deutscher": "DE",
    "deutsche staatsangehörigkeit": "DE",
    "ohne titel": "NOTITLE",
    "ohne aufenthaltstitel": "NOTITLE",
    "kein titel": "NOTITLE",
    "kein aufenthaltstitel": "NOTITLE",
    "ausreisepflichtig": "NOTITLE",
    "vollziehbar ausreisepflichtig": "NOTITLE",
    "vorübergehender schutz": "T_HUM_24",
    "abschiebungsverbot": "T_HUM_ABV",
    "subsidiärer schutz": "T_HUM_25",
    "subsidiär schutzberechtigt": "T_HUM_25",
    "asylberechtigt": "T_HUM_25",
    "chancen aufenthaltsrecht": "T_CHANCE",
    "chancenaufenthalt": "T_CHANCE",
    "chancenaufenthaltsrecht": "T_CHANCE",
}
_LONGEST_PHRASE: Final = max(len(phrase.split()) for phrase in _PHRASES)
_FILLERS: Final = frozenset(
    {
        "ae",
        "aufenthaltserlaubnis",
        "aufenthaltstitel",
        "at",
        "titel",
        "gem",
        "gemäß",
        "gemäss",
        "nach",
        "aufenthg",
    }
    | {"aufenthaltsgesetz", "i", "v", "m", "ivm"}
)
_LAWS: Final = {"asylg": "asyl", "asylvfg": "asyl", "freizügg": "free"}
_COUNTED: Final = frozenset({"alt", "alternative", "hs", "halbsatz", "var", "variante"})
_DETAILS: Final = _COUNTED | {"satz", "s", "nr"}

_BY_PARAGRAPH: Final = {
    "7": "T_OTH",
    "9": "NE",
    "9a": "NE",
    "22": "T_HUM_AUFN",
    "23": "T_HUM_AUFN",
    "23a": "T_HUM_AUFN",
    "24": "T_HUM_24",
    "25a": "T_BLEIB",
    "25b": "T_BLEIB",
    "36a": "T_FAM",
    "55": "GEST",
    "63a": "GEST",
    "60a": "DULD",
    "60b": "DULD",
    "60c": "DULD",
    "60d": "DULD",
    "81": "FICT",
    "104c": "T_CHANCE",
}
_BY_SUBSECTION: Final = {
    ("25", "1"): "T_HUM_25",
    ("25", "2"): "T_HUM_25",
    ("25", "3"): "T_HUM_ABV",
    ("25", "4"): "T_OTH",
    ("25", "4a"): "T_OTH",
    ("25", "4b"): "T_OTH",
    ("25", "5"): "T_OTH",
    ("26", "3"): "NE",
    ("26", "4"): "NE",
}
# Whole ranges, lettered paragraphs included (16a, 18g, 19c ...).
_BY_RANGE: Final = ((16, 17, "T_EDU"), (18, 21, "T_WORK"), (27, 36, "T_FAM"))
# § 55 and § 63a stand in the AsylG; other paragraphs of that law are no residence title.
_OF_ASYLUM_ACT: Final = frozenset({"55", "63a"})


class _NotUnderstoodError(Exception):
    """The entry has a part without a meaning."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def residence_code(text: str) -> str | None:
    """Return the leaf code of an entry, or None if it has none or several.

    Args:
        text: a cell of the residence column.
    """
    try:
        meanings = _Parser(_tokens(fold(text))).entry()
    except _NotUnderstoodError:
        return None
    if "NE" in meanings:
        # A settlement permit may rest on many paragraphs (§ 18c, § 28 Abs. 2, § 35): the kind decides.
        meanings = [code for code in meanings if not code.startswith("T_")]
    distinct = set(meanings)
    return distinct.pop() if len(distinct) == 1 else None


def _tokens(folded: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    for match in _TOKEN.finditer(folded):
        if folded[position : match.start()].strip():
            raise _NotUnderstoodError
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
        raise _NotUnderstoodError
    return tokens


@dataclass(slots=True)
class _Parser:
    tokens: Sequence[_Token]
    at: int = 0
    meanings: list[str] = field(default_factory=list)

    def entry(self) -> list[str]:
        """Read the whole entry and return what its parts mean."""
        while self.at < len(self.tokens):
            if not (self._phrase() or self._title() or self._detail() or self._filler()):
                raise _NotUnderstoodError
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
        for ahead in range(2 * _LONGEST_PHRASE):
            token = self._peek(ahead)
            if token.kind == "word":
                words.append(token.text)
                found = _PHRASES.get(" ".join(words))
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
        self.meanings.append(_meaning(paragraph, subsections, self._law()))
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
        if self._is("word", *_LAWS):
            law = _LAWS[self._peek().text]
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
        if self._is("word", *_FILLERS) or self._is("sign", ",", ".", "(", ")", "/", "-"):
            self.at += 1
            return True
        return False


def _meaning(paragraph: str, subsections: Sequence[str], law: str) -> str:
    if law == "free":
        return "FREE"
    if law == "asyl" and paragraph not in _OF_ASYLUM_ACT:
        raise _NotUnderstoodError
    codes = {_BY_SUBSECTION[paragraph, s] for s in subsections if (paragraph, s) in _BY_SUBSECTION}
    if codes:
        if len(codes) > 1 or any((paragraph, s) not in _BY_SUBSECTION for s in subsections):
            raise _NotUnderstoodError
        return codes.pop()
    code = _BY_PARAGRAPH.get(paragraph)
    if code is None:
        number = int(paragraph.rstrip("abcdefgh"))
        code = next((code for low, high, code in _BY_RANGE if low <= number <= high), None)
    if code is None:
        raise _NotUnderstoodError
    return code
