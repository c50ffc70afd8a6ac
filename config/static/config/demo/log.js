import { make } from "./dom.js";
import { auditLink, shorten, statusOf } from "./trials.js";

const KEPT = 30;

/** The list of the requests that this page has made, the newest first. */
export function showLog(place, api, audit) {
  const rows = make("tbody");
  const head = make("tr", {}, ...["Time", "Who", "Request", "Answer", "Code", "Recorded"].map((text) => make("th", { scope: "col" }, text)));
  place.append(
    make("h3", {}, "What this page has asked"),
    make("div.log", { tabIndex: 0, attributes: { role: "region", "aria-label": "Requests, scrollable" } }, make("table", {}, make("thead", {}, head), rows)),
  );
  api.listen((exchange) => {
    place.hidden = false;
    rows.prepend(
      make(
        "tr",
        {},
        make("td.muted", {}, new Date().toLocaleTimeString()),
        make("td", {}, exchange.who),
        make("td", {}, make("code", {}, `${exchange.method} ${shorten(exchange.path)}`)),
        make("td", {}, statusOf(exchange)),
        make("td.muted", {}, exchange.body.code ?? ""),
        make("td", {}, auditLink(exchange, audit)),
      ),
    );
    while (rows.children.length > KEPT) rows.lastChild.remove();
  });
}
