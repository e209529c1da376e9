"use strict";
// CSS pixels: what A4 and Letter hold beside usual margins.
const PRINTED_PX = 680;
const root = document.documentElement;
const plots = [];
for (const data of document.querySelectorAll("script.figure")) {
  const place = document.getElementById(data.dataset.of);
  const figure = JSON.parse(data.textContent);
  const layout = Object.assign({}, figure.layout, {autosize: true});
  delete layout.width;
  if (!layout.height) layout.height = 450;
  place.style.minHeight = layout.height + "px";
  Plotly.newPlot(place, figure.data, layout, {responsive: true, displaylogo: false, displayModeBar: "hover"});
  plots.push({place, height: layout.height});
}

// All of this happens at once: a browser prints the page as it is when the event's listeners have ended.
function forPaper() {
  if (root.classList.contains("printing")) return;
  root.classList.add("printing");
  for (const {place, height} of plots) {
    const printed = Math.round(Math.min(height, Math.max(240, 0.7 * height)));
    place.style.width = PRINTED_PX + "px";
    place.style.minHeight = printed + "px";
    Plotly.relayout(place, {autosize: false, width: PRINTED_PX, height: printed});
  }
  for (const folded of document.querySelectorAll("details:not([open])")) {
    folded.open = true;
    folded.classList.add("unfolded");
  }
  for (const table of document.querySelectorAll(".box table")) {
    if (table.offsetWidth > 0) table.style.zoom = Math.min(1, PRINTED_PX / Math.max(PRINTED_PX, least(table)));
  }
}

// Width that holds every number and word unbroken.
function least(table) {
  table.style.minWidth = "0";
  const width = table.offsetWidth;
  table.style.minWidth = "";
  return width;
}

function forScreen() {
  if (!root.classList.contains("printing")) return;
  root.classList.remove("printing");
  for (const {place, height} of plots) {
    place.style.width = "";
    place.style.minHeight = height + "px";
    Plotly.relayout(place, {autosize: true, width: null, height});
  }
  for (const folded of document.querySelectorAll("details.unfolded")) {
    folded.open = false;
    folded.classList.remove("unfolded");
  }
  for (const table of document.querySelectorAll(".box table")) table.style.zoom = "";
}
window.addEventListener("beforeprint", forPaper);
window.addEventListener("afterprint", forScreen);
window.matchMedia("print").addEventListener("change", (asked) => (asked.matches ? forPaper() : forScreen()));

// A box that goes on at its side says so there.
for (const edge of document.querySelectorAll(".edge")) {
  const box = edge.firstElementChild;
  const look = () => {
    edge.classList.toggle("before", box.scrollLeft > 2);
    edge.classList.toggle("beyond", box.scrollLeft + box.clientWidth < box.scrollWidth - 2);
  };
  box.addEventListener("scroll", look, {passive: true});
  const sizes = new ResizeObserver(look);
  for (const one of [box, ...box.children]) sizes.observe(one);
}

const large = document.createElement("dialog");
const close = document.createElement("button");
const whole = document.createElement("img");
const below = document.createElement("p");
close.textContent = "close";
large.append(close, below);
document.body.append(large);
close.addEventListener("click", () => large.close());
whole.addEventListener("click", () => large.close());
large.addEventListener("close", () => whole.remove()); // closed, the page has no picture without a source
for (const picture of document.querySelectorAll(".picture img")) {
  const button = document.createElement("button");
  button.type = "button";
  button.title = "enlarge";
  picture.replaceWith(button);
  button.append(picture);
  button.addEventListener("click", () => {
    whole.src = picture.src;
    whole.alt = picture.alt;
    below.textContent = button.parentElement.querySelector("figcaption")?.textContent ?? "";
    whole.style.setProperty("--natural", picture.naturalWidth + "px");
    close.after(whole);
    large.showModal();
  });
}

for (const table of document.querySelectorAll("table")) {
  table.querySelectorAll("thead th").forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") === "descending" || !head.hasAttribute("aria-sort");
      const sign = up ? 1 : -1;
      table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const body = table.tBodies[0];
      const key = (row) => row.cells[column].dataset.number;
      const rows = [...body.rows].sort((one, other) => {
        const [a, b] = [key(one), key(other)];
        if (a !== undefined && b !== undefined) return sign * (Number(a) - Number(b));
        if (a !== undefined || b !== undefined) return a === undefined ? 1 : -1;
        return sign * one.cells[column].textContent.localeCompare(other.cells[column].textContent);
      });
      body.append(...rows);
    });
  });
}
