// An answer's text. Its markers become buttons where they name a source.
import { memo, useEffect, useMemo, useRef } from "react";
import { markers } from "./citations.js";
import { blocksOf, Drawn, Link } from "./markdown.jsx";

export const Text = memo(function Text({ text, sources, onCite }) {
  const cite = useRef(onCite);
  useEffect(() => {
    cite.current = onCite;
  });
  const numbers = sources.map((source) => source.id).join();
  const manner = useMemo(() => {
    const known = new Set(numbers.split(",").map(Number));
    return { remark: [markers], components: { a: markerOr(Link, known, (number) => cite.current(number)) } };
  }, [numbers]);
  // An answer grows at its end: the blocks before it stay as they are, and are not read again.
  return (
    <div className="text">
      {blocksOf(text).map((block, index) => <Drawn key={index} text={block} manner={manner} />)}
    </div>
  );
});

function markerOr(Other, known, onCite) {
  return function Marker({ "data-marker": marker, ...props }) {
    if (marker === undefined) return <Other {...props} />;
    const number = Number(marker);
    if (!known.has(number)) return <>[{props.children}]</>;
    return (
      <button type="button" className="marker" aria-label={`Source ${number}`} onClick={() => onCite(number)}>{number}</button>
    );
  };
}
