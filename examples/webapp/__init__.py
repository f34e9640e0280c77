"""A web application that gets a token for what its user opened. See ``README.md``."""
