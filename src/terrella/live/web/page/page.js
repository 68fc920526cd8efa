// The page of a record: what it shows, and when it asks for more. Text from data goes in as text, never as markup.
import { WorldMap, drawLegend, fill, range, short } from "./map.js";
import { drawLines } from "./charts.js";
import { drawRuns, followRuns } from "./runs.js";
import { listen } from "./listen.js";

const $ = (id) => document.getElementById(id);
const token = new URLSearchParams(location.hash.slice(1)).get("token");
const headers = token ? { Authorization: `Bearer ${token}` } : {};
const shown = { forecasts: [], grid: null, asked: 0, values: null };
const map = new WorldMap($("map"), (cell) => tellCell(cell));
const DAY = 86_400_000;

async function ask(path, kind = "json") {
  const answer = await fetch(path, { headers });
  if (!answer.ok) throw new Error(answer.status === 401 ? "a token is needed: open the page with #token=… at its end" : (await answer.json()).error ?? answer.statusText);
  return answer[kind]();
}

async function start() {
  try {
    const [grid, land] = await Promise.all([ask("api/grid"), ask("api/land?detail=110m")]);
    shown.grid = grid; map.land = land; map.setGrid(grid);
    $("name").textContent = `· ${grid.bundle}, M ≥ ${grid.min_magnitude}`;
    document.title = `${grid.bundle} · Terrella live`;
    grid.horizons_days.forEach((days, k) => $("horizon").add(new Option(days === 1 ? "day" : `${days} days`, k)));
    if (grid.longitude_edges.at(-1) - grid.longitude_edges[0] < 60) ask("api/land?detail=50m").then((fine) => { map.land = fine; map.draw(); });
    await refresh();
    follow();
    followRuns(ask, headers);
  } catch (error) { $("state").textContent = String(error.message); }
}

async function refresh() {
  const newest = Number($("time").value) >= shown.forecasts.length - 1;
  const found = (await ask("api/forecasts?limit=2000")).forecasts.reverse();
  shown.forecasts = found;
  $("time").max = Math.max(0, found.length - 1);
  if (newest) $("time").value = found.length - 1;
  const last = found.at(-1);
  const mode = shown.grid.replays ? "a replay of the past" : "live";
  $("state").textContent = last ? `${mode} · ${found.length.toLocaleString("en")} forecasts, the last of ${clock(last.issue_time)}` : `${mode} · no forecast yet`;
  await Promise.all([show(), showScores()]);
}

async function show() {
  const forecast = shown.forecasts[Number($("time").value)];
  if (!forecast) return;
  const turn = ++shown.asked, horizon = Number($("horizon").value), days = shown.grid.horizons_days[horizon];
  const model = $("model").value, layer = model === "ratio" ? "expected" : $("layer").value;
  $("layer").disabled = model === "ratio";
  $("issued").textContent = clock(forecast.issue_time);
  const get = async (name) => flat(new Float32Array(await ask(`api/forecasts/${forecast.name}/values?model=${name}&horizon=${horizon}&layer=${layer}`, "arrayBuffer")), layer);
  const start = Date.parse(forecast.issue_time);
  const about = `api/events/points?since=${iso(start - 30 * DAY)}&until=${iso(start)}&limit=100000`;
  const wanted = model === "ratio" ? ["issued", "ETAS"] : [model];
  map.points = new Float32Array(0); map.showEvents = $("events").checked;
  const points = ask(about, "arrayBuffer").then((found) => { if (turn === shown.asked) { map.points = new Float32Array(found); map.draw(); } });
  points.catch(() => {});  // told below, unless the values fail first
  const values = await Promise.all(wanted.map(get));
  if (turn !== shown.asked) return;
  const named = { issued: forecast.used[horizon], ETAS: "ETAS", climatology: "climatology" };
  const next = days === 1 ? "next day" : `next ${days} days`;
  if (model === "ratio") {
    const ratio = values[0].map((v, k) => Math.log2(v / values[1][k]) / 4 + 0.5);
    map.setValues(ratio, "parted");
    drawLegend($("legend"), 0.25, 4, "parted", "issued / ETAS");
    $("map-title").textContent = `Issued over ETAS, ${next}, from ${clock(forecast.issue_time)}`;
  } else {
    const [low, high] = range(values[0]);
    map.setValues(values[0].map((v) => Math.log(v / low) / Math.log(high / low)), "rising");
    const what = layer === "probability" ? "probability of an earthquake in a cell" : "expected earthquakes in a cell";
    drawLegend($("legend"), low, high, "rising", `${what}, M ≥ ${shown.grid.min_magnitude}`);
    $("map-title").textContent = `${named[model]}: ${next} from ${clock(forecast.issue_time)}`;
  }
  tellForecast(forecast);
  await points;
  if (turn !== shown.asked) return;
  $("map").dataset.events = map.points.length / 3;
  if (map.cell !== null) tellCell(map.cell);
}

// Over depth layers: numbers add up, probabilities of none multiply.
function flat(values, layer) {
  const columns = shown.grid.inside.length, layers = values.length / columns;
  if (layers === 1) return values;
  const out = new Float32Array(columns);
  for (let k = 0; k < columns; k++) {
    let sum = 0, none = 1;
    for (let depth = 0; depth < layers; depth++) { const v = values[depth * columns + k]; sum += v; none *= 1 - v; }
    out[k] = layer === "probability" ? 1 - none : sum;
  }
  return out;
}

