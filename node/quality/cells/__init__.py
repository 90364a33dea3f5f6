"""What single cells say: dates, numbers, periods, area keys, and whole columns of them.

Nothing here counts a finding or decides what becomes of a row.
"""
