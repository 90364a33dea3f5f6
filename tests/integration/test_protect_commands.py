"""`kim-protect` as a process of its own: what it writes, what it says, how it ends."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from aggregation.protect import protecting
from aggregation.protect.cli.console import Console
from aggregation.protect.cli.suppressing import Choices, suppress_cells
from aggregation.sdc.suppression import Effort, Pattern, Task
from protocol.problems import PROBLEMS
from tests.factories.protect_files import COMMAND, LEAVES, REGION, STRUCTURE, Office

WITHHELD = {("N1", "f"), ("S1", "m")}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office.at(tmp_path)


def withheld(office: Office, name: str = "out.csv") -> set[tuple[str, str]]:
    return {(row["region"], row["sex"]) for row in office.rows(name) if not row["value"]}


# ------------------------------------------------------------------------------------------------ suppress


def test_a_table_is_protected_audited_and_written(office: Office) -> None:
    done = office.suppress("--json", "--report", "report.html", "--reasons", "reasons.csv")
    assert done.code == 0, done.err
    document = done.document
    assert document["verdict"] == "safe"
    assert (document["cells"], document["sensitive"]) == (21, 2)
    rows = office.rows("out.csv")
    assert len(rows) == 21
    assert all((row["conf_status"] == "C") == (row["value"] == "") for row in rows)
    assert {row["conf_status"] for row in rows} == {"C", "F"}
    assert withheld(office) >= WITHHELD
    assert document["withheld"] == len(withheld(office))
    total = next(row for row in rows if (row["region"], row["sex"]) == ("Land", "Total"))
    assert total["value"] == "238"
    reasons = {(row["region"], row["sex"]): row["reason"] for row in office.rows("reasons.csv")}
    assert set(reasons) == withheld(office)
    assert {cell for cell, reason in reasons.items() if reason == "frequency"} == WITHHELD
    assert stat.S_IMODE((office.folder / "reasons.csv").stat().st_mode) == 0o600
    assert office.audit().code == 0


def test_margins_may_be_given_and_are_the_same_result(office: Office) -> None:
    office.suppress()
    alone = office.read("out.csv")
    margins = "Land,Total,238\nNord,Total,101\nNord,f,33\nLand,m,131\n"
    office.write("cells.csv", LEAVES + margins)
    assert office.suppress().code == 0
    assert office.read("out.csv") == alone


def test_the_same_pattern_in_every_process_and_hash_seed(office: Office) -> None:
    found = set()
    for seed in ("0", "1", "4711"):
        assert office.run(
            "suppress", "cells.csv", "--structure", "structure.yaml", "--out", f"{seed}.csv",
            environment={"PYTHONHASHSEED": seed},
        ).code == 0  # fmt: skip
        found.add(office.read(f"{seed}.csv"))
    assert len(found) == 1


def test_seconds_are_a_clock_around_rounds_that_can_be_repeated(office: Office) -> None:
    timed = office.suppress("--seconds", "0.5", "--json").document
    pattern = office.read("out.csv")
    assert office.suppress("--rounds", str(timed["rounds"])).code == 0
    assert office.read("out.csv") == pattern


@pytest.mark.parametrize(
    ("encoding", "separator"), [("utf-8", ","), ("utf-8-sig", ";"), ("cp1252", ";"), ("utf-16", "\t")]
)
def test_separators_and_encodings_as_offices_have_them(tmp_path: Path, encoding: str, separator: str) -> None:
    office = Office.at(tmp_path)
    office.write("cells.csv", LEAVES.replace("S1", "Süd-1").replace(",", separator).encode(encoding))
    office.write("region.csv", REGION.replace("S1", "Süd-1"))
    assert office.suppress().code == 0
    content = (tmp_path / "out.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf") == (encoding == "utf-8-sig")
    text = content.decode("utf-8-sig")
    assert text.splitlines()[0] == separator.join(("region", "sex", "value", "conf_status"))
    assert f"Süd-1{separator}Total" in text
    assert office.audit().code == 0


def test_any_code_works(office: Office) -> None:
    codes = [".x", " ", "NA", "Ä ö", "a,b", "no", "null", "1e5", "'", '"', "=1+1"]
    quoted = ['"' + code.replace('"', '""') + '"' for code in codes]
    office.write("cells.csv", LEAVES + "".join(f"{code},f,2\n{code},m,40\n" for code in quoted))
    office.write("region.csv", REGION + "".join(f"Nord,{code}\n" for code in quoted))
    done = office.suppress("--report", "report.html")
    assert done.code == 0, done.err
    assert withheld(office) >= {(code, "f") for code in codes}
    assert office.audit("--cells", "cells.csv").code == 0


def test_a_codelist_without_a_total_and_several_top_codes(tmp_path: Path) -> None:
    office = Office.at(
        tmp_path,
        structure__yaml="dimensions: {region: region.csv, sex: [f, m]}\nrules: {min_contributors: 5}\n",
        region__csv="parent,child\nNord,N1\nNord,N2\nSüd,S1\nSüd,S2\n",
    )
    done = office.suppress("--json")
    assert done.code == 0, done.err
    assert done.document["cells"] == 12
    assert {row["region"] for row in office.rows("out.csv")} == {"Nord", "N1", "N2", "Süd", "S1", "S2"}
    assert office.audit().code == 0


def test_linked_tables_from_the_leaves_of_each(tmp_path: Path) -> None:
    office = Office.at(
        tmp_path,
        structure__yaml=(
            "dimensions: {region: region.csv, sex: sex.csv, age: age.csv}\n"
            "tables: [[region, sex], [region, age]]\nrules: {min_contributors: 5}\n"
        ),
        age__csv="parent,child\nall,young\nall,old\n",
    )
    first = "".join(
        f"{row.replace(',', ',', 1).rsplit(',', 1)[0]},all,{row.rsplit(',', 1)[1]}\n"
        for row in LEAVES.splitlines()[1:]
    )
    second = "N1,Total,young,30\nN1,Total,old,12\nN2,Total,young,20\nN2,Total,old,39\n"
    second += "S1,Total,young,49\nS1,Total,old,4\nS2,Total,young,44\nS2,Total,old,40\n"
    office.write("cells.csv", "region,sex,age,freq\n" + first + second)
    done = office.suppress("--json")
    assert done.code == 0, done.err
    assert done.document["cells"] == 7 * 3 + 7 * 2
    assert office.audit().code == 0
    office.write("cells.csv", "region,sex,age,freq\n" + first + second.replace("old,12", "old,13"))
    refused = office.suppress("--json")
    assert refused.code == PROBLEMS["cells_invalid"].exit_code
    assert refused.document["errors"][0]["code"] == "shared_totals"


def test_keep_is_kept_or_the_cells_that_must_go_are_named(office: Office) -> None:
    office.write("structure.yaml", STRUCTURE + "keep: [{sex: Total}, {region: Land}]\n")
    assert office.suppress().code == 0
    assert not [cell for cell in withheld(office) if cell[0] == "Land" or cell[1] == "Total"]
    office.write(
        "structure.yaml", STRUCTURE + "keep: [{sex: Total}, {sex: f, region: N2}, {sex: f, region: Nord}]\n"
    )
    (office.folder / "out.csv").unlink()
    refused = office.suppress("--lang", "en")
    assert refused.code == PROBLEMS["cannot_protect"].exit_code
    assert "region N1 · sex f" in refused.err
    assert "would have to be withheld too" in refused.err
    assert not (office.folder / "out.csv").exists()
    office.write("structure.yaml", STRUCTURE + "keep: [{region: N1, sex: f}]\n")
    refused = office.suppress("--lang", "en")
    assert refused.code == PROBLEMS["cannot_protect"].exit_code
    assert "1 cell that has to be protected itself" in refused.err


def test_outputs_never_overwrite_inputs_or_each_other(office: Office) -> None:
    (office.folder / "link.csv").hardlink_to(office.folder / "cells.csv")
    before = office.read("cells.csv"), office.read("region.csv")
    for words in (
        ["--out", "cells.csv"],
        ["--out", "./region.csv"],
        ["--out", "link.csv"],
        ["--out", "o.csv", "--report", "o.csv"],
        ["--out", "o.csv", "--reasons", "structure.yaml"],
    ):
        done = office.run("suppress", "cells.csv", "--structure", "structure.yaml", *words)
        assert done.code == PROBLEMS["input_overwritten"].exit_code, words
        assert "input_overwritten" in done.err
    assert (office.read("cells.csv"), office.read("region.csv")) == before
    done = office.run("suppress", "cells.csv", "--structure", "structure.yaml", "--out", "none/out.csv")
    assert done.code == PROBLEMS["cannot_write"].exit_code


def test_a_device_or_a_pipe_is_not_replaced_by_a_file(office: Office) -> None:
    """Whoever may, such as root, would lose the device."""
    os.mkfifo(office.folder / "pipe")
    for option in ("--out", "--report", "--reasons"):
        words = ["--out", "o.csv", option, "pipe"] if option != "--out" else ["--out", "pipe"]
        done = office.run("suppress", "cells.csv", "--structure", "structure.yaml", *words)
        assert done.code == PROBLEMS["cannot_write"].exit_code, done.err
    assert (office.folder / "pipe").is_fifo()


def test_a_link_stays_one_and_what_it_points_to_is_replaced(office: Office) -> None:
    (office.folder / "there").mkdir()
    (office.folder / "out.csv").symlink_to("there/out.csv")
    assert office.suppress().code == 0
    assert (office.folder / "out.csv").is_symlink()
    assert [path.name for path in (office.folder / "there").iterdir()] == ["out.csv"]


def test_nothing_half_written_is_left_behind(office: Office) -> None:
    office.write("cells.csv", LEAVES.replace(",60", ",x"))
    before = sorted(path.name for path in office.folder.iterdir())
    assert (
        office.suppress("--report", "r.html", "--reasons", "g.csv").code
        == PROBLEMS["cells_invalid"].exit_code
    )
    assert sorted(path.name for path in office.folder.iterdir()) == before
    office.write("cells.csv", LEAVES)
    assert office.suppress("--report", "r.html").code == 0
    assert sorted(path.name for path in office.folder.iterdir()) == sorted([*before, "out.csv", "r.html"])


def test_what_does_not_survive_the_audit_is_not_written(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No pattern of ours fails its audit, so one is made to: only the sensitive cells are withheld."""

    def only_the_sensitive_ones(task: Task, *, effort: Effort) -> Pattern:
        return Pattern(task, task.publication.withheld, ())

    monkeypatch.setattr(protecting, "suppress", only_the_sensitive_ones)
    monkeypatch.chdir(office.folder)
    choices = Choices(
        cells=Path("cells.csv"), structure=Path("structure.yaml"), out=Path("out.csv"),
        report=Path("report.html"), reasons=Path("reasons.csv"),
    )  # fmt: skip
    assert suppress_cells(Console("en", as_json=True), choices) == 3
    document = json.loads(capsys.readouterr().out)
    assert (document["verdict"], document["out"]) == ("unsafe", None)
    assert len(document["audit"]["findings"]) == 2
    assert not (office.folder / "out.csv").exists()
    assert not (office.folder / "reasons.csv").exists()
    assert "must not appear" in office.read("report.html")


