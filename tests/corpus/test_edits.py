from elmjax.corpus import FUNCTIONS, WALKERS, keep
from elmjax.diffs import MESSAGES
from elmjax.diffs.messages import CHANGED, CHANGED_PARAMETERS, SMALL_CHANGE
from elmjax.mutators import Child
from elmjax.programs import SEEDS

TWO = """
def half(a):
    return a / 2

def main():
    return half(6)
"""


def child(message, program):
    return Child(operator="tree", message=message.text, diff="", program=program)


def test_edits_whose_message_is_not_true_are_left_out(pool):
    parent = SEEDS["square"]
    number = parent.replace("10", "11", 1)
    structure = parent.replace("    return wc", "    wc.add_joint(1, 2)\n    return wc", 1)
    assert parent not in (number, structure)
    children = [child(message, program) for message in MESSAGES for program in (number, structure)]
    (kept,) = keep([parent], children, 9, WALKERS, pool)
    # Both edits are small changes, the last message that is true of each.
    assert [message for message, _ in kept.edits] == [SMALL_CHANGE.text] * 2
    (parameters,) = keep([parent], children[2:4], 9, WALKERS, pool)
    assert [message for message, _ in parameters.edits] == [CHANGED_PARAMETERS.text]
    (changed,) = keep([parent], children[:2], 9, WALKERS, pool)
    assert "add_joint(1, 2)" in changed.edits[0][1]
    assert len(changed.edits) == 1


def test_a_message_names_the_function_that_is_changed(pool):
    children = [
        child(CHANGED, TWO.replace("a / 2", "a + 2")),
        child(CHANGED_PARAMETERS, TWO.replace("half(6)", "half(8)")),
    ]
    (kept,) = keep([TWO], children, 9, FUNCTIONS, pool)
    assert [message for message, _ in kept.edits] == [
        "Changed half function.",
        "Changed parameters in main function.",
    ]


def test_an_edit_that_changes_no_result_is_left_out(pool):
    same_result = child(CHANGED, TWO.replace("a / 2", "a * 0.5"))
    fails = child(CHANGED, TWO.replace("a / 2", "b / 2"))
    assert keep([TWO], [same_result, fails], 9, FUNCTIONS, pool) == []
