"""From accepted deliveries to a release: limits of withheld cells, statewide tables, closing, publishing."""
