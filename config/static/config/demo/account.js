import { Api } from "./api.js";
import { describe, field, form, make } from "./dom.js";

/** The pages that mailed links open. The token stands after the `#`, which browsers send to no server. */
const place = document.getElementById("account");
const { api: root, home, task } = place.dataset;
const api = new Api(root);
const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
// Out of the address bar and the history: whoever looks over the shoulder, or uses this browser next, finds nothing.
history.replaceState(null, "", location.pathname);

const TASKS = { verify, reset };

function verify() {
  // A click, not the visit, uses the link up: mail scanners open links too.
  return form([], "Confirm this address", async () => {
    const answer = await api.send("POST", "auth/email/verify", { body: { token } });
    if (answer.ok) done("Your address is confirmed.");
    return answer;
  });
}

function reset() {
  const password = field("New password", "new_password", { type: "password", autocomplete: "new-password" });
  return form([password], "Set the password", async ({ new_password }) => {
    const answer = await api.send("POST", "auth/password/reset/confirm", { body: { token, new_password } });
    if (answer.ok) done("The password is set, and every session that was open has ended.");
    return answer;
  });
}

function done(text) {
  place.querySelector("form").replaceWith(
    make("p.note.good", { attributes: { role: "status" } }, text),
    make("a.button.primary", { href: home }, "Sign in"),
  );
}

if (token) place.append(TASKS[task]());
else place.append(make("p.note.warn", {}, describe({ status: 400, body: { detail: "This link is not complete. Open it again from the mail." } })));
