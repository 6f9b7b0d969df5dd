// Show how far an issue is while it goes out. Without this script, the page is reloaded by hand.
"use strict";
(function () {
  const part = document.querySelector("[data-events]");
  if (!part || !window.EventSource) return;
  const stale = document.querySelector("[data-stale]");
  const source = new EventSource(part.dataset.events);
  source.addEventListener("change", (event) => {
    part.innerHTML = event.data;
    const now = part.querySelector("[data-key]");
    if (stale && now && now.dataset.key !== part.dataset.key) stale.hidden = false;
  });
  source.addEventListener("over", () => source.close());
})();
