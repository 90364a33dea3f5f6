"""What leaves the house and what became of it: submit, the way by stick, and how deliveries stand.

Imports all other rooms; who looks at the state alone (`standing`, `carrying`) imports no `figures`.
"""
