/**
 * The attacks. Each runs against the real API and says what it saw:
 * `run(context)` returns `{steps: Exchange[], stopped: boolean, verdict: string}`; a step may stand for several alike, `times`.
 *
 * Those with an `id` that `manage.py simulate_attack` knows are its scenarios, as far as a browser can play them: it has
 * one address, and its own User-Agent.
 *
 * `needs`: "people" (the demo's accounts, for attacks between two of them), "session" (the visitor's own), or nothing.
 */
const BODY = "<p>The plan for the next quarter, which nobody but its author should read before it is published.</p>";

/** Collects the steps of one attack. Its people act apart from the visitor: without the cookies of this browser. */
class Trial {
  constructor({ api, session, people }) {
    this.api = api;
    this.session = session;
    this.people = people;
    this.steps = [];
  }

  async as(actor, method, path, options = {}) {
    const step = await this.api.send(method, path, { who: actor.name, token: actor.access, apart: true, ...options });
    this.steps.push(step);
    return step;
  }

  /**
   * Sends one of many requests alike: as a step of its own only where the answer is another than before. The first of
   * a row stands for it: the log counts the later ones of a flood together.
   */
  async again(actor, method, path, options = {}) {
    const step = await this.api.send(method, path, { who: actor.name, apart: true, ...options });
    const last = this.steps.at(-1);
    if (last?.path === path && last.status === step.status) last.times = (last.times ?? 1) + 1;
    else this.steps.push(step);
    return step;
  }

  /** Logs one of the demo's people in. Their tokens stay in this object, apart from the visitor's session. */
  async enter(name) {
    const person = this.people.find((one) => one.name === name);
    const body = { email: person.email, password: person.password, transport: "body" };
    const answer = await this.as({ name }, "POST", "auth/login", { body });
    if (!answer.ok) throw new Interrupted(answer);
    return { name, access: answer.body.access, refresh: answer.body.refresh, email: person.email };
  }

  async category() {
    const answer = await this.api.send("GET", "categories/", {});
    return answer.body.results?.[0]?.id;
  }

  end(stopped, verdict) {
    return { steps: this.steps, stopped, verdict };
  }
}

/** The attack could not be run: something before it was refused. */
export class Interrupted extends Error {
  constructor(exchange) {
    super("interrupted");
    this.exchange = exchange;
  }
}

async function readDraft(context) {
  const trial = new Trial(context);
  const alice = await trial.enter("alice");
  const category = await trial.category();
  const body = { title: "Alice's plan, not for bob", body: BODY, category, tags: ["secret"] };
  const draft = await trial.as(alice, "POST", "articles/", { body });
  if (!draft.ok) throw new Interrupted(draft);
  const bob = await trial.enter("bob");
  const seen = await trial.as(bob, "GET", `articles/${draft.body.id}/`);
  const drop = { token: alice.access, headers: { "If-Match": draft.etag }, who: "alice", apart: true };
  await trial.api.send("DELETE", `articles/${draft.body.id}/`, drop);
  return trial.end(
    seen.status === 404,
    seen.status === 404
      ? "Bob has the right id and a valid token, and is told that there is no such article: not even that it exists."
      : "Bob got an answer about a draft that is not his.",
  );
}

async function assignFields(context) {
  const trial = new Trial(context);
  const me = { name: "you", access: context.session.token };
  const category = await trial.category();
  const extra = { status: "published", author: crypto.randomUUID(), tenant: crypto.randomUUID(), legal_hold: false };
  const body = { title: "An article by somebody else", body: BODY, category, ...extra };
  const answer = await trial.as(me, "POST", "articles/", { body });
  const stopped = answer.status === 422 || answer.status === 403;
  return trial.end(
    stopped,
    stopped
      ? "The fields that your role may not write are refused by name, instead of being dropped or, worse, written."
      : "The article was stored with fields that were not yours to set.",
  );
}

