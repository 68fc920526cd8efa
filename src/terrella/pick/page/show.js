// Picks on the records of a station: a page that needs no server. Text goes in as text, never as markup.

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const canvas = $("records"), LEFT = 58, BOTTOM = 24, MOST_ROWS = 500;
const LOOKS = { P: ["#0072b2", "#56b4e9", []], S: ["#d55e00", "#ff9e57", [6, 4]] };
let view = [0, data.seconds], chosen = -1;

for (const component of data.components) {
  for (const segment of component.segments) {
    const bytes = Uint8Array.from(atob(segment.samples), (letter) => letter.charCodeAt(0));
    segment.samples = new Int16Array(bytes.buffer);
  }
}

function isDark() { return matchMedia("(prefers-color-scheme: dark)").matches; }
function ink(name) { return getComputedStyle(document.documentElement).getPropertyValue(name); }
function clock(second, digits) {
  return new Date(data.first_ms + second * 1000).toISOString().slice(11, digits ? 20 + digits : 19);
}

function shown() {
  const least = Number($("least").value);
  return data.picks.filter((pick) => $(pick.kind).checked && !(pick.probability < least));
}
function inView() { return shown().filter((pick) => pick.second >= view[0] && pick.second <= view[1]); }

function look(low, high) {
  const span = Math.min(Math.max(high - low, 0.2), data.seconds);
  const first = Math.min(Math.max((low + high - span) / 2, 0), data.seconds - span);
  view = [first, first + span];
  draw(); list();
}
function zoom(factor, at = (view[0] + view[1]) / 2) {
  look(at - (at - view[0]) / factor, at + (view[1] - at) / factor);
}

function draw() {
  const ratio = devicePixelRatio || 1, wide = canvas.clientWidth, high = canvas.clientHeight;
  canvas.width = wide * ratio; canvas.height = high * ratio;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio); pen.font = "12px system-ui, sans-serif"; pen.textBaseline = "middle";
  const each = (high - BOTTOM) / data.components.length, x = (s) => LEFT + (s - view[0]) / (view[1] - view[0]) * (wide - LEFT);
  pen.fillStyle = ink("--back"); pen.fillRect(0, 0, wide, high);
  data.components.forEach((component, row) => trace(pen, component, row * each, each, wide, x));
  for (const pick of shown()) mark(pen, pick, x, high - BOTTOM);
  axis(pen, x, wide, high);
  pen.fillStyle = ink("--back"); pen.fillRect(0, 0, LEFT, high - BOTTOM);
  pen.fillStyle = ink("--ink");
  data.components.forEach((component, row) => pen.fillText(component.channel, 6, (row + 0.5) * each));
}

// The smallest and largest sample of each pixel: no arrival is lost however far the view is.
function trace(pen, component, top, each, wide, x) {
  const columns = [], per = (view[1] - view[0]) / Math.max(wide - LEFT, 1);
  let most = 0;
  for (const segment of component.segments) {
    const { samples, first, rate, unit } = segment;
    const begin = Math.max(0, Math.floor((view[0] - first) * rate)), end = Math.min(samples.length, Math.ceil((view[1] - first) * rate) + 1);
    const step = Math.max(1, Math.floor(per * rate)), line = [];
    for (let k = begin; k < end; k += step) {
      let low = samples[k], up = low;
      for (let m = k + 1; m < Math.min(k + step, end); m++) { if (samples[m] < low) low = samples[m]; else if (samples[m] > up) up = samples[m]; }
      line.push([x(first + k / rate), low * unit, up * unit]);
      most = Math.max(most, Math.abs(low * unit), Math.abs(up * unit));
    }
    columns.push(line);
  }
  const middle = top + each / 2, scale = most > 0 ? 0.46 * each / most : 0;
  pen.strokeStyle = ink("--ink"); pen.lineWidth = 0.8;
  for (const line of columns) {
    pen.beginPath();
    for (const [at, low, up] of line) { pen.lineTo(at, middle - up * scale); pen.lineTo(at, middle - low * scale); }
    pen.stroke();
  }
}

function mark(pen, pick, x, bottom) {
  const at = Math.round(x(pick.second)), [light, dark, dashes] = LOOKS[pick.kind];
  if (at < LEFT || at > canvas.clientWidth) return;
  pen.strokeStyle = pen.fillStyle = isDark() ? dark : light;
  if (pick.uncertainty_s > 0) {
    pen.globalAlpha = 0.2;
    pen.fillRect(x(pick.second - pick.uncertainty_s), 0, x(pick.second + pick.uncertainty_s) - x(pick.second - pick.uncertainty_s), bottom);
    pen.globalAlpha = 1;
  }
  pen.lineWidth = 2;
  pen.setLineDash(dashes); pen.beginPath(); pen.moveTo(at, 0); pen.lineTo(at, bottom); pen.stroke(); pen.setLineDash([]);
  pen.fillText(pick.phase, at + 4, pick.kind === "P" ? 8 : 22);
  if (data.picks[chosen] !== pick) return;
  pen.beginPath(); pen.moveTo(at, bottom); pen.lineTo(at - 7, bottom - 12); pen.lineTo(at + 7, bottom - 12); pen.fill();
}

