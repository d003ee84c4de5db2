"""What Prometheus reads: counted as runs happen, and looked up when it asks."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from backend.runs.recorder import Progress
from backend.storage.runs import Run
from frontdesk.contracts.events import Event, Route, Terminal, Token, TraceEnd, TraceStart, Usage

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128)

# Values by their labels, looked up when somebody asks.
Reading = Callable[[], dict[tuple[str, ...], float]]


class Metrics:
    """One desk's."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._began = Counter("frontdesk_runs_started", "Questions taken.", ["agent"], registry=self.registry)
        self._ended = Counter(
            "frontdesk_runs_ended", "Runs by how they ended.", ["agent", "end"], registry=self.registry
        )
        self._routed = Counter("frontdesk_routed", "Questions by who was to answer.", ["agent"], registry=self.registry)
        self._first = Histogram(
            "frontdesk_first_token_seconds", "From question to first word.", buckets=_SECONDS, registry=self.registry
        )
        self._total = Histogram(
            "frontdesk_run_seconds", "From question to end.", ["end"], buckets=_SECONDS, registry=self.registry
        )
        self._tokens = Counter("frontdesk_tokens", "Tokens of models.", ["model", "kind"], registry=self.registry)
        self._cost = Counter("frontdesk_cost_usd", "What models cost.", ["model"], registry=self.registry)
        self._fallbacks = Counter(
            "frontdesk_fallbacks", "Second and later attempts.", ["model"], registry=self.registry
        )

    def watch(self, name: str, meaning: str, labels: tuple[str, ...], reading: Reading) -> None:
        """Look something up whenever somebody asks."""
        self.registry.register(_Watched(name, meaning, labels, reading))

    def page(self) -> bytes:
        """Everything, in Prometheus's own form."""
        return generate_latest(self.registry)

    def began(self, run: Run) -> None:
        """A question was taken."""
        self._began.labels(run.agent_id).inc()

    def heard(self, progress: Progress, event: Event) -> None:
        """The next event of a run."""
        match event:
            case Token() if progress.tokens == 1:
                self._first.observe(progress.live.seconds)
            case Route():
                for agent in event.agents:
                    self._routed.labels(agent).inc()
            case TraceStart(step_type="retry"):
                self._fallbacks.labels(event.step_name).inc()
            case TraceEnd(usage=Usage() as usage, model=str() as model):
                for kind in ("prompt", "completion", "cached"):
                    self._tokens.labels(model, kind).inc(getattr(usage, kind))
                self._cost.labels(model).inc(event.cost_usd or 0)

    def ended(self, progress: Progress, event: Terminal) -> None:
        """A run is over."""
        self._ended.labels(progress.live.run.agent_id, event.type).inc()
        self._total.labels(event.type).observe(progress.live.seconds)


class _Watched(Collector):
    def __init__(self, name: str, meaning: str, labels: tuple[str, ...], reading: Reading) -> None:
        self._family = name, meaning, labels
        self._reading = reading

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """What it is now."""
        name, meaning, labels = self._family
        family = GaugeMetricFamily(name, meaning, labels=labels)
        for values, reading in self._reading().items():
            family.add_metric(list(values), reading)
        yield family
