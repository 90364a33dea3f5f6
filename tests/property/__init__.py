"""Property tests: laws that hold for every input, searched by hypothesis."""
