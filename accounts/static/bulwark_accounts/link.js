// The pages behind mailed links. The token stands after the `#`, which a browser sends to no server.
const form = document.querySelector("form[data-api]");
const status = document.querySelector("[role=status]");
const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
// Out of the address bar and the history: the next person at this browser finds nothing.
history.replaceState(null, "", location.pathname);

if (!token) {
  form.hidden = true;
  status.textContent = "This link is not complete. Open it again from the message.";
}

// A press of the button uses the link up, not the visit: mail scanners open links too.
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = JSON.stringify({ ...Object.fromEntries(new FormData(form)), token });
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const answer = await fetch(form.dataset.api, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body,
    });
    form.hidden = answer.ok;
    status.textContent = answer.ok ? form.dataset.done : await faults(answer);
  } catch {
    status.textContent = "The site did not answer. Try again.";
  }
  button.disabled = false;
});

async function faults(answer) {
  const problem = await answer.json().catch(() => ({}));
  const details = (problem.errors ?? []).map((fault) => fault.detail);
  return details.length ? details.join(" ") : (problem.detail ?? "Something went wrong. Try again.");
}
