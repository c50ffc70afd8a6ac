import { describe, field, form, make } from "./dom.js";

/**
 * The panel of the visitor's session: who you are, or how to become someone.
 *
 * @param {{api, session, people}} context
 * @returns {{refresh: () => void}}
 */
export function showYou(place, { api, session, people }) {
  const state = { tab: "sign-in", said: null };

  function refresh() {
    const said = state.said ? [state.said] : [];
    state.said = null;
    place.replaceChildren(...(session.signedIn ? signedIn(session, act) : signedOut()), ...said);
  }

  /** A button that changes the session, and what it says once that is done. */
  function act(text, action, done) {
    const click = async () => {
      const answer = await action();
      const kind = answer.ok ? "good" : "bad";
      state.said = make("p.note", { className: `note ${kind}`, attributes: { role: "status" } }, answer.ok ? done : describe(answer));
      refresh();
    };
    return make("button.button.slim", { type: "button", on: { click } }, text);
  }

  function signedOut() {
    const tabs = make(
      "div.tabs",
      { attributes: { role: "tablist" } },
      tab("sign-in", "Sign in"),
      tab("register", "Register"),
    );
    return [tabs, ...(state.tab === "sign-in" ? signIn() : [register(api)])];
  }

  function tab(name, text) {
    const select = () => {
      state.tab = name;
      refresh();
    };
    const attributes = { role: "tab", "aria-selected": String(state.tab === name) };
    return make("button", { type: "button", attributes, on: { click: select } }, text);
  }

  function signIn() {
    const fields = [
      field("E-mail", "email", { type: "email", autocomplete: "username" }),
      field("Password", "password", { type: "password", autocomplete: "current-password" }),
    ];
    const own = form(fields, "Sign in", ({ email, password }) => session.logIn(email, password));
    return [...asDemo(), own, forgotten(api, own)];
  }

  function asDemo() {
    if (people.length === 0) return [];
    const said = make("p.note.warn", { hidden: true });
    const buttons = people.map((person) => {
      const enter = async () => {
        const answer = await session.logIn(person.email, person.password);
        said.hidden = answer.ok;
        said.textContent = answer.ok ? "" : describe(answer);
      };
      const place = [person.role, person.tenant].filter(Boolean).join(", ");
      return make("button.person", { type: "button", data: { person: person.name }, on: { click: enter } }, make("b", {}, person.name), make("span", {}, place));
    });
    return [make("p.muted.small", {}, "Be one of the demo's people, or sign in as yourself:"), make("div.people", {}, ...buttons), said];
  }

  return { refresh };
}

function register(api) {
  const fields = [
    field("Name", "name", { autocomplete: "name" }),
    field("E-mail", "email", { type: "email", autocomplete: "username" }),
    field("Password", "password", { type: "password", autocomplete: "new-password", hint: "Any characters; long beats complicated." }),
  ];
  const element = form(fields, "Register", async (body) => {
    const answer = await api.send("POST", "auth/register", { body });
    if (answer.ok) element.replaceWith(mailed(answer));
    return answer;
  });
  return element;
}

function mailed(answer) {
  return make("p.note.good", { attributes: { role: "status" } }, answer.body.detail ?? "Look into your mail: the link in it verifies your address.");
}

function forgotten(api, own) {
  const ask = async () => {
    const email = own.elements.namedItem("email").value;
    const answer = await api.send("POST", "auth/password/reset", { body: { email } });
    const text = answer.ok ? answer.body.detail : describe(answer);
    button.replaceWith(make("p.note", { className: `note ${answer.ok ? "good" : "bad"}` }, text));
  };
  const button = make("button.button.slim", { type: "button", on: { click: ask } }, "Forgot your password?");
  return button;
}

function signedIn(session, act) {
  const { profile } = session;
  const left = make("dd", { id: "seconds-left" }, lifetime(session));
  const tick = setInterval(() => {
    if (!left.isConnected) clearInterval(tick);
    left.textContent = lifetime(session);
  }, 1000);
  return [
    make("h3", { id: "who" }, profile.name || profile.email),
    make(
      "dl.facts",
      {},
      fact("Account", make("dd", {}, profile.email)),
      fact("Access token", left),
      fact("Refresh token", make("dd", {}, "hidden cookie")),
      fact("Visible cookies", make("dd", {}, visibleCookies())),
    ),
    make(
      "p.actions",
      {},
      act("Refresh", () => session.renew(), "Both tokens were replaced; the old ones are used up."),
      act("Sign out", () => session.logOut(), "The session has ended."),
    ),
  ];
}

function fact(name, value) {
  return make("div", {}, make("dt", {}, name), value);
}

function lifetime(session) {
  const seconds = session.secondsLeft;
  return seconds ? `in memory, ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left` : "expired";
}

/** What a script on this page could steal: the names of the cookies that it can see. */
function visibleCookies() {
  const names = document.cookie.split("; ").map((pair) => pair.split("=")[0]).filter(Boolean);
  return names.join(", ") || "none";
}
