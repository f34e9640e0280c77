"""With what, for how long? OAuth 2.1 on the framework-free part of Authlib.

The only importer of `authlib`.
"""
