"""The work on deliveries: what is to be confirmed, which periods are open, what came from an area, nodes."""

from hub.web.people.work import findings, nodes, overview, own_deliveries, periods

#: Modules with a blueprint each.
PARTS = (overview, findings, periods, own_deliveries, nodes)
