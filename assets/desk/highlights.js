// Which parts of an answer's text are marked as those that matter most. The desk counts characters, a script the units
// of UTF-16, of which some characters take two.

export function spansOf(text, highlights) {
  if (highlights.length === 0) return [];
  const places = [0];
  for (const character of text) places.push(places.at(-1) + character.length);
  return highlights.map(([start, end]) => [places[start] ?? text.length, places[end] ?? text.length]);
}

// How each character of a piece of the text is shaded (shading.js), or nothing where none of it is.
export function kindsOf(spans, from, length) {
  const within = spans.filter(([start, end]) => start < end && start < from + length && end > from);
  if (within.length === 0) return null;
  const kinds = Array(length).fill("");
  for (const [start, end] of within) kinds.fill("words", Math.max(0, start - from), end - from);
  return kinds;
}
