"""Which mode a rule of a policy has."""

from crossfade.api.policy import RolloutPolicySpec
from crossfade.core.policy.matched import mode_of


def test_a_rule_has_the_mode_of_its_policy_unless_it_has_its_own() -> None:
    spec = RolloutPolicySpec.model_validate({"enforcement": "Warn", "ruleEnforcement": {"images": "Audit"}})
    assert mode_of(spec, "images") == "Audit"
    assert mode_of(spec, "steps") == "Warn"
    assert mode_of(RolloutPolicySpec(), "steps") == "Enforce"
