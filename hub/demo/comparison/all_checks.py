"""All checks of what is published: cubes and breaks in the store, rates, and the public API beside them."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import Engine

from hub.demo.comparison.api import check_api
from hub.demo.comparison.judgement import Judgement
from hub.demo.comparison.published import PublishedRelease, open_database
from hub.demo.comparison.rates import RatesCheck
from hub.demo.comparison.release import Comparison, DeliveryKey
from hub.demo.truth.answer_key import AreaTruth
from protocol.catalogue import Catalogue
from protocol.catalogue_file import load_catalogue
from protocol.periods import Period
from protocol.regions import region_tree


def check_published(
    hub_home: Path, port: int, truths: Collection[AreaTruth], *, breaks: Collection[DeliveryKey]
) -> Judgement:
    """Compare everything that a hub has published with the truth.

    Args:
        hub_home: folder of the hub.
        port: where it answers.
        truths: answer keys of all who take part.
        breaks: deliveries with which a series begins anew.
    """
    catalogue = load_catalogue()
    comparison = Comparison(truths, catalogue, region_tree())
    engine = open_database(hub_home)
    try:
        # The hub answers for the one while this process computes the other.
        with ThreadPoolExecutor(max_workers=1) as beside, engine.connect() as connection:
            api = beside.submit(_api_judgement, port, engine, catalogue)
            release = PublishedRelease(connection)
            # Years come after the quarters from which they are computed.
            for cube in sorted(
                release.cubes(), key=lambda cube: (Period.parse(cube.period).freq == "A", cube.id)
            ):
                comparison.cube(cube.dataset, cube.period, release.cells(cube))
            comparison.breaks(breaks, marked=release.series_breaks())
            RatesCheck(port, comparison, truths, catalogue).run()
            comparison.judgement.take_over(api.result())
            comparison.finish()
    finally:
        engine.dispose()
    return comparison.judgement


def _api_judgement(port: int, engine: Engine, catalogue: Catalogue) -> Judgement:
    judgement = Judgement()
    with engine.connect() as connection:
        check_api(port, PublishedRelease(connection), catalogue, judgement)
    return judgement
