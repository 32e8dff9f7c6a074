"""What a scenario says of its claims."""

from harness.claims.ledger import Ledger
from harness.claims.verdicts import Verdict
from harness.history.checks.registry import conforms, deviates


def verdicts(ledger, error=None):
    return {outcome.claim: (outcome.verdict, outcome.reason) for outcome in ledger.outcomes(error)}


def test_a_claim_conforms_when_all_its_steps_have_found_so():
    ledger = Ledger({"A": 2})
    ledger.add("A", conforms("one", {"x": 1}))
    assert verdicts(ledger)["A"] == (Verdict.UNKNOWN, "its Then-step was not reached")
    ledger.add("A", conforms("two", {"y": 2}))
    assert verdicts(ledger)["A"] == (Verdict.CONFORMS, "one; two")
    assert ledger.outcomes()[0].figures == {"x": 1, "y": 2}
    assert ledger.violation is None


def test_one_finding_that_contradicts_is_enough_and_does_not_touch_other_claims():
    ledger = Ledger({"A": 2, "B": 1})
    ledger.add("A", deviates("no", {"x": 1}))
    ledger.add("B", conforms("yes"))
    assert verdicts(ledger) == {"A": (Verdict.DEVIATES, "no"), "B": (Verdict.CONFORMS, "yes")}
    violation = ledger.violation
    assert violation is not None
    assert (violation.claim, violation.evidence) == ("A", {"summary": "no", "x": 1})


def test_an_error_makes_unknown_what_was_not_fully_judged_before_it():
    ledger = Ledger({"A": 1, "B": 1, "C": 2, "D": 2})
    ledger.add("A", conforms("yes"))
    ledger.add("C", conforms("half"))
    ledger.add("D", deviates("no"))
    assert {claim: verdict for claim, (verdict, _) in verdicts(ledger, "set-up failed").items()} == {
        "A": Verdict.CONFORMS,
        "B": Verdict.UNKNOWN,
        "C": Verdict.UNKNOWN,
        "D": Verdict.DEVIATES,
    }
    assert verdicts(ledger, "set-up failed")["B"][1] == "set-up failed"


def test_a_claim_that_no_step_judges_does_not_conform():
    assert verdicts(Ledger({"A": 0}))["A"][0] is Verdict.UNKNOWN


def test_a_later_violation_is_kept_while_the_first_is_raised():
    ledger = Ledger({"A": 1, "B": 1})
    ledger.add("B", deviates("second"))
    ledger.add("A", deviates("first"))
    violation = ledger.violation
    assert violation is not None
    assert violation.claim == "B"
    assert all(verdict is Verdict.DEVIATES for verdict, _ in verdicts(ledger).values())
