"""The granting authority's list of grants, for areas that do not deliver their funds."""
