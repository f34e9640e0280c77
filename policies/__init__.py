"""May they? The Casbin model and rules, decisions, explanations.

Pure: never imports the tables. The only importer of `casbin`.
"""
