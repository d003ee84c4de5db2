// Around a list: where what has the focus is taken out of it, the focus goes to what stands there now.
import { useEffect, useRef } from "react";

export function KeptFocus({ children }) {
  const box = useRef(null);
  useEffect(() => {
    const items = () => [...box.current.querySelectorAll("li")];
    let last = null;
    let place = 0;
    let frame = 0;
    const settle = () => {
      const focused = document.activeElement;
      if (focused?.closest('[role$="dialog"]')) {
        // The dialog in which it was decided is about to close.
        frame = requestAnimationFrame(settle);
      } else if (focused === document.body) {
        const next = items()[Math.min(place, items().length - 1)];
        (next?.querySelector("a[href], button:not(:disabled)") ?? box.current).focus();
      }
    };
    const remember = (event) => {
      last = event.target;
      place = Math.max(0, items().findIndex((item) => item.contains(last)));
    };
    const leave = (event) => {
      if (!box.current.contains(event.target) && !event.target.closest('[role$="dialog"]')) last = null;
    };
    const changes = new MutationObserver(() => {
      if (!last || last.isConnected) return;
      last = null;
      frame = requestAnimationFrame(settle);
    });
    changes.observe(box.current, { childList: true, subtree: true });
    box.current.addEventListener("focusin", remember);
    document.addEventListener("pointerdown", leave);
    return () => {
      changes.disconnect();
      document.removeEventListener("pointerdown", leave);
      cancelAnimationFrame(frame);
    };
  }, []);
  return (
    <div ref={box} tabIndex={-1}>
      {children}
    </div>
  );
}
