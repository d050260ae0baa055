"""Asks an endpoint many questions side by side, patiently, and knows when to stop."""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path

from elmjax.endpoint.config import EndpointConfig
from elmjax.endpoint.failure import Failure
from elmjax.endpoint.http import Http, Refusal
from elmjax.endpoint.question import Answer, Question
from elmjax.endpoint.replies import Replies
from elmjax.endpoint.spending import Reply, Spending
from elmjax.endpoint.waiting import backoff


class StoppedError(Exception):
    """The endpoint will not be asked any more; what it has answered is kept."""


class Endpoint:
    """An endpoint, open for questions.

    Args:
        config: Its address, and how patiently it is asked.
        replies: File in which replies are kept and looked for; None: nowhere.

    Raises:
        ValueError: the HTTP client is not installed, or the key cannot be sent.
    """

    def __init__(self, config: EndpointConfig, replies: Path | None = None) -> None:
        self.config = config
        self._http = Http(config)
        self._replies = Replies(replies)
        self._lock = threading.Lock()
        self._in_a_row = 0  # questions that were not answered since the last one that was
        self._why = ""  # it stopped
        self._closed_until = 0.0  # on the monotonic clock: it asked all to wait
        self._stopped = threading.Event()
        self._random = random.Random()  # spreads waits; no result depends on it

    def ask(self, questions: Sequence[Question]) -> list[Reply]:
        """Asks all questions, some at a time.

        Returns:
            What became of each, in order.

        Raises:
            StoppedError: the budget is spent, the endpoint denies everything, or too many
                questions in a row were not answered. What was answered until then is kept.
        """
        with ThreadPoolExecutor(self.config.concurrency, thread_name_prefix="endpoint") as threads:
            replies = list(threads.map(self._reply, questions))
        if self._in_a_row > 0:
            self._see_that_it_lives(questions[-1])
        made = [reply for reply in replies if reply is not None]
        if self._stopped.is_set():
            raise StoppedError(self._why)
        return made

    def close(self) -> None:
        """Ends what is under way."""
        self._stop("it was closed")
        self._http.close()
        self._replies.close()

    def _see_that_it_lives(self, question: Question) -> None:
        """Asks something short until that is answered, or there is reason to stop.

        Else the first failures of an outage would be children without an answer, and the others
        would be asked again.
        """
        ping = replace(question, prompt="Hello.", max_tokens=1)
        while self._in_a_row > 0 and not self._stopped.is_set():
            result, _ = self._ask_patiently(ping)
            if isinstance(result, Answer):
                self._replies.spend(result)
                self._in_a_row = 0
            elif result is not None and result.failure is Failure.REFUSED:
                return  # which is a sign of life
            elif result is not None:
                self._count_failure(result)

    def _reply(self, question: Question) -> Reply | None:
        """What became of a question; None where it was stopped before that was known."""
        digest = question.digest(self.config.fields, self.config.omit)
        if (known := self._replies.get(digest)) is not None:
            return _answered(known, requests=0, failed={})
        result, failed = self._ask_patiently(question)
        if isinstance(result, Answer):
            return self._keep(digest, result, failed)
        if result is not None and not self._stopped.is_set():
            self._count_failure(result)
        if self._stopped.is_set():
            return None
        spent = Spending(requests=sum(failed.values()), failed=failed, answered=False)
        return Reply(answer=None, spending=spent)

    def _ask_patiently(
        self, question: Question
    ) -> tuple[Answer | Refusal | None, dict[Failure, int]]:
        """Asks until there is an answer or no use in asking again.

        Returns:
            The answer, or the last refusal, or None where it was stopped before; and how many
            requests failed for which reason.
        """
        failed = Counter[Failure]()
        for retry in count():
            self._wait_for_turn()
            if self._has_to_stop():
                break
            result = self._http.ask(question)
            if isinstance(result, Answer):
                return result, dict(failed)
            failed[result.failure] += 1
            if not self._wait_after(result, retry):
                return result, dict(failed)
        return None, dict(failed)

    def _keep(self, digest: str, answer: Answer, failed: dict[Failure, int]) -> Reply:
        self._replies.add(digest, answer)
        with self._lock:
            self._in_a_row = 0
        return _answered(answer, requests=1 + sum(failed.values()), failed=failed)

    def _wait_for_turn(self) -> None:
        """Waits while the endpoint has asked that nobody come."""
        while (rest := self._closed_until - time.monotonic()) > 0 and not self._stopped.is_set():
            self._stopped.wait(rest)

    def _wait_after(self, refusal: Refusal, retry: int) -> bool:
        """Waits as long as the next retry needs; False where there is to be none."""
        config = self.config
        asked = refusal.wait or 0.0
        last = retry == config.retries or self._stopped.is_set()
        if last or not refusal.failure.may_pass or asked > config.longest_wait:
            return False
        if asked > 0:
            with self._lock:
                self._closed_until = max(self._closed_until, time.monotonic() + asked)
        wait = backoff(retry, config.first_wait, config.longest_wait, self._random)
        self._stopped.wait(max(asked, wait))
        return True

    def _has_to_stop(self) -> bool:
        budget, spent = self.config.budget, self._replies.tokens
        if 0 < budget <= spent:
            self._stop(f"{spent} tokens were used, of evolve.endpoint.budget {budget}")
        return self._stopped.is_set()

    def _count_failure(self, refusal: Refusal) -> None:
        with self._lock:
            self._in_a_row += 1
            in_a_row = self._in_a_row
        said = f"{refusal.failure}: {refusal.detail}"
        if refusal.failure is Failure.DENIED:
            self._stop(f"it denies what it is asked ({said})")
        elif in_a_row >= self.config.failures:
            self._stop(f"{in_a_row} requests in a row had no answer; the last, {said}")

    def _stop(self, why: str) -> None:
        with self._lock:
            self._why = self._why or f"endpoint {self.config.url}: {why}"
        self._stopped.set()


def _answered(answer: Answer, requests: int, failed: dict[Failure, int]) -> Reply:
    return Reply(
        answer=answer,
        spending=Spending(
            requests=requests,
            failed=failed,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            metered=answer.metered,
        ),
    )
