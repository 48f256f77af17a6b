/* Comfort only: every page works without this file. */
(function () {
  "use strict";
  var all = function (sel, root) { return Array.prototype.slice.call((root || document).querySelectorAll(sel)); };

  // A link that opens a dialog on this page; without script it goes to a page of its own.
  all("[data-dialog]").forEach(function (link) {
    var box = document.getElementById(link.getAttribute("data-dialog"));
    if (!box || !box.showModal) { return; }
    link.addEventListener("click", function (event) { event.preventDefault(); box.showModal(); });
    box.addEventListener("close", function () { link.focus(); });
  });

  // A link whose page fits in a dialog: fetch the page, show its part. Without script the link just goes there.
  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("[data-dialog-load]");
    var box = document.getElementById("dialog");
    if (!link || !box || !box.showModal || !window.fetch || event.ctrlKey || event.metaKey || event.shiftKey || event.button) { return; }
    event.preventDefault();
    fetch(link.href, { credentials: "same-origin" }).then(function (answer) {
      if (!answer.ok) { throw new Error("no page"); }
      return answer.text();
    }).then(function (text) {
      var part = new DOMParser().parseFromString(text, "text/html").querySelector(link.getAttribute("data-dialog-load"));
      if (!part) { throw new Error("no part"); }
      box.replaceChildren.apply(box, Array.prototype.slice.call(part.childNodes));
      all("[data-dialog-close]", box).forEach(function (button) { button.addEventListener("click", function (e) { e.preventDefault(); box.close(); }); });
      box.addEventListener("close", function () { link.focus(); }, { once: true });
      box.showModal();
    }).catch(function () { window.location.href = link.href; });
  });

  // Choosing rows: count them in the bar above the table.
  var choosing = function (root) { all("[data-all]", root).forEach(function (head) {
    var panel = head.closest(".oa-panel");
    var boxes = all("tbody .utrecht-checkbox", panel);
    var out = panel.querySelector("[data-count]");
    var paint = function () {
      var n = boxes.filter(function (b) { b.closest("tr").classList.toggle("is-on", b.checked); return b.checked; }).length;
      head.checked = n > 0 && n === boxes.length; head.indeterminate = n > 0 && n < boxes.length;
      if (out) { out.textContent = n; }
    };
    head.addEventListener("change", function () { boxes.forEach(function (b) { b.checked = head.checked; }); paint(); });
    boxes.forEach(function (b) { b.addEventListener("change", paint); });
    panel.addEventListener("reset", function () { setTimeout(paint, 0); });
    paint();
  }); };
  choosing(document);
  document.addEventListener("htmx:afterSwap", function () { choosing(document); });

  // Ctrl+Enter presses the main button of the form.
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) { return; }
    var form = event.target.closest && event.target.closest("form");
    var main = form && form.querySelector(".utrecht-button--primary-action:not([disabled])");
    if (main) { event.preventDefault(); main.click(); }
  });

  // A countdown: the server says the words, and is asked again every minute.
  var clocks = all("[data-countdown]");
  if (clocks.length && window.fetch) {
    setInterval(function () {
      if (document.hidden) { return; }
      fetch(window.location.href, { credentials: "same-origin" }).then(function (answer) { return answer.text(); }).then(function (text) {
        var page = new DOMParser().parseFromString(text, "text/html");
        clocks.forEach(function (clock) { var fresh = page.getElementById(clock.id); if (fresh) { clock.textContent = fresh.textContent; } });
      }).catch(function () { return null; });
    }, 60000);
  }

  // Ten throws to a box, then on to the next one.
  all("[data-dice]").forEach(function (box, i, boxes) {
    box.addEventListener("input", function () { if (box.value.length === box.maxLength && boxes[i + 1]) { boxes[i + 1].focus(); } });
  });
}());
