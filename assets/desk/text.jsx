// An answer's text. Its markers become buttons where they name a source.
import { memo, useEffect, useMemo, useRef } from "react";
import { citedIn, markers } from "./citations.js";
import { blocksOf } from "./blocks.js";
import { kindsOf, spansOf } from "./highlights.js";
import { addressesOf, hostOf } from "./links.js";
import { Drawn, imageAs, Link, plain } from "./markdown.jsx";
import { shading } from "./shading.js";

export const Text = memo(function Text({ text, sources, highlights, onCite }) {
  const cite = useRef(onCite);
  useEffect(() => {
    cite.current = onCite;
  });
  const numbers = sources.map((source) => source.id).join();
  const cited = citedIn(text);
  // An address has no white space.
  const addresses = [...addressesOf(sources.filter((source) => cited.has(source.id)))].join(" ");
  const manner = useMemo(() => {
    const known = new Set(numbers.split(",").map(Number));
    const link = openly(new Set(addresses.split(" ")));
    const marker = markerOr(link, known, (number) => cite.current(number));
    return { remark: [markers], components: { a: marker, img: imageAs(link) } };
  }, [numbers, addresses]);
  const blocks = useMemo(() => blocksIn(text, highlights, manner), [text, highlights, manner]);
  // An answer grows at its end: the blocks before it stay as they are, and are not read again.
  return (
    <div className="text">
      {blocks.map((block, index) => <Drawn key={index} {...block} />)}
    </div>
  );
});

function blocksIn(whole, highlights, manner) {
  const spans = spansOf(whole, highlights);
  let from = 0;
  return blocksOf(whole).map((text) => {
    const kinds = kindsOf(spans, from, text.length);
    from += text.length + 1;
    return { text, manner: kinds ? { ...manner, rehype: [[shading, { source: text, kinds }]] } : manner };
  });
}

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

// A link that stands in no source says beside its text where it leads.
function openly(known) {
  return function OpenLink({ href, node, children }) {
    const host = hostOf(href, node ? plain(node) : String(children), known);
    return <><Link href={href}>{children}</Link>{host && <span className="host"> (<bdi>{host}</bdi>)</span>}</>;
  };
}
