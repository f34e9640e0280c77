"""What the record keeps of a decision: the answer, and everything that it was made of."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from domain.decision import Decision
from domain.evidence import Assessment
from models.evidence import AssessmentRow


def as_json(decision: Decision, attributes: dict[str, Any]) -> dict[str, Any]:
    """Return everything of a decision that the record keeps: reasons, rules, revisions, inputs."""
    cap = decision.obligations.max_lifetime
    return {
        "reasons": [{"code": r.code.value, "details": dict(r.details)} for r in decision.reasons],
        "determining": list(decision.determining),
        "erring": [{"rule": e.rule, "message": e.message} for e in decision.erring],
        "obligations": {
            "max_lifetime": int(cap.total_seconds()) if cap else None,
            "standing": decision.obligations.standing,
        },
        "revisions": {
            "publication": decision.revisions.publication,
            "bundle": decision.revisions.bundle,
            "state": decision.revisions.state,
        },
        "tier": decision.tier,
        "score": decision.score,
        "attributes": {k: list(v) if isinstance(v, tuple) else v for k, v in attributes.items()},
    }


def store_assessment(session: Session, person_id: str, assessment: Assessment) -> None:
    """Keep an assessment, once: several questions may share it."""
    if session.get(AssessmentRow, assessment.id) is not None:
        return
    session.add(
        AssessmentRow(
            id=assessment.id,
            person_id=person_id,
            session_id=assessment.session,
            at=assessment.at,
            score=assessment.score,
            tier=int(assessment.tier),
            binding=int(assessment.binding),
            body={
                "summary": assessment.summary,
                "capped_by": list(assessment.capped_by),
                "missing": [kind.value for kind in assessment.missing],
                "contributions": [
                    {
                        "kind": c.kind.value,
                        "outcome": c.outcome.value,
                        "centibans": c.centibans,
                        "sentence": c.sentence,
                        "observation": c.observation,
                        "data_version": c.data_version,
                    }
                    for c in assessment.contributions
                ],
            },
            input_digest=assessment.input_digest,
            weights_version=assessment.weights_version,
            engine_version=assessment.engine_version,
        )
    )
