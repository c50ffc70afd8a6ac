/**
 * Makes an element. Text is only ever set as text: nothing that a server or a visitor says becomes markup.
 *
 * @param {string} tag the element's name; "p.note.bad" sets classes too
 * @param {Object} [properties] properties of the element; `on` holds listeners, `data` data attributes
 * @param {...(Node|string|null)} children
 * @returns {HTMLElement}
 */
export function make(tag, properties = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const { on = {}, data = {}, attributes = {}, ...rest } = properties;
  const element = Object.assign(document.createElement(name), rest);
  element.classList.add(...classes);
  Object.assign(element.dataset, data);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Makes a labelled field. `options.multiline` gives a text area, `options.choices` ([value, text] pairs) a menu. */
export function field(label, name, { multiline = false, choices = null, hint = "", ...properties } = {}) {
  const kind = choices ? "select" : multiline ? "textarea" : "input";
  const control = make(kind, { name, id: `field-${name}`, ...properties });
  for (const [value, text] of choices ?? []) control.append(make("option", { value }, text));
  return make(
    "div.field",
    {},
    make("label", { htmlFor: control.id }, label),
    control,
    hint ? make("span.muted.small", {}, hint) : null,
    make("span.fault", { data: { fault: name } }),
  );
}

/** Makes a form that shows the faults an answer names beside their fields. `submit(values)` returns an exchange. */
export function form(fields, action, submit) {
  const said = make("p.note.bad", { hidden: true, attributes: { role: "alert" } });
  const button = make("button.button.primary", { type: "submit" }, action);
  const element = make("form.stack", { noValidate: true }, ...fields, said, button);
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    said.hidden = true;
    const answer = await submit(Object.fromEntries(new FormData(element)));
    button.disabled = false;
    if (element.isConnected) show(element, said, answer);
  });
  return element;
}

function show(element, said, answer) {
  const faults = answer?.body?.errors ?? [];
  let unplaced = "";
  for (const slot of element.querySelectorAll("[data-fault]")) {
    const own = faults.filter((fault) => fault.pointer.split("/")[1] === slot.dataset.fault);
    slot.textContent = own.map((fault) => fault.detail).join(" ");
    slot.closest(".field").classList.toggle("wrong", own.length > 0);
  }
  for (const fault of faults) {
    if (!element.elements.namedItem(fault.pointer.split("/")[1] ?? "")) unplaced += ` ${fault.detail}`;
  }
  const refused = answer && !answer.ok;
  said.hidden = !refused;
  said.textContent = refused ? describe(answer) + unplaced : "";
}

/** Says in one sentence what a refusal means to the person in front of it. */
export function describe(exchange) {
  if (exchange.status === 0) return "The server cannot be reached.";
  if (exchange.status === 429) return `Too many requests. Try again in ${exchange.retryAfter || "some"} seconds.`;
  return exchange.body?.detail || exchange.body?.title || `The server answered ${exchange.status}.`;
}
