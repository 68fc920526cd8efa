// A forecast by itself: the map and the tables of a page that needs no server. Text goes in as text, never as markup.
import { WorldMap, drawLegend, fill, range, short } from "./map.js";

const $ = (id) => document.getElementById(id);
const forecast = JSON.parse($("data").textContent);
const map = new WorldMap($("map"), tellCell);

function numbers(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

function chance(p) { return p > 0.9995 ? "> 0.999" : short(p); }
function degrees(value) { return value.toFixed(2).replace("-", "−"); }

function show() {
  const horizon = Number($("horizon").value), layer = $("layer").value, values = forecast[layer][horizon];
  const [low, high] = range(values), days = forecast.horizons_days[horizon];
  map.setValues(values.map((v) => Math.log(v / low) / Math.log(high / low)), "rising");
  const what = layer === "probability" ? "probability of an earthquake in a cell" : "expected earthquakes in a cell";
  drawLegend($("legend"), low, high, "rising", `${what}, M ≥ ${forecast.min_magnitude}`);
  $("map-title").textContent = `${forecast.models[horizon]}: ${days === 1 ? "next day" : `next ${days} days`} from ${forecast.issued}`;
  const bars = forecast.horizons_days.map((d, k) => [`${d}\u00a0d`, forecast.models[k], short(forecast.totals[k]), chance(range(forecast.probability[k])[1])]);
  fill($("forecast-table"), [["next", "model", "expected", "highest probability"], ...bars]);
}

function tellCell(cell) {
  const [west, east, south, north] = map.boundsOf(cell);
  $("cell-words").textContent = `${degrees(south)} to ${degrees(north)}° N, ${degrees(west)} to ${degrees(east)}° E`;
  const rows = forecast.horizons_days.map((d, k) => [`${d}\u00a0d`, chance(forecast.probability[k][cell]), short(forecast.expected[k][cell])]);
  fill($("cell-table"), [["next", "probability", "expected"], ...rows]);
  $("cell-table").hidden = false;
}

for (const layer of ["probability", "expected"]) forecast[layer] = forecast[layer].map(numbers);
forecast.horizons_days.forEach((days, k) => $("horizon").add(new Option(days === 1 ? "day" : `${days} days`, k)));
$("state").textContent = `issued ${forecast.issued} by ${forecast.model}, M ≥ ${forecast.min_magnitude}`;
document.title = `Earthquake forecast of ${forecast.issued}`;
map.land = forecast.land;
map.setGrid(forecast);
show();
for (const id of ["layer", "horizon"]) $(id).addEventListener("input", show);
$("in").addEventListener("click", () => map.zoomBy(1.5));
$("out").addEventListener("click", () => map.zoomBy(1 / 1.5));
$("all").addEventListener("click", () => map.showAll());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { map.draw(); show(); });
