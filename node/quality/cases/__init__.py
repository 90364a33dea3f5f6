"""Sources of cases: what each row is, which rows belong together, and what several sources have in common.

Public: :func:`node.quality.cases.joining.prepare_cases`.
"""
