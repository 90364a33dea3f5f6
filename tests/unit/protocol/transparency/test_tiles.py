"""Tiles: the addresses and examples of C2SP tlog-tiles, and proofs computed from them (SPEC P-106)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import KimError
from protocol.transparency.merkle import Node, consistency_proof, inclusion_proof, root
from protocol.transparency.tiles import (
    MAX_BUNDLE_BYTES,
    MAX_ENTRY_BYTES,
    TILE_WIDTH,
    Tile,
    TileReader,
    bundle,
    entries_of,
    entry_tiles,
    hashes_of,
    tile_at,
)
from tests.unit.protocol.transparency.test_merkle import LARGE, large_log


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(3, 273, 112), "tile/3/273.p/112"),
        (Tile(0, 1000, 1), "tile/0/x001/000.p/1"),
        (Tile(None, 12, 255), "tile/entries/012.p/255"),
        (Tile(63, 0), "tile/63/000"),
    ],
)
def test_addresses(tile, path):
    assert tile.path == path
    _, level, place = path.split("/", 2)
    assert Tile.parse(level, place) == tile


@given(st.one_of(st.none(), st.integers(0, 63)), st.integers(0, 10**15), st.integers(1, 256))
def test_an_address_leads_back(level, index, width):
    tile = Tile(level, index, width)
    _, part, place = tile.path.split("/", 2)
    assert Tile.parse(part, place) == tile


@pytest.mark.parametrize(
    ("level", "place"),
    [
        ("00", "000"),
        ("64", "000"),
        ("-1", "000"),
        ("0", "0"),
        ("0", "x000/000"),
        ("0", "x001/x234/67"),
        ("0", "001/234"),
        ("0", "x001"),
        ("0", "000.p/0"),
        ("0", "000.p/256"),
        ("0", "000.p/01"),
        ("0", "000.p/"),
        ("0", "000/"),
        ("0", "../../hub.toml"),
        ("0", "٠٠٠"),
        ("entry", "000"),
        ("", "000"),
        ("0", "000\n"),
    ],
)
def test_addresses_that_are_none(level, place):
    with pytest.raises(KimError) as error:
        Tile.parse(level, place)
    assert error.value.code == "bad_log_document"


def test_the_example_of_the_specification():
    """A tree of 70,000: 273 full tiles and one of width 112; one full and one of width 17; one of width 1."""
    assert (tile_at(0, 272, size=70_000).width, tile_at(0, 273, size=70_000).width) == (256, 112)
    assert (tile_at(1, 0, size=70_000).width, tile_at(1, 1, size=70_000).width) == (256, 17)
    assert tile_at(2, 0, size=70_000).width == 1
    assert (tile_at(0, 0, size=256).width, tile_at(1, 0, size=256).width) == (256, 1)
    for level, index in ((0, 274), (1, 2), (2, 1), (3, 0)):
        with pytest.raises(KimError):
            tile_at(level, index, size=70_000)


def test_what_a_tree_holds():
    assert Tile(0, 0, 5).is_in(5)
    assert not Tile(0, 0, 6).is_in(5)
    assert not Tile(1, 0, 1).is_in(255)
    assert Tile(1, 0, 1).is_in(256)
    assert not Tile(None, 0).is_in(255)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 513, LARGE - 1, LARGE, LARGE + 1])
def test_roots_from_tiles(size):
    assert root(TileReader(large_log().tile, size=size), size) == root(large_log(), size)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_proofs_from_tiles(data):
    size = data.draw(st.integers(1, LARGE + 1))
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    asked: list[Tile] = []

    def fetch(tile: Tile) -> bytes:
        asked.append(tile)
        return large_log().tile(tile)

    reader = TileReader(fetch, size=size)
    assert inclusion_proof(reader, index, size=size) == inclusion_proof(large_log(), index, size=size)
    assert consistency_proof(reader, old, new=size) == consistency_proof(large_log(), old, new=size)
    assert len(asked) == len(set(asked)) <= 9
    assert all(tile.is_in(size) for tile in asked)


def test_a_tile_of_another_length_is_refused():
    for data in (b"", bytes(31), bytes(32 * 5 - 1), bytes(32 * 6)):
        with pytest.raises(KimError):
            hashes_of(Tile(0, 0, 5), data)
    with pytest.raises(KimError):
        TileReader(lambda _: bytes(32), size=5).read([Node(0, 1)])


def test_a_subtree_beyond_the_tree_is_refused():
    for node in (Node(0, 5), Node(3, 0), Node(2, 1)):
        with pytest.raises(KimError) as error:
            TileReader(large_log().tile, size=5).read([node])
        assert error.value.code == "bad_log_document"


@given(st.lists(st.binary(max_size=70), min_size=1, max_size=256))
def test_entries_come_back(entries):
    assert entries_of(Tile(None, 0, len(entries)), bundle(entries)) == entries


def test_bundles_that_are_none():
    tile, data = Tile(None, 0, 2), bundle([b"ab", b"c"])
    for wrong in (b"", data[:-1], data + b"\x00", data + b"\x00\x00", bundle([b"ab"]), b"\x00"):
        with pytest.raises(KimError) as error:
            entries_of(tile, wrong)
        assert error.value.code == "bad_log_document"


def test_the_longest_entry_and_the_longest_bundle():
    entry = bytes(MAX_ENTRY_BYTES)
    with pytest.raises(OverflowError):
        bundle([entry + b"\x00"])
    longest = bundle([entry] * TILE_WIDTH)
    assert len(longest) == MAX_BUNDLE_BYTES == 256 * 65_537
    assert entries_of(Tile(None, 0), longest) == [entry] * TILE_WIDTH


def test_which_bundles_hold_the_new_entries():
    assert entry_tiles(0, size=0) == []
    assert entry_tiles(5, size=5) == []
    assert entry_tiles(0, size=5) == [Tile(None, 0, 5)]
    assert entry_tiles(255, size=513) == [Tile(None, 0), Tile(None, 1), Tile(None, 2, 1)]
    assert entry_tiles(256, size=512) == [Tile(None, 1)]
