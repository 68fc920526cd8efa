// Lines along time, or epochs, on a canvas, told apart by colour and dash, with their names at their ends.

const LOOKS = {
  issued: ["#0072b2", []], ETAS: ["#d55e00", [6, 3]], climatology: ["#7f7f7f", [2, 3]], observed: [null, []],
  loss: ["#0072b2", []], validation: ["#d55e00", [6, 3]],
};

export function drawLines(canvas, times, lines, { log = false, zero = !log, worded = day } = {}) {
  const ratio = window.devicePixelRatio || 1, box = canvas.getBoundingClientRect(), context = canvas.getContext("2d");
  canvas.width = box.width * ratio; canvas.height = box.height * ratio; context.scale(ratio, ratio);
  const style = getComputedStyle(document.body), ink = style.getPropertyValue("--ink"), line = style.getPropertyValue("--line");
  const names = Object.keys(lines), f = log ? Math.log10 : (v) => v;
  const all = names.flatMap((name) => lines[name]).filter((v) => Number.isFinite(v) && (!log || v > 0)).map(f);
  if (!all.length || !times.length) return;
  let low = Math.min(...all), high = Math.max(...all);
  if (zero) { low = Math.min(low, 0); high = Math.max(high, 0); }
  if (high - low < 1e-9) high = low + 1;
  const left = 54, right = box.width - 84, top = 8, bottom = box.height - 22;
  const first = times[0], last = Math.max(times.at(-1), first + 1);
  const x = (t) => left + (t - first) / (last - first) * (right - left), y = (v) => bottom - (v - low) / (high - low) * (bottom - top);
  context.font = "11px system-ui, sans-serif"; context.strokeStyle = line; context.fillStyle = ink; context.lineWidth = 1;
  for (const tick of ticks(low, high, log)) {
    context.beginPath(); context.moveTo(left, y(tick)); context.lineTo(right, y(tick)); context.stroke();
    context.textAlign = "right"; context.textBaseline = "middle"; context.fillText(label(log ? 10 ** tick : tick), left - 6, y(tick));
  }
  context.textBaseline = "top"; context.textAlign = "left"; context.fillText(worded(first), left, bottom + 6);
  context.textAlign = "right"; context.fillText(worded(last), right, bottom + 6);
  const ends = [];
  for (const name of names) {
    const [colour, dash] = LOOKS[name] ?? [ink, []];
    context.strokeStyle = colour ?? ink; context.lineWidth = 2; context.setLineDash(dash); context.beginPath();
    let drawn = false;
    lines[name].forEach((value, k) => {
      if (!Number.isFinite(value)) { drawn = false; return; }
      const at = log && value <= 0 ? low : f(value);
      if (drawn) context.lineTo(x(times[k]), y(at)); else context.moveTo(x(times[k]), y(at));
      drawn = true;
    });
    context.stroke(); context.setLineDash([]);
    ends.push({ name, colour: colour ?? ink, y: y(f(Math.max(lines[name].findLast(Number.isFinite), log ? 10 ** low : -Infinity))) });
  }
  ends.sort((a, b) => a.y - b.y);
  for (let k = 1; k < ends.length; k++) ends[k].y = Math.max(ends[k].y, ends[k - 1].y + 13);
  const over = ends.length ? ends.at(-1).y - bottom : 0;
  context.textAlign = "left"; context.textBaseline = "middle"; context.fillStyle = ink;
  for (const end of ends) {
    const at = over > 0 ? end.y - over : end.y;
    context.fillStyle = end.colour; context.fillRect(right + 4, at - 2, 8, 4);
    context.fillStyle = ink; context.fillText(end.name, right + 15, at);
  }
}

function ticks(low, high, log) {
  if (log) { const out = []; for (let k = Math.ceil(low); k <= high; k++) out.push(k); return out.length > 1 ? out : [low, high]; }
  const raw = (high - low) / 4, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw), out = [];
  for (let v = Math.ceil(low / step) * step; v <= high + 1e-9; v += step) out.push(v);
  return out;
}
function label(value) {
  const size = Math.abs(value);
  return size >= 1e4 || (size > 0 && size < 1e-3) ? value.toExponential(0) : String(Number(value.toPrecision(3)));
}
function day(time) { return new Date(time).toISOString().slice(0, 10); }
