"""A tab that records every effect of a hostile text: scripts, requests, navigation, elements."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Dialog, Frame, Page, Request

from tests.browser.tab import Tab

# Paths that the page itself requests: its assets, its socket, its pages.
_OWN = ("/assets/", "/desk/", "/_event/", "/c/")
_OWN_PATHS = ("/", "/_event", "/reflex-env.js")

# Checks every element inserted where untrusted text is shown, as soon as it is.
WATCH = """
window.offences = [];
const PLACES = '.text, .question, .threads, .sources, .see-also, .agents, .handoff, .note, .tools, [role="dialog"]';
const FORBIDDEN = ['SCRIPT', 'IFRAME', 'FRAME', 'OBJECT', 'EMBED', 'STYLE', 'LINK', 'META', 'BASE', 'IMG', 'VIDEO',
  'AUDIO', 'SOURCE', 'MATH', 'DETAILS', 'BODY', 'TEMPLATE', 'PORTAL'];
const ATTRIBUTES = ['src', 'srcdoc', 'srcset', 'data', 'action', 'formaction', 'xlink:href', 'http-equiv', 'ping'];
const look = (element) => {
  const told = (what) => window.offences.push(`${what}: ${element.outerHTML.slice(0, 300)}`);
  const inText = element.closest('.text, .question, .sources, .see-also');
  if (FORBIDDEN.includes(element.tagName.toUpperCase())) told('element');
  if (inText && ['FORM', 'INPUT', 'SELECT', 'SVG'].includes(element.tagName.toUpperCase())
      && !element.closest('.actions')) told('element');
  for (const { name, value } of element.attributes) {
    if (name.startsWith('on') || ATTRIBUTES.includes(name)) told(name);
    if (inText && ['id', 'name'].includes(name)) told(name);
    if (inText && name === 'style' && !/^text-align: ?(left|right|center);?$/.test(value)) told(name);
  }
  if (element.tagName !== 'A') return;
  if (!inText) {
    if (!element.getAttribute('href').startsWith('/c/')) told('link');
  } else if (!['http:', 'https:', 'mailto:'].includes(element.protocol) || element.host === location.host
      || element.target !== '_blank' || !element.relList.contains('noopener')) told('link');
};
new MutationObserver((changes) => {
  for (const change of changes) {
    for (const node of change.type === 'attributes' ? [change.target] : change.addedNodes) {
      if (!(node instanceof Element)) continue;
      for (const element of [node, ...node.querySelectorAll('*')]) if (element.closest(PLACES)) look(element);
    }
  }
}).observe(document, { subtree: true, childList: true, attributeFilter: ['href', 'src', 'style', 'target', 'rel'] });
document.addEventListener('securitypolicyviolation', (event) => {
  window.offences.push(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""


@dataclass
class Watched:
    """The effects in a tab since it is watched."""

    tab: Tab
    happened: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, tab: Tab) -> "Watched":
        """Watch a tab of a browser that has been given `WATCH`."""
        watched = cls(tab)
        page = tab.page
        page.on("dialog", watched._dialog)
        page.on("popup", watched._popup)
        page.on("request", watched._request)
        page.on("framenavigated", watched._navigation)
        page.on("download", lambda download: watched.happened.append(f"download: {download.url}"))
        page.on("worker", lambda worker: watched.happened.append(f"worker: {worker.url}"))
        return watched

    @property
    def offences(self) -> list[str]:
        """All effects of hostile texts; empty if there were none."""
        page = self.tab.page
        seen = [*page.evaluate("window.offences")]
        if page.evaluate("typeof window.pwned") != "undefined":
            seen.append("a script ran")
        if page.evaluate("document.querySelectorAll('base, iframe, object, embed, [http-equiv]').length"):
            seen.append("an element that leads away")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            seen.append("the page scrolls sideways")
        return self.happened + self.tab.faults + seen

    def _dialog(self, dialog: Dialog) -> None:
        self.happened.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _popup(self, popup: Page) -> None:
        self.happened.append(f"popup: {popup.url}")

    def _request(self, request: Request) -> None:
        path = urlsplit(request.url).path
        if path not in _OWN_PATHS and not path.startswith(_OWN):
            self.happened.append(f"request: {request.url}")

    def _navigation(self, frame: Frame) -> None:
        if frame.parent_frame is not None or not urlsplit(frame.url).path.startswith(("/c/", "/")):
            self.happened.append(f"navigation: {frame.url}")
