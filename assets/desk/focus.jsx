// In a dialog that no button of its own opens: gives the focus back to where it was.
import { useEffect } from "react";

export function ReturnFocus() {
  useEffect(() => {
    // The dialog takes the focus after its content is there.
    const before = document.activeElement;
    return () => {
      requestAnimationFrame(() => before?.isConnected && before.focus());
    };
  }, []);
  return null;
}
