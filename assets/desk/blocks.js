// Markdown as lines, before it is read: where it can be cut, and whether reading it would keep a browser busy. What is
// looked at is others' text of any length, so each pattern here takes time in proportion to it.

// Nobody writes so, and a browser would be busy with it for minutes.
const DEEP = /^(?:[ \t]*(?:[>*+-]|\d{1,9}[.)])){50}/m;
const SIGNS = /[*_~[\]]/g;
const MOST_SIGNS = 1000;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const TABLE = /^.*\n[ \t|:]*-[ \t|:-]*\n/;
const ITEMS = /\n(?=[ \t]*(?:[-*+]|\d{1,9}[.)])\s)/;

// Between blank lines, where no code block, list or table is open.
export function blocksOf(text) {
  const blocks = [];
  let fence = "";
  let block = [];
  for (const line of text.split("\n")) {
    const mark = FENCE.exec(line)?.[1];
    if (mark && (!fence || mark.startsWith(fence))) fence = fence ? "" : mark;
    const begins = /^\S/.test(line) && !/^([-*+]|\d{1,9}[.)])\s/.test(line);
    if (!fence && begins && block.length && block.at(-1).trim() === "") {
      blocks.push(block.join("\n"));
      block = [];
    }
    block.push(line);
  }
  return [...blocks, block.join("\n")];
}

export function isTooMuch(text) {
  return DEEP.test(text) || blocksOf(withoutCode(text)).some(isTangled);
}

function isTangled(block) {
  const parts = block.split(TABLE.test(block) ? "\n" : ITEMS);
  return parts.some((part) => (part.match(SIGNS)?.length ?? 0) > MOST_SIGNS);
}

// Without the code blocks that end.
function withoutCode(text) {
  const kept = [];
  let open = [];
  let fence = "";
  for (const line of text.split("\n")) {
    const mark = FENCE.exec(line)?.[1] ?? "";
    if (fence && mark.startsWith(fence)) {
      open = [];
      fence = "";
    } else {
      fence ||= mark;
      (fence ? open : kept).push(line);
    }
  }
  return kept.concat(open).join("\n");
}
