// A document, drawn, and open at what an answer has taken from it.
import { useEffect, useMemo, useRef } from "react";
import { blocksOf } from "./blocks.js";
import { Documents, Drawn, read } from "./markdown.jsx";
import { shading } from "./shading.js";

export function DocumentText({ parts, busy, hasBeginning, hasEnd, links, onDocument }) {
  const place = useRef(null);
  const drawn = useMemo(() => draw(parts), [parts]);
  useEffect(() => {
    const first = place.current.querySelector("mark") ?? place.current.querySelector(".passage");
    first?.scrollIntoView({ block: "center" });
  }, [drawn]);
  return (
    <div className="document text" ref={place} tabIndex={0} role="document" aria-label="Text of the document" aria-busy={busy}>
      {!hasBeginning && <p className="left-out">What stands before this is left out here.</p>}
      <Documents.Provider value={{ links, onDocument }}>{drawn}</Documents.Provider>
      {!hasEnd && <p className="left-out">What follows is left out here.</p>}
    </div>
  );
}

// In one piece, since links may be defined far from where they are; else, as far as it can be read, in its blocks.
function draw(parts) {
  const text = parts.map((part) => part.text).join("");
  const kinds = parts.flatMap((part) => Array(part.text.length).fill(part.kind));
  if (!text) return null;
  try {
    return read(text, { rehype: [[shading, { source: text, kinds }]] });
  } catch {
    let from = 0;
    return blocksOf(text).map((block, index) => {
      const manner = { rehype: [[shading, { source: block, kinds: kinds.slice(from, from + block.length) }]] };
      from += block.length + 1;
      return <Drawn key={index} text={block} manner={manner} />;
    });
  }
}
