"""Authenticator metadata: reading it, and judging a model by it.

Which module answers what: ``blob`` (is it signed by FIDO?), ``entries`` (what
does an entry say?), ``compact`` (the form that is stored), ``rules`` (which
requirement does a model break?).
"""
