"""Sites behind proxies

Revision 0004, after 0003.
"""

from alembic import op
import sqlalchemy as sa
import models.base


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('services', schema=None) as batch_op:
        batch_op.add_column(sa.Column('dialect', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('sites', sa.JSON(), server_default='[]', nullable=False))

    op.create_table('site_sessions',
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('service_id', sa.String(), nullable=False),
    sa.Column('origin', sa.String(), nullable=False),
    sa.Column('grant_id', sa.String(), nullable=False),
    sa.Column('session_id', sa.String(), nullable=False),
    sa.Column('person_id', sa.String(), nullable=False),
    sa.Column('created_at', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('expires_at', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('ended_at', models.base.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['grant_id'], ['grants.id'], name=op.f('fk_site_sessions_grant_id_grants')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_site_sessions_person_id_people')),
    sa.ForeignKeyConstraint(['service_id'], ['services.id'], name=op.f('fk_site_sessions_service_id_services')),
    sa.ForeignKeyConstraint(['session_id'], ['sessions.id'], name=op.f('fk_site_sessions_session_id_sessions')),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_site_sessions'))
    )
    with op.batch_alter_table('site_sessions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_site_sessions_expires_at'), ['expires_at'], unique=False)
