// One answer: who gives it, what is done for it, its text with its sources, and what can be done with it.
import { memo, useState } from "react";
import { ThumbsDown, ThumbsUp } from "lucide-react";
import { citedIn } from "./citations.js";
import { prefersStill, useSmooth } from "./smooth.js";
import { Text } from "./text.jsx";
import { Trace } from "./trace.jsx";
import { Copy } from "./copy.jsx";

// Of an answer's text, to be found in a source; what a page may send at once is limited.
const MOST_LOOKED_FOR = 15_000;
const NONE = [];

// After these ends a person is offered.
const OFFERING = new Set(["declined", "hedged", "handoff"]);

export const Answer = memo(function Answer({ turn, names, onAgain, onRate, onTrace, onSource, onPerson }) {
  const [flows] = useState(() => !turn.stored && turn.streaming && !prefersStill());
  const text = useSmooth(turn.text, flows, !turn.live);
  const live = turn.live || text.length < turn.text.length;
  const open = (source) => onSource(source, turn.text.slice(0, MOST_LOOKED_FOR));
  const cite = (number) => {
    const source = turn.sources.find((held) => held.id === number);
    if (source) open(source);
  };
  return (
    <article className="answer" aria-busy={live} aria-label="Answer of the assistant">
      <Agents turn={turn} names={names} />
      {turn.live && <Lanes steps={turn.steps} names={names} />}
      {turn.withdrawn && (
        <p className="note" role="status">The answer so far was withdrawn ({turn.withdrawn}); another one is being written.</p>
      )}
      {text && <Text text={text} sources={turn.sources} highlights={(!live && turn.highlights) || NONE} onCite={cite} />}
      {turn.live && !text && <p className="waiting">{turn.streaming ? "Reading the documents" : "Writing the whole answer"}</p>}
      {!live && (
        <>
          <Ending turn={turn} onAgain={onAgain} onPerson={onPerson} />
          <Sources sources={cited(turn)} onSource={open} />
          <SeeAlso sources={related(turn)} onSource={onSource} />
          {turn.run && turn.text && <Actions turn={turn} onAgain={onAgain} onRate={onRate} />}
        </>
      )}
      {turn.run && <Trace turn={turn} names={names} onTrace={onTrace} />}
    </article>
  );
});

function Agents({ turn, names }) {
  const { route, agents } = turn;
  if (agents.length === 0) return null;
  const why = route?.reason ? `${route.reason} (confidence ${Math.round(100 * route.confidence)} %, by ${route.router})` : "";
  return (
    <p className="agents">
      {agents.map((agent) => (
        <span key={agent} className="badge" title={why}>{names[agent] ?? agent}</span>
      ))}
      {turn.finish === "hedged" && <span className="badge nearest">Nearest match</span>}
      {why && <span className="visually-hidden">{why}</span>}
    </p>
  );
}

// Agents that work at the same time, each with how far it is.
function Lanes({ steps, names }) {
  const lanes = steps.filter((step) => step.step_type === "agent" && step.parallel_total > 1);
  if (lanes.length === 0) return null;
  return (
    <ul className="lanes">
      {lanes.map((lane) => (
        <li key={lane.step_id}>
          <span>{names[lane.agent] ?? lane.agent}</span>
          <progress
            aria-label={`How far ${names[lane.agent] ?? lane.agent} is`}
            max="1"
            value={lane.status === "completed" ? 1 : lane.progress ?? 0}
          />
        </li>
      ))}
    </ul>
  );
}

function Ending({ turn, onAgain, onPerson }) {
  const offers = turn.handoff || OFFERING.has(turn.finish);
  return (
    <>
      {turn.status === "failed" && (
        <div className="failure" role="alert">
          <p>{turn.message ?? "There is no answer: something went wrong."}</p>
          {onAgain && <button type="button" onClick={onAgain}>Try again</button>}
        </div>
      )}
      {turn.status === "cancelled" && <p className="note">You stopped this answer.</p>}
      {turn.partly && <p className="note partly">Partly supported: not all of this is in the sources.</p>}
      {turn.reduced && <p className="note">The language models cannot be reached; this is quoted from the documents.</p>}
      {offers && turn.handed && <p className="note">Request sent. A person will get in touch with you.</p>}
      {offers && !turn.handed && (
        <div className="handoff">
          <button type="button" className="primary" onClick={onPerson}>Talk to a person</button>
        </div>
      )}
    </>
  );
}

// Those that the text cites; where it cites none, what was read stays in the trace.
function cited(turn) {
  const numbers = citedIn(turn.text);
  return turn.sources.filter((source) => numbers.has(source.id));
}

function Sources({ sources, onSource }) {
  if (sources.length === 0) return null;
  return (
    <ol className="sources" aria-label="Sources">
      {sources.map((source) => (
        <li key={source.id}>
          <button type="button" onClick={() => onSource(source)} title={source.snippet}>
            <span className="number">{source.id}</span> {where(source)}
          </button>
        </li>
      ))}
    </ol>
  );
}

// What the answer does not quote, and may answer the question too.
function related(turn) {
  return (turn.see_also ?? NONE).map((id) => turn.sources.find((source) => source.id === id)).filter(Boolean);
}

function SeeAlso({ sources, onSource }) {
  if (sources.length === 0) return null;
  return (
    <section className="see-also" aria-label="See also">
      <p>See also</p>
      <ul>
        {sources.map((source) => (
          <li key={source.id}>
            <button type="button" onClick={() => onSource(source, "")} title={source.snippet}>
              {[source.title, source.section].filter(Boolean).join(" > ")}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function where(source) {
  return [source.title, source.page && `p. ${source.page}`, source.section || (source.whole && `version ${source.version}`)]
    .filter(Boolean)
    .join(", ");
}

function Actions({ turn, onAgain, onRate }) {
  const [comment, setComment] = useState(null);
  const [given, setGiven] = useState(null);
  const rating = given ?? turn.rating;
  const rate = (value) => {
    setGiven(value);
    setComment("");
    onRate(turn.run, value, "");
  };
  const send = () => {
    onRate(turn.run, rating, comment);
    setComment(null);
  };
  return (
    <div className="actions">
      <Copy text={turn.text} label="Copy the answer" />
      {onAgain && <button type="button" onClick={onAgain}>Ask again</button>}
      <button type="button" aria-pressed={rating === "up"} aria-label="This helped" onClick={() => rate("up")}><ThumbsUp size={16} aria-hidden="true" /></button>
      <button type="button" aria-pressed={rating === "down"} aria-label="This did not help" onClick={() => rate("down")}><ThumbsDown size={16} aria-hidden="true" /></button>
      {comment !== null && (
        <span className="comment">
          <input aria-label="What was good or bad about it" maxLength={2000} placeholder="Why? (optional)" value={comment}
            onChange={(event) => setComment(event.target.value)}
            onKeyDown={(event) => event.key === "Enter" && send()} />
          <button type="button" onClick={send}>Send</button>
        </span>
      )}
    </div>
  );
}
