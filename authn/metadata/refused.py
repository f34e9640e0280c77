"""Why metadata cannot be taken, as an error that whoever imports it reads."""

from __future__ import annotations

from domain.errors import Invalid


class MetadataRefused(Invalid):
    """The metadata is unreadable, not signed by FIDO, or older than what is here."""

    code = "metadata-refused"
    title = "The metadata was not taken"
