"""The researchers' release: what stands in its files, that they are the same twice, and how they are sent."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient

from hub.services.extracts import ReleaseExtract, clear_unfinished, find_extract, make_extract
from hub.services.extracts.figures import KEY, MEASURES
from hub.services.statistics import Statistics
from protocol.catalogue_file import load_catalogue
from protocol.grid import grid_of
from protocol.observations import CellState
from protocol.regions import areas_by_id
from tests.factories.published_hub import app_of, build_empty_hub, whole_hub

LOCAL = {"Host": "127.0.0.1"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ReleaseExtract:
    return make_extract(Statistics(whole_hub().engine(), demo=True), tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def cases(made: ReleaseExtract) -> pd.DataFrame:
    return pd.read_parquet(made.folder / "CASES.parquet")


@pytest.fixture
def client(made: ReleaseExtract) -> Iterator[FlaskClient]:
    app = app_of(whole_hub())
    home = whole_hub().path.parent / "extracts"
    home.mkdir(exist_ok=True)
    link = home / str(made.release)
    if not link.exists():
        link.symlink_to(made.folder, target_is_directory=True)
    yield app.test_client()
    link.unlink(missing_ok=True)


def test_csv_and_parquet_say_the_same(made: ReleaseExtract, cases: pd.DataFrame) -> None:
    with (made.folder / "CASES.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    dimensions = grid_of(load_catalogue(), "CASES").dims
    assert list(rows[0]) == list(cases.columns) == [*KEY, *dimensions, *MEASURES]
    assert len(rows) == len(cases) == next(f.rows for f in made.files if f.name == "CASES.csv")
    for name in ("TIME_PERIOD", "REF_AREA", "CITIZEN", "CONF_STATUS"):
        assert [row[name] for row in rows] == cases[name].astype(str).tolist()
    for name in ("OBS_VALUE", "LOWER", "UPPER"):
        assert [None if row[name] == "" else float(row[name]) for row in rows] == [
            None if pd.isna(value) else value for value in cases[name]
        ]


def test_every_cell_of_the_release_is_there_once(cases: pd.DataFrame) -> None:
    grid = grid_of(load_catalogue(), "CASES")
    key = ["INDICATOR", "TIME_PERIOD", "REF_AREA", *grid.dims]
    assert not cases.duplicated(key).any()
    per_place = cases.groupby(["TIME_PERIOD", "REF_AREA"], observed=True).size()
    assert set(per_place) == {len(grid)}
    assert len(per_place) % 9 == 0  # eight quarters and a year


def test_values_are_those_of_the_release(cases: pd.DataFrame) -> None:
    grid = grid_of(load_catalogue(), "CASES")
    leaves = sorted(areas_by_id())
    shown = cases[cases["REF_AREA"].isin(leaves) & cases["OBS_VALUE"].notna()]
    assert len(shown) > 50_000
    index = {key: row for row, key in enumerate(grid.keys)}
    truth = {str(period): values for (name, period), values in whole_hub().truth.items() if name == "CASES"}
    columns = ["INDICATOR", *grid.dims]
    sample = shown.iloc[:: max(1, len(shown) // 3000)]
    for key, period, area, value in zip(
        sample[columns].itertuples(index=False, name=None),
        sample["TIME_PERIOD"], sample["REF_AREA"], sample["OBS_VALUE"], strict=True,
    ):  # fmt: skip
        assert truth[period][index[key], leaves.index(area)] == value


def test_a_withheld_cell_of_an_area_says_nothing_and_a_total_gives_its_limits(cases: pd.DataFrame) -> None:
    withheld = cases[cases["CONF_STATUS"] == CellState.SUPPRESSED.wire[1]]
    is_area = withheld["REF_AREA"].isin(set(areas_by_id()))
    assert is_area.any()
    assert withheld.loc[is_area, ["OBS_VALUE", "LOWER", "UPPER"]].isna().all(axis=None)
    totals = withheld[~is_area]
    assert totals["OBS_VALUE"].isna().all()
    assert totals["LOWER"].notna().all()
    bounded = totals[totals["UPPER"].notna()]
    assert (bounded["LOWER"] < bounded["UPPER"]).all()
    unbounded = totals[totals["UPPER"].isna()]
    assert len(unbounded)
    assert (unbounded["AREAS_DELIVERED"] < unbounded["AREAS_EXPECTED"]).all()


def test_digests_hold_and_name_every_file(made: ReleaseExtract) -> None:
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=made.folder, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    manifest: dict[str, Any] = json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["made_up"] is True
    assert manifest["catalogue"]["sha256"] == load_catalogue().sha256
    for file in manifest["files"]:
        data = (made.folder / file["name"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file["size"], file["sha256"])
    beside = {"manifest.json", "SHA256SUMS", made.archive.name}
    assert {path.name for path in made.folder.iterdir()} == {f["name"] for f in manifest["files"]} | beside
    with zipfile.ZipFile(made.archive) as archive:
        packed = {Path(name).name for name in archive.namelist()}
        assert packed == {path.name for path in made.folder.iterdir()} - {made.archive.name}


def test_the_codebook_explains_every_column_and_code(made: ReleaseExtract) -> None:
    with (made.folder / "codebook.csv").open(encoding="utf-8", newline="") as file:
        known = {(row["variable"], row["code"]) for row in csv.DictReader(file)}
    for name in ("CASES", "PERSONS"):
        table = pq.read_table(made.folder / f"{name}.parquet")
        for column in table.column_names:
            assert (column, "") in known
        for dimension in grid_of(load_catalogue(), name).dims:
            codes = set(table[dimension].to_pylist())
            assert {(dimension, code) for code in codes} <= known
    readme = (made.folder / "README.md").read_text(encoding="utf-8")
    assert "erfundene Zahlen" in readme
    assert "Withheld is not zero" in readme


def test_made_again_it_has_the_same_bytes_and_is_not_made_twice(made: ReleaseExtract, tmp_path: Path) -> None:
    statistics = Statistics(whole_hub().engine(), demo=True)
    again = make_extract(statistics, tmp_path)
    assert again.files == made.files
    assert again.archive.read_bytes() == made.archive.read_bytes()
    stamp = again.archive.stat().st_mtime_ns
    assert make_extract(statistics, tmp_path) == again
    assert again.archive.stat().st_mtime_ns == stamp


def test_nothing_half_built_is_ever_found(tmp_path: Path) -> None:
    left = tmp_path / "extracts" / ".2-abc"
    left.mkdir(parents=True)
    (left / "manifest.json").write_text("{}", encoding="utf-8")
    assert find_extract(tmp_path, 2) is None
    clear_unfinished(tmp_path)
    assert not left.exists()


def test_files_are_sent_whole_in_ranges_and_for_good(made: ReleaseExtract, client: FlaskClient) -> None:
    base = f"/extracts/{made.release}"
    whole = client.get(f"{base}/CASES.parquet", headers=LOCAL)
    assert whole.data == (made.folder / "CASES.parquet").read_bytes()
    assert "immutable" in whole.headers["Cache-Control"]
    tail = client.get(f"{base}/CASES.parquet", headers={**LOCAL, "Range": "bytes=-8"})
    assert (tail.status_code, tail.data) == (206, whole.data[-8:])
    same = client.get(f"{base}/CASES.parquet", headers={**LOCAL, "If-None-Match": whole.headers["ETag"]})
    assert same.status_code == 304
    table = client.get(f"{base}/CASES.csv", headers=LOCAL)
    assert table.data.startswith(b"INDICATOR,")
    assert table.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in table.headers["Content-Disposition"]
    for answer in (whole, tail, same, table):
        answer.close()


@pytest.mark.parametrize("name", ["hub.sqlite3", "..%2Fhub.sqlite3", "..", ".", "cases.parquet"])
def test_only_files_of_the_release_are_sent(client: FlaskClient, made: ReleaseExtract, name: str) -> None:
    answer = client.get(f"/extracts/{made.release}/{name}", headers=LOCAL)
    assert answer.status_code == 404
    assert client.get("/extracts/999/CASES.csv", headers=LOCAL).get_json()["code"] == "not_found"


def test_other_tools_read_the_files(made: ReleaseExtract) -> None:
    found = duckdb.sql(
        f"SELECT count(*) FROM '{made.folder}/CASES.parquet' p JOIN read_csv('{made.folder}/areas.csv') a "
        "ON a.ref_area = p.REF_AREA WHERE a.kind = 'area' AND p.INDICATOR = 'CASES_OPEN'"
    ).fetchall()
    assert found == [(54 * 9 * 190,)]


def test_before_the_first_release_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="not_found"):
        make_extract(Statistics(build_empty_hub(tmp_path).engine()), tmp_path)
