"""Mutation testing of the modules that hold a boundary: change one place, ask whether a test notices.

    python -m tests.soak.mutation                      every target
    python -m tests.soak.mutation notes sealing        some targets (their names stand in `targets`)
    python -m tests.soak.mutation --again              only what no test has noticed in the last run

The mutants are those of mutmut's operators, and conditions that are always true or never (a check left out
is what an attacker wants). Why mutmut does not run them itself: `docs/adr/0036-mutants-in-a-warm-process.md`.

Of each target it says how many mutants were killed, how many are equivalent (`equivalent.toml` names each
with its reason), and which survived. It ends with 1 if one survived in a part whose survivors somebody has
looked at (`targets`), or if the list names a mutant that is no more.
"""
