"""Fixed test vectors, one bad asset per refusal, and the tests that replay them."""
