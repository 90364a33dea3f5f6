"""What the hub keeps as files: evidence named by its digest, chunks under way, its private keys at rest."""
