// The markers of an answer, such as [2]: in the drawn text they become links of a kind that documents cannot write
// themselves.

const MARKER = /\[(\d+(?:, ?\d+)*)\]/g;

// The numbers of the sources that a text cites.
export function citedIn(text) {
  return new Set([...text.matchAll(MARKER)].flatMap((match) => match[1].split(",").map(Number)));
}

export function withoutMarkers(text) {
  return text.replaceAll(MARKER, "");
}

export function markers() {
  return (tree) => mark(tree);
}

function mark(node) {
  if (!node.children || node.type === "link" || node.type === "linkReference") return;
  node.children = node.children.flatMap((child) => (child.type === "text" ? split(child.value) : [child]));
  for (const child of node.children) mark(child);
}

function split(value) {
  const parts = [];
  let from = 0;
  for (const match of value.matchAll(MARKER)) {
    if (match.index > from) parts.push({ type: "text", value: value.slice(from, match.index) });
    for (const number of match[1].split(/, ?/)) {
      const children = [{ type: "text", value: number }];
      parts.push({ type: "link", url: "", children, data: { hProperties: { "data-marker": number } } });
    }
    from = match.index + match[0].length;
  }
  if (from < value.length) parts.push({ type: "text", value: value.slice(from) });
  return parts;
}
