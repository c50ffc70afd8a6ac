import { ATTACKS, Interrupted } from "./attacks.js";
import { describe, make } from "./dom.js";

/**
 * The cards of the attacks.
 *
 * @param {{api, session, people, audit}} context `audit(requestId)` is the address of a request's events
 * @returns {{refresh: () => void}} call `refresh` when the visitor has signed in or out
 */
export function showAttacks(place, context) {
  const cards = ATTACKS.filter(({ needs }) => needs !== "people" || context.people.length > 1).map((attack) => {
    const button = make("button.button.slim", { type: "button" }, "Try it");
    const result = make("div.stack", { attributes: { "aria-live": "polite" } });
    const card = make(
      "article.attack.card.panel",
      { id: `attack-${attack.id}` },
      make("header", {}, make("h3", {}, attack.title), make("code", {}, attack.layer)),
      make("p", {}, attack.text),
      result,
      button,
    );
    button.addEventListener("click", async () => {
      for (const other of place.children) stepBack(other);
      await attempt(attack, context, { button, result, card });
    });
    return { attack, button, card };
  });
  place.replaceChildren(...cards.map(({ card }) => card));
  return {
    refresh() {
      for (const { attack, button, card } of cards) {
        const ready = attack.needs !== "session" || context.session.signedIn;
        button.disabled = !ready;
        if (!card.classList.contains("ran")) button.textContent = ready ? "Try it" : "Sign in to try it";
      }
    },
  };
}

async function attempt(attack, context, { button, result, card }) {
  button.disabled = true;
  button.textContent = "Trying";
  if (context.session.signedIn && context.session.secondsLeft < 20) await context.session.renew();
  result.replaceChildren(...(await outcome(attack, context)));
  card.classList.add("ran", "latest");
  button.textContent = "Try it again";
  button.disabled = false;
}

/** The card of an earlier attack keeps its verdict, and folds what led to it. */
function stepBack(card) {
  card.classList.remove("latest");
  for (const details of card.querySelectorAll("details")) details.open = false;
}

async function outcome(attack, context) {
  try {
    const { steps, stopped, verdict } = await attack.run(context);
    return [
      verdictOf(stopped ? "good" : "bad", stopped ? "Stopped." : "Not stopped.", verdict),
      answers(steps, context.audit),
    ];
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    return [
      verdictOf("warn", "Not tried.", describe(error.exchange)),
      answers([error.exchange], context.audit),
    ];
  }
}

function verdictOf(kind, word, text) {
  return make("p.note", { className: `note ${kind}` }, make("strong", {}, `${word} `), text);
}

function answers(steps, audit) {
  const sum = steps.reduce((total, { times = 1 }) => total + times, 0);
  const count = sum === 1 ? "1 request" : `${sum} requests`;
  return make(
    "details",
    { open: true },
    make("summary", {}, `What the server answered: ${count}`),
    make("ol.steps", {}, ...steps.map((step) => stepRow(step, audit))),
  );
}

function stepRow(step, audit) {
  return make(
    "li.step",
    {},
    make("span.who", {}, step.who),
    make("code", {}, `${step.method} ${shorten(step.path)}${step.times ? ` × ${step.times}` : ""}`),
    statusOf(step),
    make("span.trace", {}, auditLink(step, audit)),
    make("span.said", {}, saidBy(step)),
  );
}

/** The status of an answer: in words and colour, refusals apart from failures. */
export function statusOf({ status }) {
  const kind = status === 0 || status >= 500 ? "broken" : status >= 400 ? "refused" : "good";
  return make("span.status", { className: `status ${kind}` }, status === 0 ? "no answer" : String(status));
}

/** The link to the events that a request left; the log itself decides who may look. */
export function auditLink({ requestId }, audit) {
  return requestId ? make("a", { href: audit(requestId), target: "_blank" }, "audit events") : "";
}

/** Leaves the middle out of long ids, so that a line stays a line. */
export function shorten(path) {
  return path.replace(/([0-9a-f]{8})-[0-9a-f-]{27}/g, "$1…");
}

function saidBy({ status, body }) {
  if (status < 400) return "";
  const faults = (body.errors ?? []).map((fault) => `${fault.pointer} ${fault.code}`).join(", ");
  return [body.code, body.detail, faults].filter(Boolean).join(" · ");
}
