// Trainings as they go: how far each has come, and its losses by epoch. Names go in as text.
import { drawLines } from "./charts.js";
import { listen } from "./listen.js";
import { short } from "./map.js";

const part = document.getElementById("trainings"), list = document.getElementById("runs");
const known = new Map();  // name of a run: what is told of it, and its parts of the page

export async function followRuns(ask, headers) {
  if (!(await ask("api/runs")).followed) return;
  part.hidden = false;
  listen("api/runs/stream", headers, ({ runs }) => {
    const place = known.size ? "prepend" : "append";  // at first all, the latest first; then what comes
    for (const run of runs) take(run, place);
  }, () => {});
}

export function drawRuns() { known.forEach(drawLosses); }

function take(run, place) {
  const shown = known.get(run.name) ?? made(run.name);
  if (!known.has(run.name)) list[place](shown.figure);
  shown.run = run; known.set(run.name, shown);
  const share = run.finished ? 1 : run.epoch && run.epochs && run.batches ? ((run.epoch - 1) + (run.batch ?? 0) / run.batches) / run.epochs : 0;
  shown.bar.value = Math.min(1, Math.max(0, share));
  shown.about.textContent = words(run);
  drawLosses(shown);
  document.getElementById("no-runs").hidden = true;
}

function words(run) {
  const said = [run.task ?? "a task that it does not name"];
  if (run.finished) said.push("finished");
  else if (run.epoch === null) said.push("no step yet");
  else said.push(`${run.stage}: epoch ${run.epoch}${run.epochs === null ? "" : ` of ${run.epochs}`}`);
  if (run.loss !== null) said.push(`loss ${short(run.loss)}`);
  if (run.validation !== null) said.push(`validation ${short(run.validation)}`);
  if (run.time !== null) said.push(`last written ${new Date(run.time * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`);
  return said.join(" · ");
}

function made(name) {
  const figure = document.createElement("figure"), title = document.createElement("h3"), bar = document.createElement("progress");
  const about = document.createElement("p"), canvas = document.createElement("canvas");
  title.textContent = name; bar.max = 1; bar.setAttribute("aria-label", `how far ${name} has come`);
  canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", `losses of ${name} by epoch`);
  figure.append(title, bar, about, canvas);
  return { figure, bar, about, canvas };
}

function drawLosses({ run, canvas }) {
  const lines = Object.fromEntries([["loss", run.curve.loss], ["validation", run.curve.validation]].filter(([, values]) => values.some((v) => v !== null)));
  canvas.hidden = run.curve.epoch.length < 2;
  if (canvas.hidden) return;
  drawLines(canvas, run.curve.epoch, lines, { zero: false, worded: (epoch) => `epoch ${epoch}` });
}
