"""Formats as pure text: what statisticians have, and what they get back."""
