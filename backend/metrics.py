"""Prometheus metrics: counted as runs happen, or looked up when Prometheus asks."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from backend.runs.recorder import RunRecorder
from backend.storage.runs import StoredRun
from frontdesk.contracts.events import Done, Event, Route, Terminal, Token, TraceEnd, TraceStart, Usage

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128)

# Values by their labels, looked up when Prometheus asks.
Reading = Callable[[], dict[tuple[str, ...], float]]


class Metrics:
    """The metrics of one desk."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._began = Counter("frontdesk_runs_started", "Questions taken.", ["agent"], registry=self.registry)
        self._ended = Counter(
            "frontdesk_runs_ended", "Runs by how they ended.", ["agent", "end"], registry=self.registry
        )
        self._unanswered = Counter(
            "frontdesk_unanswered", "Questions that no document answered.", ["agent", "finish"], registry=self.registry
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
        self._cached = Counter(
            "frontdesk_cached_answers", "Earlier answers given again.", ["agent"], registry=self.registry
        )
        self._fallbacks = Counter(
            "frontdesk_fallbacks", "Second and later attempts.", ["model"], registry=self.registry
        )

    def watch(self, name: str, meaning: str, labels: tuple[str, ...], reading: Reading) -> None:
        """Register a gauge that is looked up whenever Prometheus asks."""
        self.registry.register(_Watched(name, meaning, labels, reading))

    def page(self) -> bytes:
        """Return all metrics in Prometheus text format."""
        return generate_latest(self.registry)

    def began(self, run: StoredRun) -> None:
        """Count a question that was taken."""
        self._began.labels(run.agent_id).inc()

    def heard(self, progress: RunRecorder, event: Event) -> None:
        """Count what the next event of a run tells."""
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

    def ended(self, progress: RunRecorder, event: Terminal) -> None:
        """Count a run that has ended, and the time it took."""
        self._ended.labels(progress.live.run.agent_id, event.type).inc()
        self._total.labels(event.type).observe(progress.live.seconds)
        if isinstance(event, Done) and event.finish_reason in ("declined", "hedged"):
            self._unanswered.labels(progress.live.run.agent_id, event.finish_reason).inc()
        if isinstance(event, Done) and event.cached:
            for agent in progress.agents:
                self._cached.labels(agent).inc()


class _Watched(Collector):
    def __init__(self, name: str, meaning: str, labels: tuple[str, ...], reading: Reading) -> None:
        self._family = name, meaning, labels
        self._reading = reading

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return the current values."""
        name, meaning, labels = self._family
        family = GaugeMetricFamily(name, meaning, labels=labels)
        for values, reading in self._reading().items():
            family.add_metric(list(values), reading)
        yield family
