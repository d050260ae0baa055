"""One completion as it is asked for and answered over the OpenAI API, as chat or as text."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_LENGTH = ("length", "max_tokens")  # why an answer ended that had not


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked.

    Attributes:
        model: As the endpoint calls it.
        instruction: What a chat model is told first; None asks a text to be completed.
        prompt: What it is asked, or the text.
        max_tokens: Of the answer.
        temperature: As models take it.
        top_p: As models take it.
        stop: Ends the answer where it occurs; only of texts.
        seed: Equal ones may give equal answers, where the endpoint knows seeds.
    """

    model: str
    instruction: str | None
    prompt: str
    max_tokens: int
    temperature: float
    top_p: float
    stop: str | None
    seed: int

    @property
    def path(self) -> str:
        """Where it is asked, under the endpoint's address."""
        return "completions" if self.instruction is None else "chat/completions"

    def body(self) -> dict[str, Any]:
        """The JSON that is sent."""
        body: dict[str, Any] = {
            "model": self.model,
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "seed": self.seed,
        }
        if self.instruction is None:
            return body | {"prompt": self.prompt} | ({"stop": [self.stop]} if self.stop else {})
        roles = (("system", self.instruction), ("user", self.prompt))
        return body | {
            "messages": [{"role": role, "content": text} for role, text in roles if text]
        }

    def digest(self, fields: Mapping[str, Any], omit: Sequence[str]) -> str:
        """A name of the question, equal for those that are equal and equally asked.

        Args:
            fields: Of the request, beside those of `body`.
            omit: Those of `body` that it lacks. A seed that is not sent still tells questions
                apart.
        """
        whole = json.dumps([self.path, self.body(), fields, list(omit)], sort_keys=True)
        return hashlib.sha256(whole.encode()).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back.

    Attributes:
        text: Of the first choice.
        ended: False where the tokens ran out before the model had ended.
        prompt_tokens: Read by the model.
        completion_tokens: Written by it, those of its thoughts included.
        metered: Whether the endpoint counted the tokens; else they are estimated.
    """

    text: str
    ended: bool
    prompt_tokens: int
    completion_tokens: int
    metered: bool


CHARACTERS_A_TOKEN = 4  # about, where an endpoint does not count


def read_answer(payload: bytes, question: Question) -> Answer | None:
    """The answer in the body of a response; None where there is none in it."""
    try:
        content = json.loads(payload)
        choice = content["choices"][0]
        written = choice["text"] if question.instruction is None else choice["message"]["content"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    text = _plain(written)
    if text is None:
        return None
    counts = _counts(content)
    asked = len(question.instruction or "") + len(question.prompt)
    estimated = (asked // CHARACTERS_A_TOKEN, len(text) // CHARACTERS_A_TOKEN)
    prompt_tokens, completion_tokens = counts or estimated
    return Answer(
        text=text,
        ended=choice.get("finish_reason") not in _LENGTH,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        metered=counts is not None,
    )


def _plain(written: Any) -> str | None:
    """The text of a message, which may come in parts; empty where a model only thought."""
    if written is None:
        return ""
    if isinstance(written, list):
        parts = [part.get("text") for part in written if isinstance(part, dict)]
        written = "".join(part for part in parts if isinstance(part, str))
    if not isinstance(written, str):
        return None
    # Half a surrogate pair is JSON, but no text that a file can hold.
    return written.encode("utf-8", "replace").decode("utf-8")


def _counts(content: dict[str, Any]) -> tuple[int, int] | None:
    usage = content.get("usage")
    if not isinstance(usage, dict):
        return None
    counts: list[Any] = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    return (counts[0], counts[1]) if all(map(_is_count, counts)) else None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
