"""The vocabulary of Doorward.

Answers: what do the words mean? Frozen dataclasses, enums, protocols and the
error tree, from the standard library only. Everything may import this package;
it imports nothing of the project. The words are explained in
``docs/glossary.md``.
"""
