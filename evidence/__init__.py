"""From where, on what, in whose company? Observations and their weights.

Pure: never imports the tables of the database, reads no clock, opens no
socket. ``observe`` turns an address or a laptop's report into observations,
``assess`` sums them, ``sentences`` says it to a contractor; ``tables`` and
``networks`` know addresses. Written for people in ``docs/evidence.md``.
"""
