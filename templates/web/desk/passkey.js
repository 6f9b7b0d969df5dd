// Make a passkey, or sign in with one: ask the browser, put its answer into the form, and send it.
"use strict";
(function () {
  const form = document.querySelector("form[data-passkey]");
  if (!form) return;
  const failed = document.getElementById("passkey-failed");
  const options = JSON.parse(form.dataset.passkey);
  const making = "pubKeyCredParams" in options;

  function bytes(text) {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (char) => char.charCodeAt(0));
  }

  function text(buffer) {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function decoded() {
    const named = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));
    const own = { ...options, challenge: bytes(options.challenge) };
    if (making) {
      own.user = { ...options.user, id: bytes(options.user.id) };
      own.excludeCredentials = named(options.excludeCredentials);
    } else {
      own.allowCredentials = named(options.allowCredentials);
    }
    return { publicKey: own };
  }

  function encoded(credential) {
    const response = { clientDataJSON: text(credential.response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      const value = credential.response[name];
      if (value) response[name] = text(value);
    }
    return JSON.stringify({
      id: credential.id, rawId: text(credential.rawId), type: credential.type, response,
      clientExtensionResults: credential.getClientExtensionResults(),
    });
  }

  form.addEventListener("submit", async (event) => {
    if (form.elements.answer.value) return;
    event.preventDefault();
    failed.hidden = true;
    try {
      const ask = making ? "create" : "get";
      form.elements.answer.value = encoded(await navigator.credentials[ask](decoded()));
      form.submit();
    } catch {
      failed.hidden = false;
    }
  });
})();
