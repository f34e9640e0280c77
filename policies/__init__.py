"""May they? The Casbin model and rules, decisions, explanations.

Pure: never imports the tables. Casbin is the language; PyCasbin itself is asked in tests only.
"""
