"""From where, on what, in whose company? Observations and their weights.

Pure: never imports the tables. The only importer of `maxminddb`.
"""
