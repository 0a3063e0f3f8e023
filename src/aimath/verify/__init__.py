"""Verification of a learner's own functions against aimath's, case by case, with the usual slips by name."""
