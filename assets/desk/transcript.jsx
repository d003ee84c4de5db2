// The conversation on the page. It is told operations (ui/feed.py) and keeps the text itself, so that an answer of any
// length costs what is new of it.
import { useEffect, useRef, useState } from "react";
import { Answer } from "./answer.jsx";
import { Question } from "./question.jsx";
import { apply, EMPTY } from "./turns.js";

const NEAR_THE_END = 120;

export function Transcript({ feed, names, children, onGap, onSeen, onAgain, onEdit, onRate, onSource, onPerson }) {
  const told = useRef({ epoch: null, next: 0 });
  const [page, setPage] = useState(EMPTY);
  const whole = useRef(null);
  const end = useRef(null);
  const follows = useRef(true);

  useEffect(() => {
    if (!feed.epoch) return;
    const { current } = told;
    const fresh = feed.epoch !== current.epoch;
    const next = fresh ? 0 : current.next;
    if (feed.first > next) {
      // What is left of another visit has been seen, and has nothing to tell.
      if (feed.ops.length > 0) onGap();
      return;
    }
    const news = feed.ops.slice(next - feed.first);
    told.current = { epoch: feed.epoch, next: next + news.length };
    if (news.length === 0) return;
    setPage((before) => news.reduce(apply, fresh ? EMPTY : before));
    // Whoever asks wants to see the answer, wherever they have scrolled to.
    if (news.some((op) => op.op === "asked")) follows.current = true;
    if (news.some((op) => op.op === "end" || op.op === "open")) onSeen(feed.epoch, told.current.next);
  }, [feed]);

  useEffect(() => {
    const watch = () => {
      follows.current = document.body.scrollHeight - window.innerHeight - window.scrollY < NEAR_THE_END;
    };
    window.addEventListener("scroll", watch, { passive: true });
    return () => window.removeEventListener("scroll", watch);
  }, []);

  // A text grows between two operations, too.
  useEffect(() => {
    const grown = new ResizeObserver(() => follows.current && end.current?.scrollIntoView({ block: "end" }));
    grown.observe(whole.current);
    return () => grown.disconnect();
  }, []);

  useEffect(() => {
    if (page === EMPTY) return;
    const path = page.session ? `/c/${encodeURIComponent(page.session)}` : "/";
    if (window.location.pathname !== path) window.history.replaceState(window.history.state, "", path);
  }, [page]);

  const { turns } = page;
  const last = turns.length - 1;
  const lastQuestion = turns.findLastIndex((turn) => turn.role === "user");
  const idle = last < 0 || !turns[last].live;
  return (
    <div className="transcript" ref={whole}>
      {turns.length === 0 && children}
      {turns.map((turn, index) =>
        turn.role === "user" ? (
          <Question key={index} text={turn.text} onEdit={idle && index === lastQuestion ? onEdit : null} />
        ) : (
          <Answer
            key={index}
            turn={turn}
            names={names}
            onAgain={idle && index === last ? onAgain : null}
            onRate={onRate}
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
  );
}

// Read out once it is whole: a growing text would be read from its beginning again and again.
function spoken(turn) {
  if (!turn || turn.role === "user") return "";
  if (turn.live) return "The assistant is answering.";
  if (turn.stored) return "";
  if (turn.status === "failed") return turn.message;
  if (turn.status === "cancelled") return "The answer was stopped.";
  return turn.text.replaceAll(/\[\d+(, ?\d+)*\]/g, "");
}
