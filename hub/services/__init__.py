"""One use case per module: unit of work in, domain objects out.

Views, tasks and commands call these and no table. `pyproject.toml` holds the order of the rooms (contract
`hub-services`).
"""
