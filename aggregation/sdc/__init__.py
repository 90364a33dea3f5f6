"""Statistical disclosure control of any tables: cells, linear relations, and who may learn what.

Everything here sees a table as cells under linear relations (`linear_system`), what is published of it
(`publication`) and what must stay uncertain (`demands`). `suppression` finds a pattern, `audit` tries to
break it and shares no idea with it; `bounds` says what anybody can conclude. What the catalogue's dataflows
mean is the business of `aggregation.disclosure`; what a statistician's files mean, of `aggregation.protect`.
"""
