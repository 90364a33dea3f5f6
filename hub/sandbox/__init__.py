"""Decoding of what nodes send, in a process that may die.

`client` is the hub's side. It starts `zygote`: a small, single-threaded process that has imported Arrow and
the rules, holds no secret, no database and no network, and forks a child with hard limits for every
submission. Whatever happens to a child is a refusal of its submission, never a fault of the hub. Other
children examine what was decoded (`examination`); what happens to them is no answer, and nobody's fault.
"""
