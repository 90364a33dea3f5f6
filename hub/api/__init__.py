"""HTTP: views parse, call one service, render. No table, no rule and no clock here."""
