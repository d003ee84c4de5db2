// What the visitor has asked; the last question can be changed and asked again.
import { memo, useRef, useState } from "react";
import { checkLength } from "./length.js";

export const Question = memo(function Question({ text, most, onEdit }) {
  const box = useRef(null);
  const [draft, setDraft] = useState(null);
  if (draft !== null && onEdit) {
    const send = () => {
      checkLength(box.current, most);
      if (!box.current.reportValidity()) return;
      if (draft.trim()) onEdit(draft.trim());
      setDraft(null);
    };
    const keys = (event) => {
      if (event.key === "Escape") setDraft(null);
      if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
        event.preventDefault();
        send();
      }
    };
    return (
      <section className="question editing" aria-label="Edit your question">
        <textarea
          ref={box}
          aria-label="Your question"
          value={draft}
          rows={3}
          autoFocus
          onChange={(event) => setDraft(event.target.value)}
          onKeyDown={keys}
        />
        <div className="actions">
          <button type="button" onClick={() => setDraft(null)}>Cancel</button>
          <button type="button" className="primary" onClick={send}>Ask again</button>
        </div>
      </section>
    );
  }
  return (
    <section className="question" aria-label="You asked">
      <p>{text}</p>
      {onEdit && (
        <div className="actions">
          <button type="button" onClick={() => setDraft(text)}>Edit</button>
        </div>
      )}
    </section>
  );
});
