// The page "Edit": saves what is typed, keeps it in this browser until it is saved, moves cards, and
// shows the email as it is now. Without this script, every form of the page works as a form.
"use strict";
(function () {
  const page = document.querySelector("[data-edit]");
  if (!page) return;
  const texts = page.dataset;
  const PAUSE = 1000; // milliseconds without a keystroke before a text is saved
  const RETRY = 5000;
  const ASK = 10000;
  const AWAY = 30 * 60 * 1000; // a page that no one uses must not keep a session open
  const PATIENCE = 30000; // then a save is tried again, and those behind it have their turn
  const frame = document.querySelector("[data-email]");
  const elsewhere = document.querySelector("[data-elsewhere]");
  const say = (place, text, problem) => {
    place.textContent = text;
    place.classList.toggle("problem", Boolean(problem));
  };
  const clock = () => new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const cards = () => [...document.querySelectorAll("section[data-article]")];
  let mark = texts.mark; // of what this page knows
  let drawn = texts.mark; // of the email beside the cards
  let pending = 0; // saves without an answer

  // What is not saved yet, in this browser: it survives a session that ends, and a closed tab.
  const keep = {
    blocks: new WeakMap(),
    key(form, field) {
      return ["edit", form.getAttribute("action"), field.name, this.block(form)].join(" ").trimEnd();
    },
    // What a block was when the page was loaded: another block may be at its place the next time.
    block(form) {
      if (!form.elements["before.heading"]) return "";
      if (!this.blocks.has(form)) {
        const parts = ["heading", "text", "url", "image"].map((name) => form.elements["before." + name].value);
        this.blocks.set(form, parts.join("\n"));
      }
      return this.blocks.get(form);
    },
    get(form, field) {
      try { return JSON.parse(localStorage.getItem(this.key(form, field))); } catch { return null; }
    },
    set(form, field, before) {
      const kept = { value: field.value, before };
      try { localStorage.setItem(this.key(form, field), JSON.stringify(kept)); } catch { /* it is full */ }
    },
    drop(form, field) {
      try { localStorage.removeItem(this.key(form, field)); } catch { /* it is closed */ }
    },
  };

  async function ask(address, fields) {
    const how = fields ? { method: "POST", body: fields } : {};
    const answer = await fetch(address, { ...how, headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE) });
    if (answer.status >= 500) throw new Error("the server failed");
    const kind = answer.headers.get("content-type") || "";
    // A page instead of data: the session has ended, or the issue can no longer be changed.
    if (!kind.startsWith("application/json")) return { status: answer.status, ended: answer.status === 403 };
    return { status: answer.status, ...(await answer.json()) };
  }
  // One after the other: each answer is compared with the mark that the last one left.
  let turns = Promise.resolve();
  async function send(address, fields) {
    pending += 1;
    const turn = turns.then(() => ask(address, fields));
    turns = turn.catch(() => {});
    try { return await turn; } finally { pending -= 1; }
  }

  // The email beside the cards. The next one is loaded behind the present one, so that nothing flickers.
  let loading = null;
  function show(anchor) {
    if (!frame || !frame.getClientRects().length) return;
    const begun = performance.now();
    if (loading) loading.remove();
    const next = frame.querySelector("iframe").cloneNode();
    loading = next;
    next.className = "frame waiting";
    next.loading = "eager";
    next.src = frame.dataset.email + "?" + Date.now() + (anchor ? "#" + anchor : "");
    next.addEventListener("load", () => {
      if (loading !== next) return;
      for (const old of frame.querySelectorAll("iframe")) if (old !== next) old.remove();
      next.className = "frame";
      loading = null;
      frame.dataset.took = String(Math.round(performance.now() - begun));
      frame.dataset.shown = String(Number(frame.dataset.shown || 0) + 1);
    });
    frame.append(next);
  }

  function apply(answer, anchor) {
    if (answer.before && answer.before !== mark) elsewhere.hidden = false;
    mark = answer.mark;
    if (drawn !== mark) { drawn = mark; show(anchor); }
    const undo = document.querySelector("[data-back]");
    if (undo && answer.undo) {
      undo.hidden = false;
      undo.elements.act.value = answer.undo.act;
      undo.querySelector("button").textContent = texts.undo.replace("{name}", answer.undo.label);
    }
    for (const [row, cells] of (answer.inbox || []).entries()) {
      const shown = document.querySelectorAll("[data-inbox] li")[row];
      if (shown) [...shown.children].forEach((cell, at) => { cell.textContent = cells[at]; });
    }
  }

  // Autosave.
  function watch(form) {
    const state = form.querySelector("[data-state]");
    const fields = [...form.elements].filter((field) => field.name && field.type !== "hidden" && field.type !== "submit");
    const before = (field) => form.elements["before." + field.name];
    const value = (field) => (field.type === "checkbox" ? (field.checked ? "1" : "0") : field.value);
    const changed = () => fields.filter((field) => before(field) && value(field) !== before(field).value);
    const isNew = !fields.some(before);
    // After a conflict (`held`), only a person who has seen both texts saves again, with the button.
    let timer = 0, busy = false, again = false, stopped = false, held = false;

    function remember(field) {
      const kept = held && keep.get(form, field);
      keep.set(form, field, kept ? kept.before : before(field) ? before(field).value : "");
    }

    function later(wait) {
      clearTimeout(timer);
      if (!isNew) timer = setTimeout(save, wait);
    }

    function typed(field) {
      if (field.type !== "checkbox") remember(field);
      if (held) return;
      stopped = false;
      if (!isNew) say(state, texts.unsaved);
      later(PAUSE);
    }

    async function save() {
      clearTimeout(timer);
      if (busy) { again = true; return; }
      if (stopped) return;
      if (!isNew && !changed().length) { say(state, ""); return; }
      busy = true;
      const sent = new Map(fields.map((field) => [field, value(field)]));
      try {
        const answer = await send(form.action, new URLSearchParams(new FormData(form)));
        if (answer.status === 200) saved(answer, sent);
        else if (answer.ended) { stopped = true; say(state, texts.ended, true); }
        else refused(answer);
      } catch {
        say(state, texts.offline, true);
        later(RETRY);
      }
      busy = false;
      if (again) { again = false; save(); }
    }

    function saved(answer, sent) {
      if (isNew) {
        fields.forEach((field) => keep.drop(form, field));
        location.reload();
        return;
      }
      for (const [field, was] of sent) {
        const stored = answer.texts[field.name] ?? was;
        const mine = was !== before(field).value;
        const untouched = value(field) === was;
        // Who types in a text that someone else has changed must learn of it at the next save.
        const typing = field.type !== "checkbox" && document.activeElement === field;
        if (mine || (untouched && !typing)) before(field).value = stored;
        if (!untouched) { remember(field); continue; }
        keep.drop(form, field);
        if (field.type !== "checkbox" && document.activeElement !== field) field.value = stored;
      }
      form.querySelectorAll(".theirs[data-theirs]").forEach((old) => old.remove());
      const card = form.closest("section");
      const title = card.querySelector("[data-title]");
      if (title && answer.texts.title) title.textContent = answer.texts.title;
      say(state, texts.saved.replace("{time}", clock()));
      const at = cards().indexOf(card) + 1;
      apply(answer, at ? "item-" + at : "");
    }

    function refused(answer) {
      stopped = true;
      say(state, answer.status === 413 ? texts.large : answer.problem || texts.offline, true);
      for (const [name, theirs] of Object.entries(answer.theirs || {})) {
        const field = form.elements[name];
        const note = document.createElement("div");
        note.className = "theirs";
        note.dataset.theirs = name;
        const label = document.createElement("p"), text = document.createElement("p");
        label.className = "soft";
        label.textContent = texts.theirs;
        text.className = "lines";
        text.textContent = theirs;
        note.append(label, text);
        form.querySelectorAll('[data-theirs="' + name + '"]').forEach((old) => old.remove());
        field.before(note);
        before(field).value = theirs; // from now on, saving replaces what is shown above
        held = true;
      }
    }

    for (const field of fields) {
      field.addEventListener("input", () => typed(field));
      field.addEventListener("change", () => { if (!isNew) save(); });
      restore(field);
    }

    function restore(field) {
      const kept = keep.get(form, field);
      if (!kept) return;
      const stored = before(field) ? before(field).value : "";
      if (kept.value === stored) { keep.drop(form, field); return; }
      field.value = kept.value;
      if (before(field)) before(field).value = kept.before;
      const folded = form.closest("details");
      if (folded) folded.open = true;
      say(state, texts.restored);
      later(PAUSE);
    }

    form.addEventListener("submit", (event) => {
      const act = event.submitter ? event.submitter.value : "";
      if (act === "remove") fields.forEach((field) => keep.drop(form, field));
      if (act === "remove" || act === "preview") return;
      event.preventDefault();
      stopped = held = false;
      save();
    });
  }
  document.querySelectorAll("form[data-autosave]").forEach(watch);

  // Order by dragging, or with the arrow keys on the handle.
  const state = document.querySelector("[data-order]");
  // A block is printed after the item with a number, not after a certain item.
  function settle() {
    const all = cards();
    for (const block of [...document.querySelectorAll("[data-after]")].reverse()) {
      const card = all[Number(block.dataset.after) - 1];
      if (card) card.after(block);
    }
    all.forEach((card, at) => { card.querySelector("[data-position]").textContent = String(at + 1); });
  }
  const order = () => cards().map((each) => each.dataset.article).join(",");
  let known = order(); // as it is stored, as far as this page knows
  let moves = Promise.resolve(); // one after the other: each begins with the order that the last one left
  function arrange(card) {
    settle();
    moves = moves.then(() => move(card));
  }
  async function move(card) {
    const wanted = order();
    const fields = new URLSearchParams({ csrf: texts.csrf, was: known, order: wanted });
    try {
      const answer = await send(texts.path + "/edit/order", fields);
      if (answer.status === 409) elsewhere.hidden = false;
      if (answer.status !== 200) { say(state, answer.ended ? texts.ended : answer.problem || texts.offline, true); return; }
      known = wanted;
      say(state, texts.saved.replace("{time}", clock()));
      apply(answer, "item-" + (cards().indexOf(card) + 1));
    } catch {
      say(state, texts.offline, true);
    }
  }
  let dragged = null;
  for (const card of cards()) {
    const handle = card.querySelector("[data-handle]");
    handle.hidden = false;
    handle.addEventListener("mousedown", () => { card.draggable = true; });
    handle.addEventListener("mouseup", () => { card.draggable = false; });
    card.addEventListener("dragstart", (event) => {
      if (!card.draggable) return;
      dragged = card;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", card.dataset.article);
    });
    card.addEventListener("dragend", () => { card.draggable = false; dragged = null; });
    card.addEventListener("dragover", (event) => { if (dragged && dragged !== card) event.preventDefault(); });
    card.addEventListener("drop", (event) => {
      event.preventDefault();
      if (!dragged || dragged === card) return;
      const below = cards().indexOf(dragged) < cards().indexOf(card);
      if (below) card.after(dragged); else card.before(dragged);
      arrange(dragged);
    });
    handle.addEventListener("keydown", (event) => {
      const all = cards(), at = all.indexOf(card);
      const other = event.key === "ArrowUp" ? all[at - 1] : event.key === "ArrowDown" ? all[at + 1] : null;
      if (!other) return;
      event.preventDefault();
      if (event.key === "ArrowUp") other.before(card); else other.after(card);
      handle.focus();
      arrange(card);
    });
  }

  // Who else is here, and whether the issue has changed since this page was loaded.
  let used = Date.now();
  for (const act of ["input", "keydown", "pointerdown", "scroll"]) addEventListener(act, () => { used = Date.now(); }, { passive: true });
  async function look() {
    if (document.hidden || pending || Date.now() - used > AWAY) return;
    try {
      const asked = mark;
      const found = await ask(texts.path + "/edit/here");
      if (found.status !== 200 || pending || mark !== asked) return;
      const names = found.others.join(", ");
      document.querySelector("[data-who]").textContent = names ? texts.others.replace("{names}", names) : "";
      if (found.mark !== mark) elsewhere.hidden = false;
      if (found.mark !== drawn) { drawn = found.mark; show(""); }
    } catch { /* the next time will do */ }
  }
  setInterval(look, ASK);
  document.addEventListener("visibilitychange", look);
})();