def test_the_report_gives_digests_that_anybody_can_check(office: Office) -> None:
    office.write("cells.csv", LEAVES.replace(",", ";").encode("utf-8-sig"))
    assert office.suppress("--report", "report.html").code == 0
    report = office.read("report.html")
    for name in ("out.csv", "structure.yaml", "region.csv", "sex.csv"):
        assert hashlib.sha256((office.folder / name).read_bytes()).hexdigest() in report
    assert hashlib.sha256((office.folder / "cells.csv").read_bytes()).hexdigest() not in report


def test_zeros_that_must_not_be_published(tmp_path: Path) -> None:
    office = Office.at(
        tmp_path,
        structure__yaml=STRUCTURE.replace("zero_publishable: true", "zero_publishable: false"),
        cells__csv=LEAVES.replace("S2,f,24", "S2,f,0"),
    )
    assert office.suppress("--reasons", "reasons.csv").code == 0
    reasons = {(row["region"], row["sex"]): row["reason"] for row in office.rows("reasons.csv")}
    assert reasons["S2", "f"] == "zero"
    assert reasons["S2", "m"] == "full_cell"
    assert reasons["N1", "m"] == "complement"
    assert office.audit().code == 0
    assert office.audit("--cells", "cells.csv").code == 0


# --------------------------------------------------------------------------------------------------- audit


