"""What answers cost, counted answer by answer, so that every child knows its own."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from elmjax.endpoint.failure import Failure
from elmjax.endpoint.question import Answer


@dataclass(frozen=True, kw_only=True)
class Spending:
    """What one question cost.

    Attributes:
        requests: Sent; 0 where the reply was known.
        failed: Requests that were not answered, by reason.
        prompt_tokens: Read by the model.
        completion_tokens: Written by it.
        metered: Whether the endpoint counted them; True where there are none.
        answered: Whether one request was.
    """

    requests: int
    failed: dict[Failure, int] = field(default_factory=dict)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    metered: bool = True
    answered: bool = True


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What became of a question: its answer, or None after all retries, and what it cost."""

    answer: Answer | None
    spending: Spending


def spending(questions: Iterable[Spending]) -> dict[str, float]:
    """Totals for the metrics; nothing where nothing was asked.

    Returns:
        `endpoint.children` that were asked for, `endpoint.requests` that were sent for them,
        `endpoint.remembered` replies that were known, `endpoint.unanswered` children, tokens that
        were read and written, `endpoint.estimated` answers whose tokens the endpoint did not
        count, and requests that failed, by reason.
    """
    each = list(questions)
    if not each:
        return {}
    failed = Counter[Failure]()
    for one in each:
        failed.update(one.failed)
    totals = {
        "children": len(each),
        "requests": sum(one.requests for one in each),
        "remembered": sum(one.answered and one.requests == 0 for one in each),
        "unanswered": sum(not one.answered for one in each),
        "prompt_tokens": sum(one.prompt_tokens for one in each),
        "completion_tokens": sum(one.completion_tokens for one in each),
        "estimated": sum(not one.metered for one in each),
        **{f"failed.{reason}": failed[reason] for reason in Failure},
    }
    return {f"endpoint.{name}": float(total) for name, total in totals.items()}
