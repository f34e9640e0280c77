"""One function per user story. Read these first.

They carry values between rooms and own `commit()`. A flow that refuses writes
its record and commits before it raises.
"""