def test_the_audit_finds_and_explains_what_can_be_computed(office: Office) -> None:
    office.suppress()
    text = office.read("out.csv")
    # The most common mistake: only the sensitive cells are withheld.
    office.write("out.csv", published(*WITHHELD))
    for words in ((), ("--cells", "cells.csv")):
        done = office.audit("--json", *words)
        assert done.code == 3
        found = done.document["audit"]["findings"]
        assert {(f["cell"]["region"], f["cell"]["sex"]) for f in found} == WITHHELD
        assert {f["route"] for f in found} == {"substitution"}
        assert "ist die Summe aus" in found[0]["derivation"]["de"]
        assert "is the sum of" in found[0]["derivation"]["en"]
    done = office.audit("--lang", "en")
    assert done.code == 3
    assert "[region N1 · sex f]" in done.out
    office.write("out.csv", text)
    assert office.audit().code == 0


TRUE = {
    ("Land", "Total"): 238, ("Land", "f"): 107, ("Land", "m"): 131,
    ("Nord", "Total"): 101, ("Nord", "f"): 33, ("Nord", "m"): 68,
    ("N1", "Total"): 42, ("N1", "f"): 2, ("N1", "m"): 40,
    ("N2", "Total"): 59, ("N2", "f"): 31, ("N2", "m"): 28,
    ("Süd", "Total"): 137, ("Süd", "f"): 74, ("Süd", "m"): 63,
    ("S1", "Total"): 53, ("S1", "f"): 50, ("S1", "m"): 3,
    ("S2", "Total"): 84, ("S2", "f"): 24, ("S2", "m"): 60,
}  # fmt: skip


