// Signing in and out. Either way the page begins anew as one that nobody has met: what another visitor's key has shown
// stays with the page that it was shown on, and late replies find nobody.
import { useEffect } from "react";

const KEY = "frontdesk-key";

function beginAnew(address) {
  // By what it keeps here a page is known to its server.
  sessionStorage.clear();
  location.assign(address);
}

export function SignIn() {
  const send = (event) => {
    event.preventDefault();
    localStorage.setItem(KEY, new FormData(event.target).get("key").trim());
    beginAnew(location.href);
  };
  return (
    <form className="sign-in" onSubmit={send}>
      <h1>Your key, please</h1>
      <p>This desk answers those who have a key. Whoever runs it gives you one.</p>
      <input name="key" type="password" aria-label="Your key" autoComplete="current-password" />
      <button type="submit" className="primary">Sign in</button>
    </form>
  );
}

export function SignOut() {
  const leave = () => {
    localStorage.removeItem(KEY);
    beginAnew("/");
  };
  // Whoever signs out in one tab leaves the others, too.
  useEffect(() => {
    const follow = ({ key }) => key === KEY && beginAnew("/");
    window.addEventListener("storage", follow);
    return () => window.removeEventListener("storage", follow);
  }, []);
  return <button type="button" className="plain" onClick={leave}>Sign out</button>;
}
