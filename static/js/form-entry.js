/* The entry page: saving by itself, live checks, choosing a school. The page works without this file. */
(function () {
  "use strict";
  var form = document.querySelector("form[data-entry]");
  if (!form || !window.fetch) { return; }
  var all = function (sel, root) { return Array.prototype.slice.call((root || document).querySelectorAll(sel)); };
  var field = function (name) { return form.elements[name]; };
  var alertBox = document.getElementById("entry_alert");
  var storeKey = "oa-entry-" + form.dataset.entry;
  // Which window typed: a save whose answer got lost is no second person.
  var mark = document.createElement("input");
  mark.type = "hidden"; mark.name = "window"; mark.value = Math.random().toString(36).slice(2, 14);
  form.appendChild(mark);

  /* 1 Saving by itself */
  var timer = 0, busy = null, dirty = false, stopped = false, waiting = 0;

  var tell = function (text, link) {
    var line = alertBox.querySelector("p");
    line.textContent = text + " ";
    if (link) {
      var a = document.createElement("a");
      a.href = link.href; a.textContent = link.text;
      if (link.blank) { a.target = "_blank"; a.rel = "noopener"; }
      line.appendChild(a);
    }
    alertBox.hidden = !text;
  };
  var values = function () { return new URLSearchParams(new FormData(form)); };
  var backup = function () {
    try {
      var kept = {};
      values().forEach(function (value, name) { if (name !== "csrfmiddlewaretoken" && name !== "revision" && name !== "window") { kept[name] = value; } });
      sessionStorage.setItem(storeKey, JSON.stringify(kept));
    } catch (error) { /* no storage: the page itself still holds it */ }
  };
  var forget = function () { try { sessionStorage.removeItem(storeKey); } catch (error) { /* nothing kept */ } };

  var show = function (text) {
    var piece = new DOMParser().parseFromString(text, "text/html").body.firstElementChild;
    if (!piece || !piece.dataset.revision) { throw new Error("no answer"); }
    all("[data-live]", piece).forEach(function (fresh) {
      var old = document.getElementById(fresh.id);
      if (!old || old.innerHTML === fresh.innerHTML) { return; }
      var inside = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
      old.replaceChildren.apply(old, Array.prototype.slice.call(fresh.childNodes));
      var again = inside && all("a", old).filter(function (a) { return a.getAttribute("href") === inside; })[0];
      if (again) { again.focus({ preventScroll: true }); }
    });
    all("[data-live]", piece); // fields themselves are never replaced: the focus stays where it is
    all("[data-shown]", piece).forEach(function (out) {
      var box = field(out.dataset.shown);
      if (box) { box.dataset.tidy = out.textContent; box.dataset.from = box.value; tidy(box); }
    });
    all("[aria-describedby]", form).forEach(function (box) {
      var note = document.getElementById(box.name + "_note");
      if (note && box.type !== "radio") {
        if (note.querySelector(".utrecht-form-field-error-message")) { box.setAttribute("aria-invalid", "true"); } else { box.removeAttribute("aria-invalid"); }
      }
    });
    field("revision").value = piece.dataset.revision;
    return piece;
  };
  var tidy = function (box) {
    if (document.activeElement !== box && box.dataset.tidy && box.value === box.dataset.from) {
      box.value = box.dataset.tidy; box.dataset.from = box.value;
    }
  };

  var freshToken = function () {
    return fetch(form.action, { credentials: "same-origin" }).then(function (answer) {
      if (answer.redirected || !answer.ok) { throw new Error("logged out"); }
      return answer.text();
    }).then(function (text) {
      var token = new DOMParser().parseFromString(text, "text/html").querySelector("[name=csrfmiddlewaretoken]");
      if (token) { field("csrfmiddlewaretoken").value = token.value; }
    });
  };
  var loggedOut = function () {
    tell(alertBox.dataset.loggedOut, { href: form.dataset.login, text: alertBox.dataset.login, blank: true });
    backup(); later(15000);
  };
  var later = function (time) { window.clearTimeout(timer); timer = window.setTimeout(save, time); };

  var save = function () {
    if (stopped || busy) { return busy || Promise.resolve(); }
    window.clearTimeout(timer);
    dirty = false;
    busy = fetch(form.dataset.keep, { method: "POST", body: values(), credentials: "same-origin", headers: { "X-Requested-With": "fetch" } }).then(function (answer) {
      if (answer.redirected || answer.status === 403) {
        return freshToken().then(function () { dirty = true; later(50); }, loggedOut);
      }
      return answer.text().then(function (text) {
        if (answer.status === 409) { stopped = true; backup(); tell(text); return; }
        if (!answer.ok) { throw new Error("not kept"); }
        var piece = show(text);
        waiting = 0;
        if ("conflict" in piece.dataset) {
          stopped = true; forget();
          tell(alertBox.dataset.conflict, { href: form.dataset.compare, text: alertBox.dataset.compare });
        } else { tell(""); if (!dirty) { forget(); } }
      });
    }).catch(function () {
      dirty = true; backup(); tell(alertBox.dataset.offline);
      waiting = Math.min(waiting + 1, 6); later(1000 * Math.pow(2, waiting));
    }).then(function () {
      busy = null;
      if (dirty && !waiting && !stopped) { later(600); }
    });
    return busy;
  };
  form.addEventListener("input", function () { dirty = true; if (!stopped) { later(700); } else { backup(); } });
  form.addEventListener("change", function () { dirty = true; if (!stopped) { later(50); } });
  form.addEventListener("focusout", function (event) { if (event.target.name) { window.setTimeout(function () { tidy(event.target); }, 0); } });
  window.addEventListener("online", function () { if (dirty) { later(0); } });
  window.addEventListener("focus", function () { if (dirty && !stopped) { later(0); } });
  window.addEventListener("pagehide", function () {
    if (!dirty || stopped || submitted) { return; }
    backup();
    fetch(form.dataset.keep, { method: "POST", body: values(), credentials: "same-origin", keepalive: true });
  });

  // A submit waits for the save that is under way, so that nobody competes with himself.
  var submitted = false;
  form.addEventListener("submit", function (event) {
    if (submitted) { event.preventDefault(); return; }
    window.clearTimeout(timer);
    if (busy) {
      event.preventDefault();
      var button = event.submitter;
      busy.then(function () { form.requestSubmit(button || undefined); });
      return;
    }
    backup();
    submitted = true;
  });
  window.addEventListener("pageshow", function () { submitted = false; });

  // The code of a printed form has a field of its own. A scanner types where the cursor stands, so that is led there.
  var scan = document.querySelector("form[data-scan]");
  if (scan) {
    var untouched = values().toString();
    form.addEventListener("input", function (event) {
      if (!/^OAF\d/i.test(event.target.value)) { return; }
      event.stopPropagation();
      scan.closest("details").open = true;
      scan.elements.code.value = event.target.value;
      event.target.value = event.target.defaultValue;
      scan.elements.code.focus();
      if (values().toString() === untouched) { window.clearTimeout(timer); dirty = false; }
    }, true);
    scan.addEventListener("submit", function (event) {
      event.preventDefault();
      if (submitted) { return; }
      submitted = true;
      window.clearTimeout(timer);
      Promise.resolve(busy).then(function () { return dirty ? save() : null; }).then(function () { scan.submit(); });
    });
  }

  // What could not be saved the last time comes back.
  try {
    var kept = JSON.parse(sessionStorage.getItem(storeKey) || "null");
    var wrong = document.querySelector("#fouten");
    if (kept && !wrong) {
      var changed = false;
      all("input[name], select[name], textarea[name]", form).forEach(function (box) {
        if (box.type === "hidden" || box.type === "submit" || box.name.indexOf("keuze_") === 0) { return; }
        if (box.type === "checkbox" || box.type === "radio") {
          var on = kept[box.name] === box.value;
          if (box.checked !== on && (on || box.type === "checkbox")) { box.checked = on; changed = true; }
        } else if (kept[box.name] !== undefined && kept[box.name] !== box.value) { box.value = kept[box.name]; changed = true; }
      });
      if (changed) { tell(alertBox.dataset.restored); dirty = true; later(0); } else { forget(); }
    }
  } catch (error) { forget(); }

  /* 2 Enter goes to the next field; Ctrl+Enter is the main button (open-aanmelden.js) */
  form.addEventListener("keydown", function (event) {
    var box = event.target;
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.defaultPrevented || box.tagName !== "INPUT") { return; }
    event.preventDefault();
    var stops = all("input:not([type=hidden]):not([readonly]), select, textarea, summary, button", form).filter(function (e) { return e.offsetParent; });
    var next = stops[stops.indexOf(box) + 1];
    if (next) { next.focus(); }
  });

  /* 3 Choosing a school by a part of its name */
  var plain = function (text) { return text.normalize("NFKD").toLowerCase().replace(/[^\p{L}\p{N}]/gu, ""); };
  var schools = all("#schools option").map(function (option) {
    return { value: option.value, kind: option.textContent, plain: plain(option.value) };
  });
  all("[data-schools] input[type=text]").forEach(function (box) {
    var list = document.createElement("ul");
    list.className = "oa-pick"; list.id = box.id + "_list"; list.hidden = true;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", box.closest("[data-schools]").dataset.schools);
    box.after(list);
    box.removeAttribute("list");
    box.setAttribute("role", "combobox");
    box.setAttribute("aria-autocomplete", "list");
    box.setAttribute("aria-expanded", "false");
    box.setAttribute("aria-controls", list.id);
    var active = -1, found = [], moved = false;
    var close = function () { list.hidden = true; active = -1; moved = false; box.setAttribute("aria-expanded", "false"); box.removeAttribute("aria-activedescendant"); };
    var paint = function () {
      all("li", list).forEach(function (li, i) { li.setAttribute("aria-selected", String(i === active)); });
      if (active >= 0) { box.setAttribute("aria-activedescendant", list.id + active); } else { box.removeAttribute("aria-activedescendant"); }
    };
    var choose = function (i) {
      box.value = found[i].value;
      close();
      box.dispatchEvent(new Event("change", { bubbles: true }));
    };
    box.addEventListener("input", function () {
      var wanted = plain(box.value);
      found = wanted ? schools.filter(function (s) { return s.plain.indexOf(wanted) >= 0; }).slice(0, 8) : [];
      list.replaceChildren.apply(list, found.map(function (s, i) {
        var li = document.createElement("li"), name = document.createElement("span"), kind = document.createElement("span");
        li.id = list.id + i; li.setAttribute("role", "option");
        name.textContent = s.value; kind.textContent = s.kind; kind.className = "soft small";
        li.append(name, kind);
        li.addEventListener("mousedown", function (event) { event.preventDefault(); choose(i); });
        return li;
      }));
      if (!found.length) { close(); return; }
      active = 0; moved = false; list.hidden = false; box.setAttribute("aria-expanded", "true"); paint();
    });
    box.addEventListener("keydown", function (event) {
      if (list.hidden) { return; }
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        active = (active + (event.key === "ArrowDown" ? 1 : -1) + found.length) % found.length; moved = true; paint(); event.preventDefault();
      } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && active >= 0) { event.preventDefault(); choose(active); }
      else if (event.key === "Escape") { close(); event.preventDefault(); }
      else if (event.key === "Tab" && (moved || found.length === 1)) { choose(active); }
    });
    box.addEventListener("blur", close);
  });

  /* 4 The first field, or what is wrong */
  var summary = document.getElementById("fouten");
  if (summary) { summary.focus(); } else if (scan && scan.elements.code.hasAttribute("aria-invalid")) {
    scan.elements.code.select(); // the next scan takes its place
  } else if (window.location.hash === "#gelezen") { field("given_name").focus(); } else if (!document.activeElement || document.activeElement === document.body) {
    var first = field("given_name");
    if (first && !first.value) { first.focus(); }
  }
}());