async function replayRefresh(context) {
  const trial = new Trial(context);
  const victim = await trial.enter("alice");
  const thief = { name: "thief" };
  const first = await trial.as({ name: "alice" }, "POST", "auth/refresh", { body: { refresh: victim.refresh } });
  const second = await trial.as({ name: "alice" }, "POST", "auth/refresh", { body: { refresh: first.body.refresh } });
  const replay = await trial.as(thief, "POST", "auth/refresh", { body: { refresh: victim.refresh } });
  const after = await trial.as({ name: "alice", access: second.body.access }, "GET", "auth/me");
  const stopped = second.ok && replay.status === 401 && after.status === 401;
  return trial.end(
    stopped,
    stopped
      ? "A token that was replaced came back: someone has a copy. The whole session ended, the newest tokens included."
      : "The old token, or the session it came from, still works.",
  );
}

async function forgeToken(context) {
  const trial = new Trial(context);
  const [, payload] = context.session.token.split(".");
  const header = btoa(JSON.stringify({ alg: "none", typ: "at+jwt" })).replace(/=+$/, "");
  const unsigned = await trial.as({ name: "you", access: `${header}.${payload}.` }, "GET", "auth/me");
  const [head, , signature] = context.session.token.split(".");
  const claims = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
  const raised = btoa(JSON.stringify({ ...claims, sub: crypto.randomUUID() })).replaceAll("+", "-").replaceAll("/", "_");
  const access = `${head}.${raised.replace(/=+$/, "")}.${signature}`;
  const changed = await trial.as({ name: "you", access }, "GET", "auth/me");
  const stopped = unsigned.status === 401 && changed.status === 401;
  return trial.end(
    stopped,
    stopped
      ? "The algorithm is pinned by the server, never read from the token, and a changed claim breaks the signature."
      : "A token that this server did not sign was believed.",
  );
}

async function reachInside(context) {
  const trial = new Trial(context);
  const me = { name: "you", access: context.session.token };
  const targets = ["http://169.254.169.254/latest/meta-data/", "https://[::ffff:127.0.0.1]:6379/", "https://localhost/admin/"];
  let stopped = true;
  for (const url of targets) {
    const answer = await trial.as(me, "POST", "link-preview/", { body: { url } });
    stopped &&= answer.status >= 400 && answer.status < 500;
  }
  return trial.end(
    stopped,
    stopped
      ? "The address is checked after it is resolved and before anything is sent: cloud metadata, loopback and the rest of the private network are out of reach."
      : "The server made a request into its own network.",
  );
}

async function storeScript(context) {
  const trial = new Trial(context);
  const me = { name: "you", access: context.session.token };
  const category = await trial.category();
  const body = `${BODY}<script>alert(1)</script><p><img src=x onerror=alert(2)><a href="javascript:alert(3)">a link</a></p>`;
  const made = await trial.as(me, "POST", "articles/", { body: { title: "A script in an article", body, category } });
  if (!made.ok) throw new Interrupted(made);
  const kept = made.body.body ?? "";
  await trial.as(me, "DELETE", `articles/${made.body.id}/`, { headers: { "If-Match": made.etag } });
  const stopped = !/<script|onerror|javascript:/i.test(kept);
  return trial.end(
    stopped,
    stopped
      ? `Kept: ${kept}`
      : "The script was stored as it came.",
  );
}

async function breakParser(context) {
  const trial = new Trial(context);
  const me = { name: "you", access: context.session.token };
  const deep = `{"title":${"[".repeat(2000)}${"]".repeat(2000)}}`;
  const bodies = [deep, '{"title":"one","title":"two"}', `{"title":"${"x".repeat(2_000_000)}"}`];
  let stopped = true;
  for (const text of bodies) {
    const answer = await trial.as(me, "POST", "articles/", { text });
    stopped &&= answer.status >= 400 && answer.status < 500;
  }
  return trial.end(
    stopped,
    stopped
      ? "Too deep, ambiguous and too large: each is refused with a 4xx problem before any of our code reads it."
      : "One of the bodies was accepted, or made the server fail.",
  );
}

/** Tries passwords until the server has enough of this address, at most twelve. `pair(number)` is whose and which. */
async function guess(context, pair, lesson) {
  const trial = new Trial(context);
  for (let tried = 0; tried < 12; tried += 1) {
    const answer = await trial.again({ name: "guesser" }, "POST", "auth/login", { body: pair(tried) });
    if (answer.status === 429) {
      const before = tried ? `${tried} wrong guesses were answered alike, then none` : "This address has guessed enough already";
      return trial.end(true, `${before}: it may try again in ${answer.retryAfter} seconds. ${lesson}`);
    }
    if (answer.status !== 401) break;
  }
  return trial.end(false, "Guess after guess, and no end to them.");
}

