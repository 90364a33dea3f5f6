"""Registers that no case software holds: posts, funds ledger, structural issues, decisions of component 3."""
