// What a watch saw last: a page that needs no server. Text goes in as text, never as markup.

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const LOOKS = { P: ["#0072b2", "#56b4e9", []], S: ["#d55e00", "#ff9e57", [6, 4]] }, LATE_S = 60;

function isDark() { return matchMedia("(prefers-color-scheme: dark)").matches; }
function ink(name) { return getComputedStyle(document.documentElement).getPropertyValue(name); }
function colour(kind) { return LOOKS[kind][isDark() ? 1 : 0]; }
function clock(ms) { return new Date(ms).toISOString().slice(11, 19); }
function day(ms) { return new Date(ms).toISOString().slice(0, 19).replace("T", " "); }
function at(second) { return data.first_ms + 1000 * second; }

function pen(canvas) {
  const ratio = devicePixelRatio || 1;
  canvas.width = canvas.clientWidth * ratio; canvas.height = canvas.clientHeight * ratio;
  const found = canvas.getContext("2d");
  found.scale(ratio, ratio); found.font = "12px system-ui, sans-serif"; found.textBaseline = "middle";
  found.fillStyle = ink("--back"); found.fillRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  return found;
}

function drawMap() {
  const canvas = $("map"), placed = data.stations.filter((each) => each.place);
  $("no-map").hidden = placed.length > 0; canvas.hidden = placed.length === 0;
  if (!placed.length) return;
  const points = [...placed, ...data.events].map((each) => each.place);
  const [lons, lats] = [0, 1].map((k) => points.map((place) => place[k]));
  const middle = [(Math.min(...lons) + Math.max(...lons)) / 2, (Math.min(...lats) + Math.max(...lats)) / 2];
  const draw = pen(canvas), wide = canvas.clientWidth, high = canvas.clientHeight, squeeze = Math.cos(middle[1] * Math.PI / 180);
  const scale = Math.min(wide / Math.max((Math.max(...lons) - Math.min(...lons)) * squeeze, 0.2), high / Math.max(Math.max(...lats) - Math.min(...lats), 0.2)) * 0.78;
  const x = (lon) => wide / 2 + (lon - middle[0]) * squeeze * scale, y = (lat) => high / 2 - (lat - middle[1]) * scale;
  draw.beginPath();
  for (const ring of data.land) ring.forEach(([lon, lat], k) => (k ? draw.lineTo(x(lon), y(lat)) : draw.moveTo(x(lon), y(lat))));
  draw.fillStyle = ink("--panel"); draw.strokeStyle = ink("--soft"); draw.fill("evenodd"); draw.stroke();
  for (const event of data.events) {
    draw.beginPath(); draw.arc(x(event.place[0]), y(event.place[1]), 4 + 2.5 * Math.max(event.magnitude ?? 0, 0), 0, 7);
    draw.globalAlpha = 0.35; draw.fillStyle = colour("S"); draw.fill();
    draw.globalAlpha = 1; draw.strokeStyle = colour("S"); draw.stroke();
  }
  for (const station of placed) {
    const [a, b] = [x(station.place[0]), y(station.place[1])], late = station.behind_s > LATE_S;
    draw.beginPath(); draw.moveTo(a, b - 7); draw.lineTo(a + 7, b + 5); draw.lineTo(a - 7, b + 5); draw.closePath();
    draw.strokeStyle = draw.fillStyle = colour("P"); draw.lineWidth = 2; draw.stroke();
    if (!late) draw.fill();  // a station that is late is hollow
    draw.lineWidth = 1;
    if (placed.length <= 40) { 
      const room = draw.measureText(station.name).width;
      draw.fillStyle = ink("--ink"); draw.fillText(station.name, a + 9 + room < wide ? a + 9 : a - 9 - room, b);
    }
  }
}

function drawRecord(canvas, record) {
  const draw = pen(canvas), wide = canvas.clientWidth, high = canvas.clientHeight - 16, columns = record.low.length;
  const x = (second) => second / data.seconds * wide, y = (value) => high / 2 - value / 1000 * high * 0.46;
  draw.strokeStyle = ink("--ink"); draw.lineWidth = 0.8; draw.beginPath();
  for (let k = 0, on = false; k < columns; k++) {
    if (record.low[k] === null) { on = false; continue; }
    const a = (k + 0.5) / columns * wide;
    if (on) draw.lineTo(a, y(record.high[k])); else draw.moveTo(a, y(record.high[k]));
    draw.lineTo(a, y(record.low[k])); on = true;
  }
  draw.stroke();
  draw.fillStyle = ink("--soft"); draw.textAlign = "center";
  for (let second = Math.ceil(data.first_ms / 30000) * 30 - data.first_ms / 1000; second < data.seconds; second += wide < 500 ? 60 : 30) {
    if (x(second) > 26 && x(second) < wide - 26) draw.fillText(clock(at(second)), x(second), high + 9);
  }
  draw.textAlign = "left";
  for (const pick of record.picks) {
    const kind = pick.phase.toUpperCase().startsWith("P") ? "P" : "S";
    draw.strokeStyle = draw.fillStyle = colour(kind); draw.lineWidth = 2; draw.setLineDash(LOOKS[kind][2]);
    draw.beginPath(); draw.moveTo(x(pick.second), 0); draw.lineTo(x(pick.second), high); draw.stroke(); draw.setLineDash([]);
    draw.fillText(`${pick.phase} ${pick.probability.toFixed(2)}`, Math.min(x(pick.second) + 4, wide - 48), kind === "P" ? 8 : 22);
  }
}

function fill(table, names, rows) {
  const head = table.insertRow();
  for (const name of names) head.append(Object.assign(document.createElement("th"), { textContent: name, scope: "col" }));
  for (const cells of rows) { const row = table.insertRow(); for (const text of cells) row.insertCell().textContent = text; }
}

const canvases = data.records.map((record) => {
  const article = document.createElement("article"), title = document.createElement("h3");
  const canvas = document.createElement("canvas"), words = document.createElement("p");
  title.textContent = `${record.station} ${record.channel}`;
  words.textContent = record.picks.map((pick) => `${pick.phase} ${clock(at(pick.second))} probability ${pick.probability.toFixed(2)}`).join(" · ") || "no pick";
  canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", `record of ${record.station}; its picks stand below`);
  article.append(title, canvas, words); $("records").append(article);
  return canvas;
});
function drawAll() { drawMap(); canvases.forEach((canvas, k) => drawRecord(canvas, data.records[k])); }

fill($("events"), ["time (UTC)", "magnitude", "depth (km)", "picks"], data.events.map((each) => [day(each.ms), each.magnitude === null ? "–" : each.magnitude.toFixed(1), each.depth_km.toFixed(1), each.picks]));
fill($("stations"), ["station", "behind the latest record (s)"], data.stations.map((each) => [each.name, each.behind_s.toFixed(0)]));
if (!data.events.length) $("events-title").textContent = "No event yet";
$("state").textContent = data.records.length ? `records until ${day(at(data.seconds))} UTC · ${data.stations.length} stations` : "no record yet";
if (data.left_out) $("records-title").textContent = `Latest records, without ${data.left_out} stations that picked longer ago`;
document.title = $("state").textContent;

const KEY = "terrella watch";
try { $("again").checked = sessionStorage.getItem(KEY) !== "off"; } catch { /* a browser may keep nothing of a file */ }
$("again").addEventListener("change", () => { try { sessionStorage.setItem(KEY, $("again").checked ? "on" : "off"); } catch { /* as above */ } });
setInterval(() => { if ($("again").checked && !document.hidden) location.reload(); }, 1000 * data.again_s);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
new ResizeObserver(drawAll).observe(document.body);
