// A conversation as a value, and what each operation makes of it. Turns that an operation does not concern stay the same
// objects, so that they are not drawn again.

export const EMPTY = { session: "", agent: "", turns: [], earlier: 0 };

export function apply(page, op) {
  switch (op.op) {
    case "open":
      return { session: op.session, agent: op.agent, turns: op.turns.map(stored), earlier: op.earlier, unread: op.unread };
    case "older":
      // Asked for twice, or of another reading.
      if (op.before !== page.earlier) return page;
      return { ...page, turns: [...op.turns.map(stored), ...page.turns], earlier: op.earlier };
    case "asked":
      return { ...page, session: op.session, agent: op.agent, turns: [...page.turns, asked(op.text)] };
    case "answering":
      return { ...page, turns: [...page.turns, begun(op.streaming)] };
    case "withdraw":
      return { ...page, turns: page.turns.slice(0, page.turns.findLastIndex((turn) => turn.role === "user")) };
    case "run":
      return changed(page, (turn) => ({ ...turn, run: op.run }));
    case "trace":
      return { ...page, turns: page.turns.map((turn) => (isAnswerOf(turn, op.run) ? traced(turn, op) : turn)) };
    default:
      return changed(page, (turn) => answered(turn, op));
  }
}

let count = 0;

// Turns keep their names when others come before them, so that what is open in one stays open in it.
function named(turn) {
  count += 1;
  return { ...turn, name: count };
}

function stored(turn) {
  return named({ steps: [], ...turn, live: false, stored: true });
}

function asked(text) {
  return named({ role: "user", text });
}

function begun(streaming) {
  return named({ role: "assistant", live: true, streaming, text: "", agents: [], steps: [], sources: [] });
}

function isAnswerOf(turn, run) {
  return turn.role === "assistant" && turn.run === run;
}

function traced(turn, { steps, route }) {
  return { ...turn, steps: steps.reduce(stepped, []), route: route ?? turn.route, agents: route?.agents ?? turn.agents };
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
    case "handed":
      return { ...turn, handed: true };
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
