// Where links lead. What stands in one of an answer's sources leads where the team's documents lead; any other link,
// which a model or a document made it write, says which host it leads to, whatever its text pretends.

const SAFE = new Set(["http:", "https:", "mailto:"]);

// Whether an address is whole, and of a kind that a browser may follow.
export function leaves(url) {
  return URL.canParse(url) && SAFE.has(new URL(url).protocol);
}

// Whether a link leads to another document of the desk.
export function isDocument(url) {
  return url.startsWith("doc:");
}

const TO_DOCUMENT = /\]\((doc:[^\s()]{1,400})\)/g;

// Where the links of a text to other documents lead, each once.
export function documentsLinked(text) {
  return [...new Set([...text.matchAll(TO_DOCUMENT)].map((match) => match[1]))];
}

// The addresses that stand in these sources, as a browser writes them.
export function addressesOf(sources) {
  return new Set(sources.flatMap((source) => source.links ?? []).map(written).filter(Boolean));
}

// What is to stand beside a link: nothing where one of the sources has its address, or where its text is its address
// and hides nothing of it.
export function hostOf(href, text, known) {
  if (!leaves(href ?? "") || known.has(written(href))) return "";
  const { protocol, host, pathname, username } = new URL(href);
  const named = protocol === "mailto:" ? decoded(pathname) : host;
  const tells = !username && text.toLowerCase().includes(named.toLowerCase()) && written(text.trim()) === written(href);
  return tells ? "" : named;
}

function written(address) {
  const whole = /^www\./i.test(address) ? `http://${address}` : /^[^:/?#\s]+@/.test(address) ? `mailto:${address}` : address;
  return URL.canParse(whole) ? new URL(whole).href : "";
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
