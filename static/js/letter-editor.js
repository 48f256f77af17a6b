/* Comfort only: without this file the text area holds the letter in plain signs. */
(function () {
  "use strict";
  var area = document.querySelector("textarea[data-editor]");
  var field = area && document.getElementsByName(area.getAttribute("data-editor"))[0];
  var text = document.getElementById("editor-tekst");
  var bar = document.getElementById("editor-balk");
  var insert = function (code) {
    var at = area.selectionStart, rest = area.value.slice(area.selectionEnd);
    area.value = area.value.slice(0, at) + code + rest;
    area.focus(); area.selectionStart = area.selectionEnd = at + code.length;
  };
  Array.prototype.forEach.call(document.querySelectorAll("[data-code]"), function (button) {
    button.disabled = false;
    button.addEventListener("click", function () { insert(button.getAttribute("data-code")); });
  });
  if (!area || !field || !text || !bar || !window.Trix || !text.content.textContent.trim()) { return; }

  var blocks = window.Trix.config.blockAttributes;
  blocks.heading2 = { tagName: "h2", terminal: true, breakOnReturn: true, group: false };
  var tools = document.createElement("trix-toolbar");
  tools.id = "editor-werkbalk";
  tools.appendChild(bar.content.cloneNode(true));
  var editor = document.createElement("trix-editor");
  editor.setAttribute("toolbar", tools.id);
  editor.setAttribute("input", field.id);
  editor.setAttribute("lang", "nl");
  editor.setAttribute("aria-labelledby", "editor-naam");
  var label = document.querySelector("label[for=" + area.id + "]");
  label.id = "editor-naam";
  field.value = text.content.textContent;
  area.hidden = true;
  area.parentNode.insertBefore(tools, area);
  area.parentNode.insertBefore(editor, area);
  label.addEventListener("click", function (event) { event.preventDefault(); editor.focus(); });
  insert = function (code) { editor.editor.insertString(code); editor.focus(); };
  // A letter holds words: pictures and files do not come in.
  document.addEventListener("trix-file-accept", function (event) { event.preventDefault(); });
  document.addEventListener("trix-attachment-add", function (event) { event.attachment.remove(); });
})();
