"""Whom each revision of the state concerns

Revision 0006, after 0005.
"""

from alembic import op
import sqlalchemy as sa


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('state_changes',
    sa.Column('revision', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('concerns', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('revision', 'concerns', name=op.f('pk_state_changes'))
    )
