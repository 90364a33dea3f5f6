"""The program in the centre: takes in submissions, compiles them, and serves the published figures.

Invariants: signed submissions are kept byte for byte and everything behind them can be rebuilt; only
checked figures are served; the parts are wired together in `hub.wiring` and, for the web, in `hub.app` alone.

It deliberately never imports `node`: the two meet in `protocol` alone.
"""
