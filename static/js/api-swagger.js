/* Swagger UI on the schema of this installation: reading only, and nothing is asked of another server. */
(function () {
  "use strict";
  var place = document.getElementById("swagger-ui");
  if (!place || !window.SwaggerUIBundle) { return; }
  window.SwaggerUIBundle({
    domNode: place,
    url: place.getAttribute("data-schema"),
    validatorUrl: null,
    supportedSubmitMethods: ["get"],
    docExpansion: "list",
    deepLinking: false,
    onComplete: function () {  /* the page has one main part already */
      Array.prototype.forEach.call(place.querySelectorAll("main, [role=main]"), function (part) {
        part.setAttribute("role", "presentation");
      });
    },
    presets: [window.SwaggerUIBundle.presets.apis],
    layout: "BaseLayout"
  });
})();