function tellForecast(forecast) {
  const rows = [["expected in all", ...forecast.horizons_days.map((d) => `${d} d`)]];
  for (const [model, totals] of Object.entries(forecast.expected)) rows.push([model, ...totals.map(short)]);
  rows.push(["highest probability", ...forecast.highest.map(short)]);
  fill($("forecast-table"), rows);
  const files = $("files");
  files.replaceChildren(document.createTextNode(`issued ${forecast.reason}; hash ${forecast.hash.slice(0, 12)}… `));
  for (const kind of ["geojson", "netcdf", "csep"]) {
    if (token) continue;
    const link = document.createElement("a");
    link.href = `api/forecasts/${forecast.name}?format=${kind}`; link.textContent = kind; link.download = "";
    files.append(link, " ");
  }
}

async function tellCell(cell) {
  const horizon = Number($("horizon").value), forecast = shown.forecasts[Number($("time").value)];
  const [west, east, south, north] = map.boundsOf(cell), lon = (west + east) / 2, lat = (south + north) / 2;
  const days = shown.grid.horizons_days[horizon];
  try {
    const [near, history] = await Promise.all([
      ask(`api/probability?longitude=${lon}&latitude=${lat}&radius_km=50&days=${days}&forecast=${forecast.name}`),
      ask(`api/history?cell=${cell}&horizon=${horizon}`),
    ]);
    $("cell-words").textContent = near.words;
    const upto = history.history.filter((h) => h.issue_time <= forecast.issue_time), now = upto.at(-1);
    fill($("cell-table"), [
      ["cell", `${south.toFixed(2)} to ${north.toFixed(2)}° N, ${west.toFixed(2)} to ${east.toFixed(2)}° E`],
      [`probability, ${days} d`, short(now ? now.probability : NaN)],
      ["highest ever issued", short(Math.max(...history.history.map((h) => h.probability)))],
    ]);
    $("cell-table").hidden = false; $("cell-chart").hidden = false;
    const h = history.history;
    drawLines($("cell-chart"), h.map((p) => Date.parse(p.issue_time)), { issued: h.map((p) => p.probability) }, { log: true });
  } catch (error) { $("cell-words").textContent = String(error.message); }
}

async function showScores() {
  const scores = await ask("api/scores");
  if (!scores.rows.length) return;
  const rows = [["horizon", "model", "windows", "expected", "observed", "expected/observed", "gain, nats per earthquake", "Brier score"]];
  for (const r of scores.rows) rows.push([`${r.horizon_days} d`, r.model, r.windows, short(r.expected), r.observed.toLocaleString("en"), span(r.ratio, 2), r.model === "climatology" ? "0" : span(r.gain, 3), short(r.brier)]);
  fill($("scores"), rows);
  const days = String(shown.grid.horizons_days[Number($("horizon").value)]);
  const course = scores.course[days] ?? Object.values(scores.course)[0];
  const times = course.issue_time.map((t) => Date.parse(t));
  drawLines($("counts"), times, { ...course.expected, observed: course.observed });
  const base = course.log_likelihood.climatology;
  drawLines($("gains"), times, Object.fromEntries(Object.entries(course.log_likelihood).filter(([name]) => name !== "climatology").map(([name, v]) => [name, v.map((x, k) => x - base[k])])));
  const one = scores.rows.find((r) => r.model === "issued" && String(r.horizon_days) === days) ?? scores.rows[0];
  const certain = one.gain[1] !== null && one.gain[1] > 0 ? "better than climatology" : one.gain[2] !== null && one.gain[2] < 0 ? "worse than climatology" : "not certain to differ from climatology";
  $("verdict").textContent = `${one.horizon_days} d: ${one.windows} windows that do not overlap have closed; what was issued is ${certain} (${span(one.gain, 3)} nats per earthquake), ${short(one.expected)} earthquakes were expected and ${one.observed.toLocaleString("en")} came.`;
}

function span([value, low, high], digits) {
  if (value === null) return "–";
  return low === null ? value.toFixed(digits) : `${value.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
}
function clock(time) { return `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`; }
function iso(time) { return `${new Date(time).toISOString().slice(0, 19)}Z`; }

// New entries are told as they come.
function follow() {
  let known = null;
  listen("api/stream", headers, async ({ number }) => {
    if (known !== null && number !== known) await refresh();
    known = number;
  }, () => { $("state").textContent = "the connection is lost; trying again"; });
}

for (const id of ["model", "layer", "time"]) $(id).addEventListener("input", () => show().catch(failed));
$("horizon").addEventListener("input", () => { show().catch(failed); showScores().catch(failed); });
$("events").addEventListener("input", () => { map.showEvents = $("events").checked; map.draw(); });
$("earlier").addEventListener("click", () => step(-1));
$("later").addEventListener("click", () => step(1));
$("in").addEventListener("click", () => map.zoomBy(1.5));
$("out").addEventListener("click", () => map.zoomBy(1 / 1.5));
$("all").addEventListener("click", () => map.showAll());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { map.draw(); show().catch(failed); showScores().catch(failed); drawRuns(); });
function step(by) { $("time").value = Number($("time").value) + by; show().catch(failed); }
function failed(error) { $("state").textContent = String(error.message); }
start();
