// An answer's Markdown. HTML in it stays text, images become links, links leave for http, https and mail alone, and
// markers such as [2] become buttons where they name a source.
import { memo, useMemo } from "react";
import Markdown from "react-markdown";
import remarkGfm from "remark-gfm";
import rehypeHighlight from "rehype-highlight";
import { Copy } from "./copy.jsx";

const MARKER = /\[(\d+(?:, ?\d+)*)\]/g;
const SAFE_LINK = /^(https?:\/\/|mailto:)/i;

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

const Block = memo(function Block({ text, components }) {
  return (
    <Markdown
      remarkPlugins={[remarkGfm, markers]}
      rehypePlugins={[[rehypeHighlight, { detect: false }]]}
      components={components}
      urlTransform={(url) => (SAFE_LINK.test(url) || url.startsWith("#source-") ? url : "")}
    >
      {text}
    </Markdown>
  );
});

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
      if (!SAFE_LINK.test(href ?? "")) return <>{children}</>;
      return <a href={href} target="_blank" rel="noopener noreferrer nofollow">{children}</a>;
    },
    img: ({ src, alt }) =>
      SAFE_LINK.test(src ?? "") ? (
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
