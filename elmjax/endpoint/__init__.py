"""An OpenAI-compatible endpoint: a server elsewhere whose model completes texts.

`Endpoint` asks many questions side by side, over again where that may help, within a budget of
tokens, and says stop where nothing comes back any more. Every reply is written to a file before it
is used, from which a run that goes on, or is repeated, reads it again (`replies`). The key comes
from the environment and goes nowhere but into the header of a request. Knows neither programs nor
formats; needs no JAX.
"""

from elmjax.endpoint.config import EndpointConfig
from elmjax.endpoint.endpoint import Endpoint, StoppedError
from elmjax.endpoint.failure import Failure
from elmjax.endpoint.question import Answer, Question
from elmjax.endpoint.spending import Reply, Spending, spending

__all__ = [
    "Answer",
    "Endpoint",
    "EndpointConfig",
    "Failure",
    "Question",
    "Reply",
    "Spending",
    "StoppedError",
    "spending",
]
