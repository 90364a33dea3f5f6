"""The addresses of files: a page's path with a suffix gives what the page shows."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, current_app, request

from hub.domain.rights import Permission, needs
from hub.services.statistics import EXTENSION, Statistics
from hub.web.exports import csv_file, xlsx_file
from hub.web.exports.files import (
    Build,
    deliveries_file,
    export,
    indicator_file,
    overview_file,
    region_file,
)
from hub.web.page_query import PageQuery, parse_page_query, refused_parameter

_MEDIA: Final = {"csv": csv_file.MEDIA_TYPE, "xlsx": xlsx_file.MEDIA_TYPE}
_SUFFIX: Final = "<any(csv, xlsx):suffix>"


def install(blueprint: Blueprint) -> None:
    """Add the addresses of files to the blueprint of the pages."""
    blueprint.add_url_rule(f"/index.{_SUFFIX}", view_func=overview_export)
    blueprint.add_url_rule(f"/indikator/<subject>.{_SUFFIX}", view_func=indicator_export)
    blueprint.add_url_rule(f"/gebiet/<region>.{_SUFFIX}", view_func=area_export)
    blueprint.add_url_rule(f"/lieferungen.{_SUFFIX}", view_func=deliveries_export)


@needs(Permission.PUBLIC)
def overview_export(suffix: str) -> Response:
    """The overview as a file."""
    query = parse_page_query(request.args, "/")
    return _file(overview_file(query), query, suffix)


@needs(Permission.PUBLIC)
def indicator_export(subject: str, suffix: str) -> Response:
    """One indicator as a file."""
    query = parse_page_query(request.args, f"/indikator/{subject}")
    return _file(indicator_file(subject, query), query, suffix)


@needs(Permission.PUBLIC)
def area_export(region: str, suffix: str) -> Response:
    """One area or region as a file."""
    query = parse_page_query(request.args, f"/gebiet/{region}")
    return _file(region_file(region, query), query, suffix)


@needs(Permission.PUBLIC)
def deliveries_export(suffix: str) -> Response:
    """The state of deliveries as a file."""
    query = parse_page_query(request.args, "/lieferungen")
    return _file(deliveries_file(query), query, suffix)


def _file(build: Build, query: PageQuery, suffix: str) -> Response:
    statistics: Statistics = current_app.extensions[EXTENSION]
    table = request.args.get("table", "").strip()
    if table and not (table.isascii() and table.isalpha()):
        raise refused_parameter("table")
    name, data = export(statistics, query, build, suffix=suffix, table=table, address=request.host_url)
    response = Response(data, content_type=_MEDIA[suffix])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Language"] = query.language
    response.headers["Cache-Control"] = "no-cache"
    return response
