/* The code on the application form that a family fills in on the screen and prints (DH-038). Its format stands in
   admissions/services/forms/paper_code.py. It is made here and drawn on the page: nothing typed leaves this page or is kept. */
import { correction, generate, mode } from "../vendor/lean-qr/lean-qr.mjs";

const FIELDS = [
  "given_name", "surname_prefix", "surname", "date_of_birth", "postcode", "house_number", "street", "place", "is_twin",
  "guardian_name", "guardian2_name", "email", "phone", "care_request", "care_note",
];
const MOST_SIGNS = 970; // what version 20 holds: 97 modules, of half a millimetre on the paper
const QUIET = 4; // empty modules around the code
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SVG = "http://www.w3.org/2000/svg";

const paper = document.querySelector("[data-paper-code]");
const figure = document.getElementById("paper_code");

const boxes = (name) => Array.from(paper.querySelectorAll(`[data-code="${name}"]`));
const written = (box) => {
  if (box.type === "checkbox" || box.type === "radio") { return box.checked ? box.value : ""; }
  return box.value.split(/[\s\p{Cc}]+/u).join(" ").trim();
};

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) { crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0); }
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function base32(bytes) {
  let text = "", kept = 0, bits = 0;
  for (const byte of bytes) {
    kept = ((kept << 8) | byte) & 0xfff; bits += 8;
    while (bits >= 5) { bits -= 5; text += BASE32[(kept >>> bits) & 31]; }
  }
  return bits ? text + BASE32[(kept << (5 - bits)) & 31] : text;
}

function codeText(values, schools) {
  const lines = [paper.dataset.region, paper.dataset.year, ...values, ...schools];
  while (lines.length > 2 + FIELDS.length && !lines[lines.length - 1]) { lines.pop(); }
  const body = new TextEncoder().encode(lines.join("\n"));
  const checked = new Uint8Array(4 + body.length);
  new DataView(checked.buffer).setUint32(0, crc32(body));
  checked.set(body, 4);
  return "OAF1" + base32(checked);
}

function picture(text) {
  const code = generate(mode.alphaNumeric(text), { minCorrectionLevel: correction.M, maxVersion: 20 });
  const side = code.size + 2 * QUIET;
  let path = "";
  for (let y = 0; y < code.size; y += 1) {
    for (let x = 0; x < code.size; x += 1) {
      let end = x;
      while (end < code.size && code.get(end, y)) { end += 1; }
      if (end > x) { path += `M${x + QUIET} ${y + QUIET}h${end - x}v1h-${end - x}z`; x = end; }
    }
  }
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${side} ${side}`);
  svg.setAttribute("shape-rendering", "crispEdges");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", figure.dataset.name);
  for (const [fill, shape] of [["#fff", `M0 0h${side}v${side}h-${side}z`], ["#000", path]]) {
    const part = document.createElementNS(SVG, "path");
    part.setAttribute("fill", fill);
    part.setAttribute("d", shape);
    svg.append(part);
  }
  return svg;
}

function draw() {
  const schools = boxes("school");
  const values = FIELDS.map((name) => boxes(name).map(written).join(""));
  const isEmpty = !values.some(Boolean) && schools.every((box) => box.value === box.defaultValue);
  const text = isEmpty ? "" : codeText(values, schools.map(written));
  const fits = text.length <= MOST_SIGNS;
  figure.hidden = isEmpty;
  figure.querySelector("[data-picture]").replaceChildren(...(text && fits ? [picture(text)] : []));
  figure.querySelector("figcaption").hidden = !fits;
  figure.querySelector("[data-told]").textContent = fits ? "" : figure.dataset.full;
}

if (paper && figure) {
  paper.addEventListener("input", draw);
  paper.addEventListener("change", draw);
  window.addEventListener("beforeprint", draw);
  window.addEventListener("pageshow", draw); // a browser may put back what was typed
  draw();
}
