/* Swagger UI on the schema of this installation: reading only, and nothing is asked of another server.
   What its widget lacks for people who do not see it is added here; the vendored files stay as they are. */
(function () {
  "use strict";
  var place = document.getElementById("swagger-ui");
  if (!place || !window.SwaggerUIBundle) { return; }

  /* The layout of the widget without its own main part: the page has one already. */
  function Layout(props) {
    var make = Layout.React.createElement, part = props.getComponent, spec = props.specSelectors;
    function row(name, inside) {
      return make(part("Row"), { className: name }, make(part("Col"), { mobile: 12, desktop: 12 }, inside));
    }
    function piece(name, container) { return make(part(name, container)); }
    if (!spec.specStr()) { return make("div", { className: "swagger-ui" }, piece("errors", true)); }
    return make("div", { className: "swagger-ui" },
      piece("SvgAssets"), piece("errors", true),
      row("information-container", piece("InfoContainer", true)),
      make("div", { className: "scheme-container" },
        make(part("Col"), { className: "schemes wrapper", mobile: 12 }, piece("AuthorizeBtnContainer", true))),
      row("", piece("operations", true)), row("", piece("Models", true)));
  }
  function OurLayout(system) {
    Layout.React = system.React;
    return { components: { OurLayout: Layout } };
  }

  function each(selector, change) { Array.prototype.forEach.call(place.querySelectorAll(selector), change); }
  function name(part, words) { if (!part.hasAttribute("aria-label")) { part.setAttribute("aria-label", words); } }
  function mend() {
    each("h1", function (part) { part.setAttribute("aria-level", "2"); });
    each(".modal-ux .close-modal", function (part) { name(part, "Close"); });
    each("tr[data-param-name] input, tr[data-param-name] select, tr[data-param-name] textarea", function (part) {
      name(part, part.closest("tr").getAttribute("data-param-name"));
    });
    each(".microlight, .highlight-code pre, .responses-inner pre", function (part) {  /* long ones scroll */
      part.setAttribute("tabindex", "0");
    });
  }
  new MutationObserver(mend).observe(place, { childList: true, subtree: true });

  window.SwaggerUIBundle({
    domNode: place,
    url: place.getAttribute("data-schema"),
    validatorUrl: null,
    supportedSubmitMethods: ["get"],
    docExpansion: "list",
    deepLinking: false,
    plugins: [OurLayout],
    presets: [window.SwaggerUIBundle.presets.apis],
    layout: "OurLayout"
  });
})();
