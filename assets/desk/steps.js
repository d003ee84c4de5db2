// The steps of a run as a tree. Agents that follow each other work at the same time: they stand together as `beside`.
// An attempt comes `after` the one of its agent that failed before it.

export function stepsAsTree(steps) {
  const known = new Map(steps.map((step) => [step.step_id, { step, below: [], after: null }]));
  const first = [];
  for (const found of known.values()) {
    const siblings = known.get(found.step.parent_id)?.below ?? first;
    if (found.step.step_type === "retry") found.after = siblings.findLast(failed)?.step ?? null;
    siblings.push(found);
  }
  return together(first);
}

function failed({ step }) {
  return step.status === "failed" && (step.step_type === "generate" || step.step_type === "retry");
}

function together(found) {
  const agents = found.filter(({ step }) => step.step_type === "agent");
  if (agents.length < 2) return found;
  const others = found.filter((one) => !agents.includes(one));
  return [...others, { beside: agents }];
}
