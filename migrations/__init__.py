"""Alembic migrations; `doorward db upgrade` is the only driver."""
