// The way out of a form: whoever has changed something in it is asked first, whichever way they take.
import { useEffect, useRef, useState } from "react";
import { useBlocker } from "react-router";
import { AlertDialog } from "@radix-ui/themes";

const written = (form) => JSON.stringify([...new FormData(form)]);

export function LeaveForm({ label, onLeave }) {
  const button = useRef(null);
  const begun = useRef("");
  const [asked, setAsked] = useState(false);
  const isChanged = () => Boolean(button.current?.form) && written(button.current.form) !== begun.current;
  const blocker = useBlocker(isChanged);
  const isBlocked = blocker.state === "blocked";

  useEffect(() => {
    begun.current = written(button.current.form);
    const warn = (event) => isChanged() && event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, []);

  const stay = () => {
    setAsked(false);
    if (isBlocked) blocker.reset();
  };
  const leave = () => (isBlocked ? blocker.proceed() : onLeave());

  return (
    <>
      <button type="button" className="plain" ref={button} onClick={() => (isChanged() ? setAsked(true) : onLeave())}>
        {label}
      </button>
      <AlertDialog.Root open={asked || isBlocked} onOpenChange={(open) => open || stay()}>
        <AlertDialog.Content maxWidth="28rem" onCloseAutoFocus={() => button.current?.focus()}>
          <AlertDialog.Title>Leave without saving?</AlertDialog.Title>
          <AlertDialog.Description>What you have changed here is lost.</AlertDialog.Description>
          <div className="actions">
            <AlertDialog.Cancel>
              <button type="button" className="plain">Go on editing</button>
            </AlertDialog.Cancel>
            <AlertDialog.Action>
              <button type="button" className="danger" onClick={leave}>Leave</button>
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Root>
    </>
  );
}
