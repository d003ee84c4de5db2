// Markdown of others, drawn so that it can do nothing: HTML in it stays text, images become links, links leave for
// http, https and mail alone, and nothing takes a name that belongs to the page.
import { createContext, memo, useContext } from "react";
import Markdown from "react-markdown";
import remarkGfm from "remark-gfm";
import rehypeHighlight from "rehype-highlight";
import { isTooMuch } from "./blocks.js";
import { Copy } from "./copy.jsx";
import { isDocument, leaves } from "./links.js";

// The documents to which links lead, by the links' targets, and how to open one.
export const Documents = createContext({ links: {}, onDocument: null });

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
    urlTransform: (url) => (leaves(url) || isDocument(url) ? url : ""),
  });
}

export function Link({ href, children }) {
  if (isDocument(href ?? "")) return <DocumentLink target={href}>{children}</DocumentLink>;
  if (!leaves(href ?? "")) return <>{children}</>;
  return <a href={href} target="_blank" rel="noopener noreferrer nofollow">{children}</a>;
}

// A link to a document that there is not, or not for this reader, is text.
function DocumentLink({ target, children }) {
  const { links, onDocument } = useContext(Documents);
  const linked = Object.hasOwn(links, target) ? links[target] : null;
  if (!linked || !onDocument) return <>{children}</>;
  return (
    <button type="button" className="to-document" title={linked.title} onClick={() => onDocument(linked.id, linked.title)}>{children}</button>
  );
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
