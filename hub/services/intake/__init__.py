"""From a request or a file to a decision: who asks, who signed, what is announced, uploaded, verified.

Everything here may be repeated: the same statement gets the same answer, and is decided once.
"""
