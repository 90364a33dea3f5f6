"""The program in the centre: takes in submissions, compiles them, and serves the published figures.

Invariants: signed submissions are kept byte for byte and everything behind them can be rebuilt; only
checked figures are served; `hub.app` is the only place that wires the parts together.

It deliberately never imports `node`: the two meet in `protocol` alone.
"""
