"""An internal API, protected in two ways. See ``README.md``."""
