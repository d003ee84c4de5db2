"""`python -m agents.models check`: send every configured model the smallest possible request and report problems."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass

from agents.catalog import Agent
from agents.models.failures import FailureKind, ModelFailure
from agents.models.model_name import EMBEDDED, ModelName
from agents.models.orders import supervisor_order, worker_order
from agents.models.registry import MakeProvider, ModelRegistry, make_provider
from agents.settings import AgentSettings

_WHAT_TO_DO = {
    FailureKind.REFUSED: "check the key, its permissions and the access to this model",
    FailureKind.UNKNOWN_MODEL: "check the model's name, the region and the inference profile",
    FailureKind.THROTTLED: "wait, or raise the quota of this account",
    FailureKind.SERVER_ERROR: "try again; if it lasts, see the provider's status page",
    FailureKind.UNREACHABLE: "check the network, the address and the region",
    FailureKind.LOADING: "wait until the server has loaded its model",
    FailureKind.TIMED_OUT: "check the network; raise MODEL_FIRST_TOKEN_SECONDS if the model is only slow",
    FailureKind.STALLED: "check the network; raise MODEL_IDLE_SECONDS if the model is only slow",
    FailureKind.BROKEN: "check that the address is that of a model server",
    FailureKind.BAD_REQUEST: "check the model's name; this model may not take what the desk sends",
}
_NO_CREDENTIALS = {
    "bedrock": "set AWS credentials (access key, profile, SSO, role or AWS_BEARER_TOKEN_BEDROCK)",
    "openai": "set OPENAI_API_KEY",
}
_MORE = {"bedrock": "; see AWS_BEDROCK_SETUP.md"}


@dataclass(frozen=True)
class ModelCheck:
    """The result of checking one model."""

    model: ModelName
    used_by: tuple[str, ...]
    failure: ModelFailure | None
    seconds: float

    @property
    def lacks_key(self) -> bool:
        """True if the model has no key, which is no fault where another model of the chain answers."""
        return self.failure is not None and self.failure.kind is FailureKind.NO_CREDENTIALS

    def __str__(self) -> str:
        users = f"{self.model}  (for {', '.join(self.used_by)})"
        if self.failure is None:
            return f"ok       {users}" + ("" if self.model == EMBEDDED else f"  {self.seconds:.2f} s")
        verdict = "no key " if self.lacks_key else "FAILED "
        return f"{verdict}  {users}\n         {self.failure}: {_advice_for(self.model, self.failure)}"


def _advice_for(model: ModelName, failure: ModelFailure) -> str:
    if model.provider == "local":
        return "`python -m agents.models list` shows what there is"
    if failure.kind is FailureKind.NO_CREDENTIALS:
        advice = _NO_CREDENTIALS.get(model.provider, "set AI_SERVICE_API_KEY")
    else:
        advice = _WHAT_TO_DO.get(failure.kind, "see the server's own log")
    return advice + _MORE.get(model.provider, "")


def users_of_models(settings: AgentSettings, agents: Iterable[Agent]) -> dict[ModelName, list[str]]:
    """Return every model that may be asked, with the supervisor and the agents that may ask it."""
    users: dict[ModelName, list[str]] = {}
    for user, order in [
        ("supervisor", supervisor_order(settings)),
        *((agent.id, worker_order(agent, settings)) for agent in agents),
    ]:
        for model in order.models:
            users.setdefault(model, []).append(user)
    return users


async def check_models(
    settings: AgentSettings, agents: Iterable[Agent], make: MakeProvider = make_provider
) -> list[ModelCheck]:
    """Check every model, and return one finding for each."""
    models = ModelRegistry(settings, make)
    try:
        users = users_of_models(settings, agents)
        return await asyncio.gather(*(_check_one(models, name, tuple(by)) for name, by in users.items()))
    finally:
        await models.close()


async def _check_one(models: ModelRegistry, name: ModelName, used_by: tuple[str, ...]) -> ModelCheck:
    began = time.perf_counter()
    failure = None
    if name != EMBEDDED:
        model = models.get(name)
        try:
            await models.wait_for_local(name)
            await model.check()
        except ModelFailure as found:
            failure = found
    return ModelCheck(name, used_by, failure, time.perf_counter() - began)
