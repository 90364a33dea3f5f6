"""What a template gets is documented, frozen, and used: contexts are the page's contract."""

import dataclasses
import importlib
import inspect
import re
from pathlib import Path

import pytest

import hub.web
from hub.web.texts import all_texts
from hub.web.texts import figures as figure_texts
from protocol.catalogue_file import load_catalogue

WEB = Path(hub.web.__file__).parent
MODULES = [
    "frame",
    *(
        ".".join(path.relative_to(WEB).with_suffix("").parts)
        for package in ("pages", "sections", "exports", "people")
        for path in sorted((WEB / package).rglob("*.py"))
        if path.name != "__init__.py"
    ),
]


def contexts() -> list[type]:
    found = []
    for name in MODULES:
        module = importlib.import_module(f"hub.web.{name}")
        for _, item in inspect.getmembers(module, inspect.isclass):
            if item.__module__ == module.__name__ and dataclasses.is_dataclass(item):
                found.append(item)
    return found


@pytest.mark.parametrize("context", contexts(), ids=lambda context: context.__name__)
def test_contexts_are_frozen_and_name_every_field_in_their_documentation(context: type) -> None:
    assert context.__dataclass_params__.frozen
    assert context.__doc__
    fields = [field.name for field in dataclasses.fields(context)]
    if "Attributes:" in context.__doc__:
        documented = re.findall(r"^ {8}(\w+): ", context.__doc__, re.MULTILINE)
        assert documented == fields
    else:
        # Short ones say it in their first sentences.
        assert len(fields) <= 8


def test_templates_use_only_texts_that_exist() -> None:
    texts, notes = all_texts(), importlib.import_module("hub.web.notes")
    for template in (WEB / "templates").iterdir():
        source = template.read_text(encoding="utf-8")
        for prefix, name in re.findall(r"\b([TN])\.([A-Z_]+)", source):
            assert hasattr(texts if prefix == "T" else notes, name), f"{template.name}: {prefix}.{name}"


def test_the_note_on_confidentiality_names_the_thresholds_of_the_catalogue() -> None:
    catalogue = load_catalogue()
    rules = {
        catalogue.rule_for(indicator, {use.id: code.id}).min_contributors
        for indicator in catalogue.indicators.values()
        if indicator.dataset in ("CASES", "PERSONS")
        for use in indicator.dimensions
        for code in use.codelist.published
    }
    notes = importlib.import_module("hub.web.notes")
    note = next(note.text for note in notes.NOTES if note.title.de == "Geheimhaltung")
    for sentence in (note.de, note.en):
        assert {int(number) for number in re.findall(r"\d+", sentence)} == rules - {
            0
        }  # 0: nothing is withheld


def test_every_text_is_used_somewhere() -> None:
    sources = [
        path.read_text(encoding="utf-8")
        for path in WEB.rglob("*")
        if path.suffix in {".py", ".html"} and not path.is_relative_to(WEB / "texts")
    ]
    names = list(vars(all_texts()))
    unused = [name for name in names if not any(re.search(rf"\b{name}\b", source) for source in sources)]
    assert unused == []


def test_every_unit_and_every_derived_figure_has_its_words() -> None:
    catalogue = load_catalogue()
    items = [*catalogue.indicators.values(), *catalogue.derived.values()]
    assert {item.unit for item in items} <= set(figure_texts.UNIT)
    assert set(figure_texts.DEFINITIONS) == set(catalogue.derived)
    denominators = {i.denominator for i in catalogue.indicators.values() if i.denominator}
    assert denominators <= set(figure_texts.PER_THOUSAND)
    assert denominators <= set(figure_texts.PER_THOUSAND_SHORT)
