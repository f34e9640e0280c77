"""Metadata, custody, jobs and presence

Revision 0002, after 0001.
"""

from alembic import op
import sqlalchemy as sa
import models.base


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('jobs',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('payload', sa.JSON(), nullable=False),
    sa.Column('due_at', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('attempts', sa.BigInteger(), nullable=False),
    sa.Column('lease', sa.String(), nullable=True),
    sa.Column('lease_until', models.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('error', sa.String(), nullable=True),
    sa.Column('created_at', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('finished_at', models.base.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_jobs')),
    sa.UniqueConstraint('key', name=op.f('uq_jobs_key'))
    )
    with op.batch_alter_table('jobs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_jobs_kind'), ['kind'], unique=False)
        batch_op.create_index('ix_jobs_state_due', ['state', 'due_at'], unique=False)

    op.create_table('key_denials',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('value', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.Column('created_at', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_key_denials')),
    sa.UniqueConstraint('kind', 'value', name=op.f('uq_key_denials_kind'))
    )
    op.create_table('metadata_imports',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('next_update', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('signed', sa.Boolean(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('counts', sa.JSON(), nullable=False),
    sa.Column('report', sa.JSON(), nullable=False),
    sa.Column('imported_by', sa.String(), nullable=False),
    sa.Column('imported_at', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_metadata_imports'))
    )
    op.create_table('presence_rounds',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('opened_by', sa.String(), nullable=False),
    sa.Column('opened_at', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('deadline', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('closed_at', models.base.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_presence_rounds'))
    )
    with op.batch_alter_table('presence_rounds', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_presence_rounds_opened_at'), ['opened_at'], unique=False)

    op.create_table('declared_hours',
    sa.Column('person_id', sa.String(), nullable=False),
    sa.Column('revision', sa.BigInteger(), nullable=False),
    sa.Column('zone', sa.String(), nullable=False),
    sa.Column('days', sa.JSON(), nullable=False),
    sa.Column('starts', sa.BigInteger(), nullable=False),
    sa.Column('ends', sa.BigInteger(), nullable=False),
    sa.Column('mean_gap', sa.BigInteger(), nullable=False),
    sa.Column('set_by', sa.String(), nullable=False),
    sa.Column('set_at', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_declared_hours_person_id_people')),
    sa.PrimaryKeyConstraint('person_id', name=op.f('pk_declared_hours'))
    )
    op.create_table('key_items',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('batch', sa.String(), nullable=False),
    sa.Column('model', sa.String(), nullable=False),
    sa.Column('aaguid', sa.String(), nullable=True),
    sa.Column('serial', sa.String(), nullable=True),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('person_id', sa.String(), nullable=True),
    sa.Column('credential_id', sa.String(), nullable=True),
    sa.Column('address_digest', sa.String(), nullable=True),
    sa.Column('carrier', sa.String(), nullable=True),
    sa.Column('carrier_reference', sa.String(), nullable=True),
    sa.Column('approval', sa.String(), nullable=True),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.Column('created_at', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['credential_id'], ['credentials.id'], name=op.f('fk_key_items_credential_id_credentials')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_key_items_person_id_people')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_key_items')),
    sa.UniqueConstraint('credential_id', name=op.f('uq_key_items_credential_id')),
    sa.UniqueConstraint('serial', name=op.f('uq_key_items_serial'))
    )
    with op.batch_alter_table('key_items', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_key_items_address_digest'), ['address_digest'], unique=False)
        batch_op.create_index(batch_op.f('ix_key_items_batch'), ['batch'], unique=False)
        batch_op.create_index(batch_op.f('ix_key_items_person_id'), ['person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_key_items_state'), ['state'], unique=False)

    op.create_table('stop_codes',
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('credential_id', sa.String(), nullable=False),
    sa.Column('created_at', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('used_at', models.base.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['credential_id'], ['credentials.id'], name=op.f('fk_stop_codes_credential_id_credentials')),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_stop_codes'))
    )
    with op.batch_alter_table('stop_codes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_stop_codes_credential_id'), ['credential_id'], unique=False)

    op.create_table('custody_steps',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('item_id', sa.String(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('step', sa.String(), nullable=False),
    sa.Column('at', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('signature_id', sa.String(), nullable=True),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['item_id'], ['key_items.id'], name=op.f('fk_custody_steps_item_id_key_items')),
    sa.ForeignKeyConstraint(['signature_id'], ['signatures.id'], name=op.f('fk_custody_steps_signature_id_signatures')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_custody_steps')),
    sa.UniqueConstraint('item_id', 'number', name=op.f('uq_custody_steps_item_id'))
    )

    op.create_table('key_reissues',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('person_id', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('proofing', sa.JSON(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('requested_by', sa.String(), nullable=False),
    sa.Column('requested_at', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('admin_id', sa.String(), nullable=True),
    sa.Column('admin_signature', sa.String(), nullable=True),
    sa.Column('sponsor_id', sa.String(), nullable=True),
    sa.Column('sponsor_signature', sa.String(), nullable=True),
    sa.Column('ready_at', models.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('used_at', models.base.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['admin_signature'], ['signatures.id'], name=op.f('fk_key_reissues_admin_signature_signatures')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_key_reissues_person_id_people')),
    sa.ForeignKeyConstraint(['sponsor_signature'], ['signatures.id'], name=op.f('fk_key_reissues_sponsor_signature_signatures')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_key_reissues'))
    )
    with op.batch_alter_table('key_reissues', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_key_reissues_person_id'), ['person_id'], unique=False)

    op.create_table('presence_checks',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('round_id', sa.String(), nullable=False),
    sa.Column('person_id', sa.String(), nullable=False),
    sa.Column('session_id', sa.String(), nullable=True),
    sa.Column('credential_id', sa.String(), nullable=True),
    sa.Column('outcome', sa.String(), nullable=False),
    sa.Column('opened_at', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('deadline', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('shown_at', models.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('answered_at', models.base.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['credential_id'], ['credentials.id'], name=op.f('fk_presence_checks_credential_id_credentials')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_presence_checks_person_id_people')),
    sa.ForeignKeyConstraint(['round_id'], ['presence_rounds.id'], name=op.f('fk_presence_checks_round_id_presence_rounds')),
    sa.ForeignKeyConstraint(['session_id'], ['sessions.id'], name=op.f('fk_presence_checks_session_id_sessions')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_presence_checks'))
    )
    with op.batch_alter_table('presence_checks', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_presence_checks_person_id'), ['person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_presence_checks_round_id'), ['round_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_presence_checks_session_id'), ['session_id'], unique=False)

    op.create_table('touches',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('person_id', sa.String(), nullable=False),
    sa.Column('credential_id', sa.String(), nullable=False),
    sa.Column('purpose', sa.String(), nullable=False),
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('browser', sa.String(), nullable=False),
    sa.Column('attachment', sa.String(), nullable=True),
    sa.Column('at', models.base.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['credential_id'], ['credentials.id'], name=op.f('fk_touches_credential_id_credentials')),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_touches_person_id_people')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_touches'))
    )
    with op.batch_alter_table('touches', schema=None) as batch_op:
        batch_op.create_index('ix_touches_at', ['at'], unique=False)
        batch_op.create_index('ix_touches_browser', ['browser', 'at', 'person_id'], unique=False)
        batch_op.create_index('ix_touches_person', ['person_id', 'at'], unique=False)
        batch_op.create_index('ix_touches_place', ['place', 'at', 'person_id'], unique=False)

    with op.batch_alter_table('credentials', schema=None) as batch_op:
        batch_op.add_column(sa.Column('nickname', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('serial', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('metadata_import', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('metadata_statuses', sa.JSON(), nullable=False, server_default='[]'))
        batch_op.add_column(sa.Column('min_pin_length', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('cred_protect', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('activated_at', models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f('ix_credentials_serial'), ['serial'], unique=True)

    # Keys that were in use before there was an activation were activated by their registration.
    op.execute('UPDATE credentials SET activated_at = created_at')
