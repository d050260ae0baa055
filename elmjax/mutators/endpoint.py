"""A model behind an endpoint as mutation operator, in any format."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from elmjax import seeds
from elmjax.diffs import Completion, DiffVerdict, Format, chat, messages
from elmjax.endpoint import Endpoint, Question, Reply
from elmjax.mutators.mutator import Child
from elmjax.mutators.request import Request, child_of, next_message, refused

_SEEDS = 2**31  # endpoints take no larger ones


@dataclass(frozen=True, kw_only=True)
class EndpointMutator:
    """Asks an endpoint for children in one format, one request a child.

    Attributes:
        operator: Name that the children carry.
        format: How it is asked and read; one of `diffs.CHAT_FORMATS` where it is asked by chat.
        endpoint: Open for questions.
        temperature: As models take it.
        top_p: As models take it.
        message: Asked for every time; None draws one a parent.
        message_weights: How often each of `messages.MESSAGES` is drawn.
    """

    operator: str
    format: Format
    endpoint: Endpoint
    temperature: float = 1.0
    top_p: float = 1.0
    message: str | None = None
    message_weights: tuple[float, ...] = messages.PROBABILITIES

    def __call__(self, parents: Sequence[str], children: int, seed: int) -> list[Child]:
        """One message a parent, shared by its children.

        Raises:
            StoppedError: the endpoint will not be asked any more.
        """
        rng = random.Random(seed)
        requests = [Request((parent,), self.ask(rng)) for parent in parents]
        return self.answer(requests, children, seed)

    def ask(self, rng: random.Random) -> str:
        """The message of the next request; empty where the format takes none."""
        return next_message(self.format, self.message, self.message_weights, rng)

    def answer(self, requests: Sequence[Request], children: int, seed: int) -> list[Child]:
        """Children of every request, those of the first one first.

        Raises:
            StoppedError: the endpoint will not be asked any more.
        """
        questions = [
            self._question(request, seeds.derive(seed, self.operator, row, child))
            for row, request in enumerate(requests)
            for child in range(children)
        ]
        replies = iter(self.endpoint.ask([each for each in questions if each is not None]))
        asked = [request for request in requests for _ in range(children)]
        return [
            refused(self.operator, request, DiffVerdict.UNENCODABLE, "")
            if question is None
            else self._child(request, next(replies))
            for request, question in zip(asked, questions, strict=True)
        ]

    def _question(self, request: Request, seed: int) -> Question | None:
        """What is sent; None where the format cannot hold the request."""
        prompt = self.format.prompt(request.parents, request.message)
        if isinstance(prompt, DiffVerdict):
            return None
        config = self.endpoint.config
        return Question(
            model=config.model,
            instruction=chat.INSTRUCTION if config.api == "chat" else None,
            prompt=prompt,
            max_tokens=config.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            stop=self.format.stop,
            seed=seed % _SEEDS,
        )

    def _child(self, request: Request, reply: Reply) -> Child:
        answer = reply.answer
        if answer is None:
            child = refused(self.operator, request, DiffVerdict.NO_ANSWER, "")
        else:
            completion = Completion(answer.text, ended=answer.ended)
            child = child_of(self.operator, self.format, request, completion, answer.text)
        return replace(child, spending=reply.spending)
