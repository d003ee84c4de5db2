// Keeps what is written and not yet sent for when the visitor comes back to the page, in this tab alone. What is too
// long stays in its field.
import { useEffect } from "react";
import { checkLength } from "./length.js";

const KEPT = "frontdesk-draft";

export function Draft({ field, most }) {
  useEffect(() => {
    const box = document.getElementById(field);
    const form = box?.form;
    if (!form) return undefined;
    if (!box.value) box.value = sessionStorage.getItem(KEPT) ?? "";
    checkLength(box, most);
    const keep = () => {
      sessionStorage.setItem(KEPT, box.value);
      checkLength(box, most);
    };
    const forget = () => sessionStorage.removeItem(KEPT);
    box.addEventListener("input", keep);
    form.addEventListener("submit", forget);
    return () => {
      box.removeEventListener("input", keep);
      form.removeEventListener("submit", forget);
    };
  }, [field, most]);
  return null;
}
