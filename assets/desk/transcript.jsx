// The conversation on the page. It receives operations (ui/chat/operations.py) and keeps the text itself, so that an
// answer of any length costs what is new of it.
import { useEffect, useRef, useState } from "react";
import { useLocation } from "react-router";
import { Answer } from "./answer.jsx";
import { citedIn, withoutMarkers } from "./citations.js";
import { documentsLinked } from "./links.js";
import { Documents } from "./markdown.jsx";
import { Question } from "./question.jsx";
import { apply, EMPTY } from "./turns.js";

const NEAR_THE_END = 120;
const LONGEST_TITLE = 60;
// Of one answer, to be looked up; what a page may send at once is limited.
const MOST_LINKS = 50;
const NOTHING = { epoch: null, next: 0 };
// After these there may be nothing to tell for a long time.
const RESTS = new Set(["open", "older", "trace", "handed", "end"]);

export function Transcript({ feed, names, most, children, onOpen, onGap, onSeen, onOlder, onTrace, onAgain, onEdit, onRate, onSource, onPerson, links, onLinks, onDocument }) {
  const { key, pathname, search } = useLocation();
  const visit = useRef(null);
  const told = useRef(NOTHING);
  const [page, setPage] = useState(EMPTY);
  const whole = useRef(null);
  const end = useRef(null);
  const follows = useRef(true);

  // Whoever serves the page may have forgotten it, and may still have something of another visit to tell.
  const open = () => {
    told.current = NOTHING;
    onOpen(visit.current, ...conversation(window.location));
  };

  useEffect(() => {
    visit.current = crypto.getRandomValues(new Uint32Array(2)).join("");
    open();
  }, [key, pathname, search]);

  useEffect(() => {
    const { current } = told;
    if (!feed.epoch.startsWith(`${visit.current}.`)) {
      if (current.epoch) open();
      return;
    }
    const fresh = feed.epoch !== current.epoch;
    const next = fresh ? 0 : current.next;
    if (feed.first > next) {
      onGap();
      return;
    }
    const news = feed.ops.slice(next - feed.first);
    told.current = { epoch: feed.epoch, next: next + news.length };
    if (news.length === 0) return;
    setPage((before) => news.reduce(apply, fresh ? EMPTY : before));
    // Whoever asks wants to see the answer, wherever they have scrolled to.
    if (news.some((op) => op.op === "asked")) follows.current = true;
    if (news.some((op) => RESTS.has(op.op))) onSeen(feed.epoch, told.current.next);
  }, [feed]);

  useEffect(() => {
    const watch = () => {
      follows.current = document.body.scrollHeight - window.innerHeight - window.scrollY < NEAR_THE_END;
    };
    window.addEventListener("scroll", watch, { passive: true });
    return () => window.removeEventListener("scroll", watch);
  }, []);

  useEffect(() => () => (document.title = titleOf(EMPTY)), []);

  // A text grows between two operations, too.
  useEffect(() => {
    const grown = new ResizeObserver(() => follows.current && end.current?.scrollIntoView({ block: "end" }));
    grown.observe(whole.current);
    return () => grown.disconnect();
  }, []);

  useEffect(() => {
    if (page === EMPTY) return;
    document.title = titleOf(page);
    tell(pathOf(page));
  }, [page]);

  // What its links lead to is looked up once an answer is whole.
  const sought = useRef(new Set());
  useEffect(() => {
    for (const turn of page.turns) {
      if (turn.role === "user" || turn.live) continue;
      const targets = documentsLinked(turn.text).filter((target) => !sought.current.has(target)).slice(0, MOST_LINKS);
      if (targets.length === 0) continue;
      targets.forEach((target) => sought.current.add(target));
      const cited = citedIn(turn.text);
      onLinks(targets, turn.sources.find((source) => cited.has(source.id))?.document_id ?? "");
    }
  }, [page]);

  const { turns } = page;
  const last = turns.length - 1;
  const lastQuestion = turns.findLastIndex((turn) => turn.role === "user");
  const idle = last < 0 || !turns[last].live;
  return (
    <Documents.Provider value={{ links, onDocument }}>
    <div className="transcript" ref={whole}>
      {page.unread && (
        <div className="failure" role="alert">
          <p>This conversation cannot be read right now.</p>
          <button type="button" onClick={onGap}>Try again</button>
        </div>
      )}
      {turns.length === 0 && !page.unread && children}
      {page.earlier > 0 && (
        <button type="button" className="plain earlier" onClick={() => onOlder(page.earlier)}>Earlier messages</button>
      )}
      {turns.map((turn, index) =>
        turn.role === "user" ? (
          <Question key={turn.name} text={turn.text} most={most} onEdit={idle && index === lastQuestion ? onEdit : null} />
        ) : (
          <Answer
            key={turn.name}
            turn={turn}
            names={names}
            onAgain={idle && index === last ? onAgain : null}
            onRate={onRate}
            onTrace={onTrace}
            onSource={onSource}
            onPerson={onPerson}
          />
        ),
      )}
      <p className="visually-hidden" role="status" aria-live="polite">
        {spoken(turns[last])}
      </p>
      <div ref={end} className="end" />
    </div>
    </Documents.Provider>
  );
}

// Read out once it is whole: a growing text would be read from its beginning again and again.
function spoken(turn) {
  if (!turn || turn.role === "user") return "";
  if (turn.live) return "The assistant is answering.";
  if (turn.stored) return "";
  if (turn.status === "failed") return turn.message;
  if (turn.status === "cancelled") return "The answer was stopped.";
  return withoutMarkers(turn.text);
}

// A conversation has one name for each who answers in it: the supervisor, or one agent.
function conversation({ pathname, search }) {
  const session = /^\/c\/([^/]+)/.exec(pathname)?.[1] ?? "";
  return [decoded(session), new URLSearchParams(search).get("agent") ?? ""];
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function pathOf({ session, agent }) {
  if (!session) return "/";
  return `/c/${encodeURIComponent(session)}${agent ? `?agent=${encodeURIComponent(agent)}` : ""}`;
}

// What tells one tab from another.
function titleOf({ turns }) {
  const asked = turns.find((turn) => turn.role === "user")?.text ?? "";
  const short = asked.length > LONGEST_TITLE ? `${asked.slice(0, LONGEST_TITLE)}…` : asked;
  return short ? `${short} · Frontdesk` : "Frontdesk";
}

// A conversation that gets its name is where the empty page was; whoever turns to another one can go back.
function tell(path) {
  const { pathname, search } = window.location;
  if (pathname + search === path) return;
  const { state } = window.history;
  if (pathname === "/") window.history.replaceState(state, "", path);
  else window.history.pushState({ ...state, key: crypto.randomUUID?.() ?? String(Math.random()), idx: (state?.idx ?? 0) + 1 }, "", path);
}
