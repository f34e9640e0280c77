"""Below the rooms: signatures, digests, canonical JSON, the key ring.

Answers: is this ours and unchanged? The only importer of joserfc.
"""
