"""Pages for people: parse, call one flow, render."""
