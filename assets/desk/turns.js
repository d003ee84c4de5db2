// A conversation as a value, and what each operation makes of it. Turns that an operation does not concern stay the same
// objects, so that they are not drawn again.

export const EMPTY = { session: "", turns: [] };

export function apply(page, op) {
  switch (op.op) {
    case "open":
      return { session: op.session, turns: op.turns.map(stored) };
    case "asked":
      return { ...page, turns: [...page.turns, { role: "user", text: op.text }] };
    case "answering":
      return { ...page, turns: [...page.turns, begun(op.streaming)] };
    case "withdraw":
      return { ...page, turns: page.turns.slice(0, page.turns.findLastIndex((turn) => turn.role === "user")) };
    case "run":
      return { ...changed(page, (turn) => ({ ...turn, run: op.run })), session: op.session };
    default:
      return changed(page, (turn) => answered(turn, op));
  }
}

function stored(turn) {
  return { steps: [], ...turn, live: false, stored: true };
}

function begun(streaming) {
  return { role: "assistant", live: true, streaming, text: "", agents: [], steps: [], sources: [] };
}

function changed(page, change) {
  const { turns } = page;
  const last = turns.at(-1);
  if (!last || last.role !== "assistant") return page;
  return { ...page, turns: [...turns.slice(0, -1), change(last)] };
}

function answered(turn, op) {
  switch (op.op) {
    case "route":
      return { ...turn, agents: op.agents, route: op };
    case "step":
      return { ...turn, steps: stepped(turn.steps, op) };
    case "sources":
      return { ...turn, sources: joined(turn.sources, op.sources) };
    case "text":
      return { ...turn, text: turn.text + op.text, withdrawn: null };
    case "reset":
      return { ...turn, text: "", withdrawn: op.reason };
    case "handoff":
      return { ...turn, handoff: op };
    case "rated":
      return { ...turn, rating: op.rating };
    case "end":
      return { ...turn, ...op, live: false, withdrawn: null };
    default:
      return turn;
  }
}

function stepped(steps, op) {
  const known = steps.findIndex((step) => step.step_id === op.step_id);
  if (known < 0) return [...steps, op];
  return steps.map((step, index) => (index === known ? { ...step, ...op } : step));
}

function joined(held, found) {
  const ids = new Set(found.map((source) => source.id));
  return [...held.filter((source) => !ids.has(source.id)), ...found].sort((one, other) => one.id - other.id);
}
