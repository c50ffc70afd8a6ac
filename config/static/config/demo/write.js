import { field, form, make } from "./dom.js";

/**
 * The panel where a signed-in visitor writes articles and publishes them.
 *
 * @returns {{refresh: () => void}}
 */
export function showArticles(place, { api, session }) {
  const list = make("ul.written");
  let categories = null;

  async function refresh() {
    place.hidden = !session.signedIn;
    if (!session.signedIn) {
      place.replaceChildren();
      return;
    }
    categories ??= await readCategories(api);
    if (!place.hasChildNodes()) place.append(make("h3", {}, "Write an article"), writer(), list);
    await reload();
  }

  function writer() {
    const fields = [
      make(
        "div.pair",
        {},
        field("Title", "title", { maxLength: 200 }),
        field("Category", "category", { choices: categories }),
      ),
      field("Text", "body", { multiline: true, hint: "At least 50 characters; HTML is cleaned." }),
    ];
    const element = form(fields, "Save as draft", async (body) => {
      const answer = await session.send("POST", "articles/", { body });
      if (answer.ok) {
        element.reset();
        await reload();
      }
      return answer;
    });
    return element;
  }

  async function reload() {
    const answer = await session.send("GET", "articles/");
    if (answer.ok) list.replaceChildren(...answer.body.results.map(item));
  }

  function item(article) {
    const isDraft = article.status === "draft";
    const mine = article.author === session.profile?.id || article.author?.id === session.profile?.id;
    return make(
      "li",
      { data: { article: article.id } },
      make("b", {}, article.title),
      make("span.state", { className: `state ${isDraft ? "partly" : "on"}` }, article.status),
      isDraft && mine ? act("Publish", "POST", `articles/${article.id}/publish`, article) : null,
      isDraft && mine ? act("Delete", "DELETE", `articles/${article.id}/`, article) : null,
    );
  }

  function act(text, method, path, article) {
    const said = make("span.fault");
    const click = async () => {
      // The version that this page has seen: a change made since then is not overwritten (RFC 9110, If-Match).
      const seen = await session.send("GET", `articles/${article.id}/`);
      const answer = await session.send(method, path, { headers: { "If-Match": seen.etag } });
      if (answer.ok) await reload();
      else said.textContent = answer.body.detail ?? answer.body.title ?? String(answer.status);
    };
    return make("span", {}, make("button.button.slim", { type: "button", on: { click } }, text), said);
  }

  return { refresh };
}

async function readCategories(api) {
  const answer = await api.send("GET", "categories/");
  return (answer.body.results ?? []).map(({ id, name }) => [id, name]);
}
