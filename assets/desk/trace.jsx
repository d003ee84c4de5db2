// What was done for an answer: its steps below each other, agents that worked at the same time beside each other, and
// for each how long it took, by which model, what that used, and what went wrong.
import { stepsAsTree } from "./steps.js";

const KINDS = {
  route: "Who answers",
  agent: "Agent",
  retrieve: "Reading",
  generate: "Writing",
  retry: "Another try",
  tool: "Tool",
};

const STRATEGIES = { rag: "passages", cag: "whole documents", hybrid: "kept passages" };

// The steps of an answer that was given before are asked for when somebody wants to see them.
export function Trace({ turn, names, onTrace }) {
  const { steps } = turn;
  if (steps.length === 0 && !onTrace) return null;
  const look = ({ currentTarget }) => currentTarget.open && steps.length === 0 && onTrace?.(turn.run);
  return (
    <details className="trace" onToggle={look}>
      <summary>{summary(turn)}</summary>
      {steps.length > 0 ? <Steps found={stepsAsTree(steps)} turn={turn} names={names} /> : <p className="waiting">Looking it up</p>}
    </details>
  );
}

function Steps({ found, turn, names }) {
  return (
    <ul>
      {found.map((one) =>
        one.beside ? (
          <li key={one.beside[0].step.step_id} className="at-once">
            <span className="quiet">{one.beside.length} agents at the same time</span>
            <Steps found={one.beside} turn={turn} names={names} />
          </li>
        ) : (
          <li key={one.step.step_id} data-status={one.step.status}>
            <Step step={one.step} after={one.after} turn={turn} names={names} />
            {one.below.length > 0 && <Steps found={one.below} turn={turn} names={names} />}
          </li>
        ),
      )}
    </ul>
  );
}

function Step({ step, after, turn, names }) {
  const { status, latency_ms: latency, fallback } = step;
  const told = [...toldOf(step, after, turn), usedBy(step)].filter(Boolean);
  return (
    <div className="step">
      <span className="kind">{KINDS[step.step_type] ?? step.step_type}</span> <span className="name">{nameOf(step, turn, names)}</span>
      {status !== "completed" && <span className="status" data-status={status}>{status === "started" ? "under way" : status}</span>}
      {fallback && <span className="status">fallback</span>}
      {latency != null && <span className="latency">{duration(latency)}</span>}
      {told.map((line) => <p key={line}>{line}</p>)}
    </div>
  );
}

function nameOf({ step_type: type, step_name: name }, turn, names) {
  if (type === "route") return turn.agents.map((agent) => names[agent] ?? agent).join(", ");
  return (type === "retrieve" && STRATEGIES[name]) || names[name] || name;
}

// Why it was done, and what came of it. The models of a chain that gave no answer are named by the step that did.
function toldOf({ step_type: type, status, model, output }, after, { route }) {
  if (type === "route") {
    const passedOver = (output ?? "").split("; ").slice(1).join("; ");
    return [route?.reason && `${route.reason} (confidence ${Math.round(100 * route.confidence)} %, by ${route.router})`, passedOver && `No answer from ${passedOver}`];
  }
  const isAttempt = type === "generate" || type === "retry";
  return [
    after && (after.model === model ? "The same model once more" : `In place of ${after.model}, which did not answer`),
    output && isAttempt && status === "completed" ? `No answer from ${output}` : output,
  ];
}

function usedBy({ model, step_name: name, usage, cost_usd: cost }) {
  return [
    model && model !== name && model,
    usage?.total && `${usage.estimated ? "about " : ""}${usage.prompt} tokens read${usage.cached ? ` (${usage.cached} of them cached)` : ""}, ${usage.completion} written`,
    cost && money(cost),
  ].filter(Boolean).join(" · ");
}

function summary(turn) {
  if (turn.live) return "What is being done";
  const parts = [
    turn.time != null && duration(1000 * turn.time),
    turn.tokens ? `${turn.tokens} tokens` : "",
    turn.cost ? money(turn.cost) : "",
  ];
  return ["Details", ...parts.filter(Boolean)].join(" · ");
}

function duration(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function money(usd) {
  return usd < 0.0001 ? "below $0.0001" : `$${usd.toFixed(4)}`;
}
