"use strict";
for (const data of document.querySelectorAll("script.figure")) {
  const place = document.getElementById(data.dataset.of);
  const figure = JSON.parse(data.textContent);
  const layout = Object.assign({}, figure.layout, {autosize: true});
  delete layout.width;
  if (!layout.height) layout.height = 450;
  if (layout.title && place.clientWidth < 480) layout.title.font = {size: 11};
  place.style.minHeight = layout.height + "px";
  Plotly.newPlot(place, figure.data, layout, {responsive: true, displaylogo: false, displayModeBar: "hover"});
}
window.addEventListener("beforeprint", () => {
  for (const place of document.querySelectorAll(".plot")) if (window.Plotly) Plotly.Plots.resize(place);
});
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
