// Puts a text on the clipboard, and says that it did.
import { useEffect, useState } from "react";

const SAID_MS = 2000;

export function Copy({ text, label }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (!said) return undefined;
    const timer = setTimeout(() => setSaid(""), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      setSaid("The browser does not let this page copy");
    }
  };
  return (
    <button type="button" className="copy" aria-label={label} onClick={copy}>
      {said || "Copy"}
    </button>
  );
}
