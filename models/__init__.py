"""SQLAlchemy tables, each with its query functions taking `session`.

Answers: what is stored? Knows no rule of any room.
"""
