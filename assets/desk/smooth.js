// A text that arrives in gusts, shown as it would be written: a share of what waits with each frame of the screen.
import { useEffect, useState } from "react";

const SHARE = 12;
const LEAST = 2;

export function useSmooth(text, flows) {
  const [length, setLength] = useState(flows ? 0 : text.length);
  const shown = Math.min(length, text.length);
  useEffect(() => {
    if (shown >= text.length || !flows) return undefined;
    const frame = requestAnimationFrame(() => setLength(shown + Math.max(LEAST, Math.ceil((text.length - shown) / SHARE))));
    return () => cancelAnimationFrame(frame);
  }, [text, shown, flows]);
  return flows ? text.slice(0, shown) : text;
}

// Who wants little motion, or looks elsewhere, gets the text as it comes.
export function prefersStill() {
  return document.hidden || window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}
