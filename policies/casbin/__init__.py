"""May they, by any Casbin model of the covered family? Compiled, indexed, three-valued, strict.

The family and what is refused: ``docs/casbin.md``. PyCasbin is asked in tests only, and no
text is ever evaluated.
"""
