"""Things to try Doorward with: a software security key. Never part of the image.

Imports nothing of the broker, as a real key would not.
"""
