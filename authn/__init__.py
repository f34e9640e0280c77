"""Who is it? FIDO2 ceremonies and the attestation gate.

The only importer of `webauthn`. A verified ceremony proves that a certified
key was touched and its PIN known; not where, nor by whom.
"""
