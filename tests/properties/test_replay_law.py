"""The laws of replay: what was logged comes out again, what was altered does not."""

from dataclasses import replace

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.decision import Effect, Reason
from domain.reasons import ReasonCode
from flows.decision_log import body_of
from flows.replay import decision_of, question_of
from models.access import DecisionRow
from policies.decide import decide
from policies.replay import is_imposed, replay
from tests.policies.strategies import policies, questions

IMPOSED = [code for code in ReasonCode if is_imposed(Reason.of(code))]
imposed = st.lists(st.sampled_from(IMPOSED).map(Reason.of), max_size=2)
law = settings(deadline=None, max_examples=100)


def logged(policy, question, reasons):
    """Return the row of a decision that was turned into a denial for *reasons*, as the database holds it."""
    request = question.request
    decision = decide(request, bundle=policy.bundle, assignments=question.assignments, now=question.now)
    for reason in reasons:
        decision = decision.denied(reason)
    groups = [link.group for link in question.assignments]
    body = orjson.loads(orjson.dumps(body_of(decision, request.attributes, groups, use=True)))
    return DecisionRow(
        id="dec_1", at=question.now, subject=request.subject.id, action=request.action,
        resource=request.resource, effect=decision.effect.value, body=body,
    )  # fmt: skip


def again(policy, row, **changed):
    request, links = question_of(row)
    return replay(replace(decision_of(row), **changed), request, bundle=policy.bundle, assignments=links)


@given(policies, questions, imposed)
@law
def test_what_was_logged_comes_out_again(policy, question, reasons):
    came = again(policy, logged(policy, question, reasons))

    assert came.same, came.differing
    assert came.imposed == tuple(reversed(reasons))


@given(policies, questions, imposed)
@law
def test_a_decision_that_was_altered_does_not(policy, question, reasons):
    row = logged(policy, question, reasons)
    was = decision_of(row)
    turned = Effect.DENY if was.permitted else Effect.PERMIT

    other = Reason.of(ReasonCode.OS_UNACCEPTABLE, rule="x")
    standing = replace(was.obligations, standing=not was.obligations.standing)
    for altered in (
        {"effect": turned},
        {"determining": (*was.determining, "made-up")},
        {"reasons": (*was.reasons, other)},
        {"obligations": standing},
    ):
        assert not again(policy, row, **altered).same, altered