const stuffCredentials = (context) =>
  guess(
    context,
    (number) => ({ email: `victim${number}@example.com`, password: `stolen-password-${number}` }),
    "Whether there is such an account, no answer tells.",
  );

const sprayPassword = (context) =>
  guess(
    context,
    (number) => ({ email: `victim${number}@example.com`, password: "Summer2030!Summer" }),
    "The accounts of one address share its guesses: a new account buys no new try.",
  );

async function readEverything(context) {
  const trial = new Trial(context);
  let refused = 0;
  let wait = 0;
  for (let number = 0; number < 150; number += 1) {
    const answer = await trial.again({ name: "scraper" }, "GET", "categories/");
    if (answer.status === 429) refused += 1;
    wait = answer.retryAfter;
  }
  const stopped = refused > 60;
  return trial.end(
    stopped,
    stopped
      ? `${150 - refused} of 150 reads were answered, the others told to come back in ${wait} seconds. Whoever goes on all the same raises an alert.`
      : "The server went on answering, as fast as it was asked.",
  );
}

async function lookForHoles(context) {
  const trial = new Trial(context);
  const paths = ["/.env", "/.git/config", "/wp-login.php", "/phpmyadmin/", "/actuator/env", "/server-status"];
  let stopped = true;
  for (const path of paths) {
    const answer = await trial.as({ name: "scanner" }, "GET", path);
    stopped &&= answer.status >= 400 && answer.status < 500;
  }
  return trial.end(
    stopped,
    stopped
      ? "There is nothing of the kind here, and no stack trace that tells what there is. Three such requests raise an alert."
      : "One of the addresses was answered, or made the server fail.",
  );
}

export const ATTACKS = [
  {
    id: "bola-walk",
    layer: "authz",
    title: "Read another's draft",
    text: "Alice writes a draft. Bob, of the same tenant, asks for it by its id.",
    needs: "people",
    run: readDraft,
  },
  {
    id: "token-theft",
    layer: "accounts",
    title: "Use a stolen refresh token",
    text: "Alice refreshes twice. A thief then presents the token that she started with.",
    needs: "people",
    run: replayRefresh,
  },
  {
    id: "forge-token",
    layer: "accounts",
    title: "Forge an access token",
    text: "Your own token, once without a signature (alg: none) and once with another subject.",
    needs: "session",
    run: forgeToken,
  },
  {
    id: "mass-assignment",
    layer: "authz",
    title: "Write fields that are not yours",
    text: "A new article that claims an author, a tenant and to be published already.",
    needs: "session",
    run: assignFields,
  },
  {
    id: "ssrf",
    layer: "edge",
    title: "Reach into the private network",
    text: "Link previews of the cloud's metadata service, of Redis and of this server's admin.",
    needs: "session",
    run: reachInside,
  },
  {
    id: "store-script",
    layer: "articles",
    title: "Store a script",
    text: "An article with a script, an event handler and a javascript: link in it.",
    needs: "session",
    run: storeScript,
  },
  {
    id: "body-bombs",
    layer: "edge",
    title: "Break the parser",
    text: "JSON nested 2000 deep, with a key twice, and of 2 MB.",
    needs: "session",
    run: breakParser,
  },
  {
    id: "probing",
    layer: "auditlog",
    title: "Look for known holes",
    text: "What careless servers leave lying about: /.env, /.git/config, /phpmyadmin/ and others.",
    needs: "",
    run: lookForHoles,
  },
  {
    id: "spraying",
    layer: "accounts",
    title: "Spray one password",
    text: "One common password on account after account. Signing in from here then waits, too.",
    needs: "",
    run: sprayPassword,
  },
  {
    id: "stuffing",
    layer: "edge",
    title: "Stuff stolen credentials",
    text: "A list of stolen addresses and passwords until the server has enough. Signing in from here then waits, too.",
    needs: "",
    run: stuffCredentials,
  },
  {
    id: "scraping",
    layer: "edge",
    title: "Copy the content",
    text: "150 reads without signing in, one after another, however often the server says to wait.",
    needs: "",
    run: readEverything,
  },
];
