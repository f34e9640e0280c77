"""Segments of the decision log, and when rules and resources were used last

Revision 0007, after 0006.
"""

from alembic import op
import sqlalchemy as sa

import models.base


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('decision_segments',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('folder', sa.String(), nullable=False),
    sa.Column('opened_at', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('imported', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('closed_at', models.base.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_decision_segments'))
    )
    op.create_table('rule_uses',
    sa.Column('rule', sa.String(), nullable=False),
    sa.Column('uses', sa.BigInteger(), nullable=False),
    sa.Column('last_used_at', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('rule', name=op.f('pk_rule_uses'))
    )
    op.create_table('resource_uses',
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('resource', sa.String(), nullable=False),
    sa.Column('uses', sa.BigInteger(), nullable=False),
    sa.Column('last_used_at', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('subject', 'resource', name=op.f('pk_resource_uses'))
    )
