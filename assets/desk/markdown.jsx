// Markdown of others, drawn so that it can do nothing: HTML in it stays text, images become links, links leave for
// http, https and mail alone, and nothing takes a name that belongs to the page.
import { memo } from "react";
import Markdown from "react-markdown";
import remarkGfm from "remark-gfm";
import rehypeHighlight from "rehype-highlight";
import { isTooMuch } from "./blocks.js";
import { Copy } from "./copy.jsx";
import { leaves } from "./links.js";

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

export function Link({ href, children }) {
  if (!leaves(href ?? "")) return <>{children}</>;
  return <a href={href} target="_blank" rel="noopener noreferrer nofollow">{children}</a>;
}

// Nothing is loaded: an image is a link to it.
export function imageAs(Other) {
  return function Image({ src, alt }) {
    return <Other href={src}>{alt || (leaves(src ?? "") ? "image" : "")}</Other>;
  };
}

const COMPONENTS = {
  a: Link,
  img: imageAs(Link),
  table: ({ children }) => <div className="table" tabIndex={0} role="group" aria-label="Table"><table>{children}</table></div>,
  input: ({ checked }) => <span aria-hidden="true">{checked ? "☑" : "☐"}</span>,
  pre: ({ node, children }) => (
    <div className="code">
      <Copy text={plain(node)} label="Copy the code" />
      <pre tabIndex={0}>{children}</pre>
    </div>
  ),
};

// Footnotes come with names for their places, which other texts have too; the page's own are not to be taken.
function nameless() {
  return (tree) => unname(tree);
}

function unname(node) {
  if (node.properties) node.properties = { ...node.properties, id: undefined, ariaDescribedBy: undefined };
  node.children?.forEach(unname);
}

export function plain(node) {
  return node.type === "text" ? node.value : (node.children ?? []).map(plain).join("");
}
