"""The hub's transparency log: signing its states, serving its tiles, taking cosignatures, giving receipts.

Leaves are written by the store, in the transaction of what they report. Everything here is derived from them
and may be lost, but for one thing: what the signer signed last (`signer`), which it keeps beside its key and
never contradicts.
"""
