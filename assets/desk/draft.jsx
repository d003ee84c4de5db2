// Keeps what is written and not yet sent for when the visitor comes back to the page, in this tab alone.
import { useEffect } from "react";

const KEPT = "frontdesk-draft";

export function Draft({ field }) {
  useEffect(() => {
    const box = document.getElementById(field);
    const form = box?.form;
    if (!form) return undefined;
    if (!box.value) box.value = sessionStorage.getItem(KEPT) ?? "";
    const keep = () => sessionStorage.setItem(KEPT, box.value);
    const forget = () => sessionStorage.removeItem(KEPT);
    box.addEventListener("input", keep);
    form.addEventListener("submit", forget);
    return () => {
      box.removeEventListener("input", keep);
      form.removeEventListener("submit", forget);
    };
  }, [field]);
  return null;
}
