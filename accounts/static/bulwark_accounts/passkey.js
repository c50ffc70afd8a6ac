// Fills in the forms that a passkey answers. Their options come from the server, the answer goes back with the form.
const decode = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0)).buffer;
const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

function parsed(options) {
  const credentials = (list) => (list ?? []).map((each) => ({ ...each, id: decode(each.id) }));
  const found = { ...options, challenge: decode(options.challenge) };
  if (options.user) found.user = { ...options.user, id: decode(options.user.id) };
  if (options.allowCredentials) found.allowCredentials = credentials(options.allowCredentials);
  if (options.excludeCredentials) found.excludeCredentials = credentials(options.excludeCredentials);
  return found;
}

function serialized(credential) {
  const response = { clientDataJSON: encode(credential.response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[part]) response[part] = encode(credential.response[part]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return JSON.stringify({
    id: credential.id,
    rawId: credential.id,
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  });
}

async function fill(form) {
  const publicKey = parsed(JSON.parse(form.dataset.options));
  const status = form.querySelector("[role=status]");
  status.textContent = "";
  try {
    const credential = await navigator.credentials[form.dataset.passkey]({ publicKey });
    form.elements.credential.value = serialized(credential);
    form.submit();
  } catch (error) {
    status.textContent = reason(error, publicKey);
  }
}

function reason(error, publicKey) {
  if (error.name === "InvalidStateError") return "This device has a passkey for your account already.";
  if (error.name === "SecurityError") return `Passkeys work at ${publicKey.rp?.id ?? publicKey.rpId}, not at this address.`;
  return "The browser gave no passkey. Try again.";
}

if (window.PublicKeyCredential && window.isSecureContext) {
  for (const note of document.querySelectorAll("[data-without-passkeys]")) note.hidden = true;
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      fill(form);
    });
  }
}
