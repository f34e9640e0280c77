"""With what, for how long? OAuth 2.1 on the framework-free part of Authlib.

Answers: is this authorization, token, introspection or revocation request in
order, and what does the token say? Does not decide whether the person may
(``policies``), stores nothing (a flow hands in a *desk* that does), and does
not know Flask. The only importer of `authlib`, never of its integrations nor
of its `jose`. What the wrapping closes is listed in ``docs/tokens.md``; each
line of that list has a test in ``tests/tokens/test_authlib_holes.py``.
"""