def published(*hidden: tuple[str, str], true: dict[tuple[str, str], int] | None = None) -> str:
    """OUT.csv with some cells withheld."""
    rows = ""
    for cell, value in (true or TRUE).items():
        shown, status = ("", "C") if cell in hidden else (value, "F")
        rows += f"{cell[0]},{cell[1]},{shown},{status}\n"
    return "region,sex,value,conf_status\n" + rows


def test_without_true_values_the_verdict_on_counts_is_the_same(office: Office) -> None:
    square = [("N1", "f"), ("N1", "m"), ("N2", "f"), ("N2", "m")]
    south = [("S1", "f"), ("S1", "m"), ("S2", "f"), ("S2", "m")]
    office.write("out.csv", published(*square, *south))
    assert (office.audit().code, office.audit("--cells", "cells.csv").code) == (0, 0)
    office.write("out.csv", published(*square, *south[:2]))
    assert (office.audit().code, office.audit("--cells", "cells.csv").code) == (3, 3)
    # Withheld cells that can be computed and are not sensitive harm nobody.
    office.write("out.csv", published(*square, *south, ("Land", "f")))
    done = office.audit("--json")
    assert done.code == 0
    assert done.document["audit"]["computable_not_sensitive"] == [{"region": "Land", "sex": "f"}]
    assert (
        "1 withheld cell can be computed" in office.audit("--lang", "en").out
    )  # safe, but not without a word


def test_a_sensitive_cell_that_stands_open_is_found(office: Office) -> None:
    office.write("out.csv", published())
    found = office.audit("--json").document["audit"]["findings"]
    assert {(f["cell"]["region"], f["cell"]["sex"]) for f in found} == WITHHELD
    assert {f["route"] for f in found} == {"published"}


def test_zeros_known_make_two_ones_of_a_two(tmp_path: Path) -> None:
    """Two withheld counts under a total of 2: nobody published is 0, so both are 1."""
    office = Office.at(
        tmp_path,
        region__csv="parent,child\nLand,A\nLand,B\nLand,C\n",
        structure__yaml="dimensions: {region: region.csv}\nrules: {min_contributors: 2}\n",
        out__csv="region,value,conf_status\nLand,12,F\nA,,C\nB,,C\nC,10,F\n",
    )
    done = office.audit("--json")
    assert done.code == 3
    assert {finding["route"] for finding in done.document["audit"]["findings"]} == {"bounds"}


def test_totals_recomputed_from_shown_cells_are_refused(office: Office) -> None:
    changed = {**TRUE, ("Land", "Total"): 200}
    office.write("out.csv", published(true=changed))
    done = office.audit("--lang", "en")
    assert done.code == PROBLEMS["tables_contradict"].exit_code
    assert "not the sum of its published parts" in done.err
    # With a withheld part no value is large enough, or none small enough, to make it up.
    office.write("out.csv", published(("N1", "f"), ("N1", "m"), true={**TRUE, ("N1", "Total"): 1}))
    assert office.audit().code == PROBLEMS["tables_contradict"].exit_code


def test_what_needs_the_true_values_says_so(office: Office) -> None:
    office.suppress("--level", "S2")
    assert office.audit("--level", "S2", "--cells", "cells.csv").code == 0
    done = office.audit("--level", "S2")
    assert done.code == PROBLEMS["not_auditable"].exit_code
    assert "--cells" in done.err


def test_published_values_that_are_not_the_true_ones(office: Office) -> None:
    office.suppress()
    office.write("cells.csv", LEAVES.replace("60", "61"))
    done = office.audit("--cells", "cells.csv", "--json")
    assert done.code == PROBLEMS["cells_invalid"].exit_code
    assert {error["code"] for error in done.document["errors"]} == {"other_value"}


