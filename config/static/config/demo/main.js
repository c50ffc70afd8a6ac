import { Api } from "./api.js";
import { showLog } from "./log.js";
import { Session } from "./session.js";
import { showAttacks } from "./trials.js";
import { showArticles } from "./write.js";
import { showYou } from "./you.js";

const place = (id) => document.getElementById(id);
const { api: root, audit: events } = place("you").dataset;

const api = new Api(root);
const audit = (requestId) => `${events}?q=${encodeURIComponent(requestId)}`;
const people = [...document.querySelectorAll("#people li")].map(({ dataset }) => ({ ...dataset }));
const session = new Session(api, () => refresh());
const context = { api, session, people, audit };

showLog(place("log"), api, audit);
const parts = [showYou(place("you"), context), showAttacks(place("attacks"), context), showArticles(place("write"), context)];

function refresh() {
  for (const part of parts) part.refresh();
}

refresh();
await session.resume();