function axis(pen, x, wide, high) {
  const span = view[1] - view[0], steps = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
  const step = steps.find((each) => span / each * 74 < wide - LEFT) || 3600, digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
  const offset = data.first_ms / 1000 % step;
  pen.strokeStyle = ink("--line"); pen.fillStyle = ink("--soft"); pen.textAlign = "center"; pen.lineWidth = 1;
  for (let s = Math.ceil((view[0] + offset) / step) * step - offset; s <= view[1]; s += step) {
    pen.beginPath(); pen.moveTo(x(s), high - BOTTOM); pen.lineTo(x(s), high - BOTTOM + 5); pen.stroke();
    if (x(s) > LEFT + 20 && x(s) < wide - 24) pen.fillText(clock(s + 1e-6, digits), x(s), high - 9);
  }
  pen.textAlign = "left";
}

function number(value, digits) { return value === null ? "–" : value.toFixed(digits); }

function list() {
  const rows = inView(), table = $("picks");
  table.replaceChildren();
  const head = table.insertRow();
  for (const name of ["phase", "time (UTC)", "probability", "σ (s)"]) head.append(Object.assign(document.createElement("th"), { textContent: name, scope: "col" }));
  for (const pick of rows.slice(0, MOST_ROWS)) {
    const row = table.insertRow();
    for (const text of [pick.phase, clock(pick.second, 3), number(pick.probability, 2), number(pick.uncertainty_s, 3)]) row.insertCell().textContent = text;
    row.tabIndex = 0; row.className = data.picks[chosen] === pick ? "chosen" : "";
    row.addEventListener("click", () => choose(pick));
    row.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(pick); });
  }
  $("list-title").textContent = rows.length > MOST_ROWS ? `Picks in view: the first ${MOST_ROWS} of ${rows.length}` : `Picks in view: ${rows.length}`;
}

function choose(pick) {
  chosen = data.picks.indexOf(pick);
  $("words").textContent = `${pick.phase} at ${clock(pick.second, 3)} UTC, probability ${number(pick.probability, 2)}, σ ${number(pick.uncertainty_s, 3)} s`;
  const span = Math.min(view[1] - view[0], 20);
  look(pick.second - span / 2, pick.second + span / 2);
}
function step(by) {
  const known = shown(), now = known.indexOf(data.picks[chosen]);
  if (known.length) choose(known[Math.min(Math.max(now < 0 ? 0 : now + by, 0), known.length - 1)]);
}

function second(event) { return view[0] + (event.offsetX - LEFT) / (canvas.clientWidth - LEFT) * (view[1] - view[0]); }
canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 1.25 : 0.8, second(event)); }, { passive: false });
canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
canvas.addEventListener("pointermove", (event) => {
  if (!event.buttons) return;
  const by = -event.movementX / (canvas.clientWidth - LEFT) * (view[1] - view[0]);
  look(view[0] + by, view[1] + by);
});
const KEYS = {
  ArrowLeft: () => look(view[0] - (view[1] - view[0]) / 5, view[1] - (view[1] - view[0]) / 5),
  ArrowRight: () => look(view[0] + (view[1] - view[0]) / 5, view[1] + (view[1] - view[0]) / 5),
  "+": () => zoom(1.5), "-": () => zoom(1 / 1.5), 0: () => look(0, data.seconds), n: () => step(1), p: () => step(-1),
};
canvas.addEventListener("keydown", (event) => {
  if (!(event.key in KEYS) || event.ctrlKey || event.metaKey) return;
  event.preventDefault(); KEYS[event.key]();
});
$("in").addEventListener("click", KEYS["+"]);
$("out").addEventListener("click", KEYS["-"]);
$("all").addEventListener("click", KEYS[0]);
for (const id of ["P", "S", "least"]) $(id).addEventListener("input", () => { $("least-shown").textContent = $("least").value; draw(); list(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
new ResizeObserver(draw).observe(canvas);
$("title").textContent = `Picks of ${data.station}`;
$("state").textContent = `${data.picks.length} picks in ${data.seconds} s from ${new Date(data.first_ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
document.title = `Picks of ${data.station}`;
list();
