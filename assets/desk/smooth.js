// A text that arrives in gusts, shown as it would be written: a share of what waits with each frame of the screen, a
// larger one once it is whole.
import { useEffect, useState } from "react";

const SHARE = 12;
const LAST_SHARE = 4;
const LEAST = 2;

export function useSmooth(text, flows, isWhole) {
  const [length, setLength] = useState(flows ? 0 : text.length);
  const shown = Math.min(length, text.length);
  useEffect(() => {
    if (shown >= text.length || !flows) return undefined;
    const share = isWhole ? LAST_SHARE : SHARE;
    const frame = requestAnimationFrame(() => setLength(shown + Math.max(LEAST, Math.ceil((text.length - shown) / share))));
    return () => cancelAnimationFrame(frame);
  }, [text, shown, flows, isWhole]);
  return flows ? text.slice(0, shown) : text;
}

// Who wants little motion, or looks elsewhere, gets the text as it comes.
export function prefersStill() {
  return document.hidden || window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}
