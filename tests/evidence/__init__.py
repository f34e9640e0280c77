"""The evidence room: addresses, reports, weights, assessments."""
