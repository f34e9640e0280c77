"""The edge: parse, call one flow, render. The only importer of Flask."""
