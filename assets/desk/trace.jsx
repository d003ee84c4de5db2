// What was done for an answer: steps, how long each took, which model, what it used.

export function Trace({ turn, names }) {
  const depths = depthsOf(turn.steps);
  return (
    <details className="trace">
      <summary>{summary(turn)}</summary>
      <ul>
        {turn.steps.map((step) => (
          <li key={step.step_id} style={{ paddingLeft: `${depths.get(step.step_id)}rem` }} data-status={step.status}>
            <span className="kind">{step.step_type}</span> {names[step.step_name] ?? step.step_name}
            <span className="facts">{facts(step)}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

function summary(turn) {
  if (turn.live) return "What is being done";
  const parts = [
    turn.time != null && `${turn.time.toFixed(1)} s`,
    turn.tokens ? `${turn.tokens} tokens` : "",
    turn.cost ? `$${turn.cost.toFixed(4)}` : "",
    turn.support != null && `${Math.round(100 * turn.support)} % supported by its sources`,
  ];
  return ["How this was answered", ...parts.filter(Boolean)].join(" · ");
}

function facts(step) {
  const { latency_ms: latency, model, usage, output, status } = step;
  return [
    status === "failed" || status === "cancelled" ? status : "",
    latency != null ? `${Math.round(latency)} ms` : "",
    model ?? "",
    usage?.total ? `${usage.total} tokens${usage.cached ? `, ${usage.cached} cached` : ""}` : "",
    output ?? "",
  ].filter(Boolean).join(" · ");
}

function depthsOf(steps) {
  const depths = new Map();
  for (const step of steps) depths.set(step.step_id, step.parent_id ? (depths.get(step.parent_id) ?? 0) + 1 : 0);
  return depths;
}
