"""What was made and deleted is counted from the proxy's log."""

from faults.asked import Asked
from faults.record import Record, made

POD = Asked("DELETE", "delete", "Pod", "ns", "pull")


def _answered(asked: Asked, fault: str = "", status: int = 200) -> Record:
    return Record(asked, status, fault, 0.0, 0.0)


def test_a_delete_that_is_asked_again_since_its_answer_was_lost_counts_once() -> None:
    log = [_answered(POD, "CutReply"), _answered(POD)]
    assert made(log) == {("delete", "Pod"): 1}


def test_a_delete_that_was_answered_counts_each_time() -> None:
    assert made([_answered(POD), _answered(POD)]) == {("delete", "Pod"): 2}


def test_a_create_whose_answer_was_lost_must_not_be_accepted_twice() -> None:
    create = Asked("POST", "create", "Release", "ns", "shop-1")
    assert made([_answered(create, "CutReply"), _answered(create)]) == {("create", "Release"): 2}
    assert made([_answered(create, "CutReply"), _answered(create, status=409)]) == {("create", "Release"): 1}