# ------------------------------------------------------------------------------------- what a person reads


@pytest.mark.parametrize("language", ["de", "en"])
def test_help_answers_in_the_language_asked_for(office: Office, language: str) -> None:
    done = office.run("--lang", language, "--help")
    assert done.code == 0
    assert ("Befehle" in done.out) == (language == "de")
    for command in ("suppress", "audit", "convert"):
        help_text = office.run(command, "--help", "--lang", language).out
        assert f"{'Beispiel' if language == 'de' else 'Example'}: kim-protect {command}" in help_text


def test_usage_errors_are_in_both_languages(office: Office) -> None:
    assert "Es fehlt" in office.run("suppress", "cells.csv").err
    assert "Missing option" in office.run("suppress", "cells.csv", environment={"KIM_LANG": "en"}).err
    assert "gibt es nicht" in office.run("supress").err


def test_json_is_all_there_is_on_standard_output(office: Office) -> None:
    for words in (["--json"], ["--json", "--seconds", "0.2"]):
        json.loads(office.suppress(*words).out)
    office.write("cells.csv", "region,sex\n")
    refused = office.suppress("--json")
    assert json.loads(refused.out)["code"] == "cells_invalid"


def test_no_withheld_value_and_no_reason_in_anything_that_is_printed_or_published(tmp_path: Path) -> None:
    """Values that occur nowhere else: if one of them shows up, it came out of a withheld cell."""
    office = Office.at(tmp_path)
    odd = {"N1,f,2": "N1,f,4321", "N1,m,40": "N1,m,98765", "N2,f,31": "N2,f,76543", "N2,m,28": "N2,m,65431"}
    cells = LEAVES
    for old, new in odd.items():
        cells = cells.replace(old, new)
    office.write("cells.csv", cells)
    office.write("structure.yaml", STRUCTURE.replace("min_contributors: 5", "min_contributors: 5000"))
    done = office.suppress("--report", "report.html", "--json", "--reasons", "reasons.csv")
    assert done.code == 0, done.err
    hidden = withheld(office)
    secret = {new.rsplit(",", 1)[1] for new in odd.values() if tuple(new.split(",")[:2]) in hidden}
    assert "4321" in secret
    said = office.suppress()
    audited = office.audit("--json", "--report", "audit.html")
    everything = [
        done.out, done.err, said.out, said.err, audited.out, office.read("report.html"),
        office.read("audit.html"), office.read("out.csv"), office.read("reasons.csv"),
    ]  # fmt: skip
    for value in secret:
        assert not [text for text in everything if value in text], value
    assert "frequency" not in office.read("out.csv")


def test_help_needs_neither_numpy_nor_the_solver() -> None:
    """It answers at once; what a command needs is imported when it runs."""
    script = (
        "import sys\nfrom aggregation.protect.cli import main\n"
        "try:\n    main(['suppress', '--help'])\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert not {'numpy', 'highspy', 'yaml', 'rich', 'pyarrow'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_pyarrow_is_not_needed_at_all(office: Office) -> None:
    """What is not in the lock of this extra is not imported: a stand-in for each breaks the import."""
    for name in ("pyarrow", "sqlalchemy", "flask", "requests"):
        (office.folder / f"{name}.py").write_text("raise ImportError")
    done = office.suppress("--json", "--report", "r.html", environment={"PYTHONPATH": str(office.folder)})
    assert done.code == 0, done.err


def test_progress_is_shown_on_a_terminal_and_leaves_standard_output_alone(office: Office) -> None:
    """Standard error is a terminal, standard output a file: bars there, one JSON object here."""
    controller, terminal = pty.openpty()
    with (office.folder / "result.json").open("wb") as out:
        process = subprocess.Popen(
            [
                str(COMMAND),
                "suppress",
                "cells.csv",
                "--structure",
                "structure.yaml",
                "--out",
                "out.csv",
                "--json",
            ],
            cwd=office.folder,
            stdout=out,
            stderr=terminal,
        )
        os.close(terminal)
        shown = b""
        try:
            while chunk := os.read(controller, 65536):
                shown += chunk
        except OSError:  # the other end is closed
            pass
        assert process.wait(300) == 0
    os.close(controller)
    assert "Schützen" in shown.decode()
    assert json.loads(office.read("result.json"))["verdict"] == "safe"
