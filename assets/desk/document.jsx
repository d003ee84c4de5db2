// A document's text, open at a passage of it.
import { useEffect, useRef } from "react";

export function DocumentText({ before, passage, after }) {
  const mark = useRef(null);
  useEffect(() => {
    mark.current?.scrollIntoView({ block: "center" });
  }, [before, passage]);
  return (
    <div className="document" tabIndex={0} role="document" aria-label="Text of the document">
      {before}
      {passage && <mark ref={mark}>{passage}</mark>}
      {after}
    </div>
  );
}
