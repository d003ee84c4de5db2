// Shades in a drawn text what stands at some places of its Markdown. A quotation may begin in the middle of a link and
// end in the next cell of a table: what is shaded are pieces of text, each where it is drawn.

// So far ahead a character is looked for: behind an entity, a bracket, the mark of a quotation.
const NEAR = 64;
const FENCE = /(?:`{3}|~{3})[^\n]*\n/y;
// White space between blocks is not drawn; the root has no name.
const STRUCTURE = new Set([undefined, "blockquote", "section", "table", "thead", "tbody", "tr", "ul", "ol"]);
const ELEMENTS = {
  passage: { tagName: "span", properties: { className: ["passage"] } },
  words: { tagName: "mark", properties: {} },
};

// `kinds` says of each character of the Markdown how it is to be shaded.
export function shading({ source, kinds }) {
  return (tree) => shade(tree, { source, kinds, at: 0 });
}

function shade(node, reader) {
  node.children = node.children.flatMap((child) => {
    if (child.position) reader.at = beginning(child, reader.source);
    const made = shaded(child, node, reader);
    if (child.position) reader.at = child.position.end.offset;
    return made;
  });
}

function shaded(node, parent, reader) {
  if (node.children) shade(node, reader);
  // HTML, which is drawn as the text that it is.
  const isText = node.type === "text" || node.type === "raw";
  const isDrawn = isText && (node.value.trim() || !STRUCTURE.has(parent.tagName));
  return isDrawn ? pieces(node.value, reader) : [node];
}

function beginning({ position, tagName }, source) {
  FENCE.lastIndex = position.start.offset;
  return tagName === "code" && FENCE.test(source) ? FENCE.lastIndex : position.start.offset;
}

function pieces(value, reader) {
  const found = [];
  let from = 0;
  let kind = "";
  for (let index = 0; index <= value.length; index++) {
    const next = index < value.length ? kindOf(value[index], reader) : null;
    if (next === kind) continue;
    if (index > from) found.push(piece(value.slice(from, index), kind));
    from = index;
    kind = next;
  }
  return found;
}

function kindOf(character, reader) {
  let place = reader.at;
  while (place < reader.at + NEAR && reader.source[place] !== character) place++;
  if (place < reader.at + NEAR) reader.at = place + 1;
  return reader.kinds[reader.at - 1] ?? "";
}

function piece(value, kind) {
  const text = { type: "text", value };
  return kind ? { type: "element", ...ELEMENTS[kind], children: [text] } : text;
}
