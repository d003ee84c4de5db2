// An answer's Markdown. HTML in it stays text, images become links, links leave for http, https and mail alone, and
// markers such as [2] become buttons where they name a source.
import { memo, useMemo } from "react";
import Markdown from "react-markdown";
import remarkGfm from "remark-gfm";
import rehypeHighlight from "rehype-highlight";
import { Copy } from "./copy.jsx";

const MARKER = /\[(\d+(?:, ?\d+)*)\]/g;
const SAFE = new Set(["http:", "https:", "mailto:"]);

export const Text = memo(function Text({ text, sources, onCite }) {
  const numbers = sources.map((source) => source.id).join();
  const components = useMemo(() => componentsFor(new Set(numbers.split(",").map(Number)), onCite), [numbers]);
  // An answer grows at its end: the blocks before it stay as they are, and are not read again.
  return (
    <div className="text">
      {blocksOf(text).map((block, index) => <Block key={index} text={block} components={components} />)}
    </div>
  );
});

// What cannot be read as Markdown, being nested thousands deep, is shown as it is.
const Block = memo(function Block({ text, components }) {
  try {
    return read(text, components);
  } catch {
    return <p>{text}</p>;
  }
});

// Called and not mounted: what goes wrong is to be known here.
function read(children, components) {
  return Markdown({
    children,
    components,
    remarkPlugins: [remarkGfm, markers],
    rehypePlugins: [[rehypeHighlight, { detect: false }], nameless],
    urlTransform: (url) => (leaves(url) || url.startsWith("#source-") ? url : ""),
  });
}

// Whether an address is whole, and of a kind that a browser may follow.
function leaves(url) {
  return URL.canParse(url) && SAFE.has(new URL(url).protocol);
}

// Between blank lines, where no code block, list or table is open.
function blocksOf(text) {
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

// Markers in the text become links of a kind that documents cannot write themselves.
function markers() {
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
      parts.push({ type: "link", url: `#source-${number}`, children, data: { hProperties: { "data-marker": number } } });
    }
    from = match.index + match[0].length;
  }
  if (from < value.length) parts.push({ type: "text", value: value.slice(from) });
  return parts;
}

// Footnotes come with names for their places, which other answers have too; the page's own are not to be taken.
function nameless() {
  return (tree) => unname(tree);
}

function unname(node) {
  if (node.properties) node.properties = { ...node.properties, id: undefined, ariaDescribedBy: undefined };
  node.children?.forEach(unname);
}

function componentsFor(known, onCite) {
  return {
    a: ({ href, children, "data-marker": marker }) => {
      if (marker !== undefined) {
        const number = Number(marker);
        if (!known.has(number)) return <>[{children}]</>;
        return (
          <button type="button" className="marker" aria-label={`Source ${number}`} onClick={() => onCite(number)}>{number}</button>
        );
      }
      if (!leaves(href ?? "")) return <>{children}</>;
      return <a href={href} target="_blank" rel="noopener noreferrer nofollow">{children}</a>;
    },
    img: ({ src, alt }) =>
      leaves(src ?? "") ? (
        <a href={src} target="_blank" rel="noopener noreferrer nofollow">{alt || "image"}</a>
      ) : (
        <>{alt}</>
      ),
    table: ({ children }) => <div className="table" tabIndex={0} role="group" aria-label="Table"><table>{children}</table></div>,
    input: ({ checked }) => <span aria-hidden="true">{checked ? "☑" : "☐"}</span>,
    pre: ({ node, children }) => (
      <div className="code">
        <Copy text={plain(node)} label="Copy the code" />
        <pre tabIndex={0}>{children}</pre>
      </div>
    ),
  };
}

function plain(node) {
  return node.type === "text" ? node.value : (node.children ?? []).map(plain).join("");
}
