"""Doors for programs: JSON in, JSON out, no cookies."""
