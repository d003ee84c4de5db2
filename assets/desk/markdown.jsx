// Markdown of others, drawn so that it can do nothing: HTML in it stays text, images become links, links leave for
// http, https and mail alone, and nothing takes a name that belongs to the page.
import { memo } from "react";
import Markdown from "react-markdown";
import remarkGfm from "remark-gfm";
import rehypeHighlight from "rehype-highlight";
import { Copy } from "./copy.jsx";

const SAFE = new Set(["http:", "https:", "mailto:"]);
// Nobody writes so, and a browser would be busy with it for minutes.
const DEEP = /^(?:[ \t]*(?:[>*+-]|\d{1,9}[.)])){50}/m;
const SIGNS = /[*_~[\]]/g;
const MOST_SIGNS = 1000;
const CODE = /^ {0,3}(`{3,}|~{3,}).*\n[^]*?^ {0,3}\1/gm;
const TABLE = /^.*\n[ \t|:]*-[ \t|:-]*\n/;
const ITEMS = /\n(?=\s*(?:[-*+]|\d+[.)])\s)/;

// What cannot be read as Markdown is shown as it is.
export const Drawn = memo(function Drawn({ text, manner }) {
  try {
    return read(text, manner);
  } catch {
    return <p>{text}</p>;
  }
});

// Called and not mounted: what goes wrong is to be known to whoever reads.
export function read(children, { remark = [], rehype = [], components = {} }) {
  if (isTooMuch(children)) throw new RangeError("too much to read as Markdown");
  return Markdown({
    children,
    components: { ...COMPONENTS, ...components },
    remarkPlugins: [remarkGfm, ...remark],
    rehypePlugins: [[rehypeHighlight, { detect: false }], nameless, ...rehype],
    urlTransform: (url) => (leaves(url) ? url : ""),
  });
}

// Between blank lines, where no code block, list or table is open.
export function blocksOf(text) {
  const blocks = [];
  let fence = "";
  let block = [];
  for (const line of text.split("\n")) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (mark && (!fence || mark.startsWith(fence))) fence = fence ? "" : mark;
    const begins = /^\S/.test(line) && !/^([-*+]|\d+[.)])\s/.test(line);
    if (!fence && begins && block.length && block.at(-1).trim() === "") {
      blocks.push(block.join("\n"));
      block = [];
    }
    block.push(line);
  }
  return [...blocks, block.join("\n")];
}

export function Link({ href, children }) {
  if (!leaves(href ?? "")) return <>{children}</>;
  return <a href={href} target="_blank" rel="noopener noreferrer nofollow">{children}</a>;
}

const COMPONENTS = {
  a: Link,
  img: ({ src, alt }) => <Link href={src}>{alt || (leaves(src ?? "") ? "image" : "")}</Link>,
  table: ({ children }) => <div className="table" tabIndex={0} role="group" aria-label="Table"><table>{children}</table></div>,
  input: ({ checked }) => <span aria-hidden="true">{checked ? "☑" : "☐"}</span>,
  pre: ({ node, children }) => (
    <div className="code">
      <Copy text={plain(node)} label="Copy the code" />
      <pre tabIndex={0}>{children}</pre>
    </div>
  ),
};

// Whether an address is whole, and of a kind that a browser may follow.
function leaves(url) {
  return URL.canParse(url) && SAFE.has(new URL(url).protocol);
}

function isTooMuch(text) {
  return DEEP.test(text) || blocksOf(text.replace(CODE, "")).some(isTangled);
}

function isTangled(block) {
  const parts = block.split(TABLE.test(block) ? "\n" : ITEMS);
  return parts.some((part) => (part.match(SIGNS)?.length ?? 0) > MOST_SIGNS);
}

// Footnotes come with names for their places, which other texts have too; the page's own are not to be taken.
function nameless() {
  return (tree) => unname(tree);
}

function unname(node) {
  if (node.properties) node.properties = { ...node.properties, id: undefined, ariaDescribedBy: undefined };
  node.children?.forEach(unname);
}

function plain(node) {
  return node.type === "text" ? node.value : (node.children ?? []).map(plain).join("");
}
