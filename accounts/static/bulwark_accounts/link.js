// The pages behind mailed links. The token stands after the `#`, which a browser sends to no server; here it goes into
// the form. Without scripts the link is pasted by hand.
const input = document.querySelector("[data-token]");
const token = new URLSearchParams(location.hash.slice(1)).get("token");
if (token) {
  input.value = token;
  // Out of the address bar and the history: the next person at this browser finds nothing.
  history.replaceState(null, "", location.pathname);
}
if (input.value && !input.matches("[aria-invalid]")) {
  input.closest(".field").hidden = true;
}
